"""SOQL is written so that it says what was meant and nothing else."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from platforms.predicates import FALSE, And, Compare, Missing, Not, Or, normalised
from platforms.readers import Order, ReadQuery
from platforms.salesforce import soql
from platforms.salesforce.client import encoded
from platforms.salesforce.ids import is_record_id
from platforms.salesforce.options import OrgOptions
from platforms.salesforce.reader import facets
from schema.enums import AccountStatus, OpportunityStage
from schema.errors import BadUserInput

ONE, TWO = "0015g00000XyZ12AAF", "0065g00000AbCdEAAV"


@pytest.fixture(scope="module")
def by_type():
    return {facet.type: facet for facet in facets(OrgOptions())}


@pytest.fixture
def where(by_type):
    return lambda type_name, predicate: soql.condition(by_type[type_name], normalised(predicate))


@pytest.mark.parametrize("text", [ONE, TWO])
def test_a_real_id_is_one(text):
    assert is_record_id(text)


@pytest.mark.parametrize(
    "text", ["", ONE[:15], ONE[:17] + "A", ONE.lower(), ONE + "A", ONE[:14] + "'" + ONE[15:], "ü" * 18]
)
def test_what_the_vendor_would_refuse_is_no_id(text):
    assert not is_record_id(text)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("O'Hara", r"Name = 'O\'Hara'"),
        ("back\\slash", r"Name = 'back\\slash'"),
        ("' OR Name != '", r"Name = '\' OR Name != \''"),
        ("\\' OR 1=1", r"Name = '\\\' OR 1=1'"),
        ("two\nlines\x01", r"Name = 'two\nlines\u0001'"),
        ("東京", "Name = '東京'"),
        ("\0", False),
        ("\ud800", False),
        ("", False),
    ],
)
def test_text_stays_inside_its_quotes(where, typed, said):
    assert where("Account", Compare("name", "eq", typed)) == said


@pytest.mark.parametrize(
    ("operator", "typed", "said"),
    [
        ("contains", "50%_off", r"Name LIKE '%50\%\_off%'"),
        ("startsWith", "O'H", r"Name LIKE 'O\'H%'"),
        ("contains", "a\\%", r"Name LIKE '%a_\%%'"),
        ("contains", "", "Name != null"),
        ("startsWith", "\0", False),
    ],
)
def test_wildcards_of_the_callers_are_ordinary_letters(where, operator, typed, said):
    assert where("Account", Compare("name", operator, typed)) == said


@pytest.mark.parametrize(
    ("leaf", "said"),
    [
        (Compare("amount.amount", "gt", Decimal("12.50")), "Amount > 12.5"),
        (Compare("amount.amount", "lte", Decimal("1E-400")), "Amount <= 0"),
        (Compare("amount.amount", "gt", Decimal("-1E-999999")), "Amount > -0.000000000000000001"),
        (Compare("amount.amount", "gt", Decimal("1E+999999")), False),
        (Compare("amount.amount", "lt", Decimal("1E+999999")), "Amount != null"),
        (Compare("amount.amount", "eq", Decimal("1E+18")), False),
        (Compare("closeDate", "gte", date(2026, 3, 31)), "CloseDate >= 2026-03-31"),
        (Compare("closeDate", "gte", date(1, 1, 1)), "CloseDate != null"),
        (Compare("closeDate", "lt", date(1, 1, 1)), False),
        (Compare("closeDate", "lt", date(9999, 12, 31)), "CloseDate != null"),
        (Not(Compare("closeDate", "gt", date(2026, 3, 31))), "(CloseDate <= 2026-03-31 OR CloseDate = null)"),
        (Not(Compare("account", "in", (ONE,))), f"(AccountId != '{ONE}' OR AccountId = null)"),
        (Compare("account", "in", (ONE, "x' OR Id != ''")), f"AccountId = '{ONE}'"),
        (Compare("account", "eq", "x' OR Id != ''"), False),
        (Missing("contract"), "ContractId = null"),
        (Missing("contract", negated=True), "ContractId != null"),
    ],
)
def test_numbers_days_and_ids_are_written_as_the_vendor_takes_them(where, leaf, said):
    assert where("Opportunity", leaf) == said


@pytest.mark.parametrize(
    ("operator", "microsecond", "said"),
    [
        ("gt", 0, "CreatedDate > 2026-03-31T09:15:22Z"),
        ("gte", 1, "CreatedDate > 2026-03-31T09:15:22Z"),
        ("lt", 1, "CreatedDate <= 2026-03-31T09:15:22Z"),
        ("eq", 1, False),
        ("lte", 500_000, "CreatedDate <= 2026-03-31T09:15:22.500Z"),
    ],
)
def test_an_instant_between_two_of_the_vendors_is_compared_with_the_one_below(where, operator, microsecond, said):
    moment = datetime(2026, 3, 31, 9, 15, 22, microsecond, UTC)
    assert where("Account", Compare("createdAt", operator, moment)) == said


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ({"WON"}, "IsWon = true"),
        ({"LOST"}, "(IsClosed = true AND IsWon = false)"),
        ({"COMMITTED"}, "(IsClosed = false AND StageName = 'Negotiation/Review')"),
        ({"OPEN", "COMMITTED", "WON", "LOST"}, True),
        (set(), False),
    ],
)
def test_stages_go_by_the_vendors_flags(where, stages, said):
    asked = tuple(stage for stage in OpportunityStage if stage.value in stages)
    leaf = Compare("stage", "in", asked)
    assert where("Opportunity", leaf) == said


def test_a_firm_without_committed_stages_has_none_committed():
    opportunity = next(found for found in facets(OrgOptions(committed_stages=())) if found.type == "Opportunity")
    assert soql.condition(opportunity, Compare("stage", "eq", OpportunityStage.COMMITTED)) is False
    assert soql.condition(opportunity, Compare("stage", "eq", OpportunityStage.OPEN)) == "IsClosed = false"


def test_conditions_nest_in_parentheses_and_constants_fold(where):
    active = Compare("status", "eq", AccountStatus.ACTIVE)
    odd = Compare("parent", "eq", "no id")
    assert where("Account", And((active, Or((odd, Missing("industry")))))) == (
        "(CW_Status__c = 'Active' AND Industry = null)"
    )
    assert where("Account", And((active, odd))) is False


def test_a_read_says_its_keys_conditions_order_and_limit(by_type):
    query = ReadQuery(
        by="account",
        keys=(ONE, "no id"),
        where=Compare("stage", "eq", OpportunityStage.WON),
        order=(Order("closeDate", descending=True), Order("name")),
        limit=5,
    )
    assert soql.rest(by_type["Opportunity"], query) == (
        f" WHERE (AccountId IN ('{ONE}') AND IsWon = true) "
        "ORDER BY CloseDate DESC NULLS LAST, Name ASC NULLS FIRST, Id ASC LIMIT 5"
    )


def test_nothing_is_asked_where_nothing_can_be_meant(by_type):
    account = by_type["Account"]
    assert soql.rest(account, ReadQuery(by="id", keys=("no id",))) is None
    assert soql.rest(account, ReadQuery(where=FALSE)) is None
    assert soql.count(account, Compare("parent", "eq", "no id")) is None


def test_a_forged_cursor_is_the_callers_mistake(where):
    with pytest.raises(BadUserInput, match="not a cursor"):
        where("Account", Compare("id", "gt", "x' OR Id != ''"))


def test_amounts_are_ordered_there_only_where_there_is_one_currency(by_type):
    assert "amount.amount" not in by_type["Opportunity"].orders
    single = next(found for found in facets(OrgOptions(currency="EUR")) if found.type == "Opportunity")
    assert "amount.amount" in single.orders
    assert "CurrencyIsoCode" not in {field.name for row in single.rows for field in row.fields}
    assert single.row("amount.currency").canonical(Decimal(5)) == "EUR"
    assert single.row("amount.amount").canonical(Decimal(5)) == Decimal("5.00")


@pytest.mark.parametrize("text", ["a b'(c),d=e&f+g%h#i\"j<k>l\\m", "ü é 東京 =&"])
def test_a_statement_survives_its_url(text):
    from urllib.parse import parse_qs

    assert parse_qs(f"q={encoded(text)}") == {"q": [text]}
    assert encoded(text).isascii()
    assert " " not in encoded(text)
