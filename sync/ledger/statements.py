"""Statements in the words of either database. What is used all the time is made once: making it costs more than sending
it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Insert = postgresql.Insert | sqlite.Insert
InsertInto = Callable[[sa.Table], Insert]

INSERTS: Mapping[str, InsertInto] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
"""By dialect: an insert that may say `on_conflict_...`."""

Prepared = Mapping[str, Any]


def prepared(make: Callable[[InsertInto], sa.Executable]) -> Prepared:
    """What `make` makes, by dialect."""
    return {dialect: make(insert) for dialect, insert in INSERTS.items()}
