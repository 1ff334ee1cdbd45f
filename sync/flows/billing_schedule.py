"""What will be billed when, by what was agreed: it adds up to the contract's value to the cent."""

from datetime import date

from platforms.writers import Line
from schema.enums import BillingModel
from sync.flows.money import instalments
from sync.flows.term_problems import MONTHLY
from sync.flows.terms import Terms


def schedule_lines(terms: Terms, project: str) -> tuple[Line, ...]:
    """`project` is the ERP's id of it. Time and materials have one line, the most that may come to be billed."""
    if terms.billing_model is BillingModel.MILESTONE:
        return tuple(
            Line(
                description=milestone.name,
                amount=milestone.amount,
                project=project,
                milestone=milestone.key,
                bill_on=milestone.due_date,
            )
            for milestone in terms.milestones
            if milestone.amount is not None
        )
    if terms.billing_model in MONTHLY and terms.end_date is not None:
        days = months(terms.start_date, terms.end_date)
        parts = instalments(terms.value, len(days), terms.currency)
        return tuple(
            Line(description=f"{terms.project_name}, {day:%B %Y}", amount=part, project=project, bill_on=day)
            for day, part in zip(days, parts, strict=True)
        )
    words = "time and materials, at most" if terms.billing_model is BillingModel.TIME_AND_MATERIALS else "fixed fee"
    return (
        Line(
            description=f"{terms.project_name}: {words}",
            amount=terms.value,
            project=project,
            bill_on=terms.end_date or terms.start_date,
        ),
    )


def months(start: date, end: date) -> list[date]:
    """The first day of the term and of each month after it that begins within it."""
    days = [start]
    year, month = start.year, start.month
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        day = date(year, month, 1)
        if day > end:
            return days
        days.append(day)
