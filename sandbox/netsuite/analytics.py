"""The account's records as SuiteQL's tables.

Column names are those of the analytics schema: system.netsuite.com Records Catalog, and the integrators' notes named in
the vendor's page of the documentation. Credit memos' `foreigntotal` is negative, invoices' lines are negative.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.netsuite.books import Books
from sandbox.netsuite.fields import Field, RecordType
from sandbox.netsuite.suiteql.sources import Column, Kind, Row, Source
from sandbox.netsuite.transactions import ADDRESS_FIELDS, RECORD_TYPES, TRANSACTIONS
from sandbox.store import Record, Table

_KINDS: dict[str, Kind] = {
    "id": "id",
    "ref": "id",
    "number": "number",
    "duration": "number",
    "date": "date",
    "moment": "moment",
}


def column_of(declared: Field, books: Books) -> Column:
    kind = _KINDS.get(declared.kind, "text")
    if declared.kind == "ref":
        target = declared.to
        coarse = target in ("currency", "subsidiary", "term", "salesTaxItem", "paymentMethod")
        return Column(kind, display=lambda value, _: books.name_of(target, value), coarse=coarse)
    if declared.kind == "choice" and declared.choices:
        choices = declared.choices
        numeric = all(key.isdigit() for key in choices)
        kind = "id" if numeric else "text"
        return Column(kind, display=lambda value, _: choices.get(value, value), coarse=True)
    if kind == "moment":
        return moment_column(declared.column, books)
    return Column(kind, coarse=declared.kind in ("flag", "choice"))


def moment_column(name: str, books: Books) -> Column:
    """SuiteQL tells a moment as the clocks of the account's zone show it, twice the same where they are set back."""

    def shown(row: Row) -> datetime | None:
        moment: datetime | None = row.get(name)
        return None if moment is None else books.shown(moment)

    return Column("moment", compute=None if books.in_utc else shown)


class TableSource:
    """A SuiteQL table over one or more tables of records."""

    def __init__(self, name: str, columns: Mapping[str, Column], tables: Sequence[Table]) -> None:
        self.name = name
        self.columns = columns
        self.indexed: Container[str] = {key for key, column in columns.items() if column.compute is None}
        self._tables = tables

    def rows(self) -> Iterable[Row]:
        for table in self._tables:
            yield from table

    def find(self, column: str, values: Sequence[Any]) -> Sequence[Row]:
        if len(self._tables) == 1:
            return self._tables[0].where(column, values)
        return [row for table in self._tables for row in table.where(column, values)]


TITLES = {"CustInvc": "Invoice", "CustCred": "Credit Memo", "CustPymt": "Customer Payment", "SalesOrd": "Sales Order"}


class LineSource:
    """`transactionline`: beside the item lines each transaction has a main line, and a tax line where it is taxed.

    The main line carries the transaction's whole amount, the others the opposite sign.
    """

    name = "transactionline"
    indexed = frozenset({"transaction", "entity", "custcol_cw_milestone"})

    def __init__(self, books: Books, columns: Mapping[str, Column]) -> None:
        self._books = books
        self.columns = columns

    def rows(self) -> Iterator[Row]:
        for record_type in TRANSACTIONS:
            for record in self._books.tables[record_type.name]:
                yield from self._of(record)

    def find(self, column: str, values: Sequence[Any]) -> Sequence[Row]:
        if column == "transaction":
            found = (self._books.transaction(value) for value in values)
            return [line for known in found if known is not None for line in self._of(known[1])]
        if column == "entity":
            return self._concerning(frozenset(values))
        return [self._completed(line) for line in self._books.lines.where(column, values)]

    def _concerning(self, entities: frozenset[str]) -> list[Row]:
        """The lines of these customers and jobs: by the line's own job, else by the transaction's."""
        tables = [self._books.tables[kind.name] for kind in TRANSACTIONS]
        heads = [row["id"] for table in tables for name in ("entity", "job") for row in table.where(name, entities)]
        heads += [line["transaction"] for line in self._books.lines.where("job", entities)]
        return [line for line in self.find("transaction", list(dict.fromkeys(heads))) if line["entity"] in entities]

    def _of(self, record: Record) -> Iterator[Row]:
        yield self._technical(record, "0", record["foreigntotal"], mainline="T")
        for line in self._books.lines.where("transaction", [record["id"]]):
            yield self._completed(line, record)
        tax = record.get("taxtotal")
        if tax:
            sign = 1 if record["foreigntotal"] < 0 else -1
            yield self._technical(record, "999", sign * tax, taxline="T")

    def _technical(self, record: Record, number: str, amount: Decimal, **flags: str) -> Record:
        return {
            "transaction": record["id"],
            "id": number,
            "uniquekey": f"{record['id']}{number.zfill(3)}",
            "linesequencenumber": Decimal(number),
            "mainline": "F",
            "taxline": "F",
            "iscogs": "F",
            "entity": record.get("job") or record["entity"],
            "subsidiary": record["subsidiary"],
            "createdfrom": record.get("createdfrom"),
            "foreignamount": amount,
            "netamount": amount * record["exchangerate"],
            "memo": record.get("memo"),
        } | flags

    def _completed(self, line: Record, record: Record | None = None) -> Record:
        if record is None:
            found = self._books.transaction(line["transaction"])
            assert found is not None
            record = found[1]
        return line | {
            "id": str(line["line"]),
            "linesequencenumber": line["line"],
            "mainline": "F",
            "taxline": "F",
            "iscogs": "F",
            "itemtype": "Service",
            "entity": line["job"] or record.get("job") or record["entity"],
            "subsidiary": record["subsidiary"],
            "createdfrom": record.get("createdfrom"),
            "netamount": line["foreignamount"] * record["exchangerate"],
        }


_LINE_KINDS: dict[str, Kind] = {
    "transaction": "id", "id": "id", "uniquekey": "id", "linesequencenumber": "number", "mainline": "text",
    "taxline": "text", "iscogs": "text", "item": "id", "itemtype": "text", "memo": "text", "quantity": "number",
    "rate": "number", "foreignamount": "number", "netamount": "number", "entity": "id", "subsidiary": "id",
    "createdfrom": "id", "taxcode": "id", "custcol_cw_milestone": "text",
    "custcol_cw_bill_on": "date",
}  # fmt: skip
_LINE_REFERENCES = {
    "transaction": "transaction", "item": "serviceSaleItem", "entity": "job", "subsidiary": "subsidiary",
    "createdfrom": "transaction", "taxcode": "salesTaxItem",
}  # fmt: skip
_LINK_KINDS: dict[str, Kind] = {
    "previousdoc": "id", "previoustype": "text", "nextdoc": "id", "nexttype": "text", "linktype": "text",
    "foreignamount": "number", "lastmodifieddate": "moment",
}  # fmt: skip
_DELETED_KINDS: dict[str, Kind] = {
    "id": "id", "type": "text", "recordid": "id", "name": "text", "deleteddate": "moment", "deletedby": "text",
}  # fmt: skip


def _plain_columns(kinds: Mapping[str, Kind], books: Books) -> dict[str, Column]:
    return {name: moment_column(name, books) if kind == "moment" else Column(kind) for name, kind in kinds.items()}


class Analytics:
    """The catalog of tables."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._sources: dict[str, Source] = {}
        for record_type in RECORD_TYPES.values():
            if record_type.table:
                self._add(TableSource(record_type.table, self._columns(record_type), (books.tables[record_type.name],)))
        self._add(self._transactions())
        self._add(LineSource(books, {name: self._line_column(name) for name in _LINE_KINDS}))
        for name in ("nexttransactionlinelink", "previoustransactionlinelink"):
            self._add(TableSource(name, _plain_columns(_LINK_KINDS, books), (books.links,)))
        self._add(TableSource("deletedrecord", _plain_columns(_DELETED_KINDS, books), (books.deleted,)))
        self._add_addresses()

    def source(self, name: str) -> Source | None:
        return self._sources.get(name)

    @property
    def version(self) -> int:
        return self._books.version

    def _add(self, source: Source) -> None:
        self._sources[source.name] = source

    def _columns(self, record_type: RecordType) -> dict[str, Column]:
        columns = {item.column: column_of(item, self._books) for item in record_type.fields if item.queryable}
        if record_type.name == "customer":
            computed: tuple[tuple[str, Kind, Callable[[Row], Any]], ...] = (
                ("balancesearch", "number", self._books.balance),
                ("overduebalancesearch", "number", self._books.overdue),
                ("daysoverduesearch", "number", self._books.days_overdue),
                ("altname", "text", lambda row: row.get("companyname")),
                ("oncredithold", "text", lambda row: "T" if row.get("creditholdoverride") == "ON" else "F"),
            )
            columns |= {name: Column(kind, compute=compute) for name, kind, compute in computed}
        return columns

    def _transactions(self) -> TableSource:
        """One row per transaction of any type; a column that its type lacks is NULL."""
        books = self._books
        columns = {"type": Column("text", coarse=True)}
        for kind in TRANSACTIONS:
            columns |= {item.column: column_of(item, books) for item in kind.fields if item.queryable}
        kinds = {kind.code: kind for kind in TRANSACTIONS}

        def status(value: Any, row: Row) -> str:
            choices = next(item.choices for item in kinds[row["type"]].fields if item.column == "status")
            return f"{TITLES[row['type']]} : {choices[value]}"

        columns["recordtype"] = Column("text", compute=lambda row: kinds[row["type"]].name.lower())
        columns["status"] = Column("text", display=status, coarse=True)
        return TableSource("transaction", columns, [books.tables[kind.name] for kind in TRANSACTIONS])

    def _line_column(self, name: str) -> Column:
        target = _LINE_REFERENCES.get(name)
        if target is None:
            return Column(_LINE_KINDS[name])
        return Column(_LINE_KINDS[name], display=lambda value, _: self._books.name_of(target, value))

    def _add_addresses(self) -> None:
        """An address book's entry points to its address by `nkey`; here both are one record with one id."""
        addresses = (self._books.addresses,)
        text = Column("text")
        book = {
            "internalid": Column("id", compute=lambda row: int(row["id"])),
            "entity": Column("id"),
            "label": text,
            "defaultbilling": text,
            "defaultshipping": text,
            "addressbookaddress": Column("id", compute=lambda row: int(row["id"])),
        }
        parts = {item.column: text for item in ADDRESS_FIELDS}
        self._add(TableSource("customeraddressbook", book, addresses))
        for name in ("customeraddressbookentityaddress", "entityaddress"):
            self._add(AddressSource(name, {"nkey": Column("id")} | parts, self._books))


class AddressSource:
    """Addresses by `nkey`."""

    indexed = frozenset({"nkey"})

    def __init__(self, name: str, columns: Mapping[str, Column], books: Books) -> None:
        self.name = name
        self.columns = columns
        self._books = books

    def rows(self) -> Iterable[Row]:
        return [{"nkey": row["id"]} | row for row in self._books.addresses]

    def find(self, column: str, values: Sequence[Any]) -> Sequence[Row]:
        assert column == "nkey"
        return [{"nkey": row["id"]} | row for row in self._books.addresses.where("id", values)]
