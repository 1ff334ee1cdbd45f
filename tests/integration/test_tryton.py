"""The gateway over Salesforce and Kantata (sandbox) and a real Tryton: what it tells is what Tryton itself reports."""

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.tryton.rpc import TrytonClient

MONEY = "{ amount currency }"
BILLING = f"""legalName taxId taxCode currency paymentTermsDays creditHold balance {MONEY} overdue {MONEY}
    legalEntity {{ name country currency }} billTo {{ lines city region postalCode country }}"""
INVOICE = f"""id number status nativeStatus issueDate dueDate subtotal {MONEY} tax {MONEY} total {MONEY}
    amountPaid {MONEY} balance {MONEY} purchaseOrder sources {{ platform externalId version }}
    account {{ number sources {{ platform externalId }} }} project {{ sources {{ platform externalId }} }}
    contract {{ sources {{ platform externalId }} }}
    lines {{ nodes {{ number description quantity unitPrice {MONEY} amount {MONEY} taxCode milestoneKey }} }}
    payments {{ number date method amount {MONEY} }} creditMemos {{ number date reason amount {MONEY} }}"""
CUSTOMERS = [["accounts.account_receivable", "!=", None]]
NO_CREDIT_NOTES = [["type", "=", "out"], ["total_amount", ">=", 0]]


@pytest.fixture
def tryton(tryton_sandbox: dict[str, Any]) -> TrytonClient:
    """Tryton, asked past the gateway."""
    found = tryton_sandbox["platforms"]["tryton"]
    return TrytonClient(found["url"], found["credentials"])


@pytest.fixture
async def gateway(tryton_sandbox: dict[str, Any], gateway_of: Any) -> Any:
    return await gateway_of(tryton_sandbox)


def search(client: TrytonClient, model: str, domain: list[Any], fields: list[str], **context: Any) -> list[Any]:
    found: list[Any] = client.call(f"model.{model}.search_read", domain, 0, None, None, fields, **context)
    return found


def day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def same(told: dict[str, str], amount: Decimal, currency: str) -> None:
    assert Decimal(told["amount"]) == amount
    assert told["currency"] == currency


def id_on(platform: str, record: dict[str, Any] | None) -> str | None:
    if record is None:
        return None
    return next((source["externalId"] for source in record["sources"] if source["platform"] == platform), None)


async def everything(gateway: Any, field: str, selection: str, arguments: str = "first: 50") -> list[dict[str, Any]]:
    """A root list, page after page."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        query = f"""query($after: String) {{ {field}({arguments}, after: $after) {{ totalCount
            nodes {{ {selection} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        page = (await gateway.data(query, after=after))[field]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        after = page["pageInfo"]["endCursor"]


# ---------------------------------------------------------------------------------------------------- accounts


async def test_accounts_are_billed_as_tryton_says(gateway: Any, tryton: TrytonClient) -> None:
    accounts = {
        id_on("salesforce", found): found["billing"]
        for found in await everything(gateway, "accounts", f"billing {{ {BILLING} }} sources {{ platform externalId }}")
    }
    fields = [
        "code", "name", "identifiers.code", "accounts.company.party.name", "accounts.company.currency.code",
        "accounts.customer_tax_rule.name", "customer_payment_term.lines.relativedeltas.days",
        "credit_limit_amounts.credit_limit_amount", "addresses.street", "addresses.city", "addresses.postal_code",
        "addresses.country.code", "addresses.subdivision.name",
    ]  # fmt: skip
    linked = [row for row in search(tryton, "party.party", CUSTOMERS, fields) if len(row["code"]) == 18]
    assert {key for key, billing in accounts.items() if billing} == {row["code"] for row in linked}
    for row in linked:
        told = accounts[row["code"]]
        (agreed,), (address,), (limit,) = row["accounts."], row["addresses."], row["credit_limit_amounts."]
        assert told["legalName"] == row["name"]
        assert told["taxId"] == next((one["code"] for one in row["identifiers."]), None)
        assert told["taxCode"] == (agreed["customer_tax_rule."] or {}).get("name")
        assert told["legalEntity"]["name"] == agreed["company."]["party."]["name"]
        assert told["currency"] == told["legalEntity"]["currency"] == agreed["company."]["currency."]["code"]
        ((delta,),) = (line["relativedeltas."] for line in row["customer_payment_term."]["lines."])
        assert told["paymentTermsDays"] == delta["days"]
        assert told["creditHold"] is (limit["credit_limit_amount"] == 0)
        assert told["billTo"] == {
            "lines": address["street"].split("\n"),
            "city": address["city"],
            "region": (address["subdivision."] or {}).get("name"),
            "postalCode": address["postal_code"],
            "country": address["country."]["code"],
        }


async def test_balance_and_overdue_are_what_tryton_says_is_to_pay(gateway: Any, tryton: TrytonClient) -> None:
    today = datetime.now(UTC).date()
    fields = ["party.code", "amount_to_pay", "currency.code", "lines_to_pay.maturity_date"]
    balance: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    overdue: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in search(tryton, "account.invoice", [*NO_CREDIT_NOTES, ["state", "=", "posted"]], fields):
        owner = row["party."]["code"], row["currency."]["code"]
        balance[owner] += row["amount_to_pay"]
        if min(line["maturity_date"] for line in row["lines_to_pay."]) < today:
            overdue[owner] += row["amount_to_pay"]
    selection = f"billing {{ balance {MONEY} overdue {MONEY} }} sources {{ platform externalId }}"
    told = 0
    for account in await everything(gateway, "accounts", selection):
        if account["billing"] is None:
            continue
        for name, expected in (("balance", balance), ("overdue", overdue)):
            found = account["billing"][name]
            assert Decimal(found["amount"]) == expected[str(id_on("salesforce", account)), found["currency"]]
            told += found["amount"] != "0.00"
    assert told > 20


async def test_in_the_companys_own_currency_the_balance_is_trytons_receivable(
    gateway: Any, tryton: TrytonClient
) -> None:
    selection = f"billing {{ currency balance {MONEY} }} sources {{ platform externalId }}"
    accounts = {
        id_on("salesforce", found): found["billing"] for found in await everything(gateway, "accounts", selection)
    }
    compared = 0
    for company in search(tryton, "company.company", [], ["currency.code"]):
        own = [["accounts.company", "=", company["id"]]]
        for row in search(tryton, "party.party", own, ["code", "receivable"], company=company["id"]):
            billing = accounts.get(row["code"])
            if billing and billing["balance"]["currency"] == company["currency."]["code"]:
                assert Decimal(billing["balance"]["amount"]) == row["receivable"]
                compared += 1
    assert compared > 15


# ---------------------------------------------------------------------------------------------------- invoices


async def test_invoices_lines_and_payments_are_trytons_own(gateway: Any, tryton: TrytonClient) -> None:
    told = {found["number"]: found for found in await everything(gateway, "invoices", INVOICE)}
    fields = [
        "number", "state", "invoice_date", "untaxed_amount", "tax_amount", "total_amount", "amount_to_pay", "reference",
        "description", "comment", "party.code", "currency.code", "_timestamp", "lines_to_pay.maturity_date",
        "lines.sequence", "lines.description", "lines.quantity", "lines.unit_price", "lines.amount", "lines.note",
        "lines.taxes.name", "payment_lines.credit", "payment_lines.amount_second_currency", "payment_lines.date",
        "payment_lines.move.number", "payment_lines.move.journal.name", "payment_lines.move.origin",
        "payment_lines.move.origin.number", "payment_lines.move.origin.description",
    ]  # fmt: skip
    rows = search(tryton, "account.invoice", NO_CREDIT_NOTES, fields)
    assert len(told) == len(rows) > 100
    for row in rows:
        found, currency = told[row["number"]], row["currency."]["code"]
        assert found["sources"] == [{"platform": "tryton", "externalId": str(row["id"]), "version": row["_timestamp"]}]
        assert (found["nativeStatus"], found["issueDate"]) == (row["state"], day(row["invoice_date"]))
        assert found["purchaseOrder"] == row["reference"]
        due = [line["maturity_date"] for line in row["lines_to_pay."]]
        if due:
            assert found["dueDate"] == day(min(due))
        open_draft = row["state"] in ("draft", "validated")
        balance = row["total_amount"] if open_draft else row["amount_to_pay"]
        paid = row["total_amount"] - balance if row["state"] in ("posted", "paid") else Decimal(0)
        for name, amount in (
            ("subtotal", row["untaxed_amount"]),
            ("tax", row["tax_amount"]),
            ("total", row["total_amount"]),
            ("balance", balance),
            ("amountPaid", paid),
        ):
            same(found[name], amount, currency)
        assert found["status"] == status(row, paid)
        told_lines(found["lines"]["nodes"], row["lines."], currency)
        told_settlements(found, row["payment_lines."], row["id"], currency)


def status(row: dict[str, Any], paid: Decimal) -> str:
    plain = {"draft": "DRAFT", "validated": "DRAFT", "paid": "PAID", "cancelled": "VOIDED"}
    if row["state"] in plain:
        return plain[row["state"]]
    if min(line["maturity_date"] for line in row["lines_to_pay."]) < datetime.now(UTC).date():
        return "OVERDUE"
    return "PARTIALLY_PAID" if paid else "POSTED"


def told_lines(found: list[dict[str, Any]], rows: list[dict[str, Any]], currency: str) -> None:
    assert len(found) == len(rows)
    for told, row in zip(found, sorted(rows, key=lambda one: one["sequence"]), strict=True):
        assert (told["number"], told["description"]) == (row["sequence"], row["description"])
        assert Decimal(told["quantity"]) == Decimal(str(row["quantity"]))
        assert told["taxCode"] == next((tax["name"] for tax in row["taxes."]), None)
        assert told["milestoneKey"] == row["note"]
        same(told["unitPrice"], row["unit_price"], currency)
        same(told["amount"], row["amount"], currency)


def told_settlements(found: dict[str, Any], rows: list[dict[str, Any]], invoice: int, currency: str) -> None:
    payments, memos = set(), set()
    for row in rows:
        foreign, move = row["amount_second_currency"], row["move."]
        amount = row["credit"] if foreign is None else -foreign
        if move["origin"] == f"account.invoice,{invoice}":
            payments.add((move["number"], day(row["date"]), move["journal."]["name"], amount, currency))
        else:
            origin = move["origin."]
            memos.add((origin["number"], day(row["date"]), origin["description"], amount, currency))
    assert {settled(one, "method") for one in found["payments"]} == payments
    assert {settled(one, "reason") for one in found["creditMemos"]} == memos


def settled(told: dict[str, Any], word: str) -> tuple[Any, ...]:
    amount = told["amount"]
    return told["number"], told["date"], told[word], Decimal(amount["amount"]), amount["currency"]


async def test_invoices_lead_to_the_other_platforms_records(gateway: Any, tryton: TrytonClient) -> None:
    rows = {
        row["number"]: row
        for row in search(
            tryton, "account.invoice", NO_CREDIT_NOTES, ["number", "party.code", "description", "comment"]
        )
    }
    seen = dict.fromkeys(("account", "project", "contract", "nowhere"), 0)
    for found in await everything(gateway, "invoices", INVOICE):
        row = rows[found["number"]]
        links = {
            "account": ("salesforce", row["party."]["code"] if len(row["party."]["code"]) == 18 else None),
            "project": ("kantata", row["description"] if (row["description"] or "").isdecimal() else None),
            "contract": ("salesforce", row["comment"]),
        }
        for name, (platform, expected) in links.items():
            assert id_on(platform, found[name]) == expected
            seen[name if expected else "nowhere"] += 1
    assert min(seen.values()) > 3


async def test_projects_are_billed_and_paid_as_their_invoices_are(gateway: Any, tryton: TrytonClient) -> None:
    billed: dict[str, Decimal] = defaultdict(Decimal)
    paid: dict[str, Decimal] = defaultdict(Decimal)
    domain = [*NO_CREDIT_NOTES, ["state", "in", ["posted", "paid"]], ["description", "!=", None]]
    for row in search(tryton, "account.invoice", domain, ["description", "total_amount", "amount_to_pay"]):
        billed[row["description"]] += row["total_amount"]
        paid[row["description"]] += row["total_amount"] - row["amount_to_pay"]
    selection = f"sources {{ platform externalId }} financials {{ billed {MONEY} paid {MONEY} unbilled {MONEY} }}"
    told = 0
    for project in await everything(gateway, "projects", selection):
        financials, key = project["financials"], id_on("kantata", project)
        if financials is not None:
            assert Decimal(financials["billed"]["amount"]) == billed[str(key)]
            assert Decimal(financials["paid"]["amount"]) == paid[str(key)]
            assert financials["unbilled"] is None
            told += bool(billed[str(key)])
    assert told > 10


# ----------------------------------------------------------------------------------------- calls, joins, failures


async def test_calls_do_not_grow_with_the_number_of_accounts(gateway: Any) -> None:
    query = f"""query($first: Int!) {{ accounts(first: $first, orderBy: [{{field: NAME}}]) {{ nodes {{
        billing {{ {BILLING} }} invoices {{ nodes {{ number payments {{ number }} lines {{ nodes {{ number }} }} }} }}
    }} }} }}"""
    await gateway.data(query, first=1)  # signs in

    async def routes(first: int) -> list[str]:
        answer = await gateway.ask(query, plan=True, first=first)
        assert "errors" not in answer
        calls = answer["extensions"]["plan"]["calls"]
        return sorted(
            call["route"].removeprefix("/{database}/rpc/model.") for call in calls if call["platform"] == "tryton"
        )

    one, many = await routes(5), await routes(40)
    assert many == one
    assert one == [
        "account.invoice.line.search_read",
        "account.invoice.search_read",
        "account.move.line.search_read",  # payments
        "account.move.line.search_read",  # open items
        "company.company.search_read",
        "party.party.search_read",
    ]


async def test_conditions_and_orders_of_both_crm_and_erp_are_joined(gateway: Any) -> None:
    everyone = await everything(gateway, "accounts", f"name industry billing {{ creditHold overdue {MONEY} }}")
    where = "{creditHold: {eq: false}, industry: {eq: $industry}}"
    arguments = f"first: 2, filter: {where}, orderBy: [{{field: OVERDUE, direction: DESC}}]"
    industry = max({one["industry"] for one in everyone}, key=[one["industry"] for one in everyone].count)
    expected = [one for one in everyone if one["industry"] == industry and one["billing"]]
    expected = [one for one in expected if not one["billing"]["creditHold"]]
    expected.sort(key=lambda one: -Decimal(one["billing"]["overdue"]["amount"]))
    told: list[str] = []
    after = None
    while True:
        query = f"""query($industry: String!, $after: String) {{ accounts({arguments}, after: $after) {{
            nodes {{ name billing {{ overdue {{ amount }} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
        page = (await gateway.data(query, industry=industry, after=after))["accounts"]
        told += [one["billing"]["overdue"]["amount"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert told == [one["billing"]["overdue"]["amount"] for one in expected]
    assert len(told) > 2


@pytest.mark.parametrize("condition", [
    "{status: {eq: OVERDUE}}",
    "{status: {in: [DRAFT, VOIDED]}}",
    "{not: {status: {eq: PAID}}}",
    '{dueDate: {gte: "2026-06-01", lt: "2026-10-01"}}',
    '{issueDate: {lt: "2026-01-01"}, total: {gt: "20000"}}',
    '{balance: {gt: "0"}}',
    '{or: [{number: {startsWith: "INV10001"}}, {balance: {gte: "40000"}}]}',
    '{number: {contains: "%"}}',
])  # fmt: skip
async def test_conditions_on_invoices_hold(gateway: Any, condition: str) -> None:
    selection = "number status issueDate dueDate total { amount } balance { amount }"
    whole = await everything(gateway, "invoices", selection)
    arguments = f"first: 20, filter: {condition}, orderBy: [{{field: DUE_DATE}}, {{field: NUMBER}}]"
    found = await everything(gateway, "invoices", selection, arguments)
    expected = [one for one in whole if HOLDS[condition](one)]
    assert found == sorted(expected, key=lambda one: (one["dueDate"], one["number"]))
    assert bool(found) is ("%" not in condition)


HOLDS: dict[str, Any] = {
    "{status: {eq: OVERDUE}}": lambda one: one["status"] == "OVERDUE",
    "{status: {in: [DRAFT, VOIDED]}}": lambda one: one["status"] in ("DRAFT", "VOIDED"),
    "{not: {status: {eq: PAID}}}": lambda one: one["status"] != "PAID",
    '{dueDate: {gte: "2026-06-01", lt: "2026-10-01"}}': lambda one: "2026-06-01" <= one["dueDate"] < "2026-10-01",
    '{issueDate: {lt: "2026-01-01"}, total: {gt: "20000"}}': lambda one: (
        one["issueDate"] < "2026-01-01" and Decimal(one["total"]["amount"]) > 20_000
    ),
    '{balance: {gt: "0"}}': lambda one: Decimal(one["balance"]["amount"]) > 0,
    '{or: [{number: {startsWith: "INV10001"}}, {balance: {gte: "40000"}}]}': lambda one: (
        one["number"].startswith("INV10001") or Decimal(one["balance"]["amount"]) >= 40_000
    ),
    '{number: {contains: "%"}}': lambda one: "%" in one["number"],
}


async def test_without_tryton_only_its_fields_are_missing(tryton_sandbox: dict[str, Any], gateway_of: Any) -> None:
    platforms = dict(tryton_sandbox["platforms"])
    platforms["tryton"] = platforms["tryton"] | {"url": "http://127.0.0.1:9"}  # where nobody listens
    gateway = await gateway_of(tryton_sandbox | {"platforms": platforms})
    answer = await gateway.ask(
        "{ accounts(first: 3) { nodes { name billing { legalName } projects { nodes { code } } } } }"
    )
    assert all(one["name"] and one["billing"] is None for one in answer["data"]["accounts"]["nodes"])
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert error["extensions"]["platform"] == "tryton"


async def test_a_wrong_password_is_a_persons_work(tryton_sandbox: dict[str, Any], gateway_of: Any) -> None:
    """With a user of its own making, since Tryton locks the one whose password is wrong too often."""
    platforms = dict(tryton_sandbox["platforms"])
    credentials = platforms["tryton"]["credentials"] | {"user": "nobody"}
    platforms["tryton"] = platforms["tryton"] | {"credentials": credentials}
    gateway = await gateway_of(tryton_sandbox | {"platforms": platforms})
    answer = await gateway.ask("{ invoices(first: 1) { nodes { number } } }")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UPSTREAM_UNAUTHORIZED"]
