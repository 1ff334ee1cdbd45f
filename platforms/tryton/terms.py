"""Payment terms: how many days a customer has, and when an invoice is due that nobody has posted yet."""

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from platforms.tryton.wire import Record


class Delta(Record, gc=False):
    """A step from the invoice's date to the day when it is due; `day` and `month` set a part of the date."""

    days: int | None = None
    weeks: int | None = None
    months: int | None = None
    day: int | None = None


class TermLine(Record, gc=False):
    """One instalment."""

    relativedeltas: list[Delta] = msgspec.field(name="relativedeltas.", default_factory=list)


class PaymentTerm(Record, gc=False):
    lines: list[TermLine] = msgspec.field(name="lines.", default_factory=list)


def days_to_pay(term: PaymentTerm | None) -> int | None:
    """Days until the first instalment is due; None where the term goes by months or days of the month."""
    if term is None or not term.lines:
        return None
    instalments = [_days(line.relativedeltas) for line in term.lines]
    return None if None in instalments else min(days for days in instalments if days is not None)


def due_on(issued: date | None, term: PaymentTerm | None) -> date | None:
    days = days_to_pay(term)
    return None if issued is None or days is None else issued + timedelta(days)


def _days(steps: Sequence[Delta]) -> int | None:
    if any(step.months or step.day for step in steps):
        return None
    return sum((step.days or 0) + 7 * (step.weeks or 0) for step in steps)
