"""Invoices, payments, credit memos and sales orders: what NetSuite computes and what it refuses."""

from decimal import Decimal
from typing import Any

import pytest

RECORD = "/services/rest/record/v1"


@pytest.fixture
async def customer(api: Any) -> str:
    body = {"companyName": "Harbor Lane Advisory", "subsidiary": {"id": "1"}, "terms": {"id": "2"}}
    return await api.made("POST", f"{RECORD}/customer", body)


def billed(customer: str, *amounts: str, **other: Any) -> dict[str, Any]:
    items = [{"item": {"id": "45"}, "description": "Consulting", "amount": amount} for amount in amounts]
    return {"entity": {"id": customer}, "tranDate": "2026-11-01", "item": {"items": items}} | other


async def invoice_of(api: Any, customer: str, *amounts: str, **other: Any) -> str:
    return await api.made("POST", f"{RECORD}/invoice", billed(customer, *amounts, **other))


def paying(customer: str, amount: str, *applied: tuple[str, str]) -> dict[str, Any]:
    items = [{"doc": {"id": doc}, "line": 0, "apply": True, "amount": part} for doc, part in applied]
    return {"customer": {"id": customer}, "payment": amount, "checkNumber": "WIRE-1", "apply": {"items": items}}


async def test_an_invoice_gets_number_dates_currency_and_total(api: Any, customer: str) -> None:
    body = billed(customer) | {"externalId": "BILL-1", "otherRefNum": "PO 4471", "custbody_cw_contract": "800x"}
    body["item"] = {"items": [{"item": {"id": "45"}, "description": "Consulting 32 h", "quantity": 32, "rate": 150.0}]}
    key = await api.made("POST", f"{RECORD}/invoice", body)
    found = await api.get(f"/invoice/{key}", expandSubResources="true")
    terms = (await api.query("SELECT daysuntilnetdue FROM term WHERE id = 2"))[0]["daysuntilnetdue"]
    assert (found["tranId"], found["terms"]["refName"]) == (f"INV{key}", f"Net {terms}")
    assert (found["total"], found["amountPaid"], found["amountRemaining"]) == (
        Decimal("4800.00"),
        0,
        Decimal("4800.00"),
    )
    assert found["total"] == found["subtotal"] + found["taxTotal"]
    assert (found["status"], found["approvalStatus"]) == (
        {"id": "A", "refName": "Open"},
        {"id": "2", "refName": "Approved"},
    )
    assert found["currency"]["refName"] == "GBP"
    (line,) = found["item"]["items"]
    assert (line["line"], line["quantity"], line["rate"], line["amount"]) == (1, 32, 150, Decimal("4800.00"))
    assert line["item"]["refName"] == "CONSULT"


async def test_tax_follows_the_lines_codes(api: Any, customer: str) -> None:
    (vat,) = await api.query("SELECT id, rate FROM salestaxitem WHERE itemid = 'VAT-DE'")
    key = await invoice_of(api, customer, "100.05", "0.05")
    lines = [{"line": 1, "taxCode": {"id": vat["id"]}}, {"line": 2, "taxCode": {"id": vat["id"]}}]
    await api.made("PATCH", f"{RECORD}/invoice/{key}", {"item": {"items": lines}})
    found = await api.get(f"/invoice/{key}")
    assert vat["rate"] == "19"
    assert (found["subtotal"], found["taxTotal"], found["total"]) == (
        Decimal("100.10"),
        Decimal("19.02"),
        Decimal("119.12"),
    )


async def test_lines_are_changed_by_number_added_without_and_replaced_on_request(api: Any, customer: str) -> None:
    key = await invoice_of(api, customer, "10", "20")
    patch = {"item": {"items": [{"line": 2, "amount": 25}, {"item": {"id": "45"}, "amount": 5}]}}
    await api.made("PATCH", f"{RECORD}/invoice/{key}", patch)
    found = await api.get(f"/invoice/{key}", expandSubResources="true")
    assert [(line["line"], line["amount"]) for line in found["item"]["items"]] == [(1, 10), (2, 25), (3, 5)]
    assert found["total"] == 40
    await api.made("PATCH", f"{RECORD}/invoice/{key}?replace=item", {"item": {"items": [{"amount": 7}]}})
    assert (await api.get(f"/invoice/{key}"))["total"] == 7


async def test_a_payment_settles_in_part_and_then_in_full(api: Any, customer: str, clock: Any) -> None:
    key = await invoice_of(api, customer, "100.00")
    clock.advance(hours=1)
    await api.made("POST", f"{RECORD}/customerPayment", paying(customer, "40", (key, "40")))
    found = await api.get(f"/invoice/{key}")
    assert (found["amountPaid"], found["amountRemaining"], found["status"]["id"]) == (40, 60, "A")
    assert found["lastModifiedDate"] == "2026-11-20T13:00:00Z"
    payment = await api.made("POST", f"{RECORD}/customerPayment", paying(customer, "75", (key, "60")))
    found = await api.get(f"/invoice/{key}")
    assert (found["amountRemaining"], found["status"]) == (0, {"id": "B", "refName": "Paid In Full"})
    read = await api.get(f"/customerPayment/{payment}", expandSubResources="true")
    assert (read["payment"], read["applied"], read["unapplied"]) == (75, 60, 15)
    assert [(a["doc"]["id"], a["apply"], a["amount"]) for a in read["apply"]["items"]] == [(key, True, 60)]
    rows = await api.query(
        """SELECT foreignamount FROM nexttransactionlinelink WHERE previousdoc = ? AND linktype = 'Payment'
           ORDER BY nextdoc""",
        key,
    )
    assert [row["foreignamount"] for row in rows] == ["40", "60"]


async def test_balances_follow_open_invoices_and_the_clock(api: Any, customer: str, clock: Any) -> None:
    await invoice_of(api, customer, "100", dueDate="2026-11-19")
    late = await invoice_of(api, customer, "50", dueDate="2026-11-20")
    await invoice_of(api, customer, "999", approvalStatus={"id": "1"})
    q = "SELECT balancesearch AS b, overduebalancesearch AS o FROM customer WHERE id = ?"
    assert await api.query(q, customer) == [{"b": "150", "o": "100"}]
    clock.advance(days=1)
    assert await api.query(q, customer) == [{"b": "150", "o": "150"}]
    await api.made("POST", f"{RECORD}/customerPayment", paying(customer, "50", (late, "50")))
    found = await api.get(f"/customer/{customer}")
    assert (found["balance"], found["overdueBalance"], found["daysOverdue"]) == (100, 100, 2)


async def test_open_invoices_stand_in_a_payments_list_unapplied(api: Any, customer: str) -> None:
    first, second = await invoice_of(api, customer, "10"), await invoice_of(api, customer, "20")
    payment = await api.made("POST", f"{RECORD}/customerPayment", paying(customer, "10", (first, "10")))
    items = (await api.get(f"/customerPayment/{payment}/apply"))["items"]
    assert [(item["doc"]["id"], item["apply"]) for item in items] == [(first, True), (second, False)]


@pytest.mark.parametrize(("payment", "applied"), [("10", "11"), ("300", "101"), ("10", "0"), ("0", "0"), ("10", "-5")])
async def test_nothing_is_paid_twice_or_from_nothing(api: Any, customer: str, payment: str, applied: str) -> None:
    key = await invoice_of(api, customer, "100")
    count = len(api.account.tables["customerPayment"])
    error = await api.refused("POST", f"{RECORD}/customerPayment", paying(customer, payment, (key, applied)))
    assert (error["status"], error["o:errorCode"]) == (400, "USER_ERROR")
    assert len(api.account.tables["customerPayment"]) == count
    assert (await api.get(f"/invoice/{key}"))["amountRemaining"] == 100


async def test_a_refused_change_leaves_nothing_behind(api: Any, customer: str) -> None:
    key = await invoice_of(api, customer, "100")
    await api.made("POST", f"{RECORD}/customerPayment", paying(customer, "60", (key, "60")))
    before = await api.get(f"/invoice/{key}", expandSubResources="true")
    shrunk = {"memo": "less", "item": {"items": [{"line": 1, "amount": 50}]}}
    assert (await api.refused("PATCH", f"{RECORD}/invoice/{key}", shrunk))["o:errorCode"] == "USER_ERROR"
    assert await api.get(f"/invoice/{key}", expandSubResources="true") == before
    unknown = {"memo": "x", "item": {"items": [{"line": 9, "amount": 50}]}}
    assert (await api.refused("PATCH", f"{RECORD}/invoice/{key}", unknown))["o:errorPath"] == "item.items[0]"
    assert await api.get(f"/invoice/{key}", expandSubResources="true") == before


async def test_another_customers_invoice_cannot_be_paid(api: Any, customer: str) -> None:
    (other,) = await api.query(
        "SELECT id FROM transaction WHERE type = 'CustInvc' AND status = 'A' FETCH FIRST 1 ROWS ONLY"
    )
    error = await api.refused("POST", f"{RECORD}/customerPayment", paying(customer, "1", (other["id"], "1")))
    assert error["o:errorCode"] == "USER_ERROR"


async def test_a_deleted_payment_opens_its_invoice_again(api: Any, customer: str) -> None:
    key = await invoice_of(api, customer, "100")
    payment = await api.made("POST", f"{RECORD}/customerPayment", paying(customer, "100", (key, "100")))
    refused = await api.refused("DELETE", f"{RECORD}/invoice/{key}")
    assert refused["o:errorCode"] == "USER_ERROR"
    assert (await api.send("DELETE", f"{RECORD}/customerPayment/{payment}")).status_code == 204
    found = await api.get(f"/invoice/{key}")
    assert (found["status"]["id"], found["amountRemaining"]) == ("A", 100)
    assert (await api.send("DELETE", f"{RECORD}/invoice/{key}")).status_code == 204
    assert await api.query("SELECT id FROM transactionline WHERE transaction = ?", key) == []


async def test_an_invoice_becomes_a_credit_memo(api: Any, customer: str) -> None:
    key = await invoice_of(api, customer, "100", "20")
    preview = await api.send(
        "POST", f"{RECORD}/invoice/{key}/!transform/creditMemo", {},
        headers={"Accept": "application/vnd.oracle.resource+json; type=create-form"},
    )  # fmt: skip
    assert preview.json()["entity"] == {"id": customer}
    memo = await api.made("POST", f"{RECORD}/invoice/{key}/!transform/creditMemo", {"memo": "Goodwill"})
    found = await api.get(f"/creditMemo/{memo}")
    assert (found["total"], found["applied"], found["unapplied"], found["memo"]) == (120, 120, 0, "Goodwill")
    assert (found["status"]["refName"], found["createdFrom"]["id"]) == ("Fully Applied", key)
    assert (await api.get(f"/invoice/{key}"))["status"]["id"] == "B"
    (row,) = await api.query("SELECT foreigntotal AS total FROM transaction WHERE id = ?", memo)
    assert row["total"] == "-120"


async def test_a_sales_order_becomes_an_invoice(api: Any, customer: str) -> None:
    order = await api.made("POST", f"{RECORD}/salesOrder", billed(customer, "300"))
    assert (await api.get(f"/salesOrder/{order}"))["status"]["refName"] == "Pending Fulfillment"
    key = await api.made("POST", f"{RECORD}/salesorder/{order}/!transform/invoice", {"tranDate": "2026-11-05"})
    found = await api.get(f"/invoice/{key}")
    assert (found["total"], found["tranDate"], found["createdFrom"]["refName"]) == (
        300,
        "2026-11-05",
        f"Sales Order #SO{order}",
    )
    assert (await api.get(f"/salesOrder/{order}"))["status"]["refName"] == "Billed"
    error = await api.refused("POST", f"{RECORD}/invoice/{key}/!transform/salesOrder", {})
    assert error["o:errorCode"] == "INVALID_REQUEST"


async def test_a_voided_invoice_owes_nothing(api: Any, account: Any, customer: str) -> None:
    key = await invoice_of(api, customer, "100")
    account.change("invoice", key, {"voided": True})
    (row,) = await api.query(
        "SELECT status, voided, foreigntotal AS t, foreignamountunpaid AS u FROM transaction WHERE id = ?", key
    )
    assert row == {"status": "V", "voided": "T", "t": "100", "u": "0"}


async def test_revenue_lines_are_negative_in_suiteql(api: Any, customer: str) -> None:
    key = await invoice_of(api, customer, "100", taxTotal="19")
    rows = await api.query(
        """SELECT mainline, taxline, foreignamount AS a, quantity AS q
           FROM transactionline WHERE transaction = ? ORDER BY id""",
        key,
    )
    assert rows == [
        {"mainline": "T", "taxline": "F", "a": "119"},
        {"mainline": "F", "taxline": "F", "a": "-100", "q": "-1"},
        {"mainline": "F", "taxline": "T", "a": "-19"},
    ]


# -- asynchronous

BATCH = {"Content-Type": "application/vnd.oracle.resource+json; type=collection", "Prefer": "respond-async"}


async def finished(api: Any, answer: Any) -> Any:
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    job = answer.headers["location"]
    assert (await api.send("GET", job)).json()["completed"] is False
    assert (await api.send("GET", job)).json()["completed"] is True
    (listed,) = (await api.send("GET", f"{job}/task")).json()["items"]
    task = (await api.send("GET", listed["links"][0]["href"])).json()
    assert task["progress"] == "succeeded"
    return await api.send("GET", task["links"][0]["href"])


async def test_a_batch_creates_each_item_or_says_why_not(api: Any) -> None:
    items = [{"companyName": f"Batch {n}", "subsidiary": {"id": "1"}, "externalId": f"B-{n}"} for n in (1, 2)]
    answer = await api.send("POST", f"{RECORD}/customer", {"items": [*items, {"companyName": "No"}]}, headers=BATCH)
    results = (await finished(api, answer)).json()["items"]
    assert [result["status"] for result in results] == [204, 204, 400]
    assert results[2]["body"]["o:errorDetails"][0]["o:errorCode"] == "USER_ERROR"
    change = [{"externalId": "B-1", "phone": "1"}, {"externalId": "B-2", "phone": "2"}]
    await finished(api, await api.send("PATCH", f"{RECORD}/customer", {"items": change}, headers=BATCH))
    assert (await api.get("/customer/eid:B-2"))["phone"] == "2"
    read = await api.send("GET", f"{RECORD}/customer?expandRecords=true&ids=eid:B-1,eid:B-2", headers=BATCH)
    assert [item["body"]["phone"] for item in (await finished(api, read)).json()["items"]] == ["1", "2"]
    gone = await api.send("DELETE", f"{RECORD}/customer?ids=eid:B-1,eid:B-2", headers=BATCH)
    await finished(api, gone)
    assert (await api.refused("GET", f"{RECORD}/customer/eid:B-1"))["status"] == 404


async def test_a_batch_has_at_most_a_hundred_items(api: Any) -> None:
    error = await api.refused("POST", f"{RECORD}/customer", {"items": [{}] * 101}, headers=BATCH)
    assert error["o:errorCode"] == "INVALID_CONTENT"


async def test_an_idempotency_key_works_once_and_only_asynchronously(api: Any) -> None:
    body = {"companyName": "Once", "subsidiary": {"id": "1"}}
    headers = {"Prefer": "respond-async", "X-NetSuite-Idempotency-Key": "7b1"}
    first = await api.send("POST", f"{RECORD}/customer", body, headers=headers)
    created = await finished(api, first)
    assert created.status_code == 204
    again = await api.send("POST", f"{RECORD}/customer", body, headers=headers)
    assert (again.status_code, again.json()["title"]) == (400, "Conflict")
    assert again.json()["o:errorDetails"][0]["o:errorCode"] == "IDEMPOTENCY_ERROR"
    assert again.headers["location"] == first.headers["location"]
    ignored = {"X-NetSuite-Idempotency-Key": "7b1"}
    assert (await api.send("POST", f"{RECORD}/customer", body, headers=ignored)).status_code == 204
