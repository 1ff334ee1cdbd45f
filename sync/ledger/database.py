"""The ledger in a database: each method of the port is one transaction of the file that it names."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import TypeVar

from runtime.bell import Bell
from runtime.clock import Clock
from runtime.database import Connection, Database, DatabaseUnavailableError, open_database
from schema.errors import LedgerUnavailable, Queue
from sync.ledger import accepting, chain, claiming, deciding, problems, relay, retention, working
from sync.ledger.database_of_acting import DatabaseTriggers
from sync.ledger.database_of_changes import DatabaseCursors, DatabaseFeeds, DatabaseInbox, DatabaseSnapshots
from sync.ledger.database_of_reconciliations import DatabaseReconciliations
from sync.ledger.database_of_webhooks import DatabaseDeliveries, DatabaseHooks
from sync.ledger.port import Hold, LeaseLostError, NewException, NewRun, Outcome, RunChange, RunQuery
from sync.ledger.reading import Reading
from sync.ledger.records import (
    Approval,
    ApprovalState,
    Audited,
    AuditEntry,
    BusinessException,
    Event,
    ExceptionState,
    Json,
    Link,
    Run,
    RunStatus,
    Step,
    StepError,
)
from sync.ledger.transaction import Transaction

Result = TypeVar("Result")


def open_ledger(url: str, *, clock: Clock) -> "DatabaseLedger":
    """The ledger at `url`, for one event loop; it connects when it is first used. `migrating.prepare` comes first.

    Raises DatabaseUrlError.
    """
    return DatabaseLedger(open_database(url), clock=clock)


class DatabaseTransactions:
    """Does things in transactions of one database, and says of a database that is away that the ledger is."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self.bell = Bell()
        self._database = database
        self._clock = clock
        self._sealing = asyncio.Lock()

    async def write(self, work: Callable[[Transaction], Awaitable[Result]], *, first: bool = False) -> Result:
        """`first`: somebody waits for an answer, or for a lease; such work isn't kept waiting by that of runs."""
        # On PostgreSQL transactions of one process take their turns here to append and to commit. Waiting for one
        # another in the database, each would hold the row that all want while the others' work is done in between.
        async with AsyncExitStack() as turn:

            async def whole(connection: Connection) -> tuple[Result, bool]:
                await turn.aclose()  # of an attempt that failed
                tx = Transaction(connection, now=self._clock.now())
                result = await work(tx)
                if tx.is_to_be_sealed and self._database.is_postgres:
                    await turn.enter_async_context(self._sealing)
                await tx.seal()
                return result, tx.told

            try:
                result, told = await self._database.write(whole, first=first)
            except DatabaseUnavailableError as error:
                raise LedgerUnavailable(_AWAY) from error
        if told:
            self.bell.ring()
        return result

    async def read(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        try:
            return await self._database.read(work)
        except DatabaseUnavailableError as error:
            raise LedgerUnavailable(_AWAY) from error

    async def close(self) -> None:
        await self._database.close()


class DatabaseLedger:
    """The port's Ledger."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._transactions = DatabaseTransactions(database, clock=clock)
        self._write = self._transactions.write
        self.bell = self._transactions.bell
        self.inbox = DatabaseInbox(self._transactions, clock)
        self.cursors = DatabaseCursors(self._transactions)
        self.snapshots = DatabaseSnapshots(self._transactions)
        self.feeds = DatabaseFeeds(self._transactions)
        self.hooks = DatabaseHooks(self._transactions, clock)
        self.deliveries = DatabaseDeliveries(self._transactions)
        self.triggers = DatabaseTriggers(self._transactions)
        self.reconciliations = DatabaseReconciliations(self._transactions)

    async def accept(self, new: NewRun) -> Run:
        return await self._write(lambda tx: accepting.accept(tx, new), first=True)

    async def by_key(self, caller: str, key: str) -> Run | None:
        return await self._read(lambda asked: asked.by_key(caller, key))

    async def run(self, run_id: str) -> Run | None:
        return await self._read(lambda asked: asked.run(run_id))

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        return await self._read(lambda asked: asked.steps(run_id))

    # ------------------------------------------------------------------------------------------- a worker's writes

    async def claim(self, run_id: str, owner: str, *, seconds: float) -> tuple[Run, Hold] | None:
        return await self._write(lambda tx: claiming.claim(tx, run_id, owner, seconds))

    async def renew(self, hold: Hold, *, seconds: float) -> Hold:
        return await self._write(lambda tx: claiming.renew(tx, hold, seconds), first=True)

    async def release(self, hold: Hold, change: RunChange, outcome: Outcome) -> Run:
        return await self._write(lambda tx: working.release(tx, hold, change, outcome))

    async def change(self, hold: Hold, change: RunChange, outcome: Outcome) -> Run:
        run = await self._write(lambda tx: working.change(tx, hold, change, outcome))
        if run is None:
            raise LeaseLostError(hold.run_id)
        return run

    async def begin(self, hold: Hold, step: Step, outcome: Outcome) -> Step:
        return await self._write(lambda tx: working.begin(tx, hold, step, outcome))

    async def note(self, hold: Hold, step: Step) -> None:
        await self._write(lambda tx: working.note(tx, hold, step))

    async def finish(self, hold: Hold, step: Step, outcome: Outcome) -> Step:
        return await self._write(lambda tx: working.finish(tx, hold, step, outcome))

    async def stumble(self, hold: Hold, step: Step, error: StepError, change: RunChange, outcome: Outcome) -> None:
        await self._write(lambda tx: working.stumble(tx, hold, step, error, change, outcome))

    # ---------------------------------------------------------------------------------------------- people's writes

    async def decide(
        self,
        run_id: str,
        *,
        state: ApprovalState,
        by: str,
        comment: str | None,
        audit: Audited,
        plan_hash: str | None = None,
    ) -> tuple[Run, Approval] | None:
        decision = deciding.Decision(state=state, by=by, comment=comment, plan_hash=plan_hash)
        return await self._write(lambda tx: deciding.decide(tx, run_id, decision, audit), first=True)

    async def steer(
        self,
        run_id: str,
        expected: Sequence[RunStatus],
        change: RunChange,
        audit: Audited,
        *,
        fence: int | None = None,
    ) -> Run | None:
        return await self._write(lambda tx: deciding.steer(tx, run_id, expected, fence, change, audit), first=True)

    async def settle(
        self, exception_id: str, *, status: ExceptionState, by: str, resolution: str, audit: Audited
    ) -> BusinessException | None:
        return await self._write(
            lambda tx: deciding.settle(tx, exception_id, status=status, by=by, resolution=resolution, audited=audit)
        )

    async def edit_step(self, run_id: str, name: str, asked: Mapping[str, Json], audit: Audited) -> Step | None:
        return await self._write(lambda tx: deciding.edit_step(tx, run_id, name, asked, audit))

    # ------------------------------------------------------------------------------------------ problems of no run

    async def report(self, problem: NewException, *, correlation_id: str) -> None:
        await self._write(lambda tx: problems.report(tx, problem, correlation_id))

    async def is_over(self, cause: str, *, by: str, why: str) -> bool:
        return await self._write(lambda tx: problems.is_over(tx, cause, by, why))

    async def problem(self, cause: str) -> BusinessException | None:
        return await self._transactions.read(lambda asked: problems.latest(asked, cause))

    # -------------------------------------------------------------------------------------------- outbox and sweeper

    async def unsent(self, *, most: int) -> tuple[tuple[int, str], ...]:
        return await self._transactions.read(lambda connection: relay.unsent(connection, most))

    async def sent(self, ids: Sequence[int]) -> None:
        if ids:
            await self._write(lambda tx: relay.sent(tx, ids))

    async def due(self, *, most: int, asked_before: datetime) -> tuple[str, ...]:
        return await self._write(lambda tx: relay.due(tx, most, asked_before))

    async def expire_approvals(self) -> tuple[Run, ...]:
        return await self._write(deciding.expire_approvals)

    async def forget(self, *, before: datetime) -> int:
        return await self._write(lambda tx: retention.forget(tx, before))

    # ---------------------------------------------------------------------------------------------------- reading

    async def runs(self, query: RunQuery, *, first: int, before: int | None) -> tuple[Run, ...]:
        return await self._read(lambda asked: asked.runs(query, first, before))

    async def count_runs(self, query: RunQuery) -> int:
        return await self._read(lambda asked: asked.count_runs(query))

    async def approval(self, run_id: str) -> Approval | None:
        return await self._read(lambda asked: asked.approval(run_id))

    async def approvals(
        self, *, state: ApprovalState | None, role: str | None, first: int, after: int | None
    ) -> tuple[tuple[int, Approval], ...]:
        return await self._read(lambda asked: asked.approvals(state, role, first, after))

    async def exceptions(
        self,
        *,
        queue: Queue | None = None,
        status: ExceptionState | None = None,
        run_id: str | None = None,
        first: int,
        after: int | None = None,
    ) -> tuple[tuple[int, BusinessException], ...]:
        return await self._read(lambda asked: asked.exceptions(queue, status, run_id, first, after))

    async def count_exceptions(self, *, queue: Queue | None, status: ExceptionState | None) -> int:
        return await self._read(lambda asked: asked.count_exceptions(queue, status))

    async def exception(self, exception_id: str) -> BusinessException | None:
        return await self._read(lambda asked: asked.exception(exception_id))

    async def links(self, record_id: str) -> tuple[Link, ...]:
        return await self._read(lambda asked: asked.links(record_id))

    async def linked(self, platform: str, entity: str, external_id: str) -> tuple[Link, ...]:
        return await self._read(lambda asked: asked.linked(platform, entity, external_id))

    async def audit_log(
        self, *, record_id: str | None, correlation_id: str | None, first: int, after: int | None
    ) -> tuple[AuditEntry, ...]:
        return await self._read(lambda asked: asked.audit_log(record_id, correlation_id, first, after))

    async def append_audit(self, entries: Sequence[Audited]) -> None:
        async def append(tx: Transaction) -> None:
            tx.audit(entries)

        await self._write(append)

    async def verify_audit(self) -> tuple[int, str | None]:
        return await chain.verify(self._transactions.read)

    async def events(self, *, after: int, kinds: Sequence[str], most: int) -> tuple[Event, ...]:
        return await self._read(lambda asked: asked.events(after, kinds, most))

    async def event_span(self) -> tuple[int, int]:
        return await self._read(lambda asked: asked.event_span())

    async def close(self) -> None:
        await self._transactions.close()

    async def _read(self, work: Callable[[Reading], Awaitable[Result]]) -> Result:
        return await self._transactions.read(lambda connection: work(Reading(connection)))


_AWAY = (
    "The ledger doesn't answer. If this was a write, it may have been taken on: send it again with the same "
    "idempotency key."
)
