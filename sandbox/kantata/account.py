"""The firm's account at Kantata: its records, the user whose token it gave out, and what changed when."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from sandbox.kantata.collection import Collection, subject_of
from sandbox.kantata.feed import VALUE_EVENT, Feed
from sandbox.stamps import Stamps
from sandbox.store import Record, Table
from sandbox.write_faults import WriteFaults

ACCOUNT_ID = 4_711_001
FIRST_NEW_ID = 1_700_000_001  # above all ids of the generated firm
PACIFIC = timezone(timedelta(hours=-8))


class Entities(Mapping[str, Table]):
    """The tables by collection name; also found by the record's own name: `workspaces`, `workspace`, `Workspace`."""

    def __init__(self, collections: tuple[Collection, ...]) -> None:
        self._tables = {collection.name: Table(collection.name) for collection in collections}
        self._names = {
            name: collection.name
            for collection in collections
            for name in (collection.subject, collection.singular, collection.name)
        }

    def __getitem__(self, name: str) -> Table:
        table = self._tables.get(name)
        return table if table is not None else self._tables[self._names[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def collection_name(self, name: str) -> str:
        return self._names[name]


@dataclass(slots=True)
class Selected:
    """Ordered answers of recent list requests, good as long as nothing changes: paging doesn't sort again."""

    version: int = -1
    lists: dict[Any, list[Record]] = field(default_factory=dict)

    def at(self, version: int) -> dict[Any, list[Record]]:
        if self.version != version or len(self.lists) >= 24:
            self.version = version
            self.lists.clear()
        return self.lists


class Account:
    """Every change of a record goes through `insert`, `update` and `delete`, which stamp it and tell the feed.

    What changes without a stamp is told to nobody.
    """

    def __init__(
        self,
        *,
        collections: tuple[Collection, ...],
        clock: Stamps,
        zone: timezone = PACIFIC,
        administrator: bool = True,
        event_lag: timedelta = timedelta(0),
        write_faults: WriteFaults,
    ) -> None:
        self.write_faults = write_faults
        self.collections = {collection.name: collection for collection in collections}
        self.by_subject = {subject: each for each in collections for subject in (each.subject, each.values_subject)}
        self.tables = Entities(collections)
        self.clock = clock
        self.zone = zone
        self.administrator = administrator
        self.user_id = ""
        self.version = 0
        self.selected = Selected()
        self.feed = Feed(self.tables["subscribed_events"], lag=event_lag)
        self._next_id = FIRST_NEW_ID

    def now(self) -> datetime:
        """The time in the account's zone, to the second, as its stamps show it."""
        return self.clock().astimezone(self.zone).replace(microsecond=0)

    def new_id(self) -> str:
        self._next_id += 1
        return str(self._next_id)

    def named(self, entity: str) -> Collection:
        """The collection called `workspaces`, `workspace` or `Workspace`. KeyError if there is none."""
        return self.collections[self.tables.collection_name(entity)]

    def insert(self, name: str, record: Record) -> Record:
        stamp = self.now()
        record = {"id": self.new_id(), "created_at": stamp, "updated_at": stamp, **record}
        self.tables[name].insert(record)
        self._changed(name, "created", None, record)
        return record

    def update(self, name: str, record_id: str, changes: Record) -> Record:
        table = self.tables[name]
        before = dict(table.rows[record_id])
        changes = self.clock.without({"updated_at"}, {"updated_at": self.now(), **changes})
        record = table.update(record_id, changes)
        self._changed(name, "updated", before, record)
        return record

    def delete(self, name: str, record_id: str) -> Record:
        """Takes the record and its parts away: there is no undelete."""
        collection = self.collections[name]
        for part, column in collection.parts:
            for row in self.tables[part].where(column, [record_id]):
                if row["id"] in self.tables[part].rows:  # a part of another part may have gone with it
                    self.delete(part, row["id"])
        subjects = [subject_of(each, record_id) for each in (collection.subject, collection.values_subject)]
        for attached in ("external_references", "custom_field_values"):
            for row in self.tables[attached].where("_subject", subjects):
                self.tables[attached].delete(row["id"])
        record = self.tables[name].delete(record_id)
        self._changed(name, "deleted", record, None)
        return record

    def _changed(self, name: str, action: str, before: Record | None, after: Record | None) -> None:
        self.version += 1
        if self.clock.kept and action == "updated":
            return
        record = after or before or {}
        owner, subject_id = self.collections[name], record.get("id", "")
        if name == "custom_field_values" and record["subject_type"] in self.by_subject:
            owner, subject_id = self.by_subject[record["subject_type"]], record["subject_id"]
            action = f"{VALUE_EVENT}_{action}"
        if owner.event is not None:
            self.feed.tell(owner, subject_id, action, (before, after), at=self.now(), user_id=self.user_id)


def access_token(name: str, seed: int) -> str:
    """The personal token of the account's application page; 64 hexadecimal digits, the same for the same firm."""
    return hashlib.sha256(f"kantata access token of {name}, firm {seed}".encode()).hexdigest()
