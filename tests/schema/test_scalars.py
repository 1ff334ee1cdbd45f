"""What scalars take from callers, and what they refuse."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from graphql import GraphQLError

from schema.scalars import instant_text, parse_date, parse_decimal, parse_instant


@pytest.mark.parametrize(("given", "found"), [("12.50", Decimal("12.50")), (7, Decimal(7)), ("-0.1", Decimal("-0.1"))])
def test_exact_numbers(given, found):
    assert parse_decimal(given) == found


@pytest.mark.parametrize(
    "given", [1.5, True, "", "abc", "NaN", "Infinity", "1e999999", "1e-999999", "1." + "0" * 31 + "1", None, [], "1,5"]
)
def test_a_number_that_is_not_exact_or_not_one_is_refused(given):
    with pytest.raises(GraphQLError, match=r"write it as a string"):
        parse_decimal(given)


@pytest.mark.parametrize("given", ["2026-02-30", "31.03.2026", 20260331, None, ""])
def test_a_day_that_is_none_is_refused(given):
    with pytest.raises(GraphQLError, match="2026-03-31"):
        parse_date(given)


def test_days_and_instants():
    assert parse_date("2026-03-31") == date(2026, 3, 31)
    assert parse_instant("2026-03-31T09:15:00+02:00") == datetime(2026, 3, 31, 7, 15, tzinfo=UTC)
    assert instant_text(datetime(2026, 3, 31, 7, 15, tzinfo=UTC)) == "2026-03-31T07:15:00Z"


@pytest.mark.parametrize("given", ["2026-03-31T09:15:00", "2026-03-31", "yesterday", 0, "0001-01-01T00:00:00+14:00"])
def test_an_instant_without_its_zone_is_refused(given):
    with pytest.raises(GraphQLError, match="zone"):
        parse_instant(given)
