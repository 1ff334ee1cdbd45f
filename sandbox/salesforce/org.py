"""The org's records: live tables, the recycle bin, locks, and a journal that undoes what a transaction did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sandbox.salesforce.errors import row_locked
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.identifiers import IdSequence, case_safe
from sandbox.salesforce.objects import OBJECTS
from sandbox.salesforce.values import instant_on_the_wire
from sandbox.stamps import Stamps
from sandbox.store import Record, Table
from sandbox.write_faults import WriteFaults

_STAMPS = frozenset({"LastModifiedDate", "LastModifiedById", "SystemModstamp"})


@dataclass(frozen=True, slots=True)
class Deletion:
    record_id: str
    deleted_at: str


@dataclass
class Org:
    """Holds every record of one org. `user_id` is the user whom API calls run as."""

    clock: Stamps
    org_id: str
    user_id: str
    default_currency: str
    duplicate_rule: bool = False
    write_faults: WriteFaults = field(default_factory=WriteFaults)
    tables: dict[str, Table] = field(default_factory=lambda: {name: Table(name, key="Id") for name in OBJECTS})
    bins: dict[str, Table] = field(default_factory=lambda: {name: Table(name, key="Id") for name in OBJECTS})
    deletions: dict[str, list[Deletion]] = field(default_factory=lambda: {name: [] for name in OBJECTS})
    ids: IdSequence = field(default_factory=IdSequence)
    contract_numbers: int = 0
    _locks: dict[str, int | None] = field(default_factory=dict)
    _journal: list[Callable[[], object]] = field(default_factory=list)

    def now(self) -> str:
        return instant_on_the_wire(self.clock())

    def find(self, sobject: SObject, record_id: str) -> Record | None:
        return self.tables[sobject.name].get(record_id)

    def deleted(self, sobject: SObject, record_id: str) -> bool:
        return self.bins[sobject.name].get(record_id) is not None

    # Changes: each leaves the step that undoes it.

    def insert(self, sobject: SObject, record: Record) -> None:
        table = self.tables[sobject.name]
        table.insert(record)
        self._journal.append(lambda: table.delete(record["Id"]))

    def update(self, sobject: SObject, record_id: str, changes: Record) -> None:
        table = self.tables[sobject.name]
        before = table.rows[record_id]
        changes = self.clock.without(_STAMPS, changes)
        former = {name: before.get(name) for name in changes}
        table.update(record_id, changes)
        self._journal.append(lambda: table.update(record_id, former))

    def bin(self, sobject: SObject, record_id: str, *, master: str | None = None) -> None:
        """Moves a record to the recycle bin, where `queryAll` and the feed of deletions still see it.

        `master`: the record that it was merged into.
        """
        now = self.now()
        record = self.tables[sobject.name].delete(record_id)
        former = dict(record)
        record.update(IsDeleted=True, LastModifiedDate=now, SystemModstamp=now)
        if master is not None:
            record["MasterRecordId"] = master
        self.bins[sobject.name].insert(record)
        self.deletions[sobject.name].append(Deletion(record_id, now))

        def restore() -> None:
            self.deletions[sobject.name].pop()
            self.bins[sobject.name].delete(record_id)
            record.clear()
            record.update(former)
            self.tables[sobject.name].insert(record)

        self._journal.append(restore)

    def mark(self) -> int:
        """A point that `roll_back` can return to."""
        return len(self._journal)

    def roll_back(self, mark: int) -> None:
        while len(self._journal) > mark:
            self._journal.pop()()

    def commit(self) -> None:
        """Forgets how to undo: the request that changed the records has been answered."""
        self._journal.clear()

    # Locks, which another transaction holds.

    def lock(self, record_id: str, times: int | None = None) -> None:
        """Another transaction holds the record: the next `times` writes to it or below it fail; None: all."""
        self._locks[case_safe(record_id) or record_id] = times

    def unlock(self, record_id: str) -> None:
        self._locks.pop(case_safe(record_id) or record_id, None)

    def require_unlocked(self, record_ids: Iterator[str] | list[str]) -> None:
        if not self._locks:
            return
        for record_id in record_ids:
            if record_id in self._locks:
                left = self._locks[record_id]
                if left is not None:
                    if left <= 1:
                        del self._locks[record_id]
                    else:
                        self._locks[record_id] = left - 1
                raise row_locked(record_id)
