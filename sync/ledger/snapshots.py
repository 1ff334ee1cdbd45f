"""What was last seen of platforms' records, replaced only by what was read after it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger.port_of_changes import Observation, Snapshot, change_kind
from sync.ledger.records import Operation, Step, StepStatus
from sync.ledger.rows import record_of
from sync.ledger.tables import steps
from sync.ledger.tables_of_changes import snapshots
from sync.ledger.transaction import Transaction

AT_ONCE = 200
"""Rows of one statement."""
MOST = 5_000
"""Rows that one transaction forgets, so that nobody waits for it long."""
_UNDER_WAY = (StepStatus.RUNNING, StepStatus.RETRYING)
_MAY_HAVE_WRITTEN = (*_UNDER_WAY, StepStatus.SUCCEEDED, StepStatus.FAILED, StepStatus.COMPENSATED)


async def get(
    connection: Connection, platform: str, type_name: str, role: str, external_ids: Sequence[str]
) -> Mapping[str, Snapshot]:
    found: dict[str, Snapshot] = {}
    for start in range(0, len(external_ids), AT_ONCE):
        some = snapshots.c.external_id.in_(external_ids[start : start + AT_ONCE])
        asked = sa.select(snapshots).where(*_of(platform, type_name, role), some)
        found |= {row.external_id: _snapshot(row) for row in (await connection.execute(asked)).all()}
    return found


async def page(
    connection: Connection, platform: str, type_name: str, role: str, after: str, most: int
) -> tuple[Snapshot, ...]:
    behind = (snapshots.c.external_id > after, snapshots.c.gone_at.is_(None))
    asked = sa.select(snapshots).where(*_of(platform, type_name, role), *behind)
    rows = await connection.execute(asked.order_by(snapshots.c.external_id).limit(most))
    return tuple(map(_snapshot, rows.all()))


async def count(
    connection: Connection, platform: str, type_name: str, role: str, since: datetime | None, until: datetime | None
) -> int:
    asked = sa.select(sa.func.count()).where(*_of(platform, type_name, role), snapshots.c.gone_at.is_(None))
    if since is not None:
        asked = asked.where(snapshots.c.modified_at >= since)
    if until is not None:
        asked = asked.where(snapshots.c.modified_at < until)
    found: int = (await connection.execute(asked)).scalar_one()
    return found


async def between(
    connection: Connection, platform: str, type_name: str, role: str, since: datetime, until: datetime, most: int
) -> tuple[Snapshot, ...]:
    stamped = (snapshots.c.modified_at >= since, snapshots.c.modified_at < until, snapshots.c.gone_at.is_(None))
    asked = sa.select(snapshots).where(*_of(platform, type_name, role), *stamped)
    rows = await connection.execute(asked.order_by(snapshots.c.modified_at, snapshots.c.external_id).limit(most))
    return tuple(map(_snapshot, rows.all()))


async def some(
    connection: Connection, platform: str, type_name: str, role: str, skip: int, most: int
) -> tuple[Snapshot, ...]:
    asked = sa.select(snapshots).where(*_of(platform, type_name, role), snapshots.c.gone_at.is_(None))
    rows = await connection.execute(asked.order_by(snapshots.c.external_id).offset(skip).limit(most))
    return tuple(map(_snapshot, rows.all()))


async def observe(tx: Transaction, observations: Sequence[Observation]) -> tuple[bool, ...]:
    # In one order everywhere, so that no two transactions wait for each other's rows.
    ordered = sorted(observations, key=_key)
    written: set[tuple[str, ...]] = set()
    for start in range(0, len(ordered), AT_ONCE):
        written |= await _replace(tx, ordered[start : start + AT_ONCE])
    accepted = tuple(_key(each) in written for each in observations)
    for each, taken in zip(observations, accepted, strict=True):
        for told in each.told if taken else ():
            payload = msgspec.to_builtins(told.change)
            tx.happened(change_kind(told.change.type), told.subject, told.correlation_id, payload)
    return accepted


async def _replace(tx: Transaction, observations: Sequence[Observation]) -> set[tuple[str, ...]]:
    """The keys of those that stand now: whose snapshot still was the one that they had expected."""
    if not observations:
        return set()
    written = tx.insert(snapshots)
    valued = written.values([_row(tx, each) for each in observations])
    new = valued.excluded
    names = ("version", "values", "modified_at", "seen_at", "gone_at", "echoes")
    upserted = valued.on_conflict_do_update(
        index_elements=list(snapshots.primary_key),
        set_={name: new[name] for name in names},
        where=snapshots.c.version == new.version - 1,
    )
    return {tuple(row) for row in await tx.all(upserted.returning(*snapshots.primary_key))}


def _row(tx: Transaction, each: Observation) -> dict[str, Any]:
    gone = each.values is None
    seen_at = each.read_at or tx.now
    return {
        "platform": each.platform,
        "type": each.type,
        "role": each.role,
        "external_id": each.external_id,
        "version": each.expected + 1,
        "values": {} if gone else dict(each.values or {}),
        "modified_at": each.modified_at,
        "seen_at": seen_at,
        "gone_at": seen_at if gone else None,
        "echoes": dict(each.echoes),
    }


async def written(
    connection: Connection, platform: str, external_ids: Sequence[str], since: datetime
) -> tuple[Step, ...]:
    found: list[Step] = []
    unfinished = sa.or_(steps.c.status.in_(_UNDER_WAY), steps.c.started_at >= since)
    recent = sa.or_(steps.c.finished_at >= since, sa.and_(steps.c.finished_at.is_(None), unfinished))
    for start in range(0, len(external_ids), AT_ONCE):
        about = steps.c.external_id.in_(external_ids[start : start + AT_ONCE])
        asked = sa.select(steps).where(
            steps.c.platform == platform, about, recent, steps.c.status.in_(_MAY_HAVE_WRITTEN)
        )
        rows = await connection.execute(asked.order_by(steps.c.number))
        found += [record_of(Step, row) for row in rows.all()]
    return tuple(found)


async def being_created(connection: Connection, platform: str, type_name: str, role: str, since: datetime) -> bool:
    asked = sa.select(steps.c.number).where(
        steps.c.platform == platform,
        steps.c.external_id.is_(None),
        steps.c.type == type_name,
        steps.c.role == role,
        steps.c.operation != Operation.DELETE,
        steps.c.status.in_(_UNDER_WAY),
        steps.c.started_at >= since,
    )
    return (await connection.execute(asked.limit(1))).first() is not None


async def forget(tx: Transaction, before: datetime) -> int:
    old = sa.select(*snapshots.primary_key).where(snapshots.c.seen_at < before).limit(MOST)
    removed = sa.delete(snapshots).where(sa.tuple_(*snapshots.primary_key).in_(old))
    return len(await tx.all(removed.returning(snapshots.c.external_id)))


def _of(platform: str, type_name: str, role: str) -> tuple[sa.ColumnElement[bool], ...]:
    return snapshots.c.platform == platform, snapshots.c.type == type_name, snapshots.c.role == role


def _key(each: Observation) -> tuple[str, ...]:
    return each.platform, each.type, each.role, each.external_id


def _snapshot(row: sa.Row[Any]) -> Snapshot:
    return record_of(Snapshot, row)
