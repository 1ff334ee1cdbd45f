"""Filters, orders and pages over several platforms equal a join of all records in plain Python."""

import asyncio
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers.run import reads

TEXTS = ("alpha", "Alpha", "a", "Beta Co", "o", "österreich", "1", "it's", "zzz")
FIELDS = {
    "Account": {"name": "text", "number": "text", "industry": "text", "ownerName": "text", "country": "text",
                "status": ("ACTIVE", "ON_HOLD", "INACTIVE"), "creditHold": "flag", "overdue": "number",
                "updatedAt": "instant", "id": "id"},
    "Project": {"code": "text", "name": "text", "status": ("ACTIVE", "PLANNED"), "startDate": "day", "endDate": "day",
                "managerName": "text", "id": "id", "account": "account"},
    "Invoice": {"number": "text", "status": ("PAID", "OVERDUE", "SENT"), "issueDate": "day", "dueDate": "day",
                "total": "number", "balance": "number", "id": "id", "account": "account"},
    "Opportunity": {"name": "text", "stage": ("WON", "OPEN"), "amount": "number", "closeDate": "day",
                    "serviceCode": "text", "id": "id", "account": "account"},
    "Contract": {"number": "text", "title": "text", "status": ("DRAFT", "ACTIVE"), "billingModel": ("RETAINER",),
                 "value": "number", "startDate": "day", "endDate": "day", "id": "id", "account": "account"},
}  # fmt: skip
ORDERS = {
    "Account": ("NAME", "NUMBER", "UPDATED_AT", "OVERDUE"), "Project": ("CODE", "NAME", "START_DATE", "END_DATE"),
    "Invoice": ("NUMBER", "ISSUE_DATE", "DUE_DATE", "TOTAL", "BALANCE"),
    "Opportunity": ("NAME", "AMOUNT", "CLOSE_DATE"), "Contract": ("NUMBER", "VALUE", "START_DATE", "END_DATE"),
}  # fmt: skip
MANNERS: list[dict[str, Any]] = [
    {},
    {"keyset": False},
    {"collation": "blind"},
    {"collation": "blind", "keyset": False, "tells_total": False},
    {"orders": frozenset()},
    {"pushes": frozenset({"account", "name", "billing.creditHold"}), "tells_total": False, "page_size": 3},
    {"pushes": frozenset(), "orders": frozenset(), "keyset": False},
    {"twins": True, "tells_total": False, "batch": 4},
]
EXAMPLES = settings(max_examples=settings().max_examples * 3, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as found:
        yield found


def plural(type_name: str) -> str:
    return "opportunities" if type_name == "Opportunity" else f"{type_name.lower()}s"


def drawn_filter(random: Random, type_name: str, ids: list[str], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in random.sample(sorted(FIELDS[type_name]), random.randint(0 if depth else 1, 2)):
        kind = FIELDS[type_name][name]
        if kind == "account":
            found[name] = drawn_filter(random, "Account", [], depth - 1)
        elif kind != "id" or ids:
            found[name] = drawn_condition(random, kind, ids)
    if depth > 0 and random.random() < 0.5:
        name = random.choice(("and", "or", "not"))
        parts = [drawn_filter(random, type_name, ids, depth - 1) for _ in range(random.randint(1, 3))]
        found[name] = parts[0] if name == "not" else parts
    return found


def drawn_condition(random: Random, kind: Any, ids: list[str]) -> dict[str, Any]:
    if kind == "flag":
        return {"eq": random.random() < 0.5}
    if kind == "id":
        return random.choice(({"in": random.sample(ids, min(3, len(ids)))}, {"eq": random.choice(ids)}))
    if isinstance(kind, tuple):
        return random.choice(({"eq": random.choice((*kind, None))}, {"in": list(kind)}))
    values: dict[str, Any] = {
        "text": lambda: random.choice(TEXTS),
        "number": lambda: str(random.randrange(-4, 40) / 4),
        "day": lambda: f"2026-01-{random.randrange(1, 32):02}",
        "instant": lambda: f"2026-01-0{random.randrange(1, 6)}T{random.randrange(10, 24)}:00:00Z",
    }
    if kind == "text":
        operator = random.choice(("eq", "ne", "in", "startsWith", "contains"))
        if operator == "in":
            return {"in": [values[kind]() for _ in range(random.randrange(4))]}
        return {operator: None if operator in ("eq", "ne") and random.random() < 0.1 else values[kind]()}
    operators = random.sample(("eq", "gt", "gte", "lt", "lte"), random.randint(1, 2))
    return {operator: values[kind]() for operator in operators}


def drawn_order(random: Random, type_name: str) -> list[dict[str, str]]:
    names = random.sample(ORDERS[type_name], random.randrange(3))
    return [{"field": name, "direction": random.choice(("ASC", "DESC"))} for name in names]


class Listing:
    """Walks a root list, and says what it has to be."""

    def __init__(self, world: Any, reference: Any, type_name: str) -> None:
        self.world = world
        self.reference = reference
        self.type = type_name
        self.texts = {row["id"]: text for text, (name, row) in reference.ids.items() if name == type_name}

    def query(self, counted: bool) -> str:
        total = "totalCount" if counted else ""
        return f"""query($filter: {self.type}Filter, $order: [{self.type}Order!], $first: Int, $after: String) {{
            list: {plural(self.type)}(filter: $filter, orderBy: $order, first: $first, after: $after)
            {{ {total} nodes {{ id }} edges {{ cursor }} pageInfo {{ hasNextPage hasPreviousPage endCursor }} }} }}"""

    async def page(self, *, counted: bool, **variables: Any) -> Any:
        answer = await self.world.answer_valid(self.query(counted), role="admin", **variables)
        found = json.loads(answer.body)
        assert "errors" not in found, found
        return found["data"]["list"]

    async def walk(self, random: Random, where: Any, order: Any) -> list[str]:
        """The ids of all pages, whose sizes and further questions differ."""
        seen: list[str] = []
        after = None
        while True:
            counted = random.random() < 0.5
            page = await self.page(
                counted=counted, filter=where, order=order, first=random.choice((1, 2, 5)), after=after
            )
            seen += [node["id"] for node in page["nodes"]]
            assert len(seen) <= len(self.texts), "a record came twice"
            if counted:
                assert page["totalCount"] in (None, len(self.wanted(where, order)))
            assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
            if not page["pageInfo"]["hasNextPage"]:
                return seen
            after = random.choice((page["pageInfo"]["endCursor"], page["edges"][-1]["cursor"]))
            assert after == page["edges"][-1]["cursor"]

    def wanted(self, where: Any, order: Any) -> list[str]:
        return [self.texts[row["id"]] for row in self.reference.wanted(self.type, where, order)]


@EXAMPLES
@given(
    randoms=st.randoms(use_true_random=True),
    manners=st.tuples(*[st.sampled_from(MANNERS)] * 3),
    type_name=st.sampled_from(sorted(FIELDS)),
)
def test_every_page_of_any_list_is_that_of_the_full_join(
    make_world, memory, firm, local, runner, randoms, manners, type_name
):
    records = firm.records(randoms.randrange(5), gaps=0.2)
    if any(manner.get("twins") for manner in manners[2:]):
        records = with_twins(records)
    made = {role: memory.Manner(**manner) for role, manner in zip(firm.roles, manners, strict=True)}
    reference = local(records)
    listing = Listing(make_world(records, manners=made), reference, type_name)
    where = drawn_filter(randoms, type_name, sorted(listing.texts.values()), 2)
    order = drawn_order(randoms, type_name)
    seen = runner.run(listing.walk(randoms, where, order))
    wanted = listing.wanted(where, order)
    blind = any(manner.get("collation") == "blind" for manner in manners)
    texts = any(item["field"] in ("NAME", "NUMBER", "CODE") for item in order)
    if blind and texts:  # a platform that ignores case orders without it
        assert sorted(seen) == sorted(wanted)
    else:
        assert seen == wanted


TRICKY: list[dict[str, Any]] = [
    {"name": {"ne": "alpha"}},
    {"not": {"name": {"in": ["Alpha", "beta"]}}},
    {"name": {"contains": "a"}, "creditHold": {"eq": False}},
    {"or": [{"name": {"eq": "ALPHA"}}, {"not": {"ownerName": {"contains": "a"}}}, {"overdue": {"eq": "0"}}]},
    {"not": {"overdue": {"gte": "2"}}, "industry": {"ne": None}},
    {"creditHold": {"eq": True}, "overdue": {"lt": "5"}, "country": {"ne": "1"}},
]


@pytest.mark.parametrize("manner", MANNERS, ids=range(len(MANNERS)))
@pytest.mark.parametrize("where", TRICKY, ids=range(len(TRICKY)))
async def test_no_manner_of_a_platform_changes_which_records_are_found(make_world, memory, firm, local, manner, where):
    records = firm.records(9, Account=40)
    if manner.get("twins"):
        records = with_twins(records)
    listing = Listing(make_world(records, manner=memory.Manner(**manner)), local(records), "Account")
    wanted = listing.wanted(where, [])
    assert await listing.walk(Random(1), where, []) == wanted
    assert 0 < len(wanted) < 40


def with_twins(records: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Some accounts have two customers in the ERP; the first by id is the account's."""
    rows = records["Account.ERP"]
    doubles = [dict(row, id=f"w{row['id']}", anchor=rows[n - 1]["anchor"]) for n, row in enumerate(rows[:6])]
    return records | {"Account.ERP": [*doubles, *rows]}


@pytest.mark.parametrize("size", [40, 400])
async def test_a_join_takes_a_call_per_page_and_batch(make_world, memory, firm, size):
    """The stated bound: pages of what the leading side matches, and batches of its keys on the other platforms."""
    records = firm.records(3, Account=size)
    world = make_world(records, manner=memory.Manner(batch=50, page_size=100))
    await world.ask(
        """{ accounts(first: 5, filter: {industry: {eq: "alpha"}, creditHold: {eq: true}},
                      orderBy: [{field: OVERDUE, direction: DESC}]) { totalCount nodes { name } } }"""
    )
    leading = len([row for row in records["Account.ERP"] if row["billing.creditHold"]])
    calls = world.calls()
    assert calls["erp: read Account"] + calls["crm: read Account"] <= -(-size // 100)
    assert calls["crm: read Account by id"] + calls["erp: read Account by anchor"] <= -(-leading // 50)
    assert set(calls) <= {
        "erp: read Account",
        "crm: read Account by id",
        "crm: read Account",
        "erp: read Account by anchor",
    }


async def test_past_the_bound_the_error_names_the_part(make_world, memory, firm, monkeypatch):
    for module in ("joins", "streams", "reads"):
        monkeypatch.setattr(f"resolvers.run.{module}.MOST_ROWS", 50)
    assert reads.MOST_ROWS == 50
    world = make_world(firm.records(3, Account=200), manner=memory.Manner(pushes=frozenset(), page_size=20))
    answer = await world.ask(
        """{ wide: accounts(filter: {creditHold: {eq: false}, name: {contains: "zzz"}}) { nodes { name } }
             platforms { name } }"""
    )
    (error,) = answer["errors"]
    assert answer["data"]["wide"] is None
    assert error["path"] == ["wide"]
    assert error["extensions"]["code"] == "TOO_WIDE"
    assert error["extensions"]["part"] == "Account"
    assert sum(world.calls().values()) <= 200 / 20 + 2


async def test_invoices_of_many_accounts_are_read_in_batches(make_world, memory, firm):
    """More keys than one statement takes: 130 accounts against a limit of 50."""
    records = firm.records(4, gaps=0.0, Account=130, Invoice=300)
    world = make_world(records, manner=memory.Manner(batch=50, page_size=500))
    answer = await world.ask(
        '{ invoices(first: 500, filter: {account: {name: {ne: "nobody"}}}, orderBy: [{field: NUMBER}]) { totalCount } }'
    )
    assert answer == {"data": {"invoices": {"totalCount": 300}}}
    assert world.calls() == {"crm: read Account": 1, "erp: read Invoice by account": 3}
