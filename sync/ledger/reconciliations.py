"""Comparisons of platforms: taken by one process at a time, and moved on by compare-and-set."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger import outcomes
from sync.ledger.columns import canonical
from sync.ledger.port import Outcome
from sync.ledger.port_of_changes import change_kind
from sync.ledger.port_of_reconciliations import (
    CAUSE,
    Difference,
    DifferenceKind,
    NewReconciliation,
    Progress,
    Reconciliation,
    ReconciliationStatus,
)
from sync.ledger.records import ACTIVE, BusinessException, Event, Json, Link
from sync.ledger.rows import record_of, values_of
from sync.ledger.tables import IS_OPEN, events, exceptions, links, runs
from sync.ledger.tables_of_changes import IS_UNDER_WAY, differences, reconciliations
from sync.ledger.transaction import Transaction

AT_ONCE = 200
"""Values of one statement."""
MOST_FORGOTTEN = 100
MOST_COMPARISONS_BACK = 1_000
"""Reconciliations of one comparison that are looked through for the last with the same scope."""


async def start(tx: Transaction, new: NewReconciliation) -> tuple[Reconciliation, bool]:
    values = {
        "id": new.id,
        "comparison": new.comparison,
        "scope": dict(new.scope),
        "status": ReconciliationStatus.RUNNING,
        "requested_by": new.requested_by,
        "correlation_id": new.correlation_id,
        "position": new.position,
        "version": 1,
        "counts": {},
        "started_at": tx.now,
    }
    written = tx.insert(reconciliations).on_conflict_do_nothing(index_elements=[reconciliations.c.id])
    row = await tx.one(written.returning(reconciliations), values)
    if row is not None:
        tx.audit(new.audit)
        return record_of(Reconciliation, row), True
    there = await tx.one(sa.select(reconciliations).where(reconciliations.c.id == new.id))
    assert there is not None
    return record_of(Reconciliation, there), False


async def take(tx: Transaction, seconds: float, only: str | None) -> Reconciliation | None:
    free = sa.or_(reconciliations.c.taken_until.is_(None), reconciliations.c.taken_until <= tx.now)
    wanted = [IS_UNDER_WAY, free, *([] if only is None else [reconciliations.c.id == only])]
    chosen = sa.select(reconciliations.c.number).where(*wanted).order_by(reconciliations.c.number).limit(1)
    taken = sa.update(reconciliations).where(reconciliations.c.number.in_(chosen.with_for_update(skip_locked=True)))
    taken = taken.values(taken_until=tx.now + timedelta(seconds=seconds), version=reconciliations.c.version + 1)
    row = await tx.one(taken.returning(reconciliations))
    return None if row is None else record_of(Reconciliation, row)


async def keep(tx: Transaction, held: Reconciliation, progress: Progress, seconds: float) -> Reconciliation | None:
    ended = progress.status is not ReconciliationStatus.RUNNING
    until = tx.now + timedelta(seconds=seconds if progress.wait is None else progress.wait)
    same = (reconciliations.c.id == held.id, reconciliations.c.version == held.version, IS_UNDER_WAY)
    kept = sa.update(reconciliations).where(*same)
    kept = kept.values(
        position=progress.position,
        counts=dict(progress.counts),
        status=progress.status,
        error=progress.error,
        version=held.version + 1,
        finished_at=tx.now if ended else None,
        taken_until=None if ended else until,
    )
    row = await tx.one(kept.returning(reconciliations))
    if row is None:
        return None
    if progress.differences:
        once = tx.insert(differences).on_conflict_do_nothing(index_elements=[differences.c.id])
        await tx.do(once, [values_of(each) for each in progress.differences])
    outcome = Outcome(raised=progress.raised, audit=progress.audit)
    await outcomes.write(tx, held.id, held.correlation_id, outcome)
    return record_of(Reconciliation, row)


async def get(connection: Connection, reconciliation_id: str) -> Reconciliation | None:
    asked = sa.select(reconciliations).where(reconciliations.c.id == reconciliation_id)
    row = (await connection.execute(asked)).one_or_none()
    return None if row is None else record_of(Reconciliation, row)


async def page(
    connection: Connection, comparison: str | None, first: int, before: int | None
) -> tuple[tuple[int, Reconciliation], ...]:
    asked = sa.select(reconciliations).order_by(reconciliations.c.number.desc()).limit(first)
    if comparison is not None:
        asked = asked.where(reconciliations.c.comparison == comparison)
    if before is not None:
        asked = asked.where(reconciliations.c.number < before)
    return tuple((row.number, record_of(Reconciliation, row)) for row in await connection.execute(asked))


async def last(connection: Connection, comparison: str, scope: Mapping[str, Json]) -> Reconciliation | None:
    """Scopes are compared here: the databases' JSON isn't alike."""
    asked = sa.select(reconciliations).where(
        reconciliations.c.comparison == comparison, reconciliations.c.status == ReconciliationStatus.SUCCEEDED
    )
    rows = await connection.execute(asked.order_by(reconciliations.c.number.desc()).limit(MOST_COMPARISONS_BACK))
    wanted = canonical(dict(scope))
    return next((record_of(Reconciliation, row) for row in rows if canonical(row.scope) == wanted), None)


async def found(
    connection: Connection, reconciliation_id: str, kind: DifferenceKind | None, first: int, after: int | None
) -> tuple[tuple[int, Difference], ...]:
    asked = sa.select(differences).where(*_of(reconciliation_id, kind), differences.c.number > (after or 0))
    rows = await connection.execute(asked.order_by(differences.c.number).limit(first))
    return tuple((row.number, record_of(Difference, row)) for row in rows)


async def count(connection: Connection, reconciliation_id: str, kind: DifferenceKind | None) -> int:
    asked = sa.select(sa.func.count()).select_from(differences).where(*_of(reconciliation_id, kind))
    return int((await connection.execute(asked)).scalar_one())


async def among(connection: Connection, difference_ids: Sequence[str]) -> tuple[Difference, ...]:
    there: list[Difference] = []
    for start in range(0, len(difference_ids), AT_ONCE):
        some = differences.c.id.in_(difference_ids[start : start + AT_ONCE])
        rows = await connection.execute(sa.select(differences).where(some).order_by(differences.c.number))
        there += [record_of(Difference, row) for row in rows]
    return tuple(there)


async def under_way(connection: Connection, record_ids: Sequence[str]) -> frozenset[str]:
    about: set[str] = set()
    for start in range(0, len(record_ids), AT_ONCE):
        some = runs.c.order_key.in_(record_ids[start : start + AT_ONCE])
        asked = sa.select(runs.c.order_key).where(runs.c.status.in_(sorted(ACTIVE)), some)
        about.update((await connection.execute(asked)).scalars().all())
    return frozenset(about)


async def history(connection: Connection, type_name: str, record_ids: Sequence[str], most: int) -> tuple[Event, ...]:
    told: list[Event] = []
    for start in range(0, len(record_ids), AT_ONCE):
        some = events.c.subject.in_(record_ids[start : start + AT_ONCE])
        asked = sa.select(events).where(events.c.kind == change_kind(type_name), some)
        rows = await connection.execute(asked.order_by(events.c.cursor.desc()).limit(most))
        told += [record_of(Event, row) for row in rows]
    return tuple(told)


async def page_of_links(connection: Connection, after: tuple[str, str, str, str] | None, most: int) -> tuple[Link, ...]:
    key = (links.c.record_id, links.c.platform, links.c.entity, links.c.external_id)
    asked = sa.select(links).order_by(*key).limit(most)
    if after is not None:
        asked = asked.where(sa.tuple_(*key) > sa.tuple_(*(sa.literal(part) for part in after)))
    return tuple(record_of(Link, row) for row in await connection.execute(asked))


async def open_exceptions(
    connection: Connection, comparison: str, after: int, most: int
) -> tuple[tuple[int, BusinessException], ...]:
    prefix = f"{CAUSE}{comparison}:"
    ours = sa.func.substr(exceptions.c.cause, 1, len(prefix)) == prefix
    asked = sa.select(exceptions).where(IS_OPEN, ours, exceptions.c.number > after)
    rows = await connection.execute(asked.order_by(exceptions.c.number).limit(most))
    return tuple((row.number, record_of(BusinessException, row)) for row in rows)


async def drift(connection: Connection) -> Mapping[str, Mapping[str, int]]:
    newest = sa.select(reconciliations.c.comparison, reconciliations.c.scope, reconciliations.c.counts).where(
        reconciliations.c.status == ReconciliationStatus.SUCCEEDED
    )
    by_comparison: dict[str, Mapping[str, int]] = {}
    for row in await connection.execute(newest.order_by(reconciliations.c.number.desc()).limit(MOST_COMPARISONS_BACK)):
        if not row.scope and row.comparison not in by_comparison:
            by_comparison[row.comparison] = row.counts
    return by_comparison


async def forget(tx: Transaction, before: datetime) -> int:
    old = sa.select(reconciliations.c.id).where(reconciliations.c.finished_at < before).limit(MOST_FORGOTTEN)
    ids = [row.id for row in await tx.all(old)]
    if ids:
        await tx.do(sa.delete(differences).where(differences.c.reconciliation_id.in_(ids)))
        await tx.do(sa.delete(reconciliations).where(reconciliations.c.id.in_(ids)))
    return len(ids)


def _of(reconciliation_id: str, kind: DifferenceKind | None) -> list[sa.ColumnElement[Any]]:
    of = [differences.c.reconciliation_id == reconciliation_id]
    return of if kind is None else [*of, differences.c.kind == kind]
