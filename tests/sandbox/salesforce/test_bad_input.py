"""Whatever arrives, the org answers in its own words: never an unexpected failure, never a half-done change."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.firm.model import Firm
from sandbox.salesforce import build
from sandbox.salesforce.call import Call, refused
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.routes import RESOURCES, dispatch

WORDS = st.sampled_from((
    "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER", "BY", "GROUP", "HAVING", "LIMIT", "OFFSET",
    "NULLS", "Id", "Name", "Owner.Name", "Account", "Contacts", "Contact", "AccountId", "COUNT", "SUM", "FIELDS", "ALL",
    "(", ")", ",", "=", "!=", "<", ">=", "'x'", "'%\\_'", "5", "2026-01-01", "TODAY", "LAST_N_DAYS:3", "null", "true",
))  # fmt: skip
SHAPES = st.sampled_from(
    ["{}", "SELECT Id FROM Account WHERE {}", "SELECT {} FROM Account", "SELECT Id FROM Account {}"]
)
KEYS = st.sampled_from((
    "records", "attributes", "type", "id", "Id", "Name", "LastName", "OwnerId", "Account", "CW_Key__c", "ids", "fields",
    "allOrNone", "compositeRequest", "method", "url", "referenceId", "body", "graphs", "graphId", "batchRequests",
    "richInput", "operation", "query", "state", "httpHeaders", "Contacts", "columnDelimiter", "AnnualRevenue",
))  # fmt: skip
LEAVES = st.sampled_from(
    [
        None,
        True,
        0,
        10**30,
        "",
        "x",
        "Account",
        "query",
        "GET",
        "POST",
        "@{a.b}",
        "@{",
        "\x00",
        "/services/data/v62.0/limits",
    ]
)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))
EASY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def instance(firm: Firm, new_clock: Any) -> Any:
    return build(firm, clock=new_clock()).instance


def call(instance: Any, method: str, body: Any = None, **query: str) -> Call:
    return Call(instance=instance, version="62.0", method=method, path={}, query=query, headers={}, body=body)


@EASY
@given(shape=SHAPES, words=st.lists(WORDS | st.text(max_size=5), max_size=12))
def test_any_text_is_a_query_or_a_refusal(instance: Any, shape: str, words: list[str]) -> None:
    soql = shape.format(" ".join(words))
    answer = dispatch(call(instance, "GET", q=soql), "/services/data/v62.0/query")
    assert answer.status in {200, 400}
    assert answer.content()


@EASY
@given(body=JSON, place=st.integers(min_value=0))
def test_any_json_is_a_request_or_a_refusal(instance: Any, body: Any, place: int) -> None:
    written = [each for each in RESOURCES if each.method in {"POST", "PATCH"}]
    resource = written[place % len(written)]
    path = {"entity": "Account", "record_id": next(iter(instance.org.tables["Account"].rows)), "field": "CW_Key__c"}
    asked = call(instance, resource.method, body)
    mark = instance.org.mark()
    try:
        answer = resource.endpoint(_at(asked, {**path, "value": "k", "job_id": "750"}))
    except ApiError as error:
        answer = refused(error)
    instance.org.roll_back(mark)
    assert 200 <= answer.status < 500
    answer.content()


@pytest.mark.parametrize("number", ["1e999999999", "-1e400", "99999999999999999999"])
async def test_numbers_beyond_all_bounds_are_out_of_range(api: Any, number: str) -> None:
    for entity, field in (
        ("Account", "NumberOfEmployees"),
        ("Account", "AnnualRevenue"),
        ("Account", "BillingLatitude"),
    ):
        body = f'{{"Name": "x", "{field}": {number}}}'.encode()
        answer = await api.send(
            "POST", f"/sobjects/{entity}", content=body, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "NUMBER_OUTSIDE_VALID_RANGE")


async def test_a_limit_of_a_thousand_digits_is_malformed(api: Any) -> None:
    assert await api.refused("SELECT Id FROM Account LIMIT " + "9" * 5000) == "MALFORMED_QUERY"


async def test_quotes_can_not_leave_their_literal(api: Any) -> None:
    for name in ("x' OR Name != '", "x\\", "x\\' OR Name != \\'", "'; DELETE"):
        escaped = name.replace("\\", "\\\\").replace("'", "\\'")
        assert await api.query(f"SELECT Id FROM Account WHERE Name = '{escaped}'") == []


def _at(asked: Call, path: dict[str, str]) -> Call:
    return replace(asked, path=path)
