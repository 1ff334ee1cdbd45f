"""A platform in memory that meets the reading port, and an engine over such platforms."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from graphql import parse, validate

from platforms.connected import Allowance, Probe
from platforms.mapping import Mapped
from platforms.predicates import Predicate, holds
from platforms.readers import Facet, Projection, Pushable, ReadPage, ReadQuery, project
from platforms.rows import Field
from resolvers.bindings import Bindings
from resolvers.engine import GraphEngine
from resolvers.engine_port import Operation, Viewer
from resolvers.freshness import NoMemory
from resolvers.run.conditions import sort_key
from runtime.clock import SystemClock
from schema.enums import PlatformHealth
from schema.errors import CrosswalkError
from schema.roles import PlatformRole

TEXT = frozenset({"eq", "in", "startsWith", "contains", "lt", "lte", "gt", "gte"})


def memory_facet(
    type_name: str,
    role: PlatformRole,
    paths: Mapping[str, Any],
    *,
    batch: Mapping[str, int],
    orders: Iterable[str] = (),
    pushes: Iterable[str] | None = None,
    keyset: bool = True,
    page_size: int = 100,
) -> Facet:
    """A facet whose vendor fields are called as the canonical paths, with signs replaced."""
    rows = tuple(
        Mapped(path=path, fields=(Field(path.replace(".", "_"), kind),)) for path, kind in {"id": str, **paths}.items()
    )
    pushed = set(paths) | {"id"} if pushes is None else set(pushes) | {"id"}
    return Facet(
        type=type_name,
        role=role,
        entity=type_name.lower(),
        rows=rows,
        batch=batch,
        pushable={path: Pushable(TEXT) for path in pushed},
        orders=frozenset(orders),
        keyset=keyset,
        page_size=page_size,
        url="{base}/" + type_name.lower() + "/{id}",
    )


class MemoryReader:
    """Answers from lists of records; counts its calls."""

    def __init__(
        self, platform: "MemoryPlatform", facets: Iterable[Facet], records: Mapping[str, list[dict[str, Any]]]
    ):
        self.facets = {(facet.type, facet.role): facet for facet in facets}
        self.records = records
        self.platform = platform

    def project(self, facet: Facet, paths: Iterable[str]) -> Projection:
        return project(facet, paths)

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage:
        facet = projection.facet
        await self.platform.enter(f"read {facet.type} by {query.by}")
        found = self._matching(facet, query)
        start = query.offset if query.resume is None else query.resume
        stop = len(found)
        size = facet.page_size if query.limit is None else min(facet.page_size, query.limit)
        stop = min(stop, start + size)
        page = found[start:stop]
        wire = [{f.name: record.get(row.path) for row in facet.rows for f in row.fields} for record in page]
        rows = msgspec.convert(wire, list[projection.row.struct], strict=False)
        return ReadPage(rows, stop if stop < len(found) else None, len(found))

    async def count(self, facet: Facet, where: Predicate | None) -> int | None:
        await self.platform.enter(f"count {facet.type}")
        return len(self._matching(facet, ReadQuery(where=where)))

    def _matching(self, facet: Facet, query: ReadQuery) -> list[dict[str, Any]]:
        found = self.records.get(f"{facet.type}.{facet.role.value}", [])
        if query.by is not None:
            assert len(query.keys) <= facet.batch[query.by], "more keys than the platform takes"
            assert len(set(query.keys)) == len(query.keys)
            found = [record for record in found if record.get(query.by) in query.keys]
        if query.where is not None:
            found = [record for record in found if holds(query.where, record.get)]
        found = sorted(found, key=lambda record: record["id"])
        if query.order:
            found.sort(key=lambda record: sort_key([record.get(item.path) for item in query.order], query.order))
        return found


class MemoryPlatform:
    """A connected platform without a network, with failures to order."""

    def __init__(
        self,
        name: str,
        roles: tuple[PlatformRole, ...],
        facets: Iterable[Facet],
        records: Mapping[str, list[dict[str, Any]]],
        peers: Mapping[PlatformRole, str] | None = None,
    ) -> None:
        self.name = name
        self.vendor = "memory"
        self.roles = roles
        self.base_url = f"https://{name}.example"
        self.peers = dict(peers or {})
        self.reader = MemoryReader(self, facets, records)
        self.calls: Counter[str] = Counter()
        self.error: CrosswalkError | None = None
        self.delay = 0.0
        self.times: list[float] = []

    async def enter(self, call: str) -> None:
        self.calls[call] += 1
        self.times.append(asyncio.get_running_loop().time())
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error

    def health(self) -> PlatformHealth:
        return PlatformHealth.DOWN if self.error else PlatformHealth.HEALTHY

    def quota(self) -> Allowance | None:
        return None

    def last_contact_at(self) -> datetime | None:
        return None

    async def probe(self) -> Probe:
        return Probe(ok=self.error is None, detail="in memory")

    async def close(self) -> None:
        pass


CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP


def small_firm() -> dict[str, list[dict[str, Any]]]:
    """Sixty accounts with what hangs on them, some links missing."""
    accounts = [
        {
            "id": f"a{n:03}",
            "name": f"Account {n:03}",
            "number": f"N{n}",
            "industry": ("Energy", "Health", "Retail")[n % 3],
            "ownerName": f"Owner {n % 4}",
            "parent": f"a{n - 1:03}" if n % 5 == 4 else None,
            "updatedAt": datetime(2026, 1, 1 + n % 28, tzinfo=UTC),
        }
        for n in range(60)
    ]
    billing = [
        {
            "id": f"c{n}",
            "anchor": f"a{n:03}",
            "billing.legalName": f"Account {n:03} Ltd",
            "billing.creditHold": n % 4 == 0,
            "billing.currency": "EUR",
            "billing.overdue.amount": Decimal(n % 7 * 100),
            "billing.overdue.currency": "EUR",
            "billing.legalEntity": "le1" if n % 2 else None,
            "billing.billTo.lines": ["1 Street"] if n % 3 else [],
            "billing.billTo.country": "DE" if n % 3 else None,
        }
        for n in range(60)
        if n % 6 != 5
    ]
    projects = [
        {"id": f"p{n:03}", "name": f"Project {n:03}", "code": f"P{n}", "status": "ACTIVE", "account": f"a{n % 40:03}",
         "budget.amount": Decimal(n), "budget.currency": "EUR", "startDate": date(2026, 1, 1 + n % 20)}
        for n in range(100)
    ]  # fmt: skip
    invoices = [
        {"id": f"i{n:03}", "number": f"INV{n}", "account": f"a{n % 50:03}" if n % 11 else None,
         "project": f"p{n % 100:03}", "total.amount": Decimal(n) / 4, "total.currency": "EUR",
         "dueDate": date(2026, 2, 1 + n % 28)}
        for n in range(300)
    ]  # fmt: skip
    lines = [
        {"id": f"l{n}", "invoice": f"i{n % 300:03}", "number": n // 300 + 1, "description": f"Line {n}"}
        for n in range(600)
    ]
    return {
        "Account.CRM": accounts,
        "Account.ERP": billing,
        "LegalEntity.ERP": [{"id": "le1", "name": "Firm GmbH", "country": "DE"}],
        "Project.PSA": projects,
        "Invoice.ERP": invoices,
        "InvoiceLine.ERP": lines,
    }


def firm_facets() -> dict[PlatformRole, list[Facet]]:
    crm = [
        memory_facet(
            "Account",
            CRM,
            {"name": str, "number": str, "industry": str, "ownerName": str, "parent": str, "updatedAt": datetime},
            batch={"id": 20, "parent": 20},
            orders=("name", "number", "updatedAt"),
        )
    ]
    psa = [
        memory_facet(
            "Project",
            PSA,
            {"name": str, "code": str, "account": str, "budget.amount": Decimal, "budget.currency": str,
             "startDate": date},
            batch={"id": 40, "account": 40},
            orders=("name",),
            pushes=("account",),
            keyset=False,
        )
    ]  # fmt: skip
    erp = [
        memory_facet(
            "Account",
            ERP,
            {"anchor": str, "billing.legalName": str, "billing.creditHold": bool, "billing.currency": str,
             "billing.overdue.amount": Decimal, "billing.overdue.currency": str, "billing.legalEntity": str,
             "billing.billTo.lines": list[str], "billing.billTo.country": str},
            batch={"id": 100, "anchor": 100},
            orders=("billing.overdue.amount",),
        ),
        memory_facet("LegalEntity", ERP, {"name": str, "country": str}, batch={"id": 100}),
        memory_facet(
            "Invoice",
            ERP,
            {"number": str, "account": str, "project": str, "total.amount": Decimal, "total.currency": str,
             "dueDate": date},
            batch={"id": 100, "account": 100, "project": 100},
            orders=("number", "dueDate", "total.amount"),
        ),
        memory_facet(
            "InvoiceLine", ERP, {"invoice": str, "number": int, "description": str}, batch={"id": 100, "invoice": 100}
        ),
    ]  # fmt: skip
    return {CRM: crm, PSA: psa, ERP: erp}


@dataclass
class World:
    """An engine over platforms in memory."""

    engine: GraphEngine
    platforms: Mapping[str, MemoryPlatform]
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def ask(self, query: str, *, role: str = "admin", explain: bool = False, **variables: Any) -> dict[str, Any]:
        document = parse(query)
        problems = validate(self.engine.schema, document)
        assert not problems, problems
        operation = Operation(
            document=document,
            document_hash=sha256(query.encode()).hexdigest(),
            name=None,
            variables=variables,
            viewer=Viewer(name="test", role=role),
            correlation_id="c-1",
            explain=explain,
        )
        answer = await self.engine.execute(operation)
        found: dict[str, Any] = json.loads(answer.body)
        return found

    @property
    def calls(self) -> Counter[str]:
        """Calls of all platforms since the last look."""
        total: Counter[str] = Counter()
        for platform in self.platforms.values():
            total += Counter({f"{platform.name}: {call}": n for call, n in platform.calls.items()})
            platform.calls.clear()
        return total


def world_of(platforms: Iterable[MemoryPlatform], **options: Any) -> World:
    roles: dict[PlatformRole, list[Any]] = {}
    found = list(platforms)
    for platform in found:
        for role in platform.roles:
            roles.setdefault(role, []).append(platform)
    bindings = Bindings(roles, options.get("owners"))
    memory = options.get("memory") or NoMemory()
    engine = GraphEngine(bindings, memory, options.get("clock") or SystemClock(), seconds=options.get("seconds", 5.0))
    return World(engine, {platform.name: platform for platform in found})


@pytest.fixture
def world() -> World:
    records, facets = small_firm(), firm_facets()
    found = world_of(
        [
            MemoryPlatform("crm", (CRM,), facets[CRM], records),
            MemoryPlatform("psa", (PSA,), facets[PSA], records),
            MemoryPlatform("erp", (ERP,), facets[ERP], records),
        ]
    )
    found.records = records
    return found
