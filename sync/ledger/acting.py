"""What rules have to look at: written down together with how far the events were read, taken by one at a time."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from runtime.database import Connection
from sync.ledger import cursors, problems
from sync.ledger.port_of_acting import Looked, Noted, Place, Standing, Trigger, Tug, Woken
from sync.ledger.port_of_changes import Cursor
from sync.ledger.records import ExceptionState, Run, Step, StepStatus
from sync.ledger.rows import record_of
from sync.ledger.tables import IS_OPEN, exceptions, runs, steps
from sync.ledger.tables_of_acting import IS_REFUSED, IS_TO_BE_LOOKED_AT, triggers, tugs
from sync.ledger.transaction import Transaction

AT_ONCE = 200
"""Rows of one statement."""
MOST = 5_000
"""Rows that one transaction forgets, so that nobody waits for it long."""
_MACHINE = "crosswalk"


async def known_tugs(connection: Connection, places: Collection[Place]) -> Mapping[Place, Tug]:
    found: dict[Place, Tug] = {}
    wanted = sorted(places)
    open_one = sa.and_(exceptions.c.cause == tugs.c.cause, IS_OPEN)
    columns = (tugs.c.subject, tugs.c.path, tugs.c.moves, tugs.c.cause, exceptions.c.id.is_not(None).label("paused"))
    for start in range(0, len(wanted), AT_ONCE):
        some = sa.tuple_(tugs.c.subject, tugs.c.path).in_(wanted[start : start + AT_ONCE])
        asked = sa.select(*columns).select_from(tugs.outerjoin(exceptions, open_one)).where(some)
        for row in (await connection.execute(asked)).all():
            found[row.subject, row.path] = record_of(Tug, row)
    return found


async def writes(connection: Connection, subjects: Collection[str], since: datetime) -> Mapping[str, Sequence[Step]]:
    found: dict[str, list[Step]] = defaultdict(list)
    wanted = sorted(subjects)
    done = (steps.c.status == StepStatus.SUCCEEDED, steps.c.finished_at >= since)
    for start in range(0, len(wanted), AT_ONCE):
        about = runs.c.order_key.in_(wanted[start : start + AT_ONCE])
        asked = sa.select(runs.c.order_key, *steps.c).join(steps, steps.c.run_id == runs.c.id).where(about, *done)
        for row in (await connection.execute(asked.order_by(steps.c.number))).all():
            found[row.order_key].append(record_of(Step, row))
    return found


async def note(tx: Transaction, name: str, cursor: Cursor, noted: Noted) -> bool:
    if not await cursors.move(tx, name, version=cursor.version, position=noted.position):
        return False
    for problem, correlation_id in noted.raised:
        await problems.report(tx, problem, correlation_id)
    for start in range(0, len(noted.tugs), AT_ONCE):
        rows = [
            {"subject": tug.subject, "path": tug.path, "moves": _plain(tug), "cause": tug.cause, "at": tx.now}
            for tug in noted.tugs[start : start + AT_ONCE]
        ]
        written = tx.insert(tugs).values(rows)
        newer = {column: written.excluded[column] for column in ("moves", "cause", "at")}
        await tx.do(written.on_conflict_do_update(index_elements=list(tugs.primary_key), set_=newer))
    await _wake(tx, noted.woken)
    return True


async def _wake(tx: Transaction, woken: Sequence[Woken]) -> None:
    """Each is due now, unless it was woken by a later event already: whoever looks then sees this one's as well."""
    newest: dict[tuple[str, str], Woken] = {}
    for each in woken:
        found = newest.get((each.rule, each.subject))
        if found is None or found.cursor < each.cursor:
            newest[each.rule, each.subject] = each
    ordered = [newest[key] for key in sorted(newest)]  # in one order everywhere: no two wait for each other's rows
    for start in range(0, len(ordered), AT_ONCE):
        written = tx.insert(triggers).values([_row(tx, each) for each in ordered[start : start + AT_ONCE]])
        newer = {column: written.excluded[column] for column in ("cursor", "correlation_id", "next_at", "tries")}
        await tx.do(
            written.on_conflict_do_update(
                index_elements=list(triggers.primary_key),
                set_=newer,
                where=triggers.c.cursor < written.excluded.cursor,
            )
        )


def _row(tx: Transaction, each: Woken) -> dict[str, Any]:
    return {
        "rule": each.rule,
        "subject": each.subject,
        "version": 0,
        "cursor": each.cursor,
        "correlation_id": each.correlation_id,
        "next_at": tx.now,
        "tries": 0,
        "generation": 0,
    }


async def take(tx: Transaction, most: int, seconds: float) -> tuple[Trigger, ...]:
    untaken = sa.or_(triggers.c.taken_until.is_(None), triggers.c.taken_until <= tx.now)
    chosen = (
        sa.select(triggers.c.rule, triggers.c.subject)
        .where(IS_TO_BE_LOOKED_AT, triggers.c.next_at <= tx.now, untaken)
        .order_by(triggers.c.next_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    taken = sa.update(triggers).where(sa.tuple_(*triggers.primary_key).in_(chosen))
    taken = taken.values(taken_until=tx.now + timedelta(seconds=seconds), version=triggers.c.version + 1)
    found = [record_of(Trigger, row) for row in await tx.all(taken.returning(*triggers.c))]
    return tuple(sorted(found, key=lambda trigger: (trigger.cursor, trigger.rule, trigger.subject)))


async def give_back(tx: Transaction, trigger: Trigger, looked: Looked) -> bool:
    mine = sa.and_(
        triggers.c.rule == trigger.rule, triggers.c.subject == trigger.subject, triggers.c.version == trigger.version
    )
    if await tx.one(sa.select(triggers.c.rule).where(mine).with_for_update()) is None:
        return False
    await _leave(tx, trigger, looked, mine)
    for problem in looked.raised:
        await problems.report(tx, problem, trigger.correlation_id)
    if looked.settled is not None:
        await _close(tx, looked.settled, looked.kept | {problem.cause for problem in looked.raised})
    await _wake(tx, looked.woken)
    return True


async def _leave(tx: Transaction, trigger: Trigger, looked: Looked, mine: sa.ColumnElement[bool]) -> None:
    woken = triggers.c.cursor > trigger.cursor
    if looked.forgotten:
        gone = await tx.one(sa.delete(triggers).where(mine, sa.not_(woken)).returning(triggers.c.rule))
        if gone is not None:
            return
    values: dict[str, Any] = {
        "taken_until": None,
        "next_at": sa.case((woken, tx.now), else_=sa.literal(looked.next_at, triggers.c.next_at.type)),
        "tries": sa.case((woken, 0), else_=looked.tries),
        "parked": looked.parked,
        "refused": looked.refused,
    }
    if looked.fired is not None:
        fired = looked.fired
        values |= {"identity": fired.identity, "generation": fired.generation, "run_id": fired.run_id}
        values |= {"fired_at": tx.now}
    await tx.do(sa.update(triggers).where(mine).values(values))


async def _close(tx: Transaction, subject: str, kept: Collection[str]) -> None:
    about_it = sa.func.substr(exceptions.c.cause, 1, len(subject)) == subject  # LIKE would take case for nothing
    settled = {
        "status": ExceptionState.RESOLVED,
        "resolved_by": _MACHINE,
        "resolved_at": tx.now,
        "resolution": "It isn't in the way any more.",
    }
    closed = sa.update(exceptions).where(IS_OPEN, about_it, exceptions.c.cause.not_in(sorted(kept)))
    await tx.do(closed.values(**settled))


async def standings(connection: Connection) -> Mapping[str, Standing]:
    waiting = await _counts(connection, IS_TO_BE_LOOKED_AT)
    refused = await _counts(connection, IS_REFUSED)
    newest = sa.select(triggers.c.rule, sa.func.max(triggers.c.fired_at).label("at")).group_by(triggers.c.rule)
    last = {row.rule: row.at for row in (await connection.execute(newest)).all() if row.at is not None}
    found: dict[str, Standing] = {}
    for rule in {*waiting, *refused, *last}:
        run_id = await _run_of(connection, rule, last[rule]) if rule in last else None
        found[rule] = Standing(
            waiting=waiting.get(rule, 0), refused=refused.get(rule, 0), fired_at=last.get(rule), run_id=run_id
        )
    return found


async def _counts(connection: Connection, where: sa.ColumnElement[bool]) -> dict[str, int]:
    asked = sa.select(triggers.c.rule, sa.func.count()).where(where).group_by(triggers.c.rule)
    return {row[0]: row[1] for row in (await connection.execute(asked)).all()}


async def _run_of(connection: Connection, rule: str, at: datetime) -> str | None:
    asked = sa.select(triggers.c.run_id).where(triggers.c.rule == rule, triggers.c.fired_at == at)
    row = (await connection.execute(asked.order_by(triggers.c.cursor.desc()).limit(1))).one_or_none()
    return None if row is None else row.run_id


async def latest_run(connection: Connection, workflow: str, subject: str) -> Run | None:
    about_it = sa.select(runs).where(runs.c.order_key == subject, runs.c.workflow == workflow)
    row = (await connection.execute(about_it.order_by(runs.c.sequence.desc()).limit(1))).one_or_none()
    return None if row is None else record_of(Run, row)


async def forget(tx: Transaction, before: datetime) -> int:
    open_one = sa.exists().where(exceptions.c.cause == tugs.c.cause, IS_OPEN)
    old = sa.select(*tugs.primary_key).where(tugs.c.at < before, sa.not_(open_one)).limit(MOST)
    removed = sa.delete(tugs).where(sa.tuple_(*tugs.primary_key).in_(old))
    return len(await tx.all(removed.returning(tugs.c.path)))


def _plain(tug: Tug) -> list[dict[str, Any]]:
    plain: list[dict[str, Any]] = msgspec.to_builtins(tug.moves)
    return plain
