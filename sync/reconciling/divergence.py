"""Since when two sides differ, as far as the ledger's events and earlier comparisons tell."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import RecordChange
from sync.ledger.port_of_reconciliations import Difference, Reconciliation
from sync.ledger.records import Json
from sync.reconciling.comparison import Comparison
from sync.reconciling.judging import Found

MOST_EVENTS = 2_000
"""That are looked through for two hundred records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """`at`: when they began to differ. Where that isn't known, `after` is when they last were found alike, and `known`
    when they were first found to differ.
    """

    at: datetime | None = None
    after: datetime | None = None
    known: datetime | None = None


class Divergence:
    """What is known of the records of one comparison. `last`: the last whole one with the same scope."""

    def __init__(self, ledger: Ledger, comparison: Comparison, last: Reconciliation | None) -> None:
        self._ledger = ledger
        self._comparison = comparison
        self._last = last
        self._changes: dict[str, list[RecordChange]] = {}
        self._before: dict[str, Difference] = {}

    async def look(self, record_ids: Iterable[str], prints: Sequence[str]) -> None:
        """Asks for what is known of these records and differences."""
        changes: dict[str, list[RecordChange]] = defaultdict(list)
        wanted = list(dict.fromkeys(record_ids))
        if self._comparison.type and wanted:
            told = await self._ledger.reconciliations.history(self._comparison.type, wanted, most=MOST_EVENTS)
            for event in told:
                changes[event.subject].append(msgspec.convert(event.payload, RecordChange))
        self._changes = changes
        if self._last is not None:
            ids = [difference_id(self._last.id, each) for each in prints]
            found = await self._ledger.reconciliations.among(ids)
            self._before = {each.id.partition(".")[2]: each for each in found}

    def before(self, fingerprint: str) -> Difference | None:
        """The same difference as the last comparison found it."""
        return self._before.get(fingerprint)

    def since(self, record_id: str | None, found: Found, fingerprint: str) -> Since:
        changes = self._changes.get(record_id or "", ())
        at = _began(changes, found) if found.path is not None else _gone(changes, found)
        if at is not None:
            return Since(at=at)
        earlier = self._before.get(fingerprint)
        if earlier is not None and earlier.repair_run_id is None:
            assert self._last is not None
            return Since(at=earlier.diverged_at, known=self._last.started_at)
        return Since() if self._last is None else Since(after=self._last.started_at)


def difference_id(reconciliation_id: str, fingerprint: str) -> str:
    return f"{reconciliation_id}.{fingerprint}"


def _began(changes: Sequence[RecordChange], found: Found) -> datetime | None:
    """Goes back through what was changed, newest first, to the change before which both sides were alike."""
    assert found.left is not None
    assert found.right is not None
    left, right = found.left_value, found.right_value
    for change in changes:
        values = change.changes.get(found.path or "")
        if values is None or change.first:
            continue
        if change.platform == found.left.platform and _alike(values[1], left):
            left = values[0]
        elif change.platform == found.right.platform and _alike(values[1], right):
            right = values[0]
        else:
            continue
        if _alike(left, right):
            return change.occurred_at
    return None


def _gone(changes: Sequence[RecordChange], found: Found) -> datetime | None:
    """When the record that one side lacks went away there."""
    there = found.left or found.right
    for change in changes:
        if change.gone and there is not None and change.platform != there.platform:
            return change.occurred_at
    return None


def _alike(one: Json, other: Json) -> bool:
    return bool(one == other) or (_number(one) is not None and _number(one) == _number(other))


def _number(value: Any) -> Decimal | None:
    if not isinstance(value, str) or value[:1] not in "-0123456789":
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None
