"""Proves that runs always end right, by killing all that can be killed while a thousand of them are under way."""
