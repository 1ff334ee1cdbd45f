"""The change feed: what happened to which record, told late, unordered and for nine days.

https://developer.kantata.com/tag/Events
"""

from datetime import datetime, timedelta
from typing import Any

from sandbox.kantata.collection import Collection
from sandbox.store import Record, Table

RETENTION = timedelta(days=9)
FIRST_EVENT_ID = 5_000_000_001
VALUE_EVENT = "custom_field_value"
"""How an event begins that tells of a custom field's value, in the name of the record that has it."""


class Feed:
    """Events are kept as records; `lag` is the most that an event is told after its change.

    With a lag, events get different delays, so that `created_at` order is not the order of the changes.
    """

    def __init__(self, table: Table, *, lag: timedelta = timedelta(0)) -> None:
        self.table = table
        self.lag = lag
        self._told = 0

    def tell(
        self,
        collection: Collection,
        subject_id: str,
        action: str,
        change: tuple[Record | None, Record | None],
        *,
        at: datetime,
        user_id: str,
    ) -> None:
        """`change`: what it was of which the event tells, and what it became: the subject, or something of its own."""
        self._told += 1
        earlier, later = map(payload, change)
        self.table.insert(
            {
                "id": str(FIRST_EVENT_ID + self._told),
                "event_type": f"{collection.event}:{action}",
                "subject_type": collection.subject,
                "subject_id": int(subject_id),
                "subject_changed_at": at,
                "created_at": at + self._delay(),
                "user_id": user_id,
                "previous_payload": earlier,
                "current_payload": later,
                "payload_changes": changes(earlier, later),
            }
        )

    def _delay(self) -> timedelta:
        seconds = int(self.lag.total_seconds())
        return timedelta(seconds=self._told * 7919 % (seconds + 1))


def visible(event: Record, now: datetime) -> bool:
    created: datetime = event["created_at"]
    return now - RETENTION <= created <= now


def payload(record: Record | None) -> dict[str, Any] | None:
    """The record's columns at that moment; names with `_` before them are the emulator's own."""
    if record is None:
        return None
    return {name: value for name, value in record.items() if not name.startswith("_")}


def changes(earlier: dict[str, Any] | None, later: dict[str, Any] | None) -> dict[str, list[Any]]:
    """Each changed attribute with its value before and after."""
    before, after = earlier or {}, later or {}
    names = dict.fromkeys((*before, *after))
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}
