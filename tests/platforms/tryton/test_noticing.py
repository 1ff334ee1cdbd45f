"""Stamps as Tryton compares them, what decides others, and records that were made inactive or replaced."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from platforms.predicates import Compare
from platforms.readers import Order
from schema.roles import PlatformRole

ERP = PlatformRole.ERP
SEARCH = "model.party.party.search_read"
STAMP = {"__class__": "datetime", "year": 2026, "month": 11, "day": 20, "hour": 11, "minute": 59, "second": 30}


def party(number, *, replaced_by=None, microsecond=0):
    return {"id": number, "last_modified_at": {**STAMP, "microsecond": microsecond}, "replaced_by": replaced_by}


@pytest.fixture
def inactive(books):
    (log,) = books.feeds.logs
    return log


async def test_stamps_are_compared_to_the_microsecond_in_utc(read, database):
    bound = datetime(2026, 11, 20, 12, 59, 30, 7, tzinfo=UTC).astimezone()
    await read("Invoice", ["number"], where=Compare("modifiedAt", "gt", bound), order=(Order("modifiedAt"),))
    (call,) = database.calls("search_read")
    domain, order = call["params"][0], call["params"][3]
    assert ["last_modified_at", ">", {**STAMP, "hour": 12, "microsecond": 7}] in domain[-1]
    assert order == [["last_modified_at", "ASC NULLS FIRST"], ["id", "ASC"]]


async def test_a_party_that_was_replaced_is_gone_into_the_other(inactive, database):
    database.says(SEARCH, [party(7, replaced_by=8), party(9)])
    page = await inactive.read(inactive.start())
    assert [(hint.type, hint.external_id, hint.gone, hint.into) for hint in page.hints] == [
        ("Account", "7", True, "8"),
        ("Account", "9", True, None),
    ]
    domain = database.calls("party.party.search_read")[0]["params"][0]
    assert domain[0] == ["active", "=", False]
    assert domain[1] == ["last_modified_at", ">=", {**STAMP, "hour": 11, "minute": 0, "second": 0, "microsecond": 0}]


async def test_many_are_told_in_pages_each_once(inactive, database):
    database.says(SEARCH, [party(number) for number in range(1, 201)], [party(201), party(202)], [party(202)])
    position, told = inactive.start(), []
    for more in (True, False, False):
        page = await inactive.read(json.loads(json.dumps(position)))
        position = page.position
        told += [int(hint.external_id) for hint in page.hints]
        assert page.more is more
    assert told == list(range(1, 203))
    second = database.calls("party.party.search_read")[1]["params"][0]
    at = {**STAMP, "microsecond": 0}
    assert second[1] == ["OR", ["last_modified_at", ">", at], [["last_modified_at", "=", at], ["id", ">", 200]]]


def test_what_decides_an_invoice_and_a_party_is_followed_with_it(books):
    traits = {key[0]: each for key, each in books.feeds.traits.items()}
    assert traits["Invoice"].children == {
        ("InvoiceLine", ERP): "invoice", ("Payment", ERP): "invoice", ("CreditMemo", ERP): "invoice",
    }  # fmt: skip
    assert {"status", "total", "balance", "amountPaid"} <= traits["Invoice"].restamps
    assert "number" not in traits["Invoice"].restamps
    assert traits["Account"].children == {("Invoice", ERP): "account"}
    assert traits["Invoice"].overlap == timedelta(minutes=5)
