"""Finds out which records of a platform changed, by whoever's hand, once per moment."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.store import Record, Table


@dataclass(frozen=True, slots=True)
class Changed:
    """A record that is another than it was before this moment."""

    entity: str
    id: str
    change: Literal["created", "changed", "deleted"]


class Watch:
    """Listens to tables from the beginning until `end`.

    A moment is what happens until the event loop goes on: a request's whole transaction, since emulators don't wait in
    the middle of one. What a transaction takes back was no change.
    """

    def __init__(self, tables: Mapping[str, Table], tell: Callable[[Sequence[Changed]], None]) -> None:
        self._tables = dict(tables)
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._before: dict[tuple[str, str], Record | None] = {}
        for table in self._tables.values():
            table.ear = self._hear

    def end(self) -> None:
        for table in self._tables.values():
            table.ear = None
        self._before.clear()

    def _hear(self, table: Table, record_id: str) -> None:
        """Called before each change."""
        if not self._before:
            self._loop.call_soon(self._look)
        touched = (table.entity, record_id)
        if touched not in self._before:
            record = table.rows.get(record_id)
            self._before[touched] = None if record is None else dict(record)

    def _look(self) -> None:
        before, self._before = self._before, {}
        changed: list[Changed] = []
        for (entity, record_id), was in before.items():
            record = self._tables[entity].rows.get(record_id)
            if record is None and was is not None:
                changed.append(Changed(entity, record_id, "deleted"))
            elif record is not None and record != was:
                changed.append(Changed(entity, record_id, "created" if was is None else "changed"))
        if changed:
            self._tell(changed)
