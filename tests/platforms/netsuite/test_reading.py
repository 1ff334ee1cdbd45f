"""Rows of a real account as people change it, and answers that need care."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from platforms.readers import Order, ReadQuery
from schema.enums import InvoiceStatus
from schema.errors import BadUserInput, UpstreamInvalidResponse, UpstreamRejected
from schema.roles import PlatformRole

ERP = PlatformRole.ERP


async def test_a_new_invoice_is_told_from_approval_to_payment(account, rows, control):
    invoice = next(
        record
        for record in control("GET", "/records/netsuite/invoice")["records"]
        if record["status"]["id"] == "A" and not Decimal(record["amountPaid"])
    )
    where = f"/records/netsuite/invoice/{invoice['id']}"

    async def told():
        paths = ("status", "amountPaid.amount", "balance.amount")
        (row,) = await rows(account, "Invoice", paths, by="id", keys=(invoice["id"],))
        return row["status"], row["amountPaid.amount"], row["balance.amount"]

    total = Decimal(invoice["total"])
    control("PATCH", where, {"dueDate": "2999-01-01"})
    assert await told() == (InvoiceStatus.POSTED, 0, total)
    control("PATCH", where, {"approvalStatus": {"id": "1"}})
    assert await told() == (InvoiceStatus.DRAFT, 0, total)
    control("PATCH", where, {"approvalStatus": {"id": "2"}})
    pay(control, {invoice["id"]: Decimal("0.01")}, invoice)
    assert await told() == (InvoiceStatus.PARTIALLY_PAID, Decimal("0.01"), total - Decimal("0.01"))
    control("PATCH", where, {"dueDate": "2020-01-01"})
    assert await told() == (InvoiceStatus.OVERDUE, Decimal("0.01"), total - Decimal("0.01"))
    pay(control, {invoice["id"]: total - Decimal("0.01")}, invoice)
    assert await told() == (InvoiceStatus.PAID, total, 0)


async def test_a_payment_of_two_invoices_is_told_at_each_with_its_share(account, rows, control):
    records = control("GET", "/records/netsuite/invoice")["records"]
    open_ones = [record for record in records if record["status"]["id"] == "A"]
    first = next(
        one for one in open_ones if sum(other["entity"]["id"] == one["entity"]["id"] for other in open_ones) > 1
    )
    second = next(one for one in open_ones if one["entity"]["id"] == first["entity"]["id"] and one is not first)
    payment = pay(control, {first["id"]: Decimal("1.25"), second["id"]: Decimal("2.50")}, first)
    for invoice, share in ((first, "1.25"), (second, "2.50")):
        found = await rows(account, "Payment", ("amount.amount", "invoice"), by="invoice", keys=(invoice["id"],))
        assert {"id": payment, "amount.amount": Decimal(share), "invoice": invoice["id"]} in found


async def test_a_payment_that_settles_nothing_yet_is_told_whole(account, rows, control):
    customer = control("GET", "/records/netsuite/customer")["records"][0]["id"]
    made = control("POST", "/records/netsuite/customerPayment", {"customer": {"id": customer}, "payment": "77.70"})
    found = await rows(account, "Payment", ("amount.amount", "invoice"), by="id", keys=(made["id"],))
    assert found == [{"id": made["id"], "amount.amount": Decimal("77.70"), "invoice": None}]


async def test_a_project_counts_posted_invoices_once_however_many_lines_they_have(account, rows):
    lines = await rows(account, "InvoiceLine", ("invoice",))
    several = {line["invoice"] for line in lines if sum(line["invoice"] == other["invoice"] for other in lines) > 1}
    invoices = await rows(account, "Invoice", ("project", "total.amount", "amountPaid.amount", "status"))
    posted = [row for row in invoices if row["status"] not in (InvoiceStatus.DRAFT, InvoiceStatus.VOIDED)]
    projects = await rows(account, "Project", ("anchor", "financials.billed.amount", "financials.paid.amount"))
    assert any(row["id"] in several and row["project"] for row in posted)
    for project in projects:
        if project["anchor"] is not None:
            own = [row for row in posted if row["project"] == project["anchor"]]
            assert project["financials.billed.amount"] == sum(row["total.amount"] for row in own)
            assert project["financials.paid.amount"] == sum(row["amountPaid.amount"] for row in own)


async def test_a_margin_is_none_where_nothing_is_recognized_and_has_four_places(account, rows, control):
    job = control("GET", "/records/netsuite/job")["records"][0]["id"]

    async def margin(recognized, cost):
        fields = {"custentity_cw_recognized": recognized, "custentity_cw_cost": cost}
        control("PATCH", f"/records/netsuite/job/{job}", fields)
        (row,) = await rows(account, "Project", ("financials.margin",), by="id", keys=(job,))
        return row["financials.margin"]

    assert await margin("3.00", "2.00") == Decimal("0.3333")
    assert await margin("0.00", "2.00") is None
    assert await margin("1.00", "3.00") == Decimal("-2.0000")


async def test_instants_are_read_in_the_users_time_zone(scripted, wire, rows):
    wire.page({"id": "1", "modified": "2026-07-01T12:00:00"})
    (row,) = await rows(scripted(time_zone="Europe/Berlin"), "Invoice", ("modifiedAt",))
    assert row["modifiedAt"] == datetime(2026, 7, 1, 10, tzinfo=UTC)


async def test_amounts_and_numbers_come_exactly_whatever_their_size(scripted, wire, rows):
    wire.page(
        {"id": "1", "total": "12345678901234.57", "currency": "EUR"}, {"id": "2", "total": "5760", "currency": "JPY"}
    )
    found = await rows(scripted(), "Invoice", ("total.amount",))
    assert [str(row["total.amount"]) for row in found] == ["12345678901234.57", "5760"]


async def test_what_is_missing_or_strange_reads_as_missing(scripted, wire, rows):
    wire.page({"id": "1"}, {"id": "2", "credithold": "X", "addr1": "", "addr2": "Floor 2"})
    paths = ("billing.creditHold", "billing.billTo.lines", "billing.overdue.amount", "billing.paymentTermsDays")
    found = await rows(scripted(), "Account", paths)
    assert found[0] == {"id": "1", **dict.fromkeys(paths)}
    assert found[1]["billing.creditHold"] is None
    assert found[1]["billing.billTo.lines"] == ["Floor 2"]


async def test_a_page_that_came_empty_though_there_are_rows_is_asked_for_in_full(scripted, wire, rows):
    wire.page(total=3)
    wire.page({"id": "1"}, {"id": "2"}, {"id": "3"})
    found = await rows(scripted(), "Invoice", (), limit=2, order=(Order("dueDate"),))
    assert [row["id"] for row in found] == ["1", "2"]
    assert [request.url.partition("?")[2] for request in wire.requests] == ["limit=2&offset=0", "limit=1000&offset=0"]


async def test_pages_go_on_behind_the_last_id_or_by_position(scripted, wire):
    reader = scripted(page_size=2).reader
    projection = reader.project(reader.facets["Invoice", ERP], ["number"])
    wire.page({"id": "5"}, {"id": "9"}, total=3, more=True)
    page = await reader.read(projection, ReadQuery())
    assert page.total == 3
    wire.page({"id": "10"})
    last = await reader.read(projection, ReadQuery(resume=page.more))
    assert wire.body["params"] == [9]
    assert (last.more, last.total) == (None, None)
    by_day = (Order("dueDate", descending=True),)
    wire.page({"id": "5"}, {"id": "9"}, total=5, more=True)
    page = await reader.read(projection, ReadQuery(order=by_day, limit=3))
    wire.page({"id": "1"}, {"id": "2"}, total=5, more=True)
    last = await reader.read(projection, ReadQuery(order=by_day, limit=3, resume=page.more))
    assert wire.requests[-1].url.endswith("limit=2&offset=2")
    assert (len(last.rows), last.more) == (1, None)


@pytest.mark.parametrize("resume", [{"read": "x"}, {"read": 1, "behind": "1 OR 1=1"}])
async def test_a_forged_page_is_refused(scripted, wire, resume):
    reader = scripted().reader
    projection = reader.project(reader.facets["Invoice", ERP], ["number"])
    with pytest.raises(BadUserInput):
        await reader.read(projection, ReadQuery(resume=resume))
    assert wire.requests == []


async def test_rows_of_another_shape_are_an_answer_that_cannot_be_read(scripted, wire, rows):
    wire.page({"id": "1", "total": "many"})
    with pytest.raises(UpstreamInvalidResponse) as refused:
        await rows(scripted(), "Invoice", ("total.amount",))
    assert refused.value.platform == "netsuite"


async def test_a_column_that_the_account_lacks_is_refused_in_its_words(joined, rows):
    account = joined(columns={"Invoice.contract": "custbody_not_here"})
    with pytest.raises(UpstreamRejected, match="custbody_not_here"):
        await rows(account, "Invoice", ("contract",))


async def test_days_are_days(account, rows):
    (row, *_) = await rows(account, "Invoice", ("issueDate",), limit=1)
    assert type(row["issueDate"]) is date


def pay(control, shares, invoice):
    """A payment of the invoice's customer, applied as told."""
    made = control(
        "POST",
        "/records/netsuite/customerPayment",
        {
            "customer": {"id": invoice["entity"]["id"]},
            "payment": str(sum(shares.values())),
            "apply": {
                "items": [{"doc": {"id": key}, "apply": True, "amount": str(share)} for key, share in shares.items()]
            },
        },
    )
    return made["id"]
