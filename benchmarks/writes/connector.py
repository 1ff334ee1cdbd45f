"""The fake platform's connector with a writer: what governed writes need of a vendor, through the real gate."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import urlencode

import msgspec

from benchmarks.connector import ACCOUNT_STATUS, CRM, ERP, ROWS, PlatformProjection, PlatformReader
from platforms.budget import Budgets
from platforms.connected import Connected, Probe
from platforms.feeds import PlatformFeeds
from platforms.gate import Gate
from platforms.http import HttpRequest, HttpResponse, Transport
from platforms.mapping import Mapped, same, text
from platforms.predicates import And, Compare
from platforms.quota import Quota
from platforms.readers import Facet, Projection, Pushable, Reader, ReadPage, ReadQuery
from platforms.slots import Priority
from platforms.writers import Found, Settable, Writable, Writer, WriterTraits
from runtime.clock import Clock
from schema.enums import AccountStatus, PlatformHealth
from schema.errors import UpstreamRejected
from schema.roles import PlatformRole

SLOTS = 64
_STATUS = {meant: native for native, meant in ACCOUNT_STATUS.items()}
_TEXT = Settable(kind=str)
CLIENT: Mapping[str, str] = {
    "name": "name",
    "number": "number",
    "status": "status",
    "industry": "industry",
    "website": "website",
    "ownerName": "owner_name",
    "erpCustomers": "erp_customers",
    "syncStatus": "sync_status",
}
"""By canonical path the platform's own name of it."""
CUSTOMER: Mapping[str, str] = {
    "anchor": "client",
    "billing.legalName": "legal_name",
    "billing.legalEntity": "company",
    "billing.taxId": "tax_id",
    "billing.currency": "currency",
    "billing.paymentTermsDays": "terms",
    "billing.billTo.lines": "lines",
    "billing.billTo.city": "city",
    "billing.billTo.region": "region",
    "billing.billTo.postalCode": "postal_code",
    "billing.billTo.country": "country",
}
_KINDS: Mapping[str, Settable] = {
    "status": Settable(kind=AccountStatus),
    "billing.paymentTermsDays": Settable(kind=int),
    "billing.billTo.lines": Settable(kind=tuple[str, ...]),
}
COMPANY_ROWS: tuple[Mapped, ...] = (
    same("id", "id"),
    text("name", "name"),
    text("currency", "currency"),
    text("country", "country"),
)
_SEARCHED = ("billing.taxId", "billing.legalName", "billing.billTo.country")
CUSTOMER_ROWS: tuple[Mapped, ...] = (
    same("id", "id"),
    same("anchor", CUSTOMER["anchor"]),
    same("billing.legalEntity", CUSTOMER["billing.legalEntity"]),
    text("billing.currency", CUSTOMER["billing.currency"]),
    *(text(path, CUSTOMER[path]) for path in _SEARCHED),
)


def _writable(role: PlatformRole, entity: str, columns: Mapping[str, str]) -> Writable:
    paths = {path: _KINDS.get(path, _TEXT) for path in columns}
    return Writable(type="Account", role=role, entity=entity, paths=paths, unique=True)


WRITABLES = {CRM: _writable(CRM, "accounts", CLIENT), ERP: _writable(ERP, "customers", CUSTOMER)}
COLUMNS = {CRM: CLIENT, ERP: CUSTOMER}


def _facet(type_name: str, role: PlatformRole, entity: str, rows: tuple[Mapped, ...]) -> Facet:
    anchored = {"anchor": 100} if type_name == "Account" and role is ERP else {}
    return Facet(
        type=type_name,
        role=role,
        entity=entity,
        rows=rows,
        batch={"id": 100, **anchored},
        pushable={path: Pushable(frozenset({"eq"})) for path in _SEARCHED} if anchored else {},
        page_size=2_000,
        url="",
    )


FACETS: Mapping[PlatformRole, Sequence[Facet]] = {
    CRM: [_facet("Account", CRM, "accounts", ROWS["accounts"])],
    ERP: [
        _facet("Account", ERP, "customers", CUSTOMER_ROWS),
        _facet("LegalEntity", ERP, "companies", COMPANY_ROWS),
    ],
}


class SearchingReader(PlatformReader):
    """Finds records by exact values as well."""

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage:
        assert isinstance(projection, PlatformProjection)
        if query.where is None:
            return await super().read(projection, query)
        parts = query.where.parts if isinstance(query.where, And) else (query.where,)
        pairs = [(CUSTOMER[part.path], part.value) for part in parts if isinstance(part, Compare)]
        asked = f"{projection.asked}&{urlencode(pairs)}"
        return await super().read(replace(projection, asked=asked), ReadQuery(limit=query.limit))


class PlatformWriter:
    """Meets `platforms.writers.Writer`, as a platform would whose keys are unique."""

    def __init__(self, gate: Gate, base_url: str, writable: Writable) -> None:
        self._gate = gate
        self._base_url = base_url
        self.writables = {(writable.type, writable.role): writable}
        self.traits = WriterTraits()

    async def find(self, writable: Writable, key: str) -> tuple[Found, ...]:
        answer = await self._send("GET", writable, f"?key={key}")
        rows = msgspec.json.decode(answer.body)["rows"]
        return tuple(_found(writable, row) for row in rows)

    async def fetch(self, writable: Writable, external_id: str) -> Found | None:
        try:
            answer = await self._send("GET", writable, f"/{external_id}")
        except UpstreamRejected:
            return None
        return _found(writable, msgspec.json.decode(answer.body))

    async def create(self, writable: Writable, key: str, values: Mapping[str, Any]) -> str:
        answer = await self._send("POST", writable, "", {**_wire(writable, values), "key": key})
        made: str = msgspec.json.decode(answer.body)["id"]
        return made

    async def update(
        self,
        writable: Writable,
        external_id: str,
        values: Mapping[str, Any],
        *,
        version: str | None = None,  # noqa: ARG002 - the port's signature
    ) -> None:
        await self._send("PATCH", writable, f"/{external_id}", _wire(writable, values))

    async def remove(self, writable: Writable, external_id: str) -> None:
        await self._send("DELETE", writable, f"/{external_id}")

    async def _send(
        self, method: str, writable: Writable, rest: str, body: Mapping[str, Any] | None = None
    ) -> HttpResponse:
        request = HttpRequest(
            method=method,
            url=f"{self._base_url}/{writable.entity}{rest}",
            route=f"/{writable.entity}",
            statement=f"{method} {writable.entity}",
            body=b"" if body is None else msgspec.json.encode(body),
        )
        return await self._gate.send(request, priority=Priority.GOVERNED_WRITE, safe=method == "GET")


def _wire(writable: Writable, values: Mapping[str, Any]) -> dict[str, Any]:
    columns = COLUMNS[writable.role]
    return {columns[path]: _STATUS[value] if isinstance(value, Enum) else value for path, value in values.items()}


def _found(writable: Writable, row: Mapping[str, Any]) -> Found:
    values = {path: row.get(name) for path, name in COLUMNS[writable.role].items()}
    if values.get("status") is not None:
        values["status"] = ACCOUNT_STATUS[values["status"]]
    if values.get("billing.billTo.lines") is not None:
        values["billing.billTo.lines"] = tuple(values["billing.billTo.lines"])
    return Found(external_id=row["id"], values=values, version=str(row["version"]))


class Platform:
    """CRM or ERP of the fake upstream, behind a gate of its own."""

    vendor = "bench"

    def __init__(
        self, role: PlatformRole, base_url: str, transport: Transport, clock: Clock, budgets: Budgets | None
    ) -> None:
        self.name = role.value.lower()
        self.roles: tuple[PlatformRole, ...] = (role,)
        self.base_url = base_url
        self.peers: Mapping[PlatformRole, str] = {}
        budget = None if budgets is None else budgets(self.name, slots=SLOTS, clock=clock)
        self._gate = Gate(self.name, transport, timeout=10.0, slots=SLOTS, budget=budget)
        self._transport = transport
        self.reader: Reader = SearchingReader(self._gate, base_url, FACETS[role])
        self.feeds = PlatformFeeds()
        self.writer: Writer | None = PlatformWriter(self._gate, base_url, WRITABLES[role])

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


def platforms(
    base_url: str, transport: Transport, clock: Clock, budgets: Budgets | None
) -> Mapping[PlatformRole, Sequence[Connected]]:
    """CRM and ERP over one transport; `budgets` is what processes share of their places."""
    return {role: [Platform(role, base_url, transport, clock, budgets)] for role in (CRM, ERP)}
