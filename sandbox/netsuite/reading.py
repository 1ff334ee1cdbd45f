"""Stored records as the record API shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.netsuite.books import ZERO, Books
from sandbox.netsuite.fields import Field, RecordType
from sandbox.netsuite.transactions import ADDRESS_FIELDS, APPLY_FIELDS, LINE_FIELDS
from sandbox.store import Record

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How a caller wants records: `fields` limits the body fields, lower case; None gives all with sublists' links."""

    fields: frozenset[str] | None = None
    sublists: bool = False
    simple_enums: bool = False


class Reader:
    def __init__(self, books: Books, base_url: str) -> None:
        self._books = books
        self._base = base_url

    def url(self, record_type: str, record_id: str) -> str:
        return f"{self._base}/services/rest/record/v1/{record_type}/{record_id}"

    def record(self, record_type: RecordType, record: Record, shape: Shape) -> Json:
        """One record, empty fields left out."""
        own = self.url(record_type.name, record["id"])
        shown: Json = {"links": _self(own)} | self._fields(
            record_type.fields, self._with_computed(record_type, record), shape
        )
        if shape.fields is not None:
            return shown
        for sublist in record_type.sublists:
            shown[sublist] = {"links": _self(f"{own}/{sublist}")}
            if shape.sublists:
                shown[sublist] |= self._sublist(own, record_type, record, sublist, shape)
        return shown

    def sublist(self, record_type: RecordType, record: Record, sublist: str) -> Json:
        own = self.url(record_type.name, record["id"])
        links: Json = {"links": _self(f"{own}/{sublist}")}
        return links | self._sublist(own, record_type, record, sublist, Shape(sublists=True))

    def _with_computed(self, record_type: RecordType, record: Record) -> Mapping[str, Any]:
        books = self._books
        if record_type.name == "customer":
            return record | {
                "balancesearch": books.balance(record),
                "overduebalancesearch": books.overdue(record),
                "daysoverduesearch": books.days_overdue(record),
            }
        if record_type.name == "creditMemo":
            return record | {"foreigntotal": -record["foreigntotal"]}  # negative for SuiteQL alone
        return record

    def _fields(self, declared: Iterable[Field], record: Mapping[str, Any], shape: Shape) -> Json:
        shown: Json = {}
        for field in declared:
            value = record.get(field.column)
            if field.rest is None or value is None:
                continue
            if shape.fields is not None and field.rest.lower() not in shape.fields:
                continue
            shown[field.rest] = self._value(field, value, shape)
        return shown

    def _value(self, field: Field, value: Any, shape: Shape) -> Any:
        match field.kind:
            case "flag":
                return value == "T"
            case "choice":
                return value if shape.simple_enums else {"id": value, "refName": field.choices.get(value, value)}
            case "ref":
                return self._reference(field, value)
            case "duration":
                minutes = int(value * 60)
                return f"{minutes // 60}:{minutes % 60:02d}"
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        return value.isoformat() if isinstance(value, date) else value

    def _reference(self, field: Field, record_id: str) -> Json:
        target = field.to
        if target == "transaction":
            found = self._books.transaction(record_id)
            target = found[0] if found is not None else target
        elif target == "customer" and record_id in self._books.tables["job"].rows:
            target = "job"
        shown: Json = {"links": _self(self.url(target, record_id)), "id": record_id}
        name = self._books.name_of(target, record_id)
        return shown if name is None else shown | {"refName": name}

    # -- sublists

    def _sublist(self, own: str, record_type: RecordType, record: Record, sublist: str, shape: Shape) -> Json:
        if sublist == "item":
            items = self._lines(own, record_type, record, shape)
        elif sublist == "apply":
            items = self._applications(own, record, shape)
        else:
            items = self._addresses(own, record, shape)
        return {"totalResults": len(items), "count": len(items), "hasMore": False, "offset": 0, "items": items}

    def _lines(self, own: str, record_type: RecordType, record: Record, shape: Shape) -> list[Json]:
        sign = 1 if record_type.name == "creditMemo" else -1
        shown = []
        for line in self._books.lines.where("transaction", [record["id"]]):
            values = line | {"amount": sign * line["foreignamount"], "quantity": sign * line["quantity"]}
            fields = self._fields(LINE_FIELDS, values, shape)
            shown.append({"links": _self(f"{own}/item/{line['line']}")} | fields)
        return sorted(shown, key=lambda line: int(line["line"]))

    def _applications(self, own: str, record: Record, shape: Shape) -> list[Json]:
        """What is settled, then the customer's other open invoices with `apply` false."""
        books = self._books
        links = {link["previousdoc"]: link for link in books.applied_by(record["id"])}
        customer = books.customer_of(record["entity"])
        invoices = [books.tables["invoice"].rows[key] for key in links]
        if customer is not None:
            invoices += [
                invoice
                for invoice in books.open_invoices(customer)
                if invoice["id"] not in links and invoice["currency"] == record["currency"]
            ]
        shown = []
        for number, invoice in enumerate(invoices, start=1):
            link = links.get(invoice["id"])
            amount = ZERO if link is None else link["foreignamount"]
            values = {
                "doc": invoice["id"],
                "line": Decimal(0),
                "apply": "F" if link is None else "T",
                "amount": None if link is None else amount,
                "applydate": invoice["trandate"],
                "due": invoice["foreignamountunpaid"] + amount,
                "total": invoice["foreigntotal"],
                "refnum": invoice["tranid"],
                "type": "Invoice",
            }
            shown.append({"links": _self(f"{own}/apply/{number}")} | self._fields(APPLY_FIELDS, values, shape))
        return shown

    def _addresses(self, own: str, record: Record, shape: Shape) -> list[Json]:
        shown = []
        for address in self._books.addresses.where("entity", [record["id"]]):
            entry = f"{own}/addressBook/{address['id']}"
            shown.append(
                {
                    "links": _self(entry),
                    "id": address["id"],
                    "addressId": address["id"],
                    "label": address["label"],
                    "defaultBilling": address["defaultbilling"] == "T",
                    "defaultShipping": address["defaultshipping"] == "T",
                    "addressBookAddress": {"links": _self(f"{entry}/addressBookAddress")}
                    | self._fields(ADDRESS_FIELDS, address, shape),
                }
            )
        return shown


def _self(url: str) -> list[Json]:
    return [{"rel": "self", "href": url}]


def plain(value: Any) -> Any:
    """Decimals as text, so that any JSON encoder takes the record and no amount passes a float."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value
