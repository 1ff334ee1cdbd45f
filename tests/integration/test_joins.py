"""Filters, orders and pages over several platforms give the rows that a full join over the answer key gives."""

import random
from decimal import Decimal
from typing import Any

import pytest

CASES = 150  # per type: generated filter, order and page combinations
MOST_CALLS = 12  # what one page of a list may cost on this firm, all platforms together

TEXT = ("eq", "ne", "in", "startsWith", "contains")
RANGE = ("eq", "gt", "gte", "lt", "lte")
LISTS = {
    "Account": ("accounts", {
        "name": ("name", TEXT), "number": ("number", TEXT), "industry": ("industry", TEXT),
        "ownerName": ("ownerName", TEXT), "status": ("status", ("eq", "in")),
        "country": ("billing.billTo.country", TEXT), "creditHold": ("billing.creditHold", ("eq",)),
        "overdue": ("billing.overdue.amount", RANGE), "updatedAt": ("updatedAt", RANGE),
    }, {"NAME": "name", "NUMBER": "number", "UPDATED_AT": "updatedAt", "OVERDUE": "billing.overdue.amount"}),
    "Project": ("projects", {
        "code": ("code", TEXT), "name": ("name", TEXT), "status": ("status", ("eq", "in")),
        "startDate": ("startDate", RANGE), "endDate": ("endDate", RANGE), "managerName": ("managerName", TEXT),
    }, {"CODE": "code", "NAME": "name", "START_DATE": "startDate", "END_DATE": "endDate"}),
    "Invoice": ("invoices", {
        "number": ("number", TEXT), "status": ("status", ("eq", "in")), "issueDate": ("issueDate", RANGE),
        "dueDate": ("dueDate", RANGE), "total": ("total.amount", RANGE), "balance": ("balance.amount", RANGE),
    }, {"NUMBER": "number", "ISSUE_DATE": "issueDate", "DUE_DATE": "dueDate", "TOTAL": "total.amount"}),
}  # fmt: skip
ANCHORS = {"Account": "salesforce", "Project": "kantata", "Invoice": "netsuite"}
LITERALS = {"status"}


def value_at(record: dict[str, Any], path: str) -> Any:
    found: Any = record
    for part in path.split("."):
        found = None if found is None else found.get(part)
    return Decimal(found) if path.endswith(".amount") and found is not None else found


def holds(operator: str, found: Any, value: Any) -> bool:
    if operator == "ne":
        return found != value
    if found is None:
        return False
    match operator:
        case "eq":
            return found == value
        case "in":
            return found in value
        case "startsWith":
            return found.startswith(value)
        case "contains":
            return value in found
    return {"gt": found > value, "gte": found >= value, "lt": found < value, "lte": found <= value}[operator]


class Cases:
    """Makes filters as GraphQL literals, each with the Python function that it must agree with."""

    def __init__(self, type_name: str, records: list[dict[str, Any]], seed: int) -> None:
        self.random = random.Random(seed)
        self.fields = LISTS[type_name][1]
        self.records = records

    def filter(self, depth: int = 2) -> tuple[str, Any]:
        kind = self.random.choice(("leaf", "leaf", "leaves", "and", "or", "not")) if depth else "leaf"
        if kind == "leaf":
            return self.leaf()
        if kind == "not":
            text, test = self.filter(depth - 1)
            return f"{{not: {text}}}", lambda record: not test(record)
        if kind == "leaves":
            names = self.random.sample(list(self.fields), k=2)
            parts = [self.leaf(name) for name in names]
            text = ", ".join(part[0][1:-1] for part in parts)
            return f"{{{text}}}", lambda record: all(test(record) for _, test in parts)
        parts = [self.filter(depth - 1) for _ in range(self.random.randint(1, 3))]
        text = ", ".join(part[0] for part in parts)
        how = all if kind == "and" else any
        return f"{{{kind}: [{text}]}}", lambda record: how(test(record) for _, test in parts)

    def leaf(self, name: str | None = None) -> tuple[str, Any]:
        name = name or self.random.choice(list(self.fields))
        path, operators = self.fields[name]
        operator = self.random.choice(operators)
        known = [found for record in self.records if (found := value_at(record, path)) is not None]
        value: Any = self.random.choice(known)
        if operator == "in":
            value = self.random.sample(known, k=min(3, len(known)))
        elif operator in ("startsWith", "contains"):
            start = 0 if operator == "startsWith" else self.random.randrange(max(1, len(value) - 2))
            value = value[start : start + self.random.randint(1, 4)]
        text = self.literal(name, value)
        return f"{{{name}: {{{operator}: {text}}}}}", lambda record: holds(operator, value_at(record, path), value)

    def literal(self, name: str, value: Any) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(self.literal(name, item) for item in value) + "]"
        if isinstance(value, bool):
            return str(value).lower()
        if name in LITERALS:
            return str(value)
        escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'


@pytest.mark.parametrize("type_name", list(LISTS))
async def test_lists_are_what_a_full_join_gives(fresh_gateway, type_name):
    gateway = fresh_gateway
    root, _, orders = LISTS[type_name]
    records = gateway.control.firm()[type_name]
    by_id = {record["records"][ANCHORS[type_name]]["id"]: record for record in records}
    cases = Cases(type_name, records, seed=len(records))
    await gateway.data(f"{{ {root}(first: 1) {{ nodes {{ id }} }} }}")
    for _ in range(CASES):
        text, test = cases.filter()
        order = cases.random.choice([None, *orders])
        direction = cases.random.choice(("ASC", "DESC"))
        first = cases.random.choice((3, 10, 50))
        arguments = f"filter: {text}, first: {first}"
        if order is not None:
            arguments += f", orderBy: [{{field: {order}, direction: {direction}}}]"
        told = await walked(gateway, root, arguments, ANCHORS[type_name])
        wanted = {record["key"] for record in records if test(record)}
        got = [by_id[external_id]["key"] for external_id in told]
        assert len(got) == len(set(got)), f"a record twice: {arguments}"
        assert set(got) == wanted, arguments
        if order is not None:
            values = [value_at(by_id[external_id], orders[order]) for external_id in told]
            assert values == in_order(values, descending=direction == "DESC"), arguments


async def walked(gateway: Any, root: str, arguments: str, platform: str) -> list[str]:
    """The ids of the whole list, page after page."""
    found: list[str] = []
    after = None
    while True:
        gateway.control.calls()
        data = await gateway.data(
            f"query($after: String) {{ {root}({arguments}, after: $after) {{ totalCount "
            "nodes { sources { platform externalId } } pageInfo { hasNextPage endCursor } } }",
            after=after,
        )
        assert sum(gateway.control.calls().values()) <= MOST_CALLS, arguments
        page = data[root]
        found += [s["externalId"] for node in page["nodes"] for s in node["sources"] if s["platform"] == platform]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] in (None, len(found)), arguments
            return found
        assert page["nodes"], f"an empty page that is not the last: {arguments}"
        after = page["pageInfo"]["endCursor"]


def in_order(values: list[Any], *, descending: bool) -> list[Any]:
    """Missing values first when ascending and last when descending; text as people sort it."""
    present = sorted(
        (value for value in values if value is not None),
        key=lambda value: value.casefold() if isinstance(value, str) else value,
        reverse=descending,
    )
    missing = [None] * (len(values) - len(present))
    return present + missing if descending else missing + present


async def test_credit_hold_in_one_industry_by_overdue_amount(gateway):
    """The CRM's industry, the ERP's hold and the ERP's amount, in one list."""
    firm = gateway.control.firm()["Account"]
    industry = next(a["industry"] for a in firm if (a.get("billing") or {}).get("creditHold"))
    data = await gateway.data(
        """query($industry: String!) { accounts(filter: {industry: {eq: $industry}, creditHold: {eq: true}},
        orderBy: [{field: OVERDUE, direction: DESC}]) { nodes { name billing { overdue { amount } } } } }""",
        industry=industry,
    )
    wanted = [a for a in firm if a["industry"] == industry and (a.get("billing") or {}).get("creditHold")]
    wanted.sort(key=lambda a: Decimal(a["billing"]["overdue"]["amount"]), reverse=True)
    told = [(node["name"], node["billing"]["overdue"]["amount"]) for node in data["accounts"]["nodes"]]
    assert sorted(told) == sorted((a["name"], a["billing"]["overdue"]["amount"]) for a in wanted)
    assert [amount for _, amount in told] == [a["billing"]["overdue"]["amount"] for a in wanted]
    assert told


async def test_overdue_invoices_of_one_owners_accounts(gateway):
    firm = gateway.control.firm()
    accounts = {account["key"]: account for account in firm["Account"]}
    overdue = [i for i in firm["Invoice"] if i["status"] == "OVERDUE" and i["account"]]
    owner = accounts[overdue[0]["account"]]["ownerName"]
    data = await gateway.data(
        """query($owner: String!) { invoices(first: 500, filter: {status: {eq: OVERDUE},
        account: {ownerName: {eq: $owner}}}) { totalCount nodes { number account { ownerName } } } }""",
        owner=owner,
    )
    wanted = sorted(i["number"] for i in overdue if accounts[i["account"]]["ownerName"] == owner)
    assert sorted(node["number"] for node in data["invoices"]["nodes"]) == wanted
    assert {node["account"]["ownerName"] for node in data["invoices"]["nodes"]} == {owner}
