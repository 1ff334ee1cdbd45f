"""The firm as its finance people see it: what SuiteQL tells agrees with the answer key to the cent."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.firm.answer_key import answer_key
from sandbox.netsuite import build

SUITEQL = "/services/rest/query/v1/suiteql"


@pytest.fixture
def key(firm: Any, account: Any, clock: Any) -> dict[str, Any]:
    return answer_key(firm, {"netsuite": account}, clock)


def record_id(record: dict[str, Any]) -> str | None:
    known = {**record.get("records", {}), **record.get("unlinked", {})}.get("netsuite")
    return None if known is None else known["id"]


async def test_every_customer_is_billed_as_the_answer_key_says(api: Any, key: dict[str, Any]) -> None:
    rows = await api.query(
        """SELECT c.id, c.externalid, c.entityid, c.companyname, c.vatregnumber, BUILTIN.DF(c.currency) AS currency,
                  c.creditholdoverride AS hold, t.daysuntilnetdue AS days, c.balancesearch AS balance,
                  c.overduebalancesearch AS overdue, x.itemid AS taxcode, a.city, a.country
           FROM customer c LEFT JOIN term t ON t.id = c.terms LEFT JOIN salestaxitem x ON x.id = c.taxitem
           LEFT JOIN customeraddressbook b ON b.entity = c.id AND b.defaultbilling = 'T'
           LEFT JOIN customeraddressbookentityaddress a ON a.nkey = b.addressbookaddress"""
    )
    by_id = {row["id"]: row for row in rows}
    billed = [account for account in key["Account"] if "netsuite" in account["records"]]
    assert len(billed) > 20
    for account in billed:
        row, billing = by_id[record_id(account)], account["billing"]
        assert row["externalid"]
        assert row["companyname"] == billing["legalName"]
        assert (row["entityid"], row.get("vatregnumber")) == (account["number"], billing["taxId"])
        assert (row["currency"], int(row["days"])) == (billing["currency"], billing["paymentTermsDays"])
        assert (row["hold"] == "ON") == billing["creditHold"]
        assert row.get("taxcode") == billing["taxCode"]
        assert Decimal(row["balance"]) == Decimal(billing["balance"]["amount"])
        assert Decimal(row["overdue"]) == Decimal(billing["overdue"]["amount"])
        assert (row["city"], row["country"]) == (billing["billTo"]["city"], billing["billTo"]["country"])
    unlinked = [row for row in rows if "externalid" not in row]
    assert unlinked, "some customers carry no CRM id"


async def test_every_invoice_line_payment_and_credit_is_there(api: Any, key: dict[str, Any]) -> None:
    heads = await api.query(
        """SELECT id, tranid, TO_CHAR(trandate, 'YYYY-MM-DD') AS day, TO_CHAR(duedate, 'YYYY-MM-DD') AS due,
                  foreigntotal, foreignamountpaid AS paid, foreignamountunpaid AS unpaid, taxtotal, otherrefnum
           FROM transaction WHERE type = 'CustInvc'"""
    )
    lines = await api.query(
        """SELECT transaction, linesequencenumber AS n, memo, -quantity AS quantity, rate, -foreignamount AS amount,
                  BUILTIN.DF(taxcode) AS tax, custcol_cw_milestone AS milestone
           FROM transactionline WHERE mainline = 'F' AND taxline = 'F' AND quantity < 0 ORDER BY transaction, n"""
    )
    settled = await api.query(
        """SELECT l.previousdoc AS invoice, p.type, p.tranid, l.foreignamount AS amount
           FROM previoustransactionlinelink l JOIN transaction p ON p.id = l.nextdoc WHERE l.linktype = 'Payment'"""
    )
    assert len(heads) == len(key["Invoice"])
    by_id = {row["id"]: row for row in heads}
    for invoice in key["Invoice"]:
        row = by_id[record_id(invoice)]
        assert (row["tranid"], row["day"], row["due"]) == (invoice["number"], invoice["issueDate"], invoice["dueDate"])
        for column, name in (
            ("foreigntotal", "total"),
            ("paid", "amountPaid"),
            ("unpaid", "balance"),
            ("taxtotal", "tax"),
        ):
            assert Decimal(row[column]) == Decimal(invoice[name]["amount"])
        assert row.get("otherrefnum") == invoice["purchaseOrder"]
        own = [line for line in lines if line["transaction"] == row["id"]]
        assert [
            (int(x["n"]), x["memo"], Decimal(x["quantity"]), Decimal(x["rate"]), Decimal(x["amount"]), x.get("tax"))
            for x in own
        ] == [
            (x["number"], x["description"], Decimal(x["quantity"]), Decimal(x["unitPrice"]["amount"]),
             Decimal(x["amount"]["amount"]), x["taxCode"])
            for x in invoice["lines"]
        ]  # fmt: skip
        assert [line.get("milestone") for line in own] == [line["milestoneKey"] for line in invoice["lines"]]
        parts = {x["tranid"]: Decimal(x["amount"]) for x in settled if x["invoice"] == row["id"]}
        assert sum(parts.values()) == Decimal(row["paid"])
    for kind, code in (("Payment", "CustPymt"), ("CreditMemo", "CustCred")):
        told = {record["number"]: Decimal(record["amount"]["amount"]) for record in key[kind]}
        assert told == {x["tranid"]: Decimal(x["amount"]) for x in settled if x["type"] == code}


async def test_the_record_api_and_suiteql_tell_the_same(api: Any) -> None:
    rows = await api.query(
        "SELECT id, foreigntotal, foreignamountunpaid, status FROM transaction WHERE type = 'CustInvc'"
    )
    for row in rows[:12]:
        found = await api.get(f"/invoice/{row['id']}", expandSubResources="true")
        assert found["total"] == Decimal(row["foreigntotal"]) == found["subtotal"] + found["taxTotal"]
        assert found["amountRemaining"] == Decimal(row["foreignamountunpaid"])
        assert sum(line["amount"] for line in found["item"]["items"]) == found["subtotal"]
        assert found["status"]["id"] == row["status"]


def test_what_the_platform_calls_each_record_exists(account: Any) -> None:
    known = account.known_as()
    assert {kind for kind, _ in known} == {"Account", "Project", "LegalEntity", "Invoice", "Payment", "CreditMemo"}
    for name in known.values():
        shown = account.show(name.entity, name.id)
        assert shown["id"] == name.id
        if name.entity in ("customer", "job"):
            assert ("externalId" in shown) == name.linked


async def test_an_account_may_hold_some_legal_entities_alone(firm: Any, clock: Any, wall: Any, api_of: Any) -> None:
    parts = [build(firm, name=f"n{n}", clock=clock, wall=wall, legal_entities=held)
             for n, held in enumerate(("le-uk+le-de", "le-us+le-ch+le-nl+le-se"))]  # fmt: skip
    whole = build(firm, clock=clock, wall=wall)
    for entity in ("customer", "job", "invoice", "customerPayment", "creditMemo"):
        ids = [set(part.tables[entity].rows) for part in parts]
        assert ids[0].isdisjoint(ids[1])
        assert ids[0] | ids[1] == set(whole.tables[entity].rows)
        assert all(ids)
    rows = await api_of(parts[0]).query("SELECT DISTINCT subsidiary AS s FROM transactionline ORDER BY s")
    assert [row["s"] for row in rows] == ["1", "2"]
    assert len({part.credentials["consumer_key"] for part in (*parts, whole)}) == 3


@pytest.mark.parametrize("options", [{"legal_entities": "le-uk+le-mars"}, {"concurrency": 0}])
def test_an_option_that_makes_no_sense_is_refused(firm: Any, clock: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"le-mars|at least 1"):
        build(firm, clock=clock, **options)


async def test_a_reset_brings_back_the_firm(api: Any, account: Any) -> None:
    q = "SELECT COUNT(*) AS n, SUM(foreigntotal) AS s, MAX(id) AS last FROM transaction"
    before = await api.query(q)
    (invoice,) = await api.query(
        "SELECT id FROM transaction WHERE type = 'CustInvc' AND status = 'A' FETCH FIRST 1 ROWS ONLY"
    )
    account.change("invoice", invoice["id"], {"memo": "changed"})
    made = account.create("customer", {"companyName": "New", "subsidiary": {"id": "1"}})
    account.remove("customer", made["id"])
    account.reset()
    assert await api.query(q) == before
    assert await api.query("SELECT memo FROM transaction WHERE id = ?", invoice["id"]) == [{}]
    assert await api.query("SELECT id FROM deletedrecord") == []


# -- SuiteQL over HTTP


async def test_pages_add_up_to_the_whole_result(api: Any) -> None:
    q = "SELECT id, tranid FROM transaction ORDER BY trandate DESC, id"
    whole = await api.query(q)
    seen: list[Any] = []
    while True:
        page = await api.page(q, limit=50, offset=len(seen))
        assert (page["totalResults"], page["offset"]) == (len(whole), len(seen))
        seen += page["items"]
        if not page["hasMore"]:
            break
        assert page["count"] == 50
    assert [row["id"] for row in seen] == [row["id"] for row in whole]
    assert len(whole) > 200
    beyond = await api.page(q, limit=50, offset=5000)
    assert (beyond["items"], beyond["hasMore"]) == ([], False)


async def test_a_page_shows_changes_made_since_the_last(api: Any, account: Any) -> None:
    q = "SELECT companyname AS c FROM customer WHERE id = ?"
    key = next(iter(account.tables["customer"].rows))
    await api.query(q, key)
    account.change("customer", key, {"companyName": "Changed since"})
    assert await api.query(q, key) == [{"c": "Changed since"}]


async def test_changes_are_found_by_their_stamp(api: Any, account: Any, clock: Any) -> None:
    clock.advance(days=1)
    key = next(iter(account.tables["customer"].rows))
    account.change("customer", key, {"email": "new@client.example"})
    rows = await api.query(
        """SELECT id, TO_CHAR(lastmodifieddate, 'YYYY-MM-DD"T"HH24:MI:SS') AS at FROM customer
           WHERE lastmodifieddate >= TO_DATE(?, 'YYYY-MM-DD HH24:MI:SS') ORDER BY lastmodifieddate, id""",
        "2026-11-21 12:00:00",
    )
    assert rows == [{"id": key, "at": "2026-11-21T12:00:00"}]


async def test_the_transient_preference_is_required(api: Any) -> None:
    for headers in ({}, {"Prefer": "respond-async"}):
        error = await api.refused("POST", SUITEQL, {"q": "SELECT id FROM customer"}, headers=headers)
        assert (error["status"], error["o:errorHeader"]) == (400, "Prefer")


@pytest.mark.parametrize("paging", [{"limit": 1001}, {"limit": 0}, {"limit": 10, "offset": 15}, {"offset": "x"}])
async def test_paging_out_of_range_is_refused(api: Any, paging: dict[str, Any]) -> None:
    error = await api.refused(
        "POST", SUITEQL, {"q": "SELECT id FROM customer"}, headers={"Prefer": "transient"}, params=paging
    )
    assert (error["status"], error["o:errorCode"]) == (400, "INVALID_PARAMETER")
    assert error["o:errorQueryParam"] in paging


@pytest.mark.parametrize("body", [{}, {"q": 5}, {"q": " "}, [], {"q": "SELECT id FROM customer", "params": [[1]]}])
async def test_a_body_without_a_query_is_refused(api: Any, body: Any) -> None:
    error = await api.refused("POST", SUITEQL, body, headers={"Prefer": "transient"})
    assert (error["status"], error["o:errorCode"]) == (400, "INVALID_CONTENT")


@pytest.mark.parametrize(
    ("q", "detail"),
    [
        ("SELECT id FROM customer LIMIT 5", "Invalid or unsupported search."),
        ("SELECT t.subsidiary FROM transaction t",
         "Unknown identifier 'subsidiary'. Available identifiers are: {t=transaction}."),
        ("SELECT balance FROM customer",
         "Unknown identifier 'balance'. Available identifiers are: {customer=customer}."),
        ("SELECT id FROM customer WHERE " + "(" * 20_000, "Invalid or unsupported search."),
        ("SELECT id FROM customer WHERE id IN (" + "1," * 40_000 + "1)", "Invalid or unsupported search."),
    ],
)  # fmt: skip
async def test_the_vendors_own_error_says_what_is_wrong(api: Any, q: str, detail: str) -> None:
    assert await api.query_refused(q) == detail


def test_the_firms_day_is_where_overdue_begins(firm: Any) -> None:
    later = build(firm, clock=lambda: datetime(2027, 11, 20, tzinfo=UTC))
    for customer in later.tables["customer"]:
        assert later.books.overdue(customer) == later.books.balance(customer)
    assert all(invoice["duedate"] < date(2027, 11, 20) for invoice in later.tables["invoice"])
