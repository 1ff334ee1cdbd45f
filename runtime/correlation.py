"""The id that ties everything done for one request together, here and on the platforms."""

from contextvars import ContextVar

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
"""Set by the gateway per request, sent upstream by `platforms/`; empty outside a request."""
