"""What an answer has to be: graphql-core over the firm's records, each field resolved on its own."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from enum import Enum
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, build_schema, execute_sync, parse, validate

from schema.graph import printed
from schema.ids import RecordKey, encode_id

CRM, PSA, ERP = "CRM", "PSA", "ERP"
MANY = {
    "children": ("Account", "parent"), "contacts": ("Contact", ""), "opportunities": ("Opportunity", ""),
    "contracts": ("Contract", ""), "projects": ("Project", ""), "invoices": ("Invoice", ""),
    "tasks": ("Task", ""), "assignments": ("Assignment", ""), "timeEntries": ("TimeEntry", ""),
    "expenses": ("Expense", ""), "lines": ("InvoiceLine", ""), "payments": ("Payment", ""),
    "creditMemos": ("CreditMemo", ""), "amendments": ("Amendment", ""), "rateCard": ("Rate", ""),
}  # fmt: skip
USUAL = {
    "InvoiceLine": ["number"], "Payment": ["date", "number"], "CreditMemo": ["date", "number"],
    "ContractMilestone": ["dueDate", "key"], "Amendment": ["number"], "Rate": ["role"],
}  # fmt: skip
GROUPS = {"Money": ("amount", "currency"), "Address": ("lines", "city", "postalCode", "country")}


@dataclass(frozen=True)
class Rec:
    type: str
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    type: str
    row: Mapping[str, Any]
    prefix: str


@dataclass(frozen=True)
class Page:
    type: str
    rows: Sequence[Mapping[str, Any]]
    first: int


@dataclass
class Naive:
    """Resolves every field on its own; `down` are the roles whose platforms fail."""

    local: Any
    schema: GraphQLSchema
    viewer: str = "admin"
    down: frozenset[str] = frozenset()

    def execute(self, document: str, variables: Mapping[str, Any]) -> ExecutionResult:
        return execute_sync(
            self.schema, parse(document), field_resolver=self.resolve, variable_values=dict(variables),
            type_resolver=lambda value, *_: value.type,
        )  # fmt: skip

    def resolve(self, source: Any, info: Any, **given: Any) -> Any:
        name = info.field_name
        if info.parent_type.name == "Query":
            return self._root(name, info.return_type, given)
        if isinstance(source, Page):
            return self._page(source, name)
        if isinstance(source, Rec) and info.parent_type.name.endswith("Edge"):
            return source
        if isinstance(source, dict):
            return source[name]
        return self._field(source, name, info, given)

    def _need(self, role: str) -> None:
        if role in self.down:
            raise _error("UPSTREAM_UNAVAILABLE")

    def _root(self, name: str, kind: Any, given: Mapping[str, Any]) -> Any:
        if name == "platforms":
            return [self._status(role) for role in (CRM, PSA, ERP)]
        if name in ("node", "nodes"):
            found = [self._try(text) for text in given.get("ids", [given.get("id")])]
            if name == "node" and isinstance(found[0], GraphQLError):
                raise found[0]
            return found if name == "nodes" else found[0]
        type_name = kind.name
        if type_name.endswith("Connection"):
            return self._list(type_name.removesuffix("Connection"), given, None)
        if given.get("ref"):
            return self._referred(type_name, given["ref"])
        rec = self._by_id(given["id"])
        if rec is not None and rec.type != type_name:
            raise _error("BAD_USER_INPUT")
        return rec

    def _try(self, text: str) -> Any:
        try:
            return self._by_id(text)
        except GraphQLError as error:
            return error

    def _by_id(self, text: str) -> Rec | None:
        if text.startswith("!"):
            raise _error("BAD_USER_INPUT")
        if text not in self.local.ids:
            return None
        type_name, row = self.local.ids[text]
        self._need(self.local.role[type_name])
        return Rec(type_name, row)

    def _referred(self, type_name: str, ref: Mapping[str, Any]) -> Rec | None:
        anchored = ref["platform"].upper() == self.local.role[type_name]
        if not anchored:
            self._need(ref["platform"].upper())
        self._need(self.local.role[type_name])
        for row in self.local.rows(type_name):
            own = row if anchored else self.local.facet(type_name, row)
            if own is not None and own["id"] == ref["externalId"]:
                return Rec(type_name, row)
        return None

    def _list(self, type_name: str, given: Mapping[str, Any], among: tuple[str, str] | None) -> Page:
        self._need(self.local.role[type_name])
        order = given.get("orderBy") or [{"field": name} for name in USUAL.get(type_name, ()) if among]
        if any("overdue" in self.local.order_path(item["field"]) for item in order):
            self._need(ERP)
        rows = self.local.wanted(type_name, given.get("filter"), order)
        if among is not None:
            rows = [row for row in rows if row.get(among[0]) == among[1]]
        first = given.get("first")
        return Page(type_name, rows, 50 if first is None else first)

    def _page(self, page: Page, name: str) -> Any:
        shown = [Rec(page.type, row) for row in page.rows[: page.first]]
        info = {"hasNextPage": len(page.rows) > page.first, "hasPreviousPage": False}
        return {"totalCount": len(page.rows), "nodes": shown, "edges": shown, "pageInfo": info}[name]

    def _field(self, source: Rec | Part, name: str, info: Any, given: Mapping[str, Any]) -> Any:
        prefix = source.prefix if isinstance(source, Part) else ""
        kind, parent = info.return_type, info.parent_type.name
        named = str(kind).strip("[]!")
        if name == "id":
            return encode_id(RecordKey(source.type, self.local.platform(source.type), source.row["id"]))
        if (parent, name) in (("Resource", "costRate"), ("Project", "financials")) and self.viewer == "portal":
            raise _error("FORBIDDEN")
        if named.endswith("Connection") or (str(kind).startswith("[") and named in self.local.role):
            target, theirs = MANY.get(name) or ("Milestone" if parent == "Project" else "ContractMilestone", "")
            page = self._list(target, given, (theirs or source.type.lower(), source.row["id"]))
            return page if named.endswith("Connection") else [Rec(target, row) for row in page.rows]
        if named in self.local.role:
            return self._to_one(source, name, named, prefix)
        if named in ("AccountBilling", "ProjectFinancials"):
            self._need(ERP)
            facet = self.local.facet(source.type, source.row)
            return None if facet is None else Part(source.type, facet, f"{name}.")
        if named in GROUPS:
            return self._group(source, f"{prefix}{name}.", named)
        found = source.row.get(prefix + name)
        if isinstance(found, Enum):
            return found.name
        return [] if found is None and name == "lines" else found

    def _group(self, source: Rec | Part, prefix: str, kind: str) -> Part | None:
        found = [source.row.get(prefix + part) for part in GROUPS[kind]]
        there = None not in found if kind == "Money" else any(found)
        return Part(source.type, source.row, prefix) if there else None

    def _to_one(self, source: Rec | Part, name: str, target: str, prefix: str) -> Rec | None:
        if (source.type, name) == ("Opportunity", "project"):
            path, theirs = "contract", "contract"
        else:
            path, theirs = prefix + name, "id"
        key = source.row.get(path)
        if key is None:
            return None
        self._need(self.local.role[target])
        first = [{"field": "startDate"}, {"field": "code"}] if theirs == "contract" else []
        rows = self.local.wanted(target, None, first)
        return next((Rec(target, row) for row in rows if row.get(theirs) == key), None)

    def _status(self, role: str) -> dict[str, Any]:
        health = "DOWN" if role in self.down else "HEALTHY"
        return {
            "name": role.lower(), "role": role, "vendor": "memory", "health": health, "quota": None,
            "lastContactAt": None,
        }  # fmt: skip


def _error(code: str) -> GraphQLError:
    return GraphQLError(code, extensions={"code": code})


def _schema() -> GraphQLSchema:
    schema = build_schema(printed())
    texts = {"Decimal": str, "Date": date.isoformat,
             "DateTime": lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z")}  # fmt: skip
    for name, text in texts.items():
        schema.type_map[name].coerce_output_value = text  # type: ignore[attr-defined]
    return schema


class Alike:
    """The same operation through the plan and through graphql-core."""

    def __init__(self, world: Any, reference: Any, runner: asyncio.Runner) -> None:
        self.world = world
        self.reference = reference
        self.runner = runner

    def check(self, draft: Any, depth: int) -> None:
        document = draft.operation(depth)
        if draft.random.random() < 0.1:
            assert not validate(self.world.engine.schema, parse(document))
        answer = self.runner.run(self.world.answer_valid(document, role=self.reference.viewer, **draft.given))
        found = json.loads(answer.body)
        wanted = self.reference.execute(document, draft.given)
        assert found["data"] == wanted.data, _told(document, draft, wanted.errors)
        told = _causes(found["data"], [(e["path"], e["extensions"]["code"]) for e in found.get("errors", ())])
        assert told == _causes(wanted.data, _paths(wanted.errors)), _told(document, draft, wanted.errors)


def _told(document: str, draft: Any, errors: Any) -> str:
    return f"{document}\n{draft.given}\n{errors}"


def _paths(errors: Any) -> list[tuple[list[str | int], str]]:
    return [(error.path, (error.extensions or {}).get("code") or "UPSTREAM_INVALID_RESPONSE") for error in errors or ()]


def _causes(data: Any, errors: list[tuple[list[str | int], str]]) -> set[tuple[tuple[str, ...], str | None]]:
    """Which nulls the errors explain, by field of the document; the code where the error is of just that field."""
    causes = set()
    for path, code in errors:
        place, depth = data, 0
        while place is not None:
            assert depth < len(path), f"{path} leads to no null"
            place, depth = place[path[depth]], depth + 1
        static = tuple(part for part in path[:depth] if isinstance(part, str))
        causes.add((static, code if depth == len(path) else None))
    return causes


@pytest.fixture(scope="module")
def alike() -> Iterator[Callable[..., Alike]]:
    """`alike(world, naive).check(draft, depth)`: asserts equal data, and errors for the same fields."""
    with asyncio.Runner() as runner:
        yield lambda world, reference: Alike(world, reference, runner)


@pytest.fixture(scope="session")
def naive() -> Callable[..., Naive]:
    """`naive(local, viewer=..., down=...)`: an executor that shares nothing with the planner."""
    schema = _schema()
    return lambda local, **options: Naive(local, schema, **options)
