"""Tryton's answers: values exact from the wire, errors read by the one table."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from platforms.http import Headers, HttpResponse
from platforms.readers import ReadQuery
from platforms.tryton.errors import read_error
from schema.errors import (
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamLocked,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamTooLarge,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from schema.roles import PlatformRole

LINES = "model.account.invoice.line.search_read"
BIG = "12345678901234567890.123456789"


async def test_amounts_and_quantities_pass_no_float(read, database):
    row = {
        "id": 4,
        "quantity": 0.1,
        "unit_price": {"__class__": "Decimal", "decimal": BIG},
        "amount": {"__class__": "Decimal", "decimal": "0"},
        "currency.": {"id": 1, "code": "JPY"},
        "sequence": None,
    }
    database.says(LINES, [row])
    paths = ["id", "quantity", "unitPrice.amount", "unitPrice.currency", "amount.amount", "number"]
    (told,) = await read("InvoiceLine", paths)
    assert told == {
        "id": "4",
        "quantity": Decimal("0.1"),
        "unitPrice.amount": Decimal(BIG),
        "unitPrice.currency": "JPY",
        "amount.amount": Decimal(0),
        "number": 0,
    }
    assert str(told["amount.amount"]) == "0"


async def test_stamps_and_days(read, database):
    day = {"__class__": "date", "year": 2026, "month": 2, "day": 28}
    stamp = {"__class__": "datetime", "year": 2026, "month": 11, "day": 21, "hour": 10, "minute": 12, "second": 18}
    row = {"last_modified_at": {**stamp, "microsecond": 61200}, "_timestamp": "1795255938.0612"}
    database.says("model.account.invoice.search_read", [{"id": 1, "invoice_date": day, **row}])
    (told,) = await read("Invoice", ["issueDate", "modifiedAt", "version"])
    assert told == {
        "issueDate": date(2026, 2, 28),
        "modifiedAt": datetime(2026, 11, 21, 10, 12, 18, 61200, tzinfo=UTC),
        "version": "1795255938.0612",
    }


async def test_only_what_is_asked_for_is_asked_of_tryton(read, database):
    await read("Invoice", ["number"])
    await read("Invoice", ["dueDate", "account"])
    narrow, wide = (call["params"][4] for call in database.calls("search_read"))
    assert narrow == ["id", "number"]
    assert set(wide) == {
        "id", "party.code", "invoice_date", "lines_to_pay.maturity_date", "lines_to_pay.reconciliation",
        "payment_term.lines.relativedeltas.days", "payment_term.lines.relativedeltas.weeks",
        "payment_term.lines.relativedeltas.months", "payment_term.lines.relativedeltas.day",
    }  # fmt: skip


async def test_open_items_are_asked_for_beside_the_parties_where_the_keys_are_known(read, database):
    key = "001Qy0n3jAXJuWmIQL"
    await read("Account", ["anchor", "billing.overdue.amount"], by="anchor", keys=(key, "no id"))
    parties, items = sorted(database.calls("search_read"), key=lambda call: "move" in call["method"])
    assert parties["params"][0] == [[["code", "in", [key]]]]
    assert items["params"][0][-1] == [["party.code", "in", [key]]]
    assert items["params"][2] is None  # all at once, whatever the server's limit


async def test_a_page_asks_for_one_more_row_to_know_whether_it_is_the_last(connect, database):
    books = connect({"records_limit": 3})
    projection = books.reader.project(books.reader.facets["Invoice", PlatformRole.ERP], ["number"])
    database.says("model.account.invoice.search_read", [{"id": 5}, {"id": 6}, {"id": 9}], [{"id": 9}])
    page = await books.reader.read(projection, ReadQuery())
    assert ([row.id for row in page.rows], page.total) == ([5, 6], None)
    last = await books.reader.read(projection, ReadQuery(resume=page.more))
    assert ([row.id for row in last.rows], last.more) == ([9], None)
    first, second = database.calls("search_read")
    assert first["params"][2] == second["params"][2] == 3
    assert second["params"][0][-1] == [["id", ">", 6]]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (["UserError", ["You are not allowed to read Miller & Sons.", "", None]], UpstreamRejected),
        (["UserWarning", ["key", "Sure?", ""]], UpstreamRejected),
        (["LoginException", ["sms", "Code", "char"]], UpstreamUnauthorized),
        (["ConcurrencyException", "Records were modified"], UpstreamLocked),
        (["'nofield'", ""], UpstreamRejected),
        (["boom /home/tryton", ""], UpstreamRejected),
        ([], UpstreamRejected),
        ([{"odd": 1}], UpstreamRejected),
    ],
)
async def test_errors_in_a_good_status_are_read(read, database, error, kind):
    database.fails("model.account.invoice.search_read", *error)
    with pytest.raises(kind) as refused:
        await read("Invoice", ["number"])
    assert "Miller" not in refused.value.detail
    assert "/home" not in refused.value.detail
    assert ("nofield" in refused.value.detail) is (error[:1] == ["'nofield'"])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, UpstreamUnauthorized),
        (403, UpstreamForbidden),
        (413, UpstreamTooLarge),
        (422, UpstreamRejected),
        (429, UpstreamRateLimited),
        (500, UpstreamUnavailable),
        (503, UpstreamUnavailable),
        (504, UpstreamTimeout),
        (204, UpstreamInvalidResponse),
        (302, UpstreamInvalidResponse),
    ],
)
def test_statuses_are_read(status, kind):
    assert type(read_error(HttpResponse(status=status, headers=Headers([]), body=b""))) is kind


@pytest.mark.parametrize(
    "body", [b'{"id":1,"result":[1', b'{"id":1}', b'{"result":[]}', b"\xff", b'{"id":1,"error":{}}']
)
def test_what_is_no_answer_of_trytons_is_told_as_such(body):
    found = read_error(HttpResponse(status=200, headers=Headers([]), body=body))
    assert type(found) is UpstreamInvalidResponse


def test_an_answer_in_another_order_is_read_as_well():
    good = HttpResponse(status=200, headers=Headers([]), body=b'{"result": [], "id": 1}')
    assert read_error(good) is None
