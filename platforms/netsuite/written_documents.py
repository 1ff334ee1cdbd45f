"""Invoices, and sales orders as billing schedules, as the record API takes and tells them.

Quantities and amounts are positive here, where SuiteQL has them negative. Source: NetSuite's REST API Browser, records
invoice and salesOrder.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from platforms.mapping import Mapped, day, derived, number, same, text
from platforms.netsuite.options import AccountOptions
from platforms.netsuite.shapes import Shape
from platforms.netsuite.written import ITEMS, Written, modified
from platforms.rows import Field
from platforms.writers import Line, Settable, Writable
from schema.roles import PlatformRole

_PENDING, _APPROVED = "1", "2"
_REFERENCES = frozenset({"customer", "project", "legalEntity"})


def invoice(options: AccountOptions) -> Written:
    """Pending approval until asked otherwise: approving posts it, and a posted one isn't removed."""
    lines = _line(options)
    rows = (
        *_head(options, lines),
        day("issueDate", "tranDate"),
        day("dueDate", "dueDate"),
        text("purchaseOrder", "otherRefNum"),
        derived("approved", (Field("approvalStatus.id"),), _approved, lambda yes: (_APPROVED if yes else _PENDING,)),
    )
    paths = {
        **_HEAD_PATHS,
        "issueDate": Settable(kind=date, required=True),
        "dueDate": Settable(kind=date),
        "purchaseOrder": Settable(kind=str),
        "approved": Settable(kind=bool),
    }
    return Written(
        writable=Writable(type="Invoice", role=PlatformRole.ERP, entity="invoice", paths=paths, unique=True),
        shape=Shape("Invoice", rows),
        page="/app/accounting/transactions/custinvc.nl",
        references=_REFERENCES,
        currency="currency",
        lines=lines,
        fixed={"approvalStatus": {"id": _PENDING}},
        while_unset="approved",
    )


def sales_order(options: AccountOptions) -> Written:
    """What will be billed and when: NetSuite has no contract record, a sales order is the nearest thing."""
    lines = _line(options)
    return Written(
        writable=Writable(
            type="BillingSchedule",
            role=PlatformRole.ERP,
            entity="salesOrder",
            paths={**_HEAD_PATHS, "date": Settable(kind=date)},
            unique=True,
        ),
        shape=Shape("BillingSchedule", (*_head(options, lines), day("date", "tranDate"))),
        page="/app/accounting/transactions/salesord.nl",
        references=_REFERENCES,
        currency="currency",
        lines=lines,
    )


_HEAD_PATHS = {
    "customer": Settable(kind=str, update=False, required=True),
    "project": Settable(kind=str),
    "contract": Settable(kind=str),
    "legalEntity": Settable(kind=str, update=False),
    "currency": Settable(kind=str, update=False),
    "memo": Settable(kind=str),
    "lines": Settable(kind=tuple[Line, ...], required=True),
}


def _head(options: AccountOptions, lines: Shape) -> tuple[Mapped, ...]:
    return (
        same("id", "id", writable=False),
        same("customer", "entity.id"),
        same("project", "job.id"),
        text("contract", options.fields["Invoice.contract"]),
        same("legalEntity", "subsidiary.id"),
        same("currency", "currency.id"),
        text("memo", "memo"),
        modified(),
        _lines(lines),
    )


def _line(options: AccountOptions) -> Shape:
    """A line of the item sublist; but for `id` and `item` its paths are the fields of `Line`."""
    return Shape(
        "Line",
        (
            number("id", "line"),
            same("item", "item.id"),
            text("description", "description"),
            number("quantity", "quantity"),
            number("unit_price", "rate"),
            number("amount", "amount"),
            same("project", "job.id"),
            text("milestone", options.fields["InvoiceLine.milestoneKey"]),
            day("bill_on", options.fields["BillingSchedule.lines.billOn"]),
        ),
    )


def _lines(line: Shape) -> Mapped:
    def read(items: Sequence[Any] | None, more: bool | None) -> tuple[Line, ...] | None:
        if more:
            raise ValueError("a part of the lines only")
        told = sorted((line.read(item) for item in items or ()), key=lambda values: values["id"] or 0)
        return tuple(_told(values) for values in told) or None

    fields = (Field(f"{ITEMS}.items", line.several), Field(f"{ITEMS}.hasMore", bool))
    return derived("lines", fields, read)


def _told(values: dict[str, Any]) -> Line:
    kept = {name: values[name] for name in Line.__struct_fields__}
    return Line(**{**kept, "description": kept["description"] or "", "amount": kept["amount"] or Decimal(0)})


def _approved(status: str | None) -> bool | None:
    return None if status is None else status == _APPROVED
