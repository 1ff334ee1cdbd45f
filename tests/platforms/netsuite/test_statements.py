"""What is asked, to the letter: one statement per level, every value bound, nothing asked that has no answer."""

from datetime import date
from decimal import Decimal

import pytest

from platforms.predicates import And, Compare, Missing, Or
from platforms.readers import Order
from schema.enums import InvoiceStatus
from schema.errors import BadUserInput


async def test_the_invoices_of_accounts_are_one_statement(scripted, wire, rows):
    wire.page({"id": "7", "account": "001A", "docnumber": "INV7", "project": "38"})
    found = await rows(scripted(), "Invoice", ("account", "number", "project"), by="account", keys=("001A", "001B"))
    assert found == [{"id": "7", "account": "001A", "number": "INV7", "project": "38"}]
    assert wire.body == {
        "q": "SELECT c.externalid AS account, t.id AS id, t.tranid AS docnumber, j.externalid AS project"
        " FROM transaction t JOIN customer c ON c.id = t.entity"
        " LEFT JOIN transactionline head ON head.transaction = t.id AND head.mainline = 'T'"
        " LEFT JOIN job j ON j.id = head.entity"
        " WHERE t.type = 'CustInvc' AND c.externalid IN (?, ?) ORDER BY t.id",
        "params": ["001A", "001B"],
    }
    (request,) = wire.requests
    assert request.url.endswith("/services/rest/query/v1/suiteql?limit=1000&offset=0")
    assert request.headers["Prefer"] == "transient"


async def test_billing_with_address_terms_and_currency_is_one_statement(scripted, wire, rows):
    wire.page()
    paths = ("anchor", "billing.billTo.city", "billing.paymentTermsDays", "billing.balance.amount")
    await rows(scripted(), "Account", paths, by="anchor", keys=("001A",))
    assert wire.body["q"] == (
        "SELECT c.externalid AS externalid, c.balancesearch AS balance, cur.symbol AS currency, addr.city AS city,"
        " term.daysuntilnetdue AS termdays, c.id AS id FROM customer c"
        " LEFT JOIN currency cur ON cur.id = c.currency LEFT JOIN term term ON term.id = c.terms"
        " LEFT JOIN entityaddress addr ON addr.nkey = c.defaultbillingaddress"
        " WHERE c.externalid = ? ORDER BY c.id"
    )
    assert len(wire.requests) == 1


async def test_only_what_is_asked_is_joined_and_selected(scripted, wire, rows):
    wire.page()
    await rows(scripted(), "Invoice", ("number",))
    assert wire.body["q"] == (
        "SELECT t.id AS id, t.tranid AS docnumber FROM transaction t WHERE t.type = 'CustInvc' ORDER BY t.id"
    )


async def test_a_status_is_worked_out_there_as_of_today(scripted, wire, rows):
    wire.page()
    overdue = Compare("status", "in", (InvoiceStatus.OVERDUE, InvoiceStatus.PAID))
    await rows(scripted(), "Invoice", ("status",), where=overdue, order=(Order("dueDate"),))
    assert wire.body["params"] == ["2026-11-20", "2026-11-20", "OVERDUE", "PAID"]
    assert wire.body["q"].endswith(" ORDER BY t.duedate ASC NULLS FIRST, t.id")


async def test_today_is_the_day_at_the_account(scripted, wire, rows):
    wire.page()
    await rows(scripted(time_zone="Asia/Tokyo"), "Invoice", ("status",))
    assert wire.body["params"] == ["2026-11-21"]


async def test_amounts_go_out_as_they_are_and_days_by_their_format(scripted, wire, rows):
    wire.page()
    where = And((
        Compare("total.amount", "gte", Decimal("1234567890123.45")),
        Compare("dueDate", "lt", date(2026, 2, 3)),
    ))  # fmt: skip
    await rows(scripted(), "Invoice", (), where=where)
    assert "(t.foreigntotal >= ? AND t.duedate < TO_DATE(?, 'YYYY-MM-DD'))" in wire.body["q"]
    assert b'[1234567890123.45,"2026-02-03"]' in wire.requests[0].body


async def test_a_negated_comparison_says_that_it_holds_for_missing_values(scripted, wire, rows):
    wire.page()
    await rows(scripted(), "Account", (), where=Compare("billing.creditHold", "eq", True, negated=True))
    assert wire.body["q"].endswith("WHERE (NOT (c.oncredithold = ?) OR c.oncredithold IS NULL) ORDER BY c.id")
    assert wire.body["params"] == ["T"]


async def test_signs_of_patterns_are_taken_as_they_are(scripted, wire, rows):
    wire.page()
    await rows(scripted(), "Invoice", (), where=Compare("number", "contains", "50%_\\'"))
    assert "t.tranid LIKE ? ESCAPE '\\'" in wire.body["q"]
    assert wire.body["params"] == ["%50\\%\\_\\\\'%"]


async def test_more_than_a_thousand_values_go_in_several_lists(scripted, wire, rows):
    wire.page()
    await rows(scripted(), "Invoice", (), where=Compare("account", "in", tuple(f"a{n}" for n in range(2500))))
    assert [part.count("?") for part in wire.body["q"].split(" OR ")] == [1000, 1000, 500]
    assert len(wire.body["params"]) == 2500


@pytest.mark.parametrize(
    "query",
    [
        {"by": "id", "keys": ("x", "1 OR 1=1", "007", "-1", "1.0", "", "9" * 40)},
        {"by": "account", "keys": ("", "\0", "\ud800", "a" * 5000)},
        {"where": Compare("number", "eq", "")},
        {"where": Compare("number", "startsWith", "\0")},
        {"where": Compare("id", "in", ("nobody",))},
        {"where": And((Compare("number", "eq", "INV1"), Compare("number", "contains", "x" * 100_000)))},
        {"limit": 0},
    ],
)
async def test_what_nothing_can_match_costs_no_call(scripted, wire, rows, query):
    assert await rows(scripted(), "Invoice", ("number",), **query) == []
    assert wire.requests == []


async def test_a_condition_that_always_holds_is_not_sent(scripted, wire, rows):
    wire.page()
    always = Or((Missing("number"), Compare("id", "in", ("nobody",), negated=True)))
    await rows(scripted(), "Invoice", (), where=always)
    assert wire.body["q"].endswith("WHERE t.type = 'CustInvc' ORDER BY t.id")


@pytest.mark.parametrize(
    "where",
    [
        Compare("id", "gt", "nobody"),
        Compare("total.amount", "gt", Decimal("1E+999")),
        Compare("total.amount", "eq", Decimal("1" * 60)),
        Compare("number", "gt", "x" * 5000),
        Or(tuple(Compare("number", "contains", f"{n}") for n in range(3000))),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_any_call(scripted, wire, rows, where):
    with pytest.raises(BadUserInput) as refused:
        await rows(scripted(), "Invoice", (), where=where)
    assert wire.requests == []
    assert len(refused.value.detail) < 200


async def test_a_column_called_differently_is_asked_by_its_name(scripted, wire, rows):
    wire.page()
    account = scripted(columns={"Invoice.contract": "custbody_deal_ref", "Invoice.total": "total"})
    await rows(account, "Invoice", ("contract", "total.amount"))
    assert "t.custbody_deal_ref AS contract" in wire.body["q"]
    assert "t.total AS total" in wire.body["q"]


async def test_a_person_reads_the_statement_with_its_first_values(scripted, wire, rows):
    wire.page()
    await rows(scripted(), "Invoice", (), by="account", keys=tuple(f"k{n}" for n in range(9)))
    assert wire.requests[0].statement.endswith("ORDER BY t.id -- 'k0', 'k1', 'k2', 'k3', 'k4', … 9 in all")
