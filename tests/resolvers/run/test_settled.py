"""A list's arguments are settled, or refused in words that say what to change."""

from typing import Any

import pytest

from resolvers.run.settled import settle
from schema.errors import BadUserInput


def named(number: int) -> dict[str, Any]:
    return {"name": {"eq": str(number)}}


def settled(where: dict[str, Any]) -> None:
    settle("Invoice", "", {"filter": where})


@pytest.mark.parametrize(
    "where",
    [
        {"account": {"or": [named(n) for n in range(201)]}},
        {"not": {"and": [{"not": {"number": {"contains": str(n)}}} for n in range(201)]}},
        {"and": [{"number": {"startsWith": str(n), "ne": "x"}} for n in range(101)]},
        {"or": [{"number": {"in": [str(n)]}} for n in range(201)]},
    ],
)
def test_a_filter_of_more_conditions_than_anybody_means_is_refused(where: dict[str, Any]) -> None:
    with pytest.raises(BadUserInput, match="conditions; 200 is the most"):
        settled(where)


def test_a_filter_of_more_values_than_anybody_means_is_refused() -> None:
    half = {"in": [str(n) for n in range(2_501)]}
    with pytest.raises(BadUserInput, match="5002 values; 5000 is the most"):
        settled({"number": half, "account": {"name": half}})


def test_a_filter_as_large_as_may_be_is_settled() -> None:
    settled({"account": {"or": [named(n) for n in range(200)]}, "and": None, "total": None})
    settled({"number": {"in": [str(n) for n in range(5_000)]}})
