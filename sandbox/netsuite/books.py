"""The account's records, and what follows from them: names, balances, what is settled."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

from sandbox.netsuite.transactions import RECORD_TYPES, TRANSACTIONS
from sandbox.stamps import Stamps
from sandbox.store import Record, Table
from sandbox.write_faults import WriteFaults

ZERO = Decimal(0)
_SERIES = {"customer": "entity", "job": "entity", "contact": "entity", "employee": "entity"} | {
    record_type.name: "transaction" for record_type in TRANSACTIONS
}
"""Record types that share one sequence of internal ids."""


class ChangeNotes(Protocol):
    """Takes notes of changes while a request runs."""

    def note(self, what: str, table: Table, record: Record) -> None: ...


class Books:
    """All tables. Every change goes through `insert`, `update` and `delete`, so that `version` tells of it.

    `lines` are the item lines of invoices, credit memos and sales orders; `links` are what payments and credit memos
    settle (`previousdoc` the invoice, `nextdoc` the payment); `addresses` are customers' address books. `zone` is the
    account's: moments are kept in UTC.
    """

    def __init__(self, clock: Stamps, write_faults: WriteFaults, zone: tzinfo = UTC) -> None:
        self._clock = clock
        self._zone = zone
        self.write_faults = write_faults
        self.tables = {name: Table(name) for name in RECORD_TYPES}
        self.lines = Table("transactionLine", key="uniquekey")
        self.links = Table("transactionLineLink")
        self.addresses = Table("addressBook")
        self.deleted = Table("deletedRecord")
        self.version = 0
        self.journal: ChangeNotes | None = None
        self._last_ids: dict[str, int] = {}

    def now(self) -> datetime:
        return self._clock().replace(microsecond=0)

    @property
    def in_utc(self) -> bool:
        return self._zone is UTC

    def today(self) -> date:
        """The day in the account's zone, which ends at midnight there."""
        return self.now().astimezone(self._zone).date()

    def shown(self, moment: datetime) -> datetime:
        """The time of day that the account's clocks show at the moment. The tzinfo that it bears says nothing."""
        return moment.astimezone(self._zone).replace(tzinfo=UTC, fold=0)

    def clear(self) -> None:
        """Empties every table; ids start again."""
        self.version += 1
        for table in (*self.tables.values(), self.lines, self.links, self.addresses, self.deleted):
            table.clear()
        self._last_ids.clear()

    def insert(self, table: Table, record: Record) -> Record:
        self.version += 1
        table.insert(record)
        if self.journal is not None:
            self.journal.note("inserted", table, record)
        return record

    def update(self, table: Table, record_id: str, changes: Record) -> Record:
        self.version += 1
        if self.journal is not None:
            self.journal.note("updated", table, table.rows[record_id])
        return table.update(record_id, self._clock.without({"lastmodifieddate"}, changes))

    def delete(self, table: Table, record_id: str) -> Record:
        self.version += 1
        if self.journal is not None:
            self.journal.note("deleted", table, table.rows[record_id])
        return table.delete(record_id)

    def next_id(self, record_type: str) -> str:
        """The next internal id of the type's sequence."""
        series = _SERIES.get(record_type, record_type)
        if series not in self._last_ids:
            names = [name for name in self.tables if _SERIES.get(name, name) == series]
            self._last_ids[series] = max((int(key) for name in names for key in self.tables[name].rows), default=0)
        self._last_ids[series] += 1
        return str(self._last_ids[series])

    def next_key(self, table: Table) -> str:
        """The next id of a table behind the records: lines, links, addresses, deletions."""
        series = f"{table.entity} key"
        if series not in self._last_ids:
            self._last_ids[series] = max((int(key) for key in table.rows), default=0)
        self._last_ids[series] += 1
        return str(self._last_ids[series])

    def transaction(self, record_id: str | None) -> tuple[str, Record] | None:
        """The transaction of any type, with its record type."""
        for record_type in TRANSACTIONS:
            found = self.tables[record_type.name].rows.get(record_id or "")
            if found is not None:
                return record_type.name, found
        return None

    def record(self, record_type: str, record_id: str | None) -> Record | None:
        """The record a reference points to. A customer's place may hold a job, and a job's a customer."""
        if record_id is None:
            return None
        if record_type == "transaction":
            found = self.transaction(record_id)
            return None if found is None else found[1]
        record = self.tables[record_type].get(record_id)
        if record is None and record_type in ("customer", "job"):
            record = self.tables["job" if record_type == "customer" else "customer"].get(record_id)
        return record

    def name_of(self, record_type: str, record_id: str | None) -> str | None:
        """What a person sees for a reference: refName in the record API, BUILTIN.DF in SuiteQL."""
        record = self.record(record_type, record_id)
        if record is None or record_id is None:
            return None
        if record_type in ("invoice", "creditMemo", "customerPayment", "salesOrder", "transaction"):
            found = self.transaction(record_id)
            assert found is not None
            title = {"invoice": "Invoice", "creditMemo": "Credit Memo", "customerPayment": "Payment"}
            return f"{title.get(found[0], 'Sales Order')} #{record['tranid']}"
        if record_id in self.tables["customer"].rows and record_type in ("customer", "job"):
            return f"{record['entityid']} {record['companyname']}"
        if record_type == "employee":
            return f"{record['firstname']} {record['lastname']}"
        for column in ("symbol", "companyname", "itemid", "acctname", "title", "name", "entityid"):
            if record.get(column):
                return str(record[column])
        return record_id

    # -- money

    def rounded(self, amount: Decimal, currency: str | None) -> Decimal:
        """An amount in its currency's own precision."""
        record = self.tables["currency"].get(currency or "")
        places = 2 if record is None else int(record["currencyprecision"])
        return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)

    def customer_of(self, entity: str | None) -> Record | None:
        """The customer a transaction counts for: its entity, or that job's parent."""
        found = self.record("customer", entity)
        if found is not None and found["id"] in self.tables["job"].rows:
            return self.record("customer", found.get("parent"))
        return found

    def open_invoices(self, customer: Mapping[str, Any]) -> Iterator[Record]:
        """Posted and not paid in full. Pending approval, rejected and voided ones owe nothing yet or any more."""
        entities = [customer["id"], *(job["id"] for job in self.tables["job"].where("parent", [customer["id"]]))]
        for invoice in self.tables["invoice"].where("entity", entities):
            if invoice["status"] == "A":
                yield invoice

    def balance(self, customer: Mapping[str, Any]) -> Decimal:
        return sum((invoice["foreignamountunpaid"] for invoice in self.open_invoices(customer)), ZERO)

    def overdue(self, customer: Mapping[str, Any]) -> Decimal:
        """What was due before today, by the account's clock."""
        today = self.today()
        late = (invoice for invoice in self.open_invoices(customer) if invoice["duedate"] < today)
        return sum((invoice["foreignamountunpaid"] for invoice in late), ZERO)

    def days_overdue(self, customer: Mapping[str, Any]) -> Decimal:
        today = self.today()
        return Decimal(
            max((max((today - invoice["duedate"]).days, 0) for invoice in self.open_invoices(customer)), default=0)
        )

    def settle(self, invoice_ids: Iterable[str]) -> None:
        """Brings invoices' paid and unpaid amounts, status and stamp in line with what is applied to them."""
        for invoice_id in dict.fromkeys(invoice_ids):
            invoice = self.tables["invoice"].get(invoice_id)
            if invoice is None:
                continue
            applied = self.applied_to(invoice_id)
            unpaid = ZERO if invoice["voided"] == "T" else invoice["foreigntotal"] - applied
            status = invoice["status"]
            if status in ("A", "B"):
                status = "B" if unpaid == 0 else "A"
            changes: Record = {
                "foreignamountpaid": applied,
                "foreignamountunpaid": unpaid,
                "status": status,
                "lastmodifieddate": self.now(),
            }
            self.update(self.tables["invoice"], invoice_id, changes)

    def applied_to(self, invoice_id: str) -> Decimal:
        return sum(
            (link["foreignamount"] for link in self.links.where("previousdoc", [invoice_id]) if _settles(link)), ZERO
        )

    def applied_by(self, transaction_id: str) -> list[Record]:
        """The links by which a payment or credit memo settles invoices."""
        return [link for link in self.links.where("nextdoc", [transaction_id]) if _settles(link)]


def _settles(link: Record) -> bool:
    return bool(link["linktype"] == "Payment")
