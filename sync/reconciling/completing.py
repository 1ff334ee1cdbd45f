"""A side whose records say more once others were asked: an invoice with what was credited on it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from platforms.predicates import Predicate
from schema.roles import PlatformRole
from sync.firm import Firm, client_of
from sync.flows.invoice_status import NOTHING_BILLED
from sync.ledger.records import Json
from sync.reconciling.seen import UNTOLD, Key, Page, Reading, Scope, Seen
from sync.reconciling.sides import FacetSide

CRM, ERP = PlatformRole.CRM, PlatformRole.ERP
FIGURES = ("billing.invoiced", "billing.paid", "billing.outstanding", "billing.credited")
Complete = Callable[[Reading, Sequence[Seen]], Awaitable[list[Seen]]]


@dataclass(frozen=True, slots=True)
class Completed:
    """`side`, each of its records made whole."""

    side: FacetSide
    complete: Complete

    def platforms(self, firm: Firm) -> list[str]:
        return self.side.platforms(firm)

    async def page(self, reading: Reading, platform: str, after: Json, *, most: int, where: Predicate | None) -> Page:
        found = await self.side.page(reading, platform, after, most=most, where=where)
        return Page(await self.complete(reading, found.seen), found.after)

    async def of(self, reading: Reading, keys: Iterable[Key]) -> list[Seen]:
        return await self.complete(reading, await self.side.of(reading, keys))

    async def again(self, reading: Reading, platform: str, external_ids: Iterable[str]) -> list[Seen]:
        return await self.complete(reading, await self.side.again(reading, platform, external_ids))

    async def count(self, reading: Reading, platform: str, where: Predicate | None) -> int | None:
        return await self.side.count(reading, platform, where)

    def where(self, firm: Firm, platform: str, path: str, scope: Scope) -> Predicate | None:
        return self.side.where(firm, platform, path, scope)


async def credits_of(firm: Firm, platform: str, invoices: Sequence[str]) -> dict[str, Decimal]:
    """What was credited, by invoice; nothing where the ERP tells no credit memos."""
    credited: dict[str, Decimal] = defaultdict(Decimal)
    if invoices and ("CreditMemo", ERP) in firm.bindings.platforms[platform].reader.facets:
        paths = ("invoice", "amount.amount")
        for row in await firm.rows(platform, "CreditMemo", ERP, paths, by="invoice", keys=invoices):
            credited[row["invoice"]] += row["amount.amount"] or Decimal(0)
    return credited


async def as_the_crm_is_told(reading: Reading, invoices: Sequence[Seen]) -> list[Seen]:
    """Invoices as `syncInvoiceStatus` tells the CRM of them."""
    firm = reading.firm
    in_crm = firm.anchor("Contract") is CRM
    told: list[Seen] = []
    for platform in dict.fromkeys(seen.platform for seen in invoices):
        mine = [seen for seen in invoices if seen.platform == platform]
        credited = await credits_of(firm, platform, [seen.external_id for seen in mine])
        for seen in mine:
            values = {
                **seen.values,
                "client": None if seen["account"] is None else client_of(seen["account"]),
                "contract": seen["contract"] if in_crm else UNTOLD,
                "credited": credited.get(seen.external_id, Decimal(0)),
            }
            told.append(replace(seen, values=values))
    return told


async def never_told_is_nothing(_: Reading, projects: Sequence[Seen]) -> list[Seen]:
    """A project whose figures nobody has filled in yet says that nothing was billed."""
    return [
        replace(
            seen,
            values={
                **seen.values,
                **{path: Decimal(0) if seen[path] is None else seen[path] for path in FIGURES},
                "billing.status": seen["billing.status"] or NOTHING_BILLED,
            },
        )
        for seen in projects
    ]


async def closed_books_alone(_: Reading, projects: Sequence[Seen]) -> list[Seen]:
    """Figures that the ERP has never computed say nothing."""
    paths = ("financials.unbilled.amount", "financials.workInProgress.amount")
    return [
        seen
        if seen["financials.asOf"] is not None
        else replace(seen, values={**seen.values, **dict.fromkeys(paths, UNTOLD)})
        for seen in projects
    ]
