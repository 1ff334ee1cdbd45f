"""The ledger's column types, alike on SQLite and PostgreSQL."""

# ruff: noqa: ARG002 - the signatures are SQLAlchemy's

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite counts up only a column that is declared INTEGER."""

Json = sa.JSON(none_as_null=True)
"""JSON as text on both: PostgreSQL's binary form would reorder keys, rewrite numbers, and refuse some strings."""


class Instant(sa.types.TypeDecorator[datetime]):
    """A moment, kept in UTC. One without a zone is refused: nobody could say which moment it is."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Exactly(sa.types.TypeDecorator[Decimal]):
    """A decimal number as text, with as many places as it was given."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Canonical(sa.types.TypeDecorator[Any]):
    """JSON in the one text that a hash can be taken over; a null is `null`."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return canonical(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces."""
    return msgspec.json.encode(value, order="sorted").decode()
