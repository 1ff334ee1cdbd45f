"""The fake platform's connector: the reading port, met through the real gate and the real HTTP client."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from platforms import readers
from platforms.connected import Connected, Probe
from platforms.feeds import PlatformFeeds
from platforms.gate import Gate
from platforms.http import HttpRequest, Transport
from platforms.mapping import Mapped, choice, day, instant, money, same, text
from platforms.predicates import Compare, Predicate
from platforms.quota import Quota
from platforms.readers import Facet, Projection, Pushable, Reader, ReadPage, ReadQuery
from schema.enums import AccountStatus, BillingModel, ContractStatus, InvoiceStatus, PlatformHealth, ProjectStatus
from schema.errors import UpstreamInvalidResponse
from schema.roles import PlatformRole

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP
T = TypeVar("T")

ACCOUNT_STATUS = {
    "active": AccountStatus.ACTIVE,
    "on_hold": AccountStatus.ON_HOLD,
    "prospect": AccountStatus.PROSPECT,
}
PROJECT_STATUS = {
    "running": ProjectStatus.ACTIVE,
    "planned": ProjectStatus.PLANNED,
    "paused": ProjectStatus.ON_HOLD,
    "done": ProjectStatus.COMPLETED,
}
CONTRACT_STATUS = {
    "draft": ContractStatus.DRAFT,
    "signed": ContractStatus.APPROVED,
    "active": ContractStatus.ACTIVE,
    "expired": ContractStatus.EXPIRED,
}
BILLING_MODEL = {
    "fixed": BillingModel.FIXED_FEE,
    "time": BillingModel.TIME_AND_MATERIALS,
    "milestone": BillingModel.MILESTONE,
    "retainer": BillingModel.RETAINER,
}
INVOICE_STATUS = {
    "open": InvoiceStatus.POSTED,
    "paid": InvoiceStatus.PAID,
    "overdue": InvoiceStatus.OVERDUE,
    "part_paid": InvoiceStatus.PARTIALLY_PAID,
    "draft": InvoiceStatus.DRAFT,
}

ROWS: Mapping[str, tuple[Mapped, ...]] = {
    "accounts": (
        same("id", "id"),
        text("name", "name"),
        text("number", "number"),
        choice("status", "status", ACCOUNT_STATUS),
        text("industry", "industry"),
        text("website", "website"),
        text("ownerName", "owner_name"),
        instant("createdAt", "created_at"),
        instant("modifiedAt", "modified_at"),
    ),
    "projects": (
        same("id", "id"),
        same("account", "account_id"),
        text("code", "code"),
        text("name", "name"),
        choice("status", "status", PROJECT_STATUS),
        day("startDate", "start_date"),
        day("endDate", "end_date"),
        text("managerName", "manager_name"),
        *money("budget", "budget", "currency"),
        instant("modifiedAt", "modified_at"),
    ),
    "contracts": (
        same("id", "id"),
        same("account", "account_id"),
        text("number", "number"),
        text("title", "title"),
        choice("status", "status", CONTRACT_STATUS),
        choice("billingModel", "billing_model", BILLING_MODEL),
        day("startDate", "start_date"),
        day("endDate", "end_date"),
        *money("value", "value", "currency"),
        instant("modifiedAt", "modified_at"),
    ),
    "invoices": (
        same("id", "id"),
        same("account", "account_id"),
        text("number", "number"),
        choice("status", "status", INVOICE_STATUS),
        day("issueDate", "issue_date"),
        day("dueDate", "due_date"),
        text("purchaseOrder", "purchase_order"),
        *money("total", "total", "currency"),
        *money("balance", "balance", "currency"),
        instant("modifiedAt", "modified_at"),
    ),
}


def facet(type_name: str, role: PlatformRole, entity: str) -> Facet:
    keys = {"id": 100} if entity == "accounts" else {"id": 100, "account": 100}
    return Facet(
        type=type_name,
        role=role,
        entity=entity,
        rows=ROWS[entity],
        batch=keys,
        pushable={"id": Pushable(frozenset({"gt"}))},
        page_size=2_000,
        url="{base}/" + entity + "/{id}",
    )


class _Page(msgspec.Struct, Generic[T], gc=False):
    rows: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlatformProjection(Projection):
    """A projection with what asking for it again and again needs."""

    asked: str
    pages: msgspec.json.Decoder[_Page[Any]]


class PlatformReader:
    """Reads one of the entities' platforms."""

    def __init__(self, gate: Gate, base_url: str, facets: Iterable[Facet]) -> None:
        self._gate = gate
        self._base_url = base_url
        self.facets: Mapping[tuple[str, PlatformRole], Facet] = {(found.type, found.role): found for found in facets}

    def project(self, facet: Facet, paths: Iterable[str]) -> Projection:
        plain = readers.project(facet, paths)
        return PlatformProjection(
            facet=facet,
            paths=plain.paths,
            row=plain.row,
            sources=plain.sources,
            names=plain.names,
            asked=f"/{facet.entity}?fields={','.join(plain.fields)}",
            pages=msgspec.json.Decoder(_Page[plain.row.struct]),  # type: ignore[name-defined]  # made at run time
        )

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage:
        assert isinstance(projection, PlatformProjection)
        entity = projection.facet.entity
        target = projection.asked + _rest(entity, query)
        request = HttpRequest(method="GET", url=self._base_url + target, route=f"/{entity}", statement=target)
        response = await self._gate.send(request, safe=True)
        try:
            page = projection.pages.decode(response.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise UpstreamInvalidResponse("the answer doesn't have the documented form") from None
        return ReadPage(page.rows, page.next)

    async def count(self, facet: Facet, where: Predicate | None) -> int | None:  # noqa: ARG002 - the port's signature
        return None


def _rest(entity: str, query: ReadQuery) -> str:
    parts = []
    if query.by is not None:
        parts.append(f"{_parameter(entity, query.by)}={','.join(query.keys)}")
    if query.limit is not None:
        parts.append(f"limit={query.limit}")
    after = query.resume
    if after is None and isinstance(query.where, Compare):
        after = query.where.value  # `id` behind a cursor is all that this platform compares
    if after is not None:
        parts.append(f"after={after}")
    return "".join(f"&{part}" for part in parts)


def _parameter(entity: str, by: str) -> str:
    return "account_id" if by == "account" else "ids" if entity == "accounts" else "id"


class Platform:
    """One configured platform: a role's share of the fake upstream, behind a gate of its own."""

    vendor = "bench"

    def __init__(self, role: PlatformRole, facets: Iterable[Facet], base_url: str, transport: Transport) -> None:
        self.name = role.value.lower()
        self.roles: tuple[PlatformRole, ...] = (role,)
        self.base_url = base_url
        self.peers: Mapping[PlatformRole, str] = {}
        self._gate = Gate(self.name, transport, timeout=10.0, slots=256)
        self._transport = transport
        self.reader: Reader = PlatformReader(self._gate, base_url, facets)
        self.writer = None
        self.feeds = PlatformFeeds()

    def health(self) -> PlatformHealth:
        return self._gate.health

    def quota(self) -> Quota | None:
        return None

    def last_contact_at(self) -> datetime | None:
        return self._gate.last_contact_at

    async def probe(self) -> Probe:
        return Probe(ok=True, detail="no sign-in")

    async def close(self) -> None:
        await self._transport.close()


def platforms(base_url: str, transport: Transport) -> Mapping[PlatformRole, Sequence[Connected]]:
    """CRM, PSA and ERP, all over one transport."""
    facets = {
        CRM: [facet("Account", CRM, "accounts"), facet("Contract", CRM, "contracts")],
        PSA: [facet("Project", PSA, "projects")],
        ERP: [facet("Invoice", ERP, "invoices")],
    }
    return {role: [Platform(role, found, base_url, transport)] for role, found in facets.items()}
