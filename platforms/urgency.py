"""How urgent a caller's reads are, where it doesn't say so call by call."""

from contextvars import ContextVar

from platforms.slots import Priority

urgency: ContextVar[Priority] = ContextVar("urgency", default=Priority.INTERACTIVE)
"""Set by whoever works on something that nobody sits and waits for; the gate's calls go by it."""
