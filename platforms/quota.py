"""How much of a platform's allowance is used, and what is kept back for the more urgent."""

from datetime import datetime

import msgspec

from platforms.slots import Priority

_KEPT_BACK = {Priority.INTERACTIVE: 0.0, Priority.GOVERNED_WRITE: 0.02, Priority.SYNC: 0.1, Priority.BACKFILL: 0.2}
"""The share of the allowance that a class must leave to those before it."""
NEWS_SECONDS = 30.0
"""How long what was told holds: after that a call of any class may ask, since nobody else might, and hear anew."""


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """As the platform told it last, in the answer's headers; all None where it tells nothing."""

    used: int | None = None
    limit: int | None = None
    resets_at: datetime | None = None
    told_at: datetime | None = None

    @property
    def exhausted(self) -> bool:
        return self.used is not None and self.limit is not None and self.used >= self.limit

    def allows(self, priority: Priority, now: datetime) -> bool:
        """Whether a call of this class may still be spent. A person's call always may: the platform decides."""
        if priority is Priority.INTERACTIVE or self.used is None or self.limit is None:
            return True
        if self.resets_at is not None and now >= self.resets_at:
            return True
        if self.told_at is not None and (now - self.told_at).total_seconds() >= NEWS_SECONDS:
            return True
        return self.limit - self.used > self.limit * _KEPT_BACK[priority]
