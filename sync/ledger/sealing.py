"""Appends audit entries and events at the end of a transaction, in the order in which transactions end.

Whoever appends holds the row `head` until the commit, and all others wait for it. So it is done last, and on PostgreSQL
with one statement, where each further one would be a way to the server and back that everybody waits for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from runtime.database import Connection, encode_json
from sync.ledger import chain
from sync.ledger.columns import canonical
from sync.ledger.records import Audited, Json
from sync.ledger.tables import audit, events, head


@dataclass(frozen=True, slots=True)
class Happening:
    """An event to be."""

    kind: str
    subject: str
    correlation_id: str
    payload: Json


async def append(
    connection: Connection, audited: Sequence[Audited], happened: Sequence[Happening], at: datetime
) -> None:
    append_to = _append_to_postgres if connection.dialect.name == "postgresql" else _append_to_sqlite
    if audited or happened:
        await append_to(connection, audited, happened, at)


async def _append_to_sqlite(
    connection: Connection, audited: Sequence[Audited], happened: Sequence[Happening], at: datetime
) -> None:
    row = (await connection.execute(_COUNT, {"more_audits": len(audited), "more_events": len(happened)})).one()
    if happened:
        first = row.events - len(happened) + 1
        rows = [{"cursor": cursor, "at": at, **_fields(event)} for cursor, event in enumerate(happened, first)]
        await connection.execute(_ADD_EVENTS, rows)
    if audited:
        entries = chain.linked(audited, first=row.audits - len(audited) + 1, previous_hash=row.hash, at=at)
        await connection.execute(_ADD_AUDIT, entries)
        await connection.execute(_END, {"last_hash": entries[-1]["hash"]})


async def _append_to_postgres(
    connection: Connection, audited: Sequence[Audited], happened: Sequence[Happening], at: datetime
) -> None:
    said = [{**_plain(entry), **_texts(entry, at)} for entry in audited]
    values = {"at": at, "said": encode_json(said), "new": encode_json([_fields(event) for event in happened])}
    (await connection.execute(_APPEND, values)).one()


def _plain(entry: Audited) -> Mapping[str, str | None]:
    return {name: getattr(entry, name) for name in chain.PLAIN}


def _texts(entry: Audited, at: datetime) -> Mapping[str, str]:
    detail = canonical(entry.detail)
    return {"detail": detail, "body": chain.body(entry, at=at, detail=detail)}


def _fields(event: Happening) -> Mapping[str, Any]:
    return {name: getattr(event, name) for name in Happening.__dataclass_fields__}


_COUNT = (
    sa.update(head)
    .values(audits=head.c.audits + sa.bindparam("more_audits"), events=head.c.events + sa.bindparam("more_events"))
    .returning(head.c.audits, head.c.events, head.c.hash)
)
_ADD_EVENTS = sa.insert(events)
_ADD_AUDIT = sa.insert(audit)
_END = sa.update(head).values(hash=sa.bindparam("last_hash"))

_APPEND = sa.text(r"""
WITH RECURSIVE past AS (
    SELECT audits, hash, events FROM head FOR UPDATE
), said AS (
    SELECT * FROM ROWS FROM (json_to_recordset(CAST(:said AS json)) AS (
        actor text, action text, record_id text, correlation_id text, run_id text, platform text, detail text, body text
    )) WITH ORDINALITY AS
        said (actor, action, record_id, correlation_id, run_id, platform, detail, body, place)
), chained (place, sequence, previous_hash, hash) AS (
    SELECT CAST(0 AS bigint), audits, hash, hash FROM past
    UNION ALL
    SELECT said.place, chained.sequence + 1, chained.hash, encode(sha256(convert_to(
        concat_ws(E'\n', chained.hash, chained.sequence + 1, said.body), 'UTF8')), 'hex')
    FROM chained JOIN said ON said.place = chained.place + 1
), audited AS (
    INSERT INTO audit (
        sequence, at, actor, action, record_id, correlation_id, run_id, platform, detail, hash, previous_hash
    )
    SELECT sequence, CAST(:at AS timestamptz), actor, action, record_id, correlation_id, run_id, platform, detail, hash,
        previous_hash
    FROM chained JOIN said USING (place)
), happened AS (
    INSERT INTO events (cursor, at, kind, subject, correlation_id, payload)
    SELECT past.events + new.place, CAST(:at AS timestamptz), new.kind, new.subject, new.correlation_id, new.payload
    FROM past, ROWS FROM (json_to_recordset(CAST(:new AS json)) AS (
        kind text, subject text, correlation_id text, payload json
    )) WITH ORDINALITY AS new (kind, subject, correlation_id, payload, place)
)
UPDATE head SET
    audits = past.audits + json_array_length(CAST(:said AS json)),
    events = past.events + json_array_length(CAST(:new AS json)),
    hash = (SELECT hash FROM chained ORDER BY place DESC LIMIT 1)
FROM past
RETURNING head.audits
""")
