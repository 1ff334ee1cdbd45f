"""What a project has to be billed for: approved time and expenses, and milestones that were accepted."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import msgspec

from platforms.predicates import Compare
from platforms.writers import Line
from schema.enums import ApprovalStatus, BillingState, InvoiceStatus, MilestoneStatus
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.firm import Firm, Row, client_of
from sync.flows.money import rounded

PSA, ERP = PlatformRole.PSA, PlatformRole.ERP
_DONE = frozenset({MilestoneStatus.COMPLETED, MilestoneStatus.ACCEPTED})


class Unbilled(msgspec.Struct, frozen=True, kw_only=True):
    """`time` and `expenses` are the PSA's ids of what the lines are made of. `strangers`: in another currency than the
    project's, and so left out.
    """

    time: tuple[str, ...]
    expenses: tuple[str, ...]
    lines: tuple[Line, ...]
    strangers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who is billed: the ERP's platform, and the client and the project by which invoices there are told apart."""

    platform: str
    account: str
    project: str | None


async def unbilled_work(
    firm: Firm,
    project: RecordKey,
    payer: Payer,
    currency: str,
    *,
    until: date,
    time: bool,
    expenses: bool,
    milestones: bool,
) -> Unbilled:
    """Everything up to and including `until`, in one line per rate, expense category and milestone."""
    hours = await _time(firm, project, until) if time else []
    costs = await _expenses(firm, project, until) if expenses else []
    done = await _milestones(firm, project, payer) if milestones else []
    kept_hours = [row for row in hours if row["rate.currency"] in (currency, None)]
    kept_costs = [row for row in costs if row["amount.currency"] == currency]
    lines = [
        *_time_lines(kept_hours, currency),
        *_expense_lines(kept_costs),
        *(_milestone_line(row) for row in done if row["amount.currency"] == currency),
    ]
    return Unbilled(
        time=_ids(kept_hours),
        expenses=_ids(kept_costs),
        lines=tuple(lines),
        strangers=len(hours) + len(costs) - len(kept_hours) - len(kept_costs),
    )


async def billed_milestones(firm: Firm, payer: Payer, keys: Iterable[str]) -> frozenset[str]:
    """Those of the milestones that an invoice of this client or project has a line for, but for voided ones."""
    wanted = tuple(dict.fromkeys(keys))
    facet = firm.bindings.platforms[payer.platform].reader.facets.get(("InvoiceLine", ERP))
    if not wanted or facet is None:
        return frozenset()
    where = Compare("milestoneKey", "in", wanted)
    if "milestoneKey" not in facet.pushable:
        if payer.project is None:
            return frozenset()
        where = Compare("project", "eq", payer.project)
    lines = await firm.rows(payer.platform, "InvoiceLine", ERP, ("milestoneKey", "invoice"), where=where)
    found = [line for line in lines if line["milestoneKey"] in wanted]
    invoices = await firm.rows(
        payer.platform,
        "Invoice",
        ERP,
        ("status", "account", "project"),
        by="id",
        keys=(line["invoice"] for line in found),
    )
    theirs = {invoice.external_id for invoice in invoices if _theirs(invoice, payer)}
    return frozenset(line["milestoneKey"] for line in found if line["invoice"] in theirs)


def _theirs(invoice: Row, payer: Payer) -> bool:
    if invoice["status"] is InvoiceStatus.VOIDED:
        return False
    same_project = payer.project is not None and invoice["project"] == payer.project
    return same_project or (invoice["account"] is not None and client_of(invoice["account"]) == payer.account)


async def _time(firm: Firm, project: RecordKey, until: date) -> list[Row]:
    paths = ("date", "hours", "billable", "approval", "billingState", "rate.amount", "rate.currency")
    rows = await firm.rows(project.platform, "TimeEntry", PSA, paths, by="project", keys=(project.external_id,))
    return [row for row in rows if _due(row, until) and row["hours"] and row["rate.amount"]]


async def _expenses(firm: Firm, project: RecordKey, until: date) -> list[Row]:
    paths = ("date", "category", "amount.amount", "amount.currency", "approval", "billingState")
    rows = await firm.rows(project.platform, "Expense", PSA, paths, by="project", keys=(project.external_id,))
    return [row for row in rows if _due(row, until) and row["amount.amount"]]


async def _milestones(firm: Firm, project: RecordKey, payer: Payer) -> list[Row]:
    paths = ("key", "name", "status", "amount.amount", "amount.currency")
    rows = await firm.rows(project.platform, "Milestone", PSA, paths, by="project", keys=(project.external_id,))
    done = [row for row in rows if row["status"] in _DONE and row["key"] and row["amount.amount"]]
    billed = await billed_milestones(firm, payer, (row["key"] for row in done))
    return [row for row in done if row["key"] not in billed]


def _ids(rows: list[Row]) -> tuple[str, ...]:
    """In the order in which the platform tells them too."""
    return tuple(sorted((row.external_id for row in rows), key=lambda each: (len(each), each)))


def _due(row: Row, until: date) -> bool:
    approved = row["approval"] is ApprovalStatus.APPROVED and row["billingState"] is BillingState.UNBILLED
    return approved and row["date"] is not None and row["date"] <= until


def _time_lines(rows: Iterable[Row], currency: str) -> Iterable[Line]:
    by_rate: dict[Decimal, Decimal] = defaultdict(Decimal)
    for row in rows:
        by_rate[row["rate.amount"]] += row["hours"]
    for rate in sorted(by_rate, reverse=True):
        hours = by_rate[rate]
        yield Line(
            description=f"Services, {hours:f} h at {rate:f} {currency}",
            quantity=hours,
            unit_price=rate,
            amount=rounded(hours * rate, currency),
        )


def _expense_lines(rows: Iterable[Row]) -> Iterable[Line]:
    by_category: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        by_category[row["category"] or "Other"] += row["amount.amount"]
    for category in sorted(by_category):
        total = by_category[category]
        yield Line(description=f"Expenses: {category}", quantity=Decimal(1), unit_price=total, amount=total)


def _milestone_line(row: Row) -> Line:
    return Line(
        description=f"Milestone: {row['name']}",
        quantity=Decimal(1),
        unit_price=row["amount.amount"],
        amount=row["amount.amount"],
        milestone=row["key"],
    )
