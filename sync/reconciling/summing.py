"""Sides that are sums: what a project's invoices, or its work, come to."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from schema.enums import ApprovalStatus, BillingState
from schema.roles import PlatformRole
from sync.firm import Firm, Row
from sync.flows.invoice_status import UNSENT, figures_of, standing
from sync.flows.money import rounded
from sync.reconciling.completing import FIGURES, credits_of
from sync.reconciling.seen import UNTOLD, Key, Reading, Seen

PSA, ERP = PlatformRole.PSA, PlatformRole.ERP
_INVOICE = (
    "project", "status", "total.amount", "total.currency", "amountPaid.amount", "balance.amount", "modifiedAt",
)  # fmt: skip
_WORK = ("project", "approval", "billingState", "modifiedAt")
_UNAPPROVED = frozenset({ApprovalStatus.DRAFT, ApprovalStatus.SUBMITTED})


@dataclass(frozen=True, slots=True)
class ProjectFigures:
    """What the ERP's invoices of each project come to; `invoice` is one of them. Untold where they are in several
    currencies, or stand in several ERPs.
    """

    def platforms(self, firm: Firm) -> list[str]:
        return [each.name for each in firm.bindings.holders("Invoice", ERP)]

    async def of(self, reading: Reading, keys: Iterable[Key]) -> list[Seen]:
        firm = reading.firm
        wanted = tuple(dict.fromkeys(keys))
        billed: dict[Key, list[Row]] = defaultdict(list)
        credited: dict[tuple[str, str], Decimal] = {}
        serving: dict[str, str] = {}
        for platform in self.platforms(firm):
            psa = firm.bindings.peer(platform, PSA)
            if psa is None:
                continue
            serving.setdefault(psa, platform)
            asked = [key[1] for key in wanted if key[0] == psa]
            rows = await firm.rows(platform, "Invoice", ERP, _INVOICE, by="project", keys=asked) if asked else []
            for row in rows:
                billed[psa, row["project"]].append(row)
            sent = [row.external_id for row in rows if row["status"] not in UNSENT]
            for invoice, amount in (await credits_of(firm, platform, sent)).items():
                credited[platform, invoice] = amount
        return [_figures(key, billed[key], credited, serving[key[0]]) for key in wanted if key[0] in serving]

    async def again(self, reading: Reading, platform: str, external_ids: Iterable[str]) -> list[Seen]:
        psa = reading.firm.bindings.peer(platform, PSA)
        return [] if psa is None else await self.of(reading, [(psa, each) for each in external_ids])


def _figures(key: Key, rows: Sequence[Row], credited: dict[tuple[str, str], Decimal], platform: str) -> Seen:
    sent = [row for row in rows if row["status"] not in UNSENT]
    currencies = {row["total.currency"] for row in sent}
    alike = len(currencies) < 2 and len({row.platform for row in rows}) < 2
    off = sum((credited.get((row.platform, row.external_id), Decimal(0)) for row in sent), Decimal(0))
    values: dict[str, Any] = dict(figures_of(sent, off)) if alike else dict.fromkeys(FIGURES, UNTOLD)
    values["billing.status"] = standing(row["status"] for row in sent) if alike else UNTOLD
    values["currency"] = next(iter(currencies)) if alike and currencies else None
    values["invoice"] = (rows[0].platform, rows[0].external_id) if rows else None
    return Seen(
        platform=rows[0].platform if rows else platform,
        external_id=key[1],
        key=key,
        values=values,
        modified_at=_newest(rows),
        hollow=not rows,
    )


@dataclass(frozen=True, slots=True)
class ProjectWork:
    """What each project's work is worth that nobody has billed: approved, and still to be approved, as the PSA has it.
    Untold where it is in several currencies. `modified_at`: when any of its entries last changed.
    """

    def platforms(self, firm: Firm) -> list[str]:
        return [each.name for each in firm.bindings.holders("TimeEntry", PSA)]

    async def of(self, reading: Reading, keys: Iterable[Key]) -> list[Seen]:
        wanted = tuple(dict.fromkeys(keys))
        found: list[Seen] = []
        for platform in self.platforms(reading.firm):
            asked = [key[1] for key in wanted if key[0] == platform]
            if asked:
                found += await self._work(reading.firm, platform, asked)
        return found

    async def again(self, reading: Reading, platform: str, external_ids: Iterable[str]) -> list[Seen]:
        return await self.of(reading, [(platform, each) for each in external_ids])

    async def _work(self, firm: Firm, platform: str, projects: Sequence[str]) -> list[Seen]:
        there = await firm.rows(platform, "Project", PSA, ("account",), by="id", keys=projects)
        accounts = {row.external_id: row["account"] for row in there}
        known = list(accounts)
        time: dict[str, list[Row]] = defaultdict(list)
        costs: dict[str, list[Row]] = defaultdict(list)
        paths = (*_WORK, "hours", "rate.amount", "rate.currency")
        for row in await firm.rows(platform, "TimeEntry", PSA, paths, by="project", keys=known):
            time[row["project"]].append(row)
        if ("Expense", PSA) in firm.bindings.platforms[platform].reader.facets:
            spent = (*_WORK, "amount.amount", "amount.currency")
            for row in await firm.rows(platform, "Expense", PSA, spent, by="project", keys=known):
                costs[row["project"]].append(row)
        return [_work(platform, each, accounts[each], time[each], costs[each]) for each in known]


def _work(platform: str, project: str, account: str | None, time: Sequence[Row], costs: Sequence[Row]) -> Seen:
    open_time = [row for row in time if row["billingState"] is BillingState.UNBILLED]
    open_costs = [row for row in costs if row["billingState"] is BillingState.UNBILLED]
    currencies = {row["rate.currency"] for row in open_time} | {row["amount.currency"] for row in open_costs}
    currencies.discard(None)
    approved = sum((_worth(row) for row in open_time if row["approval"] is ApprovalStatus.APPROVED), Decimal(0))
    spent = [row["amount.amount"] for row in open_costs if row["approval"] is ApprovalStatus.APPROVED]
    pending = sum((_worth(row) for row in open_time if row["approval"] in _UNAPPROVED), Decimal(0))
    alike = len(currencies) < 2
    return Seen(
        platform=platform,
        external_id=project,
        key=(platform, project),
        values={
            "unbilled": sum((each for each in spent if each), approved) if alike else UNTOLD,
            "workInProgress": pending if alike else UNTOLD,
            "currency": next(iter(currencies), None) if alike else None,
            "account": account,
        },
        modified_at=_newest([*time, *costs]),
        hollow=not time and not costs,
    )


def _worth(row: Row) -> Decimal:
    return rounded((row["hours"] or Decimal(0)) * (row["rate.amount"] or Decimal(0)), row["rate.currency"])


def _newest(rows: Sequence[Row]) -> datetime | None:
    return max((row["modifiedAt"] for row in rows if row["modifiedAt"] is not None), default=None)
