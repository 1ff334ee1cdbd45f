"""Starts the firm's processes by themselves: declared rules over what happens on several platforms."""
