"""Between rows of the tables and the ledger's plain values."""

from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

Record = TypeVar("Record", bound=msgspec.Struct)


def record_of(kind: type[Record], row: sa.Row[Any]) -> Record:
    """The value that a row holds. Columns of the ledger's own, such as `asked_at`, are left out."""
    # SQLAlchemy's names are a kind of their own, which msgspec doesn't take for text.
    named = {str(name): value for name, value in row._mapping.items()}  # noqa: SLF001 - documented, for all its name
    return msgspec.convert(named, kind)


def values_of(record: Record) -> dict[str, Any]:
    """What to store of a value, by column."""
    return {name: getattr(record, name) for name in record.__struct_fields__}
