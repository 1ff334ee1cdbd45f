"""What a careful writer does: upserts by external id, orders and invoices with their lines, approvals, undoing it."""

from decimal import Decimal
from typing import Any

import pytest

RECORD = "/services/rest/record/v1"
DEPENDED_ON = "Error while accessing a resource. This record cannot be deleted because it has dependent records."
CUSTOMER = {
    "companyName": "Harbor Lane Advisory",
    "subsidiary": {"id": "1"},
    "currency": {"id": "2"},
    "terms": {"id": "2"},
    "vatRegNumber": "GB123456789",
    "creditHoldOverride": {"id": "ON"},
    "addressBook": {
        "items": [
            {
                "label": "HQ",
                "defaultBilling": True,
                "addressBookAddress": {"addr1": "4 Quay St", "city": "Bristol", "country": {"id": "GB"}},
            }
        ]
    },
}


@pytest.fixture
async def customer(api: Any) -> str:
    key: str = await api.made("PUT", f"{RECORD}/customer/eid:001AAA", CUSTOMER)
    return key


@pytest.fixture
async def job(api: Any, customer: str) -> str:
    body = {
        "companyName": "ERP rollout",
        "parent": {"id": customer},
        "subsidiary": {"id": "1"},
        "startDate": "2026-12-01",
        "endDate": "2027-03-31",
    }
    key: str = await api.made("PUT", f"{RECORD}/job/eid:38000001", body)
    return key


def billing(customer: str, job: str) -> dict[str, Any]:
    return {
        "entity": {"id": customer},
        "job": {"id": job},
        "subsidiary": {"id": "1"},
        "currency": {"id": "2"},
        "tranDate": "2026-11-30",
        "otherRefNum": "PO 4471",
        "custbody_cw_contract": "8005g0000000001AAA",
        "item": {
            "items": [
                {
                    "item": {"id": "46"},
                    "description": "Design approved",
                    "quantity": 1,
                    "rate": 4800.25,
                    "amount": 4800.25,
                    "job": {"id": job},
                    "custcol_cw_milestone": "ms-000001",
                    "custcol_cw_bill_on": "2026-12-15",
                },
                {"item": {"id": "45"}, "description": "Consulting", "quantity": 2.5, "rate": 150, "job": {"id": job}},
            ]
        },
    }


async def test_a_customer_is_upserted_with_all_that_billing_needs(api: Any, customer: str) -> None:
    assert await api.made("PUT", f"{RECORD}/customer/eid:001AAA?replace=addressBook", CUSTOMER) == customer
    found = await api.get("/customer/eid:001AAA", expandSubResources="true")
    assert (found["id"], found["externalId"], found["companyName"]) == (customer, "001AAA", "Harbor Lane Advisory")
    assert (found["subsidiary"]["id"], found["currency"]["id"], found["terms"]["id"]) == ("1", "2", "2")
    assert (found["vatRegNumber"], found["creditHoldOverride"]) == ("GB123456789", {"id": "ON", "refName": "On"})
    (address,) = found["addressBook"]["items"]
    assert (address["defaultBilling"], address["addressBookAddress"]["city"]) == (True, "Bristol")
    (row,) = await api.query(
        """SELECT c.externalid, c.vatregnumber, c.oncredithold, BUILTIN.DF(c.currency) AS currency, a.city
           FROM customer c JOIN customeraddressbookentityaddress a ON a.nkey = c.defaultbillingaddress
           WHERE c.externalid = ?""",
        "001AAA",
    )
    assert (row["vatregnumber"], row["oncredithold"], row["city"]) == ("GB123456789", "T", "Bristol")


async def test_addresses_are_added_unless_replaced_and_one_is_the_default(api: Any, customer: str) -> None:
    new = {"label": "Billing", "defaultBilling": True, "addressBookAddress": {"city": "Leeds"}}
    await api.made("PUT", f"{RECORD}/customer/eid:001AAA", {"addressBook": {"items": [new]}})
    items = (await api.get(f"/customer/{customer}/addressBook"))["items"]
    assert [(each["label"], each["defaultBilling"]) for each in items] == [("HQ", False), ("Billing", True)]
    key = items[1]["addressId"]
    await api.made(
        "PATCH", f"{RECORD}/customer/{customer}",
        {"addressBook": {"items": [{"addressId": key, "addressBookAddress": {"city": "York"}}]}},
    )  # fmt: skip
    items = (await api.get(f"/customer/{customer}/addressBook"))["items"]
    assert [each["addressBookAddress"]["city"] for each in items] == ["Bristol", "York"]
    await api.made("PATCH", f"{RECORD}/customer/{customer}?replace=addressBook", {"addressBook": {"items": []}})
    assert (await api.get(f"/customer/{customer}/addressBook"))["items"] == []
    (row,) = await api.query("SELECT id, defaultbillingaddress FROM customer WHERE id = ?", customer)
    assert "defaultbillingaddress" not in row


async def test_a_job_is_upserted_below_its_customer(api: Any, customer: str, job: str) -> None:
    assert await api.made("PUT", f"{RECORD}/job/eid:38000001", {"companyName": "Renamed", "endDate": None}) == job
    found = await api.get("/job/eid:38000001")
    assert (found["id"], found["companyName"], found["parent"]["id"]) == (job, "Renamed", customer)
    assert (found["startDate"], "endDate" in found) == ("2026-12-01", False)
    assert (found["subsidiary"]["id"], found["currency"]["id"]) == ("1", "2")
    (row,) = await api.query("SELECT id, customer, parent FROM job WHERE externalid = ?", "38000001")
    assert (row["customer"], row["parent"]) == (customer, customer)


@pytest.mark.parametrize(("kind", "code"), [("salesOrder", "SalesOrd"), ("invoice", "CustInvc")])
async def test_an_order_and_an_invoice_show_in_full_what_was_written(
    api: Any, customer: str, job: str, kind: str, code: str
) -> None:
    body = billing(customer, job) | ({"dueDate": "2026-12-30"} if kind == "invoice" else {})
    key = await api.made("PUT", f"{RECORD}/{kind}/eid:BILL-1", body)
    assert await api.made("PUT", f"{RECORD}/{kind}/eid:BILL-1?replace=item", body) == key
    found = await api.get(f"/{kind}/eid:BILL-1", expandSubResources="true")
    assert (found["id"], found["externalId"], found["entity"]["id"], found["job"]["id"]) == (
        key, "BILL-1", customer, job,
    )  # fmt: skip
    assert (found["subsidiary"]["id"], found["currency"]["id"], found["tranDate"]) == ("1", "2", "2026-11-30")
    assert (found["otherRefNum"], found["custbody_cw_contract"]) == ("PO 4471", "8005g0000000001AAA")
    assert found.get("dueDate") == body.get("dueDate")
    assert found["total"] == Decimal("5175.25")
    first, second = found["item"]["items"]
    assert (first["item"]["refName"], first["description"], first["quantity"], first["rate"], first["amount"]) == (
        "MILESTONE", "Design approved", 1, Decimal("4800.25"), Decimal("4800.25"),
    )  # fmt: skip
    assert (first["job"]["id"], first["custcol_cw_milestone"], first["custcol_cw_bill_on"]) == (
        job, "ms-000001", "2026-12-15",
    )  # fmt: skip
    assert (second["quantity"], second["amount"]) == (Decimal("2.5"), Decimal("375.00"))
    (row,) = await api.query(
        "SELECT id, type, entity, otherrefnum, custbody_cw_contract AS c FROM transaction WHERE externalid = ?",
        "BILL-1",
    )
    assert row == {
        "id": key, "type": code, "entity": customer, "otherrefnum": "PO 4471", "c": "8005g0000000001AAA",
    }  # fmt: skip
    lines = await api.query(
        """SELECT foreignamount AS a, entity, custcol_cw_milestone AS m,
                  TO_CHAR(custcol_cw_bill_on, 'YYYY-MM-DD') AS d
           FROM transactionline WHERE transaction = ? AND mainline = 'F' ORDER BY linesequencenumber""",
        key,
    )
    assert lines == [
        {"a": "-4800.25", "entity": job, "m": "ms-000001", "d": "2026-12-15"},
        {"a": "-375", "entity": job},
    ]


async def test_an_upsert_without_replace_adds_the_lines_once_more(api: Any, customer: str, job: str) -> None:
    body = billing(customer, job)
    for lines in (2, 4):
        await api.made("PUT", f"{RECORD}/salesOrder/eid:SO-1", body)
        assert len((await api.get("/salesOrder/eid:SO-1/item"))["items"]) == lines


async def test_an_orders_lines_are_replaced_and_its_bill_dates_move(api: Any, customer: str, job: str) -> None:
    key = await api.made("PUT", f"{RECORD}/salesOrder/eid:SO-1", billing(customer, job))
    await api.made(
        "PATCH", f"{RECORD}/salesOrder/{key}", {"item": {"items": [{"line": 1, "custcol_cw_bill_on": "2027-01-31"}]}}
    )
    items = (await api.get(f"/salesOrder/{key}/item"))["items"]
    assert [each.get("custcol_cw_bill_on") for each in items] == ["2027-01-31", None]
    lines = {"items": [{"item": {"id": "46"}, "amount": 10, "custcol_cw_milestone": "ms-2"}]}
    await api.made("PATCH", f"{RECORD}/salesOrder/{key}?replace=item", {"item": lines})
    found = await api.get(f"/salesOrder/{key}", expandSubResources="true")
    assert (found["total"], len(found["item"]["items"])) == (10, 1)
    bad = {"item": {"items": [{"line": 1, "custcol_cw_bill_on": "soon"}]}}
    assert (await api.refused("PATCH", f"{RECORD}/salesOrder/{key}", bad))["o:errorCode"] == "INVALID_CONTENT"


async def test_an_approval_posts_a_pending_invoice_for_good(api: Any, customer: str, job: str) -> None:
    body = billing(customer, job) | {"approvalStatus": {"id": "1"}}
    key = await api.made("PUT", f"{RECORD}/invoice/eid:BILL-1", body)

    async def told() -> tuple[str, str, str]:
        (row,) = await api.query("SELECT status, posting, approvalstatus FROM transaction WHERE id = ?", key)
        return row["status"], row["posting"], row["approvalstatus"]

    assert await told() == ("D", "F", "1")
    assert (await api.get(f"/customer/{customer}"))["balance"] == 0
    refused = await api.refused(
        "POST", f"{RECORD}/customerPayment",
        {"customer": {"id": customer}, "payment": 1, "apply": {"items": [{"doc": {"id": key}, "amount": 1}]}},
    )  # fmt: skip
    assert refused["o:errorCode"] == "USER_ERROR"
    await api.made("PATCH", f"{RECORD}/invoice/eid:BILL-1", {"approvalStatus": {"id": "2"}})
    assert await told() == ("A", "T", "2")
    assert (await api.get(f"/customer/{customer}"))["balance"] == Decimal("5175.25")
    await api.made("PATCH", f"{RECORD}/invoice/{key}", {"approvalStatus": {"id": "2"}, "memo": "again"})
    for back in ("1", "3"):
        error = await api.refused("PATCH", f"{RECORD}/invoice/{key}", {"approvalStatus": {"id": back}})
        assert (error["status"], error["o:errorCode"]) == (400, "USER_ERROR")
    assert await told() == ("A", "T", "2")


async def test_a_rejected_invoice_may_be_asked_for_again(api: Any, customer: str, job: str) -> None:
    key = await api.made("POST", f"{RECORD}/invoice", billing(customer, job) | {"approvalStatus": "1"})
    for approval, status in (("3", "E"), ("1", "D"), ("2", "A")):
        await api.made("PATCH", f"{RECORD}/invoice/{key}", {"approvalStatus": {"id": approval}})
        assert (await api.get(f"/invoice/{key}"))["status"]["id"] == status


@pytest.mark.parametrize("kind", ["salesOrder", "invoice"])
async def test_orders_and_invoices_can_be_taken_back(api: Any, customer: str, job: str, kind: str) -> None:
    key = await api.made("PUT", f"{RECORD}/{kind}/eid:BILL-1", billing(customer, job))
    assert (await api.send("DELETE", f"{RECORD}/{kind}/eid:BILL-1")).status_code == 204
    assert (await api.refused("GET", f"{RECORD}/{kind}/{key}"))["status"] == 404
    assert await api.query("SELECT id FROM transactionline WHERE transaction = ?", key) == []
    assert await api.query("SELECT type, recordid FROM deletedrecord") == [{"type": kind.lower(), "recordid": key}]


async def test_an_order_that_was_billed_stays_until_its_invoice_goes(api: Any, customer: str, job: str) -> None:
    order = await api.made("POST", f"{RECORD}/salesOrder", billing(customer, job))
    bill = await api.made("POST", f"{RECORD}/salesOrder/{order}/!transform/invoice", {})
    items = (await api.get(f"/invoice/{bill}/item"))["items"]
    assert items[0]["custcol_cw_bill_on"] == "2026-12-15"
    error = await api.refused("DELETE", f"{RECORD}/salesOrder/{order}")
    assert error["detail"] == DEPENDED_ON
    assert (await api.send("DELETE", f"{RECORD}/invoice/{bill}")).status_code == 204
    assert (await api.get(f"/salesOrder/{order}"))["status"]["refName"] == "Pending Billing"
    assert (await api.send("DELETE", f"{RECORD}/salesOrder/{order}")).status_code == 204


async def test_what_others_refer_to_cannot_be_deleted(api: Any, customer: str, job: str) -> None:
    async def refused(path: str) -> None:
        error = await api.refused("DELETE", RECORD + path)
        assert (error["status"], error["o:errorCode"], error["detail"]) == (
            400, "USER_ERROR", DEPENDED_ON,
        )  # fmt: skip

    await refused(f"/customer/{customer}")  # its job
    body = billing(customer, job)
    del body["job"], body["item"]["items"][1]["job"]
    order = await api.made("POST", f"{RECORD}/salesOrder", body)
    await refused(f"/job/{job}")  # one line of the order
    await api.send("DELETE", f"{RECORD}/salesOrder/{order}")
    assert (await api.send("DELETE", f"{RECORD}/job/{job}")).status_code == 204
    assert (await api.send("DELETE", f"{RECORD}/customer/{customer}")).status_code == 204


@pytest.mark.parametrize("kind", ["customer", "job", "salesOrder", "invoice"])
async def test_a_repeated_create_with_an_external_id_is_refused(api: Any, customer: str, job: str, kind: str) -> None:
    body: dict[str, Any] = {"companyName": "X", "subsidiary": {"id": "1"}, "parent": {"id": customer}}
    if kind in ("salesOrder", "invoice"):
        body = billing(customer, job)
    await api.made("POST", f"{RECORD}/{kind}", body | {"externalId": "ONCE"})
    error = await api.refused("POST", f"{RECORD}/{kind}", body | {"externalId": "ONCE"})
    assert (error["status"], error["o:errorCode"], error["detail"]) == (
        400, "USER_ERROR", "Error while accessing a resource. This entity already exists.",
    )  # fmt: skip


async def test_the_lists_that_writes_refer_to_are_found_by_name(api: Any) -> None:
    (currency,) = await api.query("SELECT id FROM currency WHERE symbol = ?", "GBP")
    (term,) = await api.query("SELECT id, daysuntilnetdue AS days FROM term WHERE name = ?", "Net 30")
    (subsidiary,) = await api.query("SELECT id, currency FROM subsidiary WHERE name = ?", "Meridian Partners Ltd")
    items = await api.query("SELECT id, itemid FROM item ORDER BY itemid")
    assert (subsidiary["currency"], term["days"]) == (currency["id"], "30")
    assert [(each["itemid"], each["id"]) for each in items] == [("CONSULT", "45"), ("MILESTONE", "46")]


async def test_records_are_referred_to_by_their_external_ids(api: Any, customer: str, job: str) -> None:
    body = billing(customer, job) | {"entity": {"externalId": "001AAA"}, "job": {"externalId": "38000001"}}
    key = await api.made("POST", f"{RECORD}/salesOrder", body)
    found = await api.get(f"/salesOrder/{key}")
    assert (found["entity"]["id"], found["job"]["id"]) == (customer, job)
