"""A firm of every canonical type, drawn at random from the declared model, and its platforms in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLEnumType, get_named_type, is_list_type

from schema.declare import Relation
from schema.graph import core
from schema.model import ANCHORS, Group, Link, Value, model
from schema.roles import PlatformRole

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP
BOUND = (CRM, PSA, ERP)
Kinds = dict[str, Any]
SCALARS: Mapping[str, Any] = {
    "String": str, "Int": int, "Boolean": bool, "Decimal": Decimal, "Date": date, "DateTime": datetime,
    "CurrencyCode": str, "CountryCode": str,
}  # fmt: skip
WORDS = ("alpha", "Alpha", "beta", "Beta Co", "gamma", "Gamma, Ltd.", "ALPHA", "Zoë", "österreich", "it's", "1", "10")
SIZES = {
    "Account": 12, "Contact": 8, "Opportunity": 10, "Contract": 10, "ContractMilestone": 12, "Amendment": 8, "Rate": 8,
    "Project": 14, "Milestone": 10, "Task": 10, "Assignment": 12, "TimeEntry": 14, "Expense": 8, "Resource": 5,
    "Invoice": 20, "InvoiceLine": 30, "Payment": 10, "CreditMemo": 5, "LegalEntity": 3, "CostCenter": 3,
}  # fmt: skip


def anchor_of(type_name: str) -> PlatformRole:
    return next(role for role in ANCHORS[type_name] if role in BOUND)


def role_of(type_name: str, roles: Sequence[PlatformRole] | None) -> PlatformRole:
    return next((role for role in roles or () if role in BOUND), anchor_of(type_name))


@lru_cache(maxsize=1)
def facets() -> dict[tuple[str, PlatformRole], Kinds]:
    """Per type and role the canonical paths with their Python types; keys are among them."""
    found: dict[tuple[str, PlatformRole], Kinds] = {}
    for type_name in ANCHORS:
        anchor = anchor_of(type_name)
        found.setdefault((type_name, anchor), {})
        for path, kind, roles in _paths(type_name):
            role = role_of(type_name, roles)
            own = found.setdefault((type_name, role), {} if role is anchor else {"anchor": str})
            own[path] = kind
    for relation in relations():
        if relation.theirs != "id":
            found[relation.target, anchor_of(relation.target)][relation.theirs] = str
    return found


def relations() -> Iterator[Relation]:
    for found in model().types.values():
        yield from (item.relation for item in found.fields.values() if isinstance(item, Link))


@lru_cache(maxsize=100)
def keys_of(type_name: str, role: PlatformRole) -> list[str]:
    """The paths that the facet can be asked by in bulk."""
    if role is not anchor_of(type_name):
        return ["anchor"]
    return sorted({found.theirs for found in relations() if found.target == type_name} - {"id"})


def _paths(
    type_name: str, prefix: str = "", roles: tuple[PlatformRole, ...] | None = None
) -> Iterator[tuple[str, Any, tuple[PlatformRole, ...] | None]]:
    for name, item in model().types[type_name].fields.items():
        declared = core().type_map[type_name].fields[name].type  # type: ignore[attr-defined]
        match item:
            case Value():
                yield prefix + name, _kind(declared), item.roles or roles
            case Group():
                yield from _paths(item.type, f"{prefix}{name}.", item.roles or roles)
            case Link() if item.relation.mine != "id":
                yield item.relation.mine, str, roles


def _kind(declared: Any) -> Any:
    named = get_named_type(declared)
    if isinstance(named, GraphQLEnumType):
        return named.extensions["strawberry-definition"].wrapped_cls
    if is_list_type(getattr(declared, "of_type", declared)):
        return list[str]
    return SCALARS[named.name]


class Firm:
    """Records per `Type.ROLE`, each a dict by canonical path; ids tell the type."""

    def __init__(self, random: Random, sizes: Mapping[str, int], *, gaps: float) -> None:
        self._random = random
        self._gaps = gaps
        self.ids = {name: [f"{name[:2].lower()}{name[-2:]}{n:03}" for n in range(size)] for name, size in sizes.items()}
        self._targets = _targets()
        self.records: dict[str, list[dict[str, Any]]] = {}
        for (type_name, role), kinds in facets().items():
            self.records[f"{type_name}.{role.value}"] = list(self._rows(type_name, role, kinds))

    def _rows(self, type_name: str, role: PlatformRole, kinds: Kinds) -> Iterator[dict[str, Any]]:
        for n, external_id in enumerate(self.ids[type_name]):
            if role is not anchor_of(type_name):
                if self._random.random() < self._gaps * 2:
                    continue
                row = {"id": f"x{n:03}", "anchor": external_id}
            else:
                row = {"id": external_id}
            for path, kind in kinds.items():
                if path != "anchor":
                    row[path] = self._value(type_name, path, kind)
            yield row

    def _value(self, type_name: str, path: str, kind: Any) -> Any:
        random = self._random
        if (type_name, path) in self._targets:
            chance = random.random()
            known = self.ids[self._targets[type_name, path]]
            return (
                None
                if chance < self._gaps or not known
                else "gone"
                if chance > 1 - self._gaps / 3
                else random.choice(known)
            )
        if random.random() < self._gaps * (0.2 if path in ("number", "key", "role", "unit") else 1):
            return None
        if path.endswith("currency"):
            return random.choice(("EUR", "USD", "JPY"))
        return self._made(kind)

    def _made(self, kind: Any) -> Any:
        random = self._random
        if kind is str:
            return random.choice(WORDS)
        if kind is int:
            return random.randrange(5)
        if kind is bool:
            return random.random() < 0.5
        if kind is Decimal:
            return Decimal(random.randrange(-4, 40)) / 4
        if kind is date:
            return date(2026, 1, 1) + timedelta(days=random.randrange(40))
        if kind is datetime:
            return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=random.randrange(100))
        if kind == list[str]:
            return [random.choice(WORDS) for _ in range(random.randrange(3))]
        return random.choice(list(kind))


def _targets() -> dict[tuple[str, str], str]:
    """(type, key path) -> the type whose id the key is."""
    found: dict[tuple[str, str], str] = {}
    for type_name, declared in model().types.items():
        for item in declared.fields.values():
            if isinstance(item, Link) and item.relation.mine != "id":
                holder = "Account" if type_name == "AccountBilling" else type_name
                found.setdefault((holder, item.relation.mine), item.relation.target)
            elif isinstance(item, Link):
                found[item.relation.target, item.relation.theirs] = type_name
    found["Opportunity", "contract"] = "Contract"
    return found


@lru_cache(maxsize=64)
def records_of(seed: int = 1, *, gaps: float = 0.15, **sizes: int) -> dict[str, list[dict[str, Any]]]:
    """The same firm for the same seed; `gaps` is how often something is missing."""
    return Firm(Random(seed), SIZES | sizes, gaps=gaps).records


@pytest.fixture(scope="session")
def firm() -> SimpleNamespace:
    return SimpleNamespace(records=records_of, facets=facets, keys_of=keys_of, anchor_of=anchor_of, roles=BOUND)


@pytest.fixture(scope="session")
def make_world(memory: SimpleNamespace) -> Callable[..., Any]:
    """`make_world(records, manner=..., **options)`: one platform per role; `manners` names other ones by role."""

    def make(records: Mapping[str, Any], *, manners: Mapping[PlatformRole, Any] | None = None, **options: Any) -> Any:
        platforms = []
        for role in BOUND:
            manner = (manners or {}).get(role) or options.get("manner") or memory.Manner()
            own = [
                manner.facet(name, played, kinds, keys_of(name, played))
                for (name, played), kinds in facets().items()
                if played is role
            ]
            platforms.append(memory.MemoryPlatform(role.value.lower(), (role,), own, records, manner=manner))
        return memory.world_of(platforms, records, **options)

    return make


@pytest.fixture
def world(make_world: Callable[..., Any]) -> Any:
    """Sixty accounts and what hangs on them, with gaps."""
    return make_world(records_of(7, Account=60, Project=100, Invoice=150, InvoiceLine=200, Contract=30))
