"""What customers owe: the open items of their receivable accounts, added up.

Tryton's own sums (`receivable`) are in the current company's currency and for that company alone; the items are in what
was invoiced.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

import msgspec

from platforms.tryton.amounts import Amount, Company, Currency, summed
from platforms.tryton.domains import LinkColumn, ReferenceColumn
from platforms.tryton.facets import Aside
from platforms.tryton.options import LinkOptions
from platforms.tryton.wire import Day, Number, Record, as_day

FIELD = "open_items"


class Move(Record, gc=False):
    origin: str | None = None


class OpenItem(Record, gc=False):
    """A line on a receivable account that nothing has balanced yet: an invoice's instalment, or a payment on one."""

    id: int
    party: int | None = None
    debit: Number | None = None
    credit: Number | None = None
    amount_second_currency: Number | None = None
    second_currency: Currency | None = msgspec.field(name="second_currency.", default=None)
    company: Company | None = msgspec.field(name="company.", default=None)
    maturity_date: Day | None = None
    move: Move | None = msgspec.field(name="move.", default=None)
    invoice_payments: list[int] = msgspec.field(default_factory=list)

    @property
    def amount(self) -> Amount:
        """What it adds to the debt, in the currency that it was invoiced or paid in."""
        if self.amount_second_currency is not None and self.second_currency is not None:
            return self.amount_second_currency.decimal, self.second_currency.code
        return self.booked

    @property
    def booked(self) -> Amount:
        """What it adds to the debt, in the company's own currency."""
        debit = Decimal(0) if self.debit is None else self.debit.decimal
        credit = Decimal(0) if self.credit is None else self.credit.decimal
        return debit - credit, None if self.company is None else self.company.code

    @property
    def invoice(self) -> str | None:
        """Whose it is: an invoice's own line says it by its move, a payment by what it was assigned to."""
        if self.invoice_payments:
            return f"account.invoice,{self.invoice_payments[0]}"
        return None if self.move is None else self.move.origin


def open_items(options: LinkOptions) -> Aside:
    return Aside(
        field=FIELD,
        model="account.move.line",
        always=[
            ["account.type.receivable", "=", True],
            ["reconciliation", "=", None],
            ["move.state", "=", "posted"],
        ],
        record=OpenItem,
        key=lambda item: item.party,
        mine=lambda row: row.id,
        theirs="party",
        by={"id": ReferenceColumn("party"), "anchor": LinkColumn(f"party.{options.account_field}", options.is_crm_id)},
    )


def balance(items: Iterable[OpenItem] | None, home: str | None) -> Amount | None:
    """The open items together: as invoiced where that is one currency, else in the company's."""
    found = list(items or ())
    return summed((item.amount for item in found), home) or summed((item.booked for item in found), home)


def overdue(items: Iterable[OpenItem] | None, home: str | None, today: date) -> Amount | None:
    """What of the open items was due before today, less what was paid on the same invoices."""
    found = list(items or ())
    late: dict[str | None, list[OpenItem]] = {}
    for item in found:
        if not item.invoice_payments and (due := as_day(item.maturity_date)) is not None and due < today:
            late.setdefault(item.invoice, []).append(item)
    paid: dict[str | None, list[OpenItem]] = {}
    for item in found:
        if item.invoice_payments:
            paid.setdefault(item.invoice, []).append(item)
    if len({item.amount[1] for item in found}) > 1:
        return summed(_left(late, paid, booked=True), home)
    return summed(_left(late, paid, booked=False), found[0].amount[1] if found else home)


def _left(
    late: dict[str | None, list[OpenItem]], paid: dict[str | None, list[OpenItem]], *, booked: bool
) -> Iterable[Amount]:
    for invoice, items in late.items():
        amounts = [item.booked if booked else item.amount for item in (*items, *paid.get(invoice, ()))]
        yield max(Decimal(0), sum((value for value, _ in amounts), Decimal(0))), amounts[0][1]
