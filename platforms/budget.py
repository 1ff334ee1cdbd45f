"""What all calls of a platform take from: places in flight, the pause that it asked for, the allowance that it told."""

from typing import Protocol

from platforms.quota import Quota
from platforms.slots import Priority, Slots
from runtime.clock import Clock
from schema.errors import UpstreamQuotaExhausted, UpstreamRateLimited, UpstreamUnavailable

Holding = UpstreamRateLimited | UpstreamQuotaExhausted | UpstreamUnavailable
"""The answers that may name a time before which nobody should call."""


class Budget(Protocol):
    """One platform's budget as its gate spends it. Instants are of the gate's monotonic clock."""

    held_until: float
    held_by: type[Holding]
    quota: Quota

    @property
    def places(self) -> int:
        """Calls that the platform takes at once, by whomever."""
        ...

    @property
    def in_use(self) -> int:
        """Places that this process has."""
        ...

    def take_now(self, priority: Priority) -> bool:
        """Takes a place if one is at hand."""
        ...

    async def take(self, priority: Priority) -> bool:
        """Waits for a place for as long as it isn't cancelled; False: none, because the platform asked for a pause."""
        ...

    def give_back(self) -> None:
        """The call has ended."""
        ...

    def hold(self, until: float, by: type[Holding]) -> None:
        """The platform named a time, with this answer."""
        ...

    def quota_seen(self, quota: Quota) -> None:
        """The platform told its allowance."""
        ...


class Budgets(Protocol):
    """Makes a budget for each platform; `slots` is how many calls at once the settings grant it."""

    def __call__(self, platform: str, *, slots: int, clock: Clock) -> Budget: ...


class LocalBudget(Slots):
    """A budget that this process has to itself."""

    __slots__ = ("held_by", "held_until", "quota")

    def __init__(self, slots: int) -> None:
        super().__init__(slots)
        self.held_until = 0.0
        self.held_by: type[Holding] = UpstreamRateLimited
        self.quota = Quota()

    @property
    def places(self) -> int:
        return self.limit

    def hold(self, until: float, by: type[Holding]) -> None:
        if until > self.held_until:
            self.held_until = until
            self.held_by = by

    def quota_seen(self, quota: Quota) -> None:
        self.quota = quota
