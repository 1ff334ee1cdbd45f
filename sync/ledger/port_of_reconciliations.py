"""What those who compare platforms ask of the ledger. Every method is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from sync.ledger.records import Audited, BusinessException, Event, Json, Link

if TYPE_CHECKING:
    from sync.ledger.port import NewException


class ReconciliationStatus(StrEnum):
    RUNNING = "RUNNING"
    """It waits for its turn, is worked on, or waits for a platform that is away."""
    SUCCEEDED = "SUCCEEDED"
    """Everything in its scope was compared; what differs is told."""
    FAILED = "FAILED"
    """It can't be said what differs; `error` says why. What was told before is true all the same."""


class DifferenceKind(StrEnum):
    MISSING = "MISSING"
    """The left side has it, and the right one should and doesn't."""
    EXTRA = "EXTRA"
    """The right side has it, and nothing on the left belongs to it."""
    VALUE = "VALUE"
    STATUS = "STATUS"
    STALE_LINK = "STALE_LINK"
    """It names a record that isn't there any more."""


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of two sides. `position` is the comparer's own: where to go on. `version` counts its writes.

    `counts`: left, right, compared, changed (while it was compared), and one per kind of difference.
    """

    number: int
    id: str
    comparison: str
    scope: Mapping[str, Json]
    status: ReconciliationStatus
    requested_by: str
    correlation_id: str
    position: Json = None
    version: int
    counts: Mapping[str, int]
    error: str | None = None
    started_at: datetime
    finished_at: datetime | None = None
    taken_until: datetime | None = None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One value, or one record, that isn't the same on both sides. The values are canonical, as JSON.

    `diverged_at`: since when they differ; None where nobody can say. `repair_run_id`: the governed run that brings them
    into line. `exception_cause`: the cause of the exception that was raised instead.
    """

    id: str
    reconciliation_id: str
    kind: DifferenceKind
    record_id: str | None = None
    path: str | None = None
    left_platform: str | None = None
    left_id: str | None = None
    left_value: Json = None
    right_platform: str | None = None
    right_id: str | None = None
    right_value: Json = None
    diverged_at: datetime | None = None
    explanation: str
    amount: Decimal | None = None
    currency: str | None = None
    repair_run_id: str | None = None
    exception_cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReconciliation:
    """`id` makes one of what is asked for twice: whoever comes second gets the first. `position`: where it begins."""

    id: str
    comparison: str
    scope: Mapping[str, Json]
    requested_by: str
    correlation_id: str
    position: Json = None
    audit: tuple[Audited, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a stretch of work makes of its reconciliation, all of it or nothing.

    `wait`: nobody takes it up again for so many seconds; None: whoever has it goes on. `error` with a status of RUNNING
    is why it waits.
    """

    position: Json
    counts: Mapping[str, int]
    status: ReconciliationStatus = ReconciliationStatus.RUNNING
    error: str | None = None
    wait: float | None = None
    differences: tuple[Difference, ...] = ()
    raised: "tuple[NewException, ...]" = ()
    audit: tuple[Audited, ...] = ()


class Reconciliations(Protocol):
    """Comparisons, how far they are, and what they found."""

    async def start(self, new: NewReconciliation) -> tuple[Reconciliation, bool]:
        """The reconciliation, and whether it is new."""
        ...

    async def take(self, *, seconds: float, only: str | None = None) -> Reconciliation | None:
        """The oldest that runs and that nobody has; nobody else gets it for `seconds`. `only`: that one or none."""
        ...

    async def keep(self, held: Reconciliation, progress: Progress, *, seconds: float) -> Reconciliation | None:
        """None, and nothing is written, where somebody else has taken it since."""
        ...

    async def get(self, reconciliation_id: str) -> Reconciliation | None: ...

    async def page(
        self, comparison: str | None, *, first: int, before: int | None
    ) -> Sequence[tuple[int, Reconciliation]]:
        """Newest first, those with a number below `before`."""
        ...

    async def last(self, comparison: str, scope: Mapping[str, Json]) -> Reconciliation | None:
        """The last one that has succeeded with just this scope."""
        ...

    async def differences(
        self, reconciliation_id: str, *, kind: DifferenceKind | None = None, first: int, after: int | None = None
    ) -> Sequence[tuple[int, Difference]]:
        """In the order in which they were found, with a number that rises from one to the next."""
        ...

    async def count_differences(self, reconciliation_id: str, *, kind: DifferenceKind | None = None) -> int: ...

    async def among(self, difference_ids: Sequence[str]) -> Sequence[Difference]:
        """Those of the differences that were found."""
        ...

    async def under_way(self, record_ids: Sequence[str]) -> frozenset[str]:
        """Those of the records that a governed run is about which hasn't ended."""
        ...

    async def history(self, type_name: str, record_ids: Sequence[str], *, most: int) -> Sequence[Event]:
        """The events that told of changes of these records, newest first."""
        ...

    async def links(self, *, after: tuple[str, str, str, str] | None, most: int) -> Sequence[Link]:
        """The crosswalk table by its key: record, platform, entity, external id."""
        ...

    async def open_exceptions(
        self, comparison: str, *, after: int, most: int
    ) -> Sequence[tuple[int, BusinessException]]:
        """Those that this comparison has raised, oldest first."""
        ...

    async def drift(self) -> Mapping[str, Mapping[str, int]]:
        """By comparison, what its last whole reconciliation counted; those of a part only are left out."""
        ...

    async def forget(self, *, before: datetime) -> int:
        """Removes reconciliations that ended before, with their differences; a hundred at a time, how many."""
        ...


CAUSE = "reconciliation:"


def cause_of(comparison: str, about: str) -> str:
    """One cause for all that differs of one record."""
    return f"{CAUSE}{comparison}:{about}"
