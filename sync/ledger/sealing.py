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
    counted = sa.update(head).values(audits=head.c.audits + len(audited), events=head.c.events + len(happened))
    counts = counted.returning(head.c.audits, head.c.events, head.c.hash)
    row = (await connection.execute(counts)).one()
    if happened:
        first = row.events - len(happened) + 1
        rows = [{"cursor": cursor, "at": at, **_fields(event)} for cursor, event in enumerate(happened, first)]
        await connection.execute(sa.insert(events), rows)
    if audited:
        entries = chain.linked(audited, first=row.audits - len(audited) + 1, previous_hash=row.hash, at=at)
        await connection.execute(sa.insert(audit), entries)
        await connection.execute(sa.update(head).values(hash=entries[-1]["hash"]))


async def _append_to_postgres(
    connection: Connection, audited: Sequence[Audited], happened: Sequence[Happening], at: datetime
) -> None:
    values: dict[str, Any] = {"at": at, "audits": len(audited), "events": len(happened)}
    values |= {name: [getattr(entry, name) for entry in audited] for name in chain.PLAIN}
    values["detail"] = [canonical(entry.detail) for entry in audited]
    values["body"] = [chain.body(entry, at=at, detail=canonical(entry.detail)) for entry in audited]
    values |= {name: [getattr(event, name) for event in happened] for name in ("kind", "subject")}
    values["event_correlation_id"] = [event.correlation_id for event in happened]
    values["payload"] = [encode_json(event.payload) for event in happened]
    (await connection.execute(_APPEND, values)).one()


def _fields(event: Happening) -> Mapping[str, Any]:
    return {name: getattr(event, name) for name in Happening.__dataclass_fields__}


_APPEND = sa.text(r"""
WITH RECURSIVE past AS (
    SELECT audits, hash, events FROM head FOR UPDATE
), said AS (
    SELECT * FROM unnest(
        CAST(:actor AS text[]), CAST(:action AS text[]), CAST(:record_id AS text[]), CAST(:correlation_id AS text[]),
        CAST(:run_id AS text[]), CAST(:platform AS text[]), CAST(:detail AS text[]), CAST(:body AS text[])
    ) WITH ORDINALITY AS
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
    SELECT past.events + new.place, CAST(:at AS timestamptz), new.kind, new.subject, new.correlation_id,
        CAST(new.payload AS json)
    FROM past, unnest(
        CAST(:kind AS text[]), CAST(:subject AS text[]), CAST(:event_correlation_id AS text[]), CAST(:payload AS text[])
    ) WITH ORDINALITY AS new (kind, subject, correlation_id, payload, place)
)
UPDATE head SET
    audits = past.audits + :audits,
    events = past.events + :events,
    hash = (SELECT hash FROM chained ORDER BY place DESC LIMIT 1)
FROM past
RETURNING head.audits
""")
