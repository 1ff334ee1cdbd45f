"""Random operations with hostile values, drawn from the schema itself, and what any answer to one must be like."""

# ruff: noqa: RUF001 - signs that look like others are what this is about

import json
import random
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_composite_type,
)

from platforms.addresses import Targets
from platforms.bindings import Bindings
from runtime.clock import SystemClock
from schema.errors import Queue
from sync.delivering.desk import WebhookDesk
from sync.delivering.signing import Secrets
from sync.desk import Desk
from sync.firm import Firm
from sync.ledger.database import open_ledger
from sync.ledger.migrating import migrate
from sync.ledger.port import Ledger, NewException, NewRun, Outcome, RunChange
from sync.ledger.port_of_webhooks import NewHook
from sync.ledger.records import Audited, RunStatus
from sync.process import Flow, Process, Wish
from sync.reception import FrontDesk

ROOT = Path(__file__).parents[3]
SCHEMA = build_schema((ROOT / "schema/schema.graphql").read_text())
DEEPEST = 7
MOST_ROOTS = 19
"""Beside `__typename`, by the limits of an installation that sets none."""

TEXTS = (
    "", " ", "'", "''", "\\", "\\'", '"', '\\"', "`", "%", "_", "%25", "%27", "?", "*", ":1", "$1", "${7*7}", "{{7*7}}",
    "' OR Name != null --", "x') OR (1=1", "x' OR '1'='1", "'; DELETE FROM customer; --",
    "x' UNION SELECT id FROM customer --",
    "' AND Id IN (SELECT AccountId FROM Contact) AND Name LIKE '%", "x\\' OR Name LIKE \\'%", "x%' ESCAPE '%",
    "\\u0027 OR Id != null",
    "&per_page=200", "1&order=id:asc", "1,2,3", "1:2)", "(1:some):(1:other)", "../../oauth/token",
    "http://127.0.0.1:1/", "#", "?q=",
    "x\r\nX-Injected: 1", "\n", "\t", "\x00", "a\x00b", "\x01\x1f\x7f\x85", "\u2028\u2029", "\ufeff", "\u200b",
    "\ufffe\uffff", "\ue000",
    "\u202ecod.exe", "שלום عليكم", "e\u0301", "é", "ﬁ", "ß", "İ", "ı", "東京", "👩‍👩‍👧", "\U0010ffff", "Ω" * 300, "1",
    "٣", "１２", "²", "-1", "1e9",
    "null", "NULL", "undefined", "true", "NaN", "0x10", "__proto__", "constructor", "TO_DATE('2026-01-01')", "TODAY",
    "LAST_N_DAYS:3",
)  # fmt: skip
RARE_TEXTS = ("a" * 100_000, "'" * 50_000, "\\" * 9_999, "%_" * 4_000, "東" * 30_000, "\ud800", "x\udfff")
NUMBERS = (
    "0", "-0", "1", "-1", "0.01", "12.50", "1e3", "1E-40", "1e29", "-1e30", "9" * 30, "0." + "9" * 30, "1e31",
    "1e999999999", "-1e-999999999",
    "NaN", "sNaN", "Infinity", "-inf", "", " 1 ", "1_000", "1,5", "٣", "１２", "0x10", "'1'", "1 OR 1=1", "9" * 5_000,
    0, -1, 10**18, -(2**63),
    2**64, 1.5, True,
)  # fmt: skip
DAYS = (
    "2026-03-31", "2026-11-20", "0001-01-01", "9999-12-31", "1699-12-31", "1700-01-01", "4000-12-31", "2024-02-29",
    "2026-02-29", "2026-02-30",
    "0000-01-01", "10000-01-01", "-0001-01-01", "20260331", "2026-W14-2", "2026-090", "٢٠٢٦-٠٣-٣١",
    "2026-03-31T00:00:00Z", "31.03.2026", "", "'", "TODAY", 20260331, 0,
)  # fmt: skip
INSTANTS = (
    "2026-03-31T09:15:00Z", "2026-03-31T09:15:00.123456+02:00", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-12:00", "1699-12-31T23:59:59Z", "4000-12-31T00:00:00Z", "2026-03-31T24:00:00Z",
    "2026-03-31T09:15:60Z", "2026-03-31", "2026-03-31T09:15:00",
    "2026-03-31T09:15:00+23:59:59.999999", "2026-03-31T09:15:00,5Z", "20260331T091500Z", "2026-W14-2T00Z",
    "٢٠٢٦-٠٣-٣١T00:00:00Z", "now", "", 0,
)  # fmt: skip
WHOLE = (0, 1, 2, 3, 7, 50, 500, -1, 501, 100_000, 2**31 - 1, -(2**31), 2**31, 2**63, 10**30, 1.5, 1.0, "1", True)


class Operations:
    """Draws operations. `ids`, `cursors` and `texts` are real ones, met among the hostile."""

    def __init__(self, dice: random.Random, found: dict[str, list[str]]) -> None:
        self.dice = dice
        self.found = found
        self.variables: dict[str, Any] = {}
        self.declared: list[str] = []
        self.aliases = 0
        self.hostility = dice.choice((0.02, 0.15, 0.5))

    # ------------------------------------------------------------------------------------------------- whole ones

    def operation(self) -> tuple[str, dict[str, Any]]:
        """A valid document and its variables, which may be anything."""
        return self.drawn("Query")

    def mutation(self) -> tuple[str, dict[str, Any]]:
        """Wishes and decisions that may be anything."""
        return self.drawn("Mutation")

    def drawn(self, root: str) -> tuple[str, dict[str, Any]]:
        names = self.dice.sample(list(SCHEMA.get_type(root).fields), k=self.dice.choice((1, 1, 2, 3)))
        roots = " ".join(self.field(root, name, depth=self.dice.randint(2, DEEPEST)) for name in names)
        return self.written(roots, root.lower())

    def every_field(self, type_name: str, hostile: str | None = None) -> tuple[str, dict[str, Any]]:
        """All fields of one type at once, found on the shortest way from a root; `hostile` gets drawn arguments."""
        fields = [name for name in SCHEMA.get_type(type_name).fields if hostile in (None, name)]
        if type_name == "Query":
            fields = self.dice.sample(fields, k=min(len(fields), MOST_ROOTS))
        below = "__typename " + " ".join(self.field(type_name, name, depth=2, drawn=name == hostile) for name in fields)
        for parent, name in reversed(WAYS[type_name]):
            kind = get_named_type(SCHEMA.get_type(parent).fields[name].type)
            inner = below if kind.name == type_name else f"... on {type_name} {{ {below} }}"
            below = f"{name}{self.plain_arguments(parent, name)} {{ {inner} }}"
            type_name = parent
        return self.written(below)

    def written(self, roots: str, kind: str = "query") -> tuple[str, dict[str, Any]]:
        head = f"({', '.join(self.declared)})" if self.declared else ""
        freshness = self.freshness() if kind == "query" else ""
        return f"{kind} Fuzz{head}{freshness} {{ {roots} }}", self.variables

    # ---------------------------------------------------------------------------------------------------- selections

    def selection(self, type_name: str, depth: int) -> str:
        kind = SCHEMA.get_type(type_name)
        if isinstance(kind, GraphQLInterfaceType):
            chosen = self.dice.sample(SCHEMA.get_possible_types(kind), k=3)
            return "__typename id " + " ".join(f"... on {t.name} {{ {self.selection(t.name, depth)} }}" for t in chosen)
        names = [n for n, f in kind.fields.items() if depth > 1 or not is_composite_type(get_named_type(f.type))]
        if not names:
            return "__typename"
        chosen = self.dice.sample(names, k=min(len(names), self.dice.randint(1, 4)))
        parts = [self.field(type_name, name, depth=depth - 1) for name in chosen]
        if self.dice.random() < 0.1:
            parts[-1] = f"... {self.dice.choice(('', f'on {type_name} '))}{self.steered()} {{ {parts[-1]} }}"
        return " ".join(parts)

    def field(self, type_name: str, name: str, *, depth: int, drawn: bool = True) -> str:
        field = SCHEMA.get_type(type_name).fields[name]
        alias = ""
        if self.aliases < 12 and self.dice.random() < 0.1:
            self.aliases += 1
            alias = f"alias{self.aliases}: "
        arguments = self.arguments(field.args) if drawn else self.plain_arguments(type_name, name)
        kind = get_named_type(field.type)
        below = f" {{ {self.selection(kind.name, depth)} }}" if is_composite_type(kind) else ""
        freshness = self.freshness() if drawn else ""
        return f"{alias}{name}{arguments}{freshness}{below}"

    def plain_arguments(self, parent: str, name: str) -> str:
        """What a root field needs to bring anything."""
        args = SCHEMA.query_type.fields[name].args if parent == "Query" else {}
        known = [text for text, kind in self.found["ids"] if kind.lower() == name.lower() or "id" not in args]
        if "ids" in args:
            return f"(ids: {json.dumps(known[:3])})"
        if name == "node":
            known = [text for text, kind in self.found["ids"] if kind != "forged"]
        known = known or [text for text, _ in self.found["ids"]]
        needed = [arg for arg, found in args.items() if arg == "id" or isinstance(found.type, GraphQLNonNull)]
        return f"({', '.join(f'{arg}: {json.dumps(self.dice.choice(known))}' for arg in needed)})" if needed else ""

    def freshness(self) -> str:
        if self.dice.random() > 0.1:
            return ""
        ages = (0, 1, 3600, 2**31 - 1, -1, -(2**31))
        return f" @freshness(maxAge: {self.dice.choice(ages)}, staleIfError: {self.dice.choice(ages)})"

    def steered(self) -> str:
        variable = self.declare("Boolean!", self.dice.random() < 0.8)
        return f"{self.dice.choice(('@include', '@skip'))}(if: {variable})"

    # ------------------------------------------------------------------------------------------------------- arguments

    def arguments(self, args: dict[str, Any]) -> str:
        written = []
        for name, argument in args.items():
            required = isinstance(argument.type, GraphQLNonNull)
            if required or self.dice.random() < 0.5:
                value = self.value(argument.type, name)
                written.append(f"{name}: {self.declare(str(argument.type), value)}")
        return f"({', '.join(written)})" if written else ""

    def declare(self, type_text: str, value: Any) -> str:
        name = f"v{len(self.declared)}"
        self.declared.append(f"${name}: {type_text}")
        if self.dice.random() > 0.02 or type_text.endswith("!"):
            self.variables[name] = value
        return f"${name}"

    def value(self, kind: Any, name: str = "", depth: int = 4) -> Any:
        if isinstance(kind, GraphQLNonNull):
            return self.value(kind.of_type, name, depth)
        hostile = self.dice.random() < self.hostility
        if hostile and self.dice.random() < 0.1:
            return self.dice.choice((None, [], {}, "", 0, [[]], {"unknown": 1}, True))
        if isinstance(kind, GraphQLList):
            size = self.dice.choice((0, 1, 1, 2, 3, *((1_000, 0) if hostile else ())))
            drawn = [self.value(kind.of_type, name, depth - 1) for _ in range(min(size, 5))]
            return drawn * 200 if size == 1_000 else drawn
        if isinstance(kind, GraphQLEnumType):
            return "NO_SUCH" if hostile and self.dice.random() < 0.1 else self.dice.choice(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            return self.input(kind, depth)
        return self.scalar(kind.name, name, hostile=hostile)

    def input(self, kind: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        names = [n for n, f in kind.fields.items() if depth > 0 or n not in ("and", "or", "not", "account")]
        needed = [n for n in names if isinstance(kind.fields[n].type, GraphQLNonNull)]
        chosen = set(needed) | set(self.dice.sample(names, k=min(len(names), self.dice.choice((0, 1, 1, 1, 2, 3)))))
        return {name: self.value(kind.fields[name].type, name, depth - 1) for name in chosen}

    def scalar(self, kind: str, name: str, *, hostile: bool) -> Any:
        dice = self.dice
        match kind:
            case "Int":
                return dice.choice(WHOLE) if hostile else dice.choice((0, 1, 2, 3, 5, 20))
            case "Boolean":
                return dice.random() < 0.5
            case "Decimal":
                return dice.choice(NUMBERS) if hostile else dice.choice(NUMBERS[:9])
            case "Date":
                return dice.choice(DAYS) if hostile else dice.choice(DAYS[:8])
            case "DateTime":
                return dice.choice(INSTANTS) if hostile else dice.choice(INSTANTS[:4])
        if hostile:
            return dice.choice(RARE_TEXTS if dice.random() < 0.04 else TEXTS)
        if kind == "JSON":
            return dice.choice((None, {}, {"name": "Acme", "amount": 1.5}, [], "x", 0, True, {"a": {"b": [None]}}))
        if kind == "ID" or name == "externalId":
            return dice.choice([text for text, _ in self.found["ids"]] + self.found["external"])
        if name == "after":
            return dice.choice(self.found["cursors"])
        if name == "platform":
            return dice.choice(("salesforce", "kantata", "netsuite", "nowhere"))
        return (
            dice.choice(self.found["texts"]) if name != "entity" else dice.choice(("Account", "customer", "Workspace"))
        )


def ways() -> dict[str, list[tuple[str, str]]]:
    """For each object type that answers hold, the shortest way to it from the roots."""
    found: dict[str, list[tuple[str, str]]] = {"Query": []}
    waiting = ["Query"]
    while waiting:
        parent = waiting.pop(0)
        for name, field in SCHEMA.get_type(parent).fields.items():
            kind = get_named_type(field.type)
            if is_composite_type(kind) and kind.name not in found:
                found[kind.name] = [*found[parent], (parent, name)]
                waiting.append(kind.name)
    return found


WAYS = ways()


def forged_ids() -> list[tuple[str, str]]:
    """Ids of our form that name what no platform holds, with what an attacker would write in them."""
    kinds = ("Account", "Project", "Invoice", "Contact", "Task", "Nothing", "")
    platforms = ("salesforce", "kantata", "netsuite", "nowhere", "")
    made = []
    for number, text in enumerate(TEXTS):
        raw = f"{kinds[number % 7]}:{platforms[number % 5]}:{text}".encode()
        made.append(urlsafe_b64encode(b" " * (-len(raw) % 3) + raw).decode())
    return [(text, "forged") for text in made]


@pytest.fixture(scope="session")
def operations_of() -> Callable[..., Operations]:
    return Operations


@pytest.fixture(scope="session")
def schema() -> GraphQLSchema:
    return SCHEMA


@pytest.fixture(scope="session", name="forged_ids")
def forged() -> list[tuple[str, str]]:
    return forged_ids()


@pytest.fixture(scope="session")
def hostile_texts() -> tuple[str, ...]:
    return TEXTS


@pytest.fixture(scope="session")
def object_types() -> dict[str, list[tuple[str, str]]]:
    return WAYS


# ---------------------------------------------------------------------------------------------------------- the ledger


class AnyWish(Wish, forbid_unknown_fields=False):
    id: str | None = None
    invoice_id: str | None = None
    account_id: str | None = None


async def touch(process: Process, wish: AnyWish) -> None:
    process.concerns(*filter(None, (wish.id, wish.invoice_id, wish.account_id)))


def flow_of(name: str) -> Flow:
    return Flow(
        name=name, version=1, wish=AnyWish, process=touch, subject=lambda wish: wish.id, queue=Queue.FINANCE,
        approver="finance" if name == "postInvoice" else None, changes_one_record=name.startswith("update"),
    )  # fmt: skip


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Callable[[Bindings], Desk]]:
    """A desk that takes every wish, and a ledger in which one problem is open already."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    await migrate(url)
    ledger = open_ledger(url, clock=SystemClock())
    flows = {name: flow_of(name) for name in SCHEMA.mutation_type.fields}
    await register_webhook(ledger)
    await raise_problem(ledger)
    assert await ledger.hooks.distribute(lambda *_: True, ["syncRun", "exception"], None, most=10)
    secrets = Secrets("not a secret that anybody has: 40 signs")
    webhooks = WebhookDesk(ledger, SystemClock(), secrets=secrets, targets=Targets(), role_of=lambda name: name)

    def make(bindings: Bindings) -> Desk:
        firm = Firm(bindings, {})
        return FrontDesk(ledger, firm, flows, SystemClock(), ring=lambda: None, approval_seconds=60, webhooks=webhooks)

    yield make
    await ledger.close()


async def register_webhook(ledger: Ledger) -> None:
    new = NewHook(
        id="hook", owner="admin", role="admin", url="https://hooks.example.com/in", description=None,
        kinds=("record.*", "syncRun"), filter={"queues": ["FINANCE"], "paths": ["status"]},
    )  # fmt: skip
    assert await ledger.hooks.add(new, Audited(actor="admin", action="webhook.registered", detail={}))


async def raise_problem(ledger: Ledger) -> None:
    run = await ledger.accept(
        NewRun(
            id="problem", workflow="updateAccount", version=1, correlation_id="c", caller="admin", role="admin",
            idempotency_key="problem", input_hash="h", input={}, reason=None, order_key=None, plan=None, plan_hash=None,
            facts={}, records=(),
        )
    )  # fmt: skip
    claimed = await ledger.claim(run.id, "worker", seconds=60)
    assert claimed is not None
    problem = NewException(queue=Queue.PMO, code="P", message="A problem.", cause="cause", run_id=run.id)
    await ledger.release(claimed[1], RunChange(status=RunStatus.FAILED), Outcome(raised=(problem,)))
