"""Conditions as domains, options, and the page that tells of it all."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from platforms.describe import facet_tables
from platforms.predicates import And, Compare, Missing, Or
from runtime.settings import SettingsError
from schema.enums import InvoiceStatus
from schema.errors import BadUserInput
from schema.roles import PlatformRole

CRM_ID = "001Qy0n3jAXJuWmIQL"
JUNE = {"__class__": "date", "year": 2026, "month": 6, "day": 1}


@pytest.fixture
def invoices(books):
    return books.reader.facets["Invoice", PlatformRole.ERP]


@pytest.mark.parametrize(
    ("asked", "domain"),
    [
        (Compare("id", "in", ("7", "x", "07", "99999999999", "٣")), [["id", "in", [7]]]),
        (Compare("id", "eq", "-1"), False),
        (Compare("id", "in", ("x",), negated=True), True),
        (Compare("account", "in", (CRM_ID, "C10001", "' OR 1=1")), [["party.code", "in", [CRM_ID]]]),
        (Compare("project", "eq", "38000708"), [["description", "in", ["38000708"]]]),
        (Compare("issueDate", "gte", date(2026, 6, 1)), [["invoice_date", ">=", JUNE]]),
        (
            Compare("issueDate", "gte", date(2026, 6, 1), negated=True),
            ["OR", ["invoice_date", "<", JUNE], ["invoice_date", "=", None]],
        ),
        (Missing("issueDate", negated=True), [["invoice_date", "!=", None]]),
        (Compare("number", "startsWith", "50%_\\"), [["number", "like", "50\\%\\_\\\\%"]]),
        (Compare("number", "contains", "a\0b"), False),
        (Compare("number", "in", ("", "\ud800")), False),
        (Compare("status", "eq", InvoiceStatus.OVERDUE), [["state", "in", ["posted"]]]),
        (Compare("status", "in", (InvoiceStatus.PAID, InvoiceStatus.DRAFT)),
         [["state", "in", ["draft", "validated", "paid", "posted"]]]),
        (Compare("status", "eq", InvoiceStatus.SENT), False),
        (Compare("balance.amount", "gt", Decimal(0)), [["state", "in", ["draft", "validated", "posted"]]]),
        (Compare("balance.amount", "gt", Decimal(-1)), True),
        (Compare("balance.amount", "lt", Decimal(5)), True),
        (And((Compare("id", "eq", "1"), Missing("id", negated=True))), [["id", "in", [1]]]),
        (Or((Compare("id", "eq", "1"), Compare("id", "gt", "8"))), ["OR", [["id", "in", [1]]], [["id", ">", 8]]]),
        (Or((Compare("id", "eq", "1"), Compare("balance.amount", "lt", Decimal(5)))), True),
    ],
)  # fmt: skip
def test_conditions(invoices, asked, domain):
    assert invoices.condition(asked) == domain


@pytest.mark.parametrize(
    "asked",
    [
        Compare("id", "gt", "x"),
        Compare("issueDate", "gt", "2026-06-01"),
        Compare("number", "contains", "x" * 10_001),
    ],
)
def test_what_cannot_be_meant_is_the_callers_to_mend(invoices, asked):
    with pytest.raises(BadUserInput):
        invoices.condition(asked)


def test_a_made_up_place_among_lines_is_no_cursor(books):
    lines = books.reader.facets["InvoiceLine", PlatformRole.ERP]
    assert lines.condition(Compare("number", "gt", 3)) == [["sequence", ">", 3]]
    assert lines.condition(Compare("number", "eq", 0)) == ["OR", ["sequence", "=", 0], ["sequence", "=", None]]
    for value in ("3", 2**40, None):
        with pytest.raises(BadUserInput):
            lines.condition(Compare("number", "gt", value))


async def test_keys_that_cannot_be_any_cost_no_call(read, database):
    assert await read("Invoice", ["number"], by="account", keys=("C10001", "x' OR")) == []
    assert await read("Account", ["billing.overdue.amount"], by="id", keys=("x",)) == []
    assert database.requests == []


def test_links_may_stand_elsewhere(connect):
    options = {
        "account_field": "crm_key",
        "project_field": "reference",
        "crm_id_form": "[0-9]{6}",
        "psa_id_form": "P.*",
    }
    facets = connect(options).reader.facets
    invoices = facets["Invoice", PlatformRole.ERP]
    assert invoices.condition(Compare("account", "in", ("123456", CRM_ID))) == [["party.crm_key", "in", ["123456"]]]
    assert invoices.condition(Compare("project", "eq", "P1")) == [["reference", "in", ["P1"]]]
    assert invoices.row("account").canonical("C1") is None


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("account_field", "party.code"),
        ("project_field", "x]"),
        ("contract_field", 5),
        ("crm_id_form", "["),
        ("psa_id_form", 7),
        ("records_limit", 1),
        ("records_limit", 5_000),
        ("records_limit", "many"),
    ],
)
def test_options_that_cannot_be_meant_are_named(connect, option, value):
    with pytest.raises(SettingsError, match=rf"platforms\.books\.options\.{option}"):
        connect({option: value})


def test_the_page_tells_what_is_read_from_where(books):
    page = (Path(__file__).parents[3] / "docs" / "vendors" / "tryton.md").read_text(encoding="utf-8")
    assert facet_tables(books.reader.facets.values()) in page
