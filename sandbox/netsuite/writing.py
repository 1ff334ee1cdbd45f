"""Records created, changed and deleted, under the platform's own rules; a refused change leaves nothing behind."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.netsuite.accepting import Accepted, Intake
from sandbox.netsuite.books import Books
from sandbox.netsuite.errors import Refused, business_rule, invalid_content
from sandbox.netsuite.fields import RecordType
from sandbox.netsuite.posting import Posting
from sandbox.netsuite.transactions import ADDRESS_FIELDS, TRANSACTIONS
from sandbox.store import Record, Table

_TRANSACTIONS = frozenset(record_type.name for record_type in TRANSACTIONS)
_NAMES = {"customer": "CUST", "job": "PRJ", "contact": "CONT", "employee": "EMP"}


def _needed(record_type: RecordType) -> frozenset[str]:
    """The columns that a record can't be created without."""
    own = {"companyname"} if record_type.name == "customer" else set()
    return frozenset(own | {field.column for field in record_type.fields if field.required})


class Writer:
    def __init__(self, books: Books) -> None:
        self._books = books
        self._intake = Intake(books)
        self._posting = Posting(books, self._intake)

    def accept(self, record_type: RecordType, body: object) -> Accepted:
        if record_type.read_only:
            raise business_rule(f"The record type {record_type.name} cannot be changed here.")
        return self._intake.body(record_type, body)

    def create(self, record_type: RecordType, accepted: Accepted, **fixed: Any) -> Record:
        books = self._books
        changes = accepted.changes
        for field in record_type.fields:
            if field.required and changes.get(field.column) is None:
                raise business_rule(f"Please enter value(s) for: {field.rest}.")
        self._free(record_type, changes.get("externalid"), None)
        accepted.struck += books.write_faults.spoil(record_type.name, changes, needed=_needed(record_type))
        record = {name: value for name, value in changes.items() if value is not None} | fixed
        record["id"] = books.next_id(record_type.name)
        with self._undone_if_refused():
            if record_type.name in _TRANSACTIONS:
                self._posting.defaults(record_type, record)
                books.insert(books.tables[record_type.name], record)
                self._enter(record_type, record, accepted, created=True)
            else:
                self._entity_defaults(record_type, record)
                books.insert(books.tables[record_type.name], record)
                self._enter_addresses(record_type, record, accepted)
            self._automate(record_type, record, accepted)
        return record

    def change(self, record_type: RecordType, record: Record, accepted: Accepted) -> None:
        """Fields that are absent stay; null clears."""
        books = self._books
        changes = accepted.changes
        for field in record_type.fields:
            if field.required and field.column in changes and changes[field.column] is None:
                raise business_rule(f"Please enter value(s) for: {field.rest}.")
        if "externalid" in changes:
            self._free(record_type, changes["externalid"], record["id"])
        accepted.struck += books.write_faults.spoil(record_type.name, changes)
        if record_type.name == "job" and "parent" in changes:
            changes["customer"] = changes["parent"]
        changes["lastmodifieddate"] = books.now()
        with self._undone_if_refused():
            self._store(record_type, record, accepted)
            self._automate(record_type, record, accepted)

    def _store(self, record_type: RecordType, record: Record, accepted: Accepted) -> None:
        self._books.update(self._books.tables[record_type.name], record["id"], accepted.changes)
        if record_type.name in _TRANSACTIONS:
            self._enter(record_type, record, accepted, created=False)
        else:
            self._enter_addresses(record_type, record, accepted)

    def _automate(self, record_type: RecordType, record: Record, accepted: Accepted) -> None:
        """What a script of the account's own does behind a write; counts the faults that the write met."""
        books = self._books
        automations = books.write_faults.automations(record_type.name)
        for fault in automations:
            set_there = self._intake.body(record_type, {fault.spot.field: fault.value}).changes
            self._store(record_type, record, Accepted(set_there | {"lastmodifieddate": books.now()}, {}))
        books.write_faults.count([*accepted.struck, *automations])

    def delete(self, record_type: RecordType, record: Record) -> None:
        """Refused while other records depend on it. Shows in `deletedrecord`."""
        books = self._books
        if record_type.read_only or self._depended_on(record_type, record):
            raise business_rule("This record cannot be deleted because it has dependent records.")
        name = books.name_of(record_type.name, record["id"])
        for line in books.lines.where("transaction", [record["id"]]):
            books.delete(books.lines, line["uniquekey"])
        for address in books.addresses.where("entity", [record["id"]]):
            books.delete(books.addresses, address["id"])
        links = books.links.where("nextdoc", [record["id"]])
        for link in links:
            books.delete(books.links, link["id"])
        books.delete(books.tables[record_type.name], record["id"])
        books.settle(link["previousdoc"] for link in links)
        for link in links:
            if link["linktype"] == "OrdBill":  # what was billed waits to be billed again
                unbilled = {"status": "F", "lastmodifieddate": books.now()}
                books.update(books.tables["salesOrder"], link["previousdoc"], unbilled)
        books.insert(
            books.deleted,
            {
                "id": books.next_key(books.deleted),
                "type": record_type.name.lower(),
                "recordid": record["id"],
                "name": name,
                "deleteddate": books.now(),
            },
        )

    def attach(self, contact: Record, customer_id: str | None) -> None:
        """Source: docs.oracle.com, Attaching and Detaching Records; here a contact's company."""
        changes = {"company": customer_id, "lastmodifieddate": self._books.now()}
        self._books.update(self._books.tables["contact"], contact["id"], changes)

    def _depended_on(self, record_type: RecordType, record: Record) -> bool:
        books, key = self._books, [record["id"]]
        if record_type.name in ("invoice", "salesOrder") and books.links.where("previousdoc", key):
            return True
        if record_type.name not in ("customer", "job"):
            return False
        entered = any(books.tables[name].where(column, key) for name in _TRANSACTIONS for column in ("entity", "job"))
        return entered or bool(books.tables["job"].where("parent", key)) or bool(books.lines.where("job", key))

    def _free(self, record_type: RecordType, external_id: str | None, own_id: str | None) -> None:
        """External ids are unique among the records of one type."""
        if external_id is None:
            return
        for other in self._books.tables[record_type.name].where("externalid", [external_id]):
            if other["id"] != own_id:
                raise business_rule("This entity already exists.")

    def _entity_defaults(self, record_type: RecordType, record: Record) -> None:
        now = self._books.now()
        record |= {"datecreated": now, "lastmodifieddate": now}
        record.setdefault("isinactive", "F")
        if record_type.name in _NAMES:
            record.setdefault("entityid", f"{_NAMES[record_type.name]}{record['id']}")
        if record_type.name == "customer":
            record.setdefault("isperson", "F")
            record.setdefault("creditholdoverride", "AUTO")
            record.setdefault("entitystatus", "13")
            if record.get("companyname") is None and record.get("lastname") is None:
                raise business_rule("Please enter value(s) for: Company Name.")
            subsidiary = self._books.tables["subsidiary"].rows[record["subsidiary"]]
            record.setdefault("currency", subsidiary["currency"])
        if record_type.name == "job":
            record["customer"] = record.get("parent")
            parent = self._books.record("customer", record.get("parent")) or {}
            for name in ("subsidiary", "currency"):
                record.setdefault(name, parent.get(name))
            record.setdefault("entitystatus", "2")

    def _enter(self, record_type: RecordType, record: Record, accepted: Accepted, *, created: bool) -> None:
        """Lines and totals first, then what is settled, then what follows from both."""
        if "item" in record_type.sublists:
            if "item" in accepted.sublists:
                self._posting.enter_lines(record_type, record, accepted)
            tax = accepted.changes.get("taxtotal")
            if tax is None and "item" not in accepted.sublists and not created:
                tax = record["taxtotal"]
            self._posting.total(record_type, record, tax)
        elif record.get("foreigntotal") is None or record["foreigntotal"] <= 0:
            raise business_rule("Please enter a payment amount greater than zero.")
        if "apply" in accepted.sublists:
            self._posting.apply(record_type, record, accepted.sublists["apply"])
        self._posting.finish(record_type, record)

    def _enter_addresses(self, record_type: RecordType, record: Record, accepted: Accepted) -> None:
        """Keyed by `addressId`: a known address changes, another is added. The last default is the only one."""
        books = self._books
        if record_type.name != "customer" or "addressBook" not in accepted.sublists:
            return
        known = {address["id"]: address for address in books.addresses.where("entity", [record["id"]])}
        sent = accepted.sublists["addressBook"]
        if sent is None or "addressBook" in accepted.replaced:
            for key in known:
                books.delete(books.addresses, key)
            known = {}
            books.update(books.tables["customer"], record["id"], {"defaultbillingaddress": None})
        for position, item in enumerate(sent or []):
            path = f"addressBook.items[{position}]"
            parts = item.get("addressBookAddress") or {}
            if not isinstance(parts, dict):
                raise invalid_content("An address is an object.", f"{path}.addressBookAddress")
            values = self._intake.fields(ADDRESS_FIELDS, parts, f"{path}.addressBookAddress")
            if "label" in item:
                values["label"] = str(item["label"])
            for name in ("defaultBilling", "defaultShipping"):
                if name in item:
                    values[name.lower()] = "T" if item[name] else "F"
            key = str(item.get("addressId") or item.get("id") or "")
            if key in known:
                books.update(books.addresses, key, values)
            else:
                blank = {"label": None, "defaultbilling": "F", "defaultshipping": "F"}
                key = books.next_key(books.addresses)
                books.insert(books.addresses, blank | values | {"id": key, "entity": record["id"]})
            self._prefer(record, key, values)

    def _prefer(self, record: Record, key: str, values: Record) -> None:
        """A default billing or shipping address takes the place of the one before."""
        books = self._books
        for name in ("defaultbilling", "defaultshipping"):
            if values.get(name) != "T":
                continue
            for other in books.addresses.where("entity", [record["id"]]):
                if other["id"] != key and other[name] == "T":
                    books.update(books.addresses, other["id"], {name: "F"})
        if values.get("defaultbilling") == "T":
            books.update(books.tables["customer"], record["id"], {"defaultbillingaddress": key})

    @contextmanager
    def _undone_if_refused(self) -> Iterator[None]:
        """A request is one database transaction. Only what it touched is put back; indexes follow."""
        journal = Journal(self._books)
        try:
            with journal:
                yield
        except Refused:
            journal.undo()
            raise


class Journal:
    """What a request did to the tables, so that it can be taken back."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._done: list[tuple[str, Table, Any]] = []

    def __enter__(self) -> None:
        self._books.journal = self

    def __exit__(self, *_: object) -> None:
        self._books.journal = None

    def note(self, what: str, table: Table, record: Record) -> None:
        """Called by the books before an update or delete and after an insert."""
        self._done.append((what, table, copy.copy(record)))

    def undo(self) -> None:
        for what, table, before in reversed(self._done):
            key = before[table.key]
            if what == "inserted":
                table.delete(key)
            elif what == "deleted":
                table.insert(before)
            else:
                current = table.rows[key]
                table.update(key, {name: None for name in current if name not in before} | before)
        self._books.version += 1
