"""What can be written of invoices: what the PSA has billed, so that no work is billed twice."""

from datetime import date

from platforms.kantata.endpoints import INVOICES
from platforms.kantata.envelope import Item
from platforms.kantata.kept import Kept, Removal, cancelled, kept
from platforms.kantata.keys import OWN
from platforms.kantata.mapping import facet, reference
from platforms.kantata.options import AccountOptions
from platforms.kantata.places import Attribute, Items, Reference, as_it_is, iso_day, kept_amount, record_ids
from platforms.kantata.writable_plans import in_project
from platforms.mapping import day, derived, same, text
from platforms.rows import Field
from platforms.writers import Line, Settable


def invoice(options: AccountOptions) -> Kept:
    """https://developer.kantata.com/tag/Invoices: entries and expenses on an invoice can't be put on another one.

    Lists of ids come in ascending order, whatever the order they were asked in.
    """
    ids = Settable(kind=tuple[str, ...])
    erp = Reference(service=options.invoice_reference, model="Invoice")
    flag = Attribute(name="draft", wire=as_it_is, clearable=False)
    days = Attribute(name="payment_schedule", wire=as_it_is, clearable=False)
    entries = Attribute(name="time_entry_ids", wire=record_ids, blank=())
    expenses = Attribute(name="expense_ids", wire=record_ids, blank=())
    items = derived("items", (Field("additional_items", list),), _lines)
    return kept(
        facet("ProjectInvoice", "invoice", INVOICES, (), keys={"id": OWN}, ignored=frozenset()),
        {
            "project": in_project(derived("project", (Field("workspace_ids", list[str]),), _first)),
            "timeEntries": (ids, entries, derived("timeEntries", (Field("time_entry_ids", list[str]),), _ascending)),
            "expenses": (ids, expenses, derived("expenses", (Field("expense_ids", list[str]),), _ascending)),
            "items": (Settable(kind=tuple[Line, ...], update=False), Items(name="additional_items"), items),
            "issueDate": (
                Settable(kind=date),
                Attribute(name="invoice_date", wire=iso_day, clearable=False),
                day("issueDate", "invoice_date"),
            ),
            "paymentDays": (Settable(kind=int, required=True), days, same("paymentDays", "payment_schedule", int)),
            "purchaseOrder": (
                Settable(kind=str),
                Attribute(name="purchase_order"),
                text("purchaseOrder", "purchase_order"),
            ),
            "erpInvoice": (Settable(kind=str), erp, reference("erpInvoice", options.invoice_reference)),
            "draft": (Settable(kind=bool), flag, same("draft", "draft", bool)),
        },
        key_reference=options.key_reference,
        subject="Invoice",
        fixed={"suppress_emails": True},  # the client has the ERP's invoice
        gone=cancelled(),
        removal=Removal.CANCEL,
    )


def _first(projects: list[str] | None) -> str | None:
    return projects[0] if projects else None


def _ascending(ids: list[str] | None) -> tuple[str, ...] | None:
    return tuple(sorted(ids, key=int)) if ids else None


def _lines(items: list[Item] | None) -> tuple[Line, ...] | None:
    found = tuple(
        Line(description=item.notes or "", amount=amount)
        for item in items or ()
        if (amount := kept_amount([item.amount_in_cents, item.currency], item.currency, item.currency_base_unit))
        is not None
    )
    return found or None
