"""Tables of plain records inside an emulated platform, with indexes that keep up with writes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Record = dict[str, Any]
Ear = Callable[["Table", str], None]
"""Hears of each change of a table's record right before it is made."""


class Table:
    """Records of one entity by id, in order of insertion.

    `where(field, values)` answers from a hash index that is built at first use and kept up by `insert`, `update` and
    `delete`; every change must go through these three. Values are compared as stored.
    """

    def __init__(self, entity: str, *, key: str = "id") -> None:
        self.entity = entity
        self.key = key
        self.rows: dict[str, Record] = {}
        self.ear: Ear | None = None
        self._indexes: dict[str, dict[Any, dict[str, Record]]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.rows.values())

    def get(self, record_id: str) -> Record | None:
        return self.rows.get(record_id)

    def insert(self, record: Record) -> Record:
        record_id = record[self.key]
        if record_id in self.rows:
            raise KeyError(f"{self.entity} {record_id} exists already")
        self._say(record_id)
        self.rows[record_id] = record
        for name, index in self._indexes.items():
            index[record.get(name)][record_id] = record
        return record

    def update(self, record_id: str, changes: Record) -> Record:
        record = self.rows[record_id]
        self._say(record_id)
        for name, index in self._indexes.items():
            if name in changes and changes[name] != record.get(name):
                index[record.get(name)].pop(record_id, None)
                index[changes[name]][record_id] = record
        record.update(changes)
        return record

    def delete(self, record_id: str) -> Record:
        if record_id in self.rows:
            self._say(record_id)
        record = self.rows.pop(record_id)
        for name, index in self._indexes.items():
            index[record.get(name)].pop(record_id, None)
        return record

    def _say(self, record_id: str) -> None:
        if self.ear is not None:
            self.ear(self, record_id)

    def clear(self) -> None:
        self.rows.clear()
        self._indexes.clear()

    def where(self, field: str, values: Iterable[Any]) -> list[Record]:
        """The records whose `field` is one of `values`, each once, in the order of `values`."""
        if field == self.key:
            return [self.rows[value] for value in dict.fromkeys(values) if value in self.rows]
        index = self._indexes.get(field)
        if index is None:
            index = defaultdict(dict)
            for record_id, record in self.rows.items():
                index[record.get(field)][record_id] = record
            self._indexes[field] = index
        return [record for value in dict.fromkeys(values) if value in index for record in index[value].values()]

    def scan(self, keep: Callable[[Record], bool]) -> list[Record]:
        return [record for record in self.rows.values() if keep(record)]
