"""The audit chain: each entry's hash covers the entry and the hash before it, so that no past entry can be changed
without changing every later one.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger.columns import canonical
from sync.ledger.records import Audited
from sync.ledger.tables import audit, head

START = "0" * 64
"""The previous hash of the first entry."""
_CHUNK = 1_000
PLAIN = ("actor", "action", "record_id", "correlation_id", "run_id", "platform")
"""What an entry holds beside its place, its time and its detail."""

Read = Callable[[Callable[[Connection], Awaitable[Any]]], Awaitable[Any]]


def linked(entries: Iterable[Audited], *, first: int, previous_hash: str, at: datetime) -> list[dict[str, Any]]:
    """Rows of the audit table, from sequence `first` on."""
    rows: list[dict[str, Any]] = []
    for sequence, entry in enumerate(entries, first):
        row = {name: getattr(entry, name) for name in entry.__struct_fields__}
        row |= {"sequence": sequence, "at": at, "previous_hash": previous_hash}
        previous_hash = _hash(previous_hash, sequence, body(entry, at=at, detail=canonical(entry.detail)))
        rows.append({**row, "hash": previous_hash})
    return rows


async def verify(read: Read) -> tuple[int, str | None]:
    """How many entries were looked at, and what is wrong with the first that is: None where the chain is whole.

    Entries that are appended meanwhile are left to the next time.
    """
    end = await read(_head)
    if end is None:
        return 0, "the row that says where the chain ends is gone"
    seen, previous = 0, START
    count, last_hash = end
    while seen < count:
        rows = await read(_chunk_after(seen, count))
        for row in rows:
            problem = _problem(row, expected=seen + 1, previous=previous)
            if problem is not None:
                return seen, problem
            seen, previous = row.sequence, row.hash
        if not rows:
            return seen, f"entry {seen + 1} is missing, and all behind it: the chain had {count}"
    if previous != last_hash:
        return seen, f"entry {seen} is not the one that the chain ended with"
    beyond = await read(_beyond_the_head)
    return seen, None if beyond is None else f"entry {beyond} was put in behind the end of the chain"


def body(entry: Any, *, at: datetime, detail: str) -> str:
    """All of an entry but its place in the chain, as one text. `detail` is its text as stored."""
    fields = {name: getattr(entry, name) for name in PLAIN}
    fields |= {"at": at.astimezone(UTC).isoformat(timespec="microseconds"), "detail": detail}
    return canonical(fields)


def _hash(previous_hash: str, sequence: int, text: str) -> str:
    return sha256(f"{previous_hash}\n{sequence}\n{text}".encode()).hexdigest()


def _problem(row: sa.Row[Any], *, expected: int, previous: str) -> str | None:
    if row.sequence != expected:
        missing = f"entry {expected} is" if row.sequence == expected + 1 else f"entries {expected} on are"
        return f"{missing} missing: the next one is {row.sequence}"
    if row.previous_hash != previous:
        return f"entry {expected} doesn't follow the one before it"
    if row.hash != _hash(previous, expected, body(row, at=row.at, detail=row.text)):
        return f"entry {expected} isn't what was written"
    return None


async def _head(connection: Connection) -> tuple[int, str] | None:
    row = (await connection.execute(sa.select(head.c.audits, head.c.hash))).one_or_none()
    return (row.audits, row.hash) if row else None


def _chunk_after(sequence: int, last: int) -> Callable[[Connection], Awaitable[Sequence[Any]]]:
    columns = [column for column in audit.c if column is not audit.c.detail]
    statement = (
        sa.select(*columns, sa.type_coerce(audit.c.detail, sa.Text).label("text"))
        .where(audit.c.sequence > sequence, audit.c.sequence <= last)
        .order_by(audit.c.sequence)
        .limit(_CHUNK)
    )

    async def chunk(connection: Connection) -> Sequence[Any]:
        return (await connection.execute(statement)).all()

    return chunk


async def _beyond_the_head(connection: Connection) -> int | None:
    """An entry that the head doesn't count. One statement sees both as of one moment."""
    outside = sa.or_(audit.c.sequence > sa.select(head.c.audits).scalar_subquery(), audit.c.sequence < 1)
    found: int | None = (await connection.execute(sa.select(sa.func.min(audit.c.sequence)).where(outside))).scalar()
    return found
