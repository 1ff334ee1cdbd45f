"""Runs a plan: reads in bulk, joins, pages, and the answer's nulls and errors."""
