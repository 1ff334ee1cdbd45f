"""Lines of an invoice as callers give them."""

from decimal import Decimal

import msgspec

from platforms.writers import Line
from sync.desk import Refusal, RefusalCode
from sync.flows.money import MOST_PLACES, checked, counted, rounded
from sync.process import Refused, refused


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An amount, or a quantity and the price for one."""

    description: str
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    milestone_key: str | None = None


def given_lines(given: tuple[InvoiceLine, ...], currency: str, billed: frozenset[str]) -> tuple[Line, ...]:
    """Refused with everything that is wrong with them; `billed` are the milestones that have an invoice already."""
    if not given:
        raise refused(RefusalCode.INVALID, "An invoice has at least one line.", "lines")
    problems: list[Refusal] = []
    lines: list[Line] = []
    seen = set(billed)
    for place, line in enumerate(given):
        try:
            lines.append(_line(line, currency, str(place)))
        except Refused as refusal:
            problems += refusal.refusals
        if line.milestone_key in seen:
            message = f"The milestone {line.milestone_key} is billed already."
            problems.append(Refusal(RefusalCode.STATE, message, ("input", "lines", str(place), "milestoneKey")))
        seen |= {line.milestone_key} if line.milestone_key else set()
    if problems:
        raise Refused(*problems)
    return tuple(lines)


def _line(given: InvoiceLine, currency: str, place: str) -> Line:
    where = ("lines", place)
    if not given.description.strip():
        raise refused(RefusalCode.INVALID, "A line says what it is for.", *where, "description")
    if given.quantity is not None:
        counted(given.quantity, MOST_PLACES, "a quantity", *where, "quantity")
        if given.quantity == 0:
            raise refused(RefusalCode.INVALID, "A quantity is more than nothing.", *where, "quantity")
    priced = None
    if given.unit_price is not None:
        counted(given.unit_price, MOST_PLACES, "a price for one", *where, "unitPrice")
        priced = rounded((given.quantity or Decimal(1)) * given.unit_price, currency)
    amount = priced if given.amount is None else checked(given.amount, currency, *where, "amount")
    if amount is None:
        raise refused(RefusalCode.INVALID, "A line needs an amount, or a unit price.", *where, "amount")
    if amount == 0:
        raise refused(RefusalCode.INVALID, "A line of nothing can't be billed.", *where, "amount")
    checked(amount, currency, *where, "amount")
    if priced is not None and amount != priced:
        message = f"Quantity times unit price come to {priced:f}, not {amount:f}."
        raise refused(RefusalCode.INVALID, message, *where, "amount")
    return Line(
        description=given.description,
        quantity=given.quantity or Decimal(1),
        unit_price=given.unit_price if given.unit_price is not None else _unit(amount, given.quantity),
        amount=amount,
        milestone=given.milestone_key or None,
    )


def _unit(amount: Decimal, quantity: Decimal | None) -> Decimal | None:
    """The price of one, where it comes out even."""
    if quantity is None:
        return amount
    unit = rounded(amount / quantity, None)
    return unit if unit * quantity == amount else None
