"""What was asked of the platforms on an operation's behalf, for `extensions.plan`."""

from contextvars import ContextVar

import msgspec


class UpstreamCall(msgspec.Struct, frozen=True, kw_only=True):
    """One finished HTTP call. `status` is None where no answer came; `code` names the error, if any.

    `ms` is the platform's time, waiting for a slot not counted; `shared`: another operation had asked the same just
    before, and this one took the answer along.
    """

    platform: str
    route: str
    statement: str
    ms: float
    status: int | None
    attempt: int
    code: str | None = None
    shared: bool = False


upstream_calls: ContextVar[list[UpstreamCall] | None] = ContextVar("upstream_calls", default=None)
"""Set to an empty list by whoever wants to know; the gate appends. None: nobody does."""
