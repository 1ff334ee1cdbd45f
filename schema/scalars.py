"""The scalars of the graph."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

CurrencyCode = NewType("CurrencyCode", str)
CountryCode = NewType("CountryCode", str)
Json = NewType("Json", object)


MOST_DIGITS = 30
"""Before or behind the decimal point: far beyond any amount, and short of what 1e999999 would cost to write out."""


def parse_date(value: object) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError(f"Date cannot represent {value!r}: write it as 2026-03-31.")


def parse_instant(value: object) -> datetime:
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value)
            if found.tzinfo is not None:
                return found.astimezone(UTC)
        except (ValueError, OverflowError):  # in UTC it may lie before the year 1
            pass
    raise GraphQLError(f"DateTime cannot represent {value!r}: write it with its zone, as 2026-03-31T09:15:00Z.")


def parse_decimal(value: object) -> Decimal:
    """An exact number: written as a string, or as an integer. A float has lost its exactness already."""
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        try:
            found = Decimal(value)
        except InvalidOperation:
            found = None
        if found is not None and of_sane_length(found):
            return found
    raise GraphQLError(f'Decimal cannot represent {value!r}: write it as a string, "12.50".')


def of_sane_length(number: Decimal) -> bool:
    """Whether a number has no more than MOST_DIGITS before and behind the point; NaN and infinity have not."""
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MOST_DIGITS and number.adjusted() <= MOST_DIGITS


def instant_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


SCALARS: dict[Any, ScalarDefinition] = {
    date: strawberry.scalar(
        name="Date", description="A calendar date, ISO 8601.", serialize=date.isoformat, parse_value=parse_date
    ),
    datetime: strawberry.scalar(
        name="DateTime", description="An instant, RFC 3339 in UTC.", serialize=instant_text, parse_value=parse_instant
    ),
    Decimal: strawberry.scalar(
        name="Decimal", description="An exact decimal number, written as a string.", serialize=str,
        parse_value=parse_decimal,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode", description="ISO 4217, such as EUR.", serialize=str, parse_value=str
    ),
    CountryCode: strawberry.scalar(
        name="CountryCode", description="ISO 3166-1 alpha-2, such as DE.", serialize=str, parse_value=str
    ),
    Json: strawberry.scalar(name="JSON", serialize=lambda value: value, parse_value=lambda value: value),
}  # fmt: skip
