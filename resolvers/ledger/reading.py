"""What one caller may see of the ledger, in one operation."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from resolvers.ledger.pages import Total, connection_of, page_of
from resolvers.ledger.shown import shown_approval, shown_entry, shown_exception, shown_run, shown_step
from resolvers.ledger.wanted import holds, query_of, text_of
from schema.declare import MOST_EXCEPTIONS
from schema.enums import ApprovalStatus, ExceptionQueue, ExceptionStatus
from schema.errors import Forbidden, Queue, TooWide
from schema.filters import SyncRunFilter
from schema.ids import LEDGER, RecordKey, decode_id, key_of
from schema.types.audit import AuditEntry
from schema.types.decisions import Approval, BusinessException
from schema.types.runs import SyncRun, SyncStep
from schema.types.shared import Connection
from sync.desk import Caller, Desk
from sync.ledger.port import Ledger
from sync.ledger.records import ApprovalState, ExceptionState

T = TypeVar("T")
AT_ONCE = 4
"""Reads of the ledger that one operation has under way: the database's connections are few, and for all."""
MOST_ROWS = 10_000
"""That one operation is shown: runs and their exceptions lead to each other without end."""


class LedgerReader:
    """Without a desk the ledger is empty: there are no runs and nothing else.

    Raises Forbidden for what the caller may not see, BadUserInput for ids and pages that can't be meant, TooWide past
    MOST_ROWS, and whatever the ledger raises when it is away.
    """

    def __init__(self, desk: Desk | None, caller: Caller) -> None:
        self._ledger: Ledger | None = None if desk is None else desk.ledger
        self._caller = caller
        self._sees_all = desk is None or desk.may_read_ledger(caller)
        self._free = asyncio.Semaphore(AT_ONCE)
        self._rows = 0

    # ------------------------------------------------------------------------------------------------------ by id

    async def node(self, key: RecordKey) -> SyncRun | BusinessException | AuditEntry | None:
        if self._ledger is None or key.platform != LEDGER or not holds(key.external_id):
            return None
        match key.type:
            case "SyncRun":
                return await self._run(key.external_id)
            case "BusinessException":
                return await self._exception(key.external_id)
            case _:
                return await self._entry(key.external_id)

    async def run(self, run_id: str) -> SyncRun | None:
        found = await self.node(key_of("SyncRun", run_id))
        assert found is None or isinstance(found, SyncRun)
        return found

    async def run_of(self, run_key: str) -> SyncRun:
        found = await self._run(run_key)
        assert found is not None  # a run is never removed while anything points to it
        return found

    async def _run(self, run_key: str) -> SyncRun | None:
        found = await self._read(lambda ledger: ledger.run(run_key))
        if found is None:
            return None
        if not self._sees_all and found.caller != self._caller.name:
            raise Forbidden("Your role may see only the runs that you asked for yourself.")
        return shown_run(found)

    async def _exception(self, key: str) -> BusinessException | None:
        found = await self._read(lambda ledger: ledger.exception(key))
        if found is None:
            return None
        if not self._sees_all:
            if found.run_id is None:
                raise self._forbidden()
            await self._run(found.run_id)
        return shown_exception(found)

    async def _entry(self, key: str) -> AuditEntry | None:
        self._readers_only()
        if not (key.isascii() and key.isdigit() and len(key) < 19) or key.startswith("0"):
            return None
        found = await self._read(
            lambda ledger: ledger.audit_log(record_id=None, correlation_id=None, first=1, after=int(key) - 1)
        )
        return shown_entry(found[0]) if found and found[0].sequence == int(key) else None

    # -------------------------------------------------------------------------------------------------------- lists

    async def runs(self, wanted: SyncRunFilter | None, *, first: int | None, after: str | None) -> Connection[SyncRun]:
        query = query_of(wanted, only=None if self._sees_all else self._caller.name)
        page = page_of(first, after, f"runs {query}")
        if self._ledger is None or query is None:
            return connection_of(page, [], _count_of(0))
        found = await self._read(lambda ledger: ledger.runs(query, first=page.first + 1, before=page.after))
        total = Total(lambda: self._read(lambda ledger: ledger.count_runs(query)))
        return connection_of(page, [(run.sequence, shown_run(run)) for run in found], total)

    async def exceptions(
        self, queue: ExceptionQueue | None, status: ExceptionStatus | None, *, first: int | None, after: str | None
    ) -> Connection[BusinessException]:
        self._readers_only()
        page = page_of(first, after, f"exceptions {queue} {status}")
        if self._ledger is None:
            return connection_of(page, [], _count_of(0))
        of_queue = None if queue is None else Queue(queue.value)
        in_state = None if status is None else ExceptionState(status.value)
        found = await self._read(
            lambda ledger: ledger.exceptions(queue=of_queue, status=in_state, first=page.first + 1, after=page.after)
        )
        total = Total(lambda: self._read(lambda ledger: ledger.count_exceptions(queue=of_queue, status=in_state)))
        return connection_of(page, [(number, shown_exception(each)) for number, each in found], total)

    async def approvals(
        self, role: str | None, status: ApprovalStatus | None, *, first: int | None, after: str | None
    ) -> Connection[Approval]:
        self._readers_only()
        page = page_of(first, after, f"approvals {role} {status}")
        if self._ledger is None:
            return connection_of(page, [], None)
        state = None if status is None else ApprovalState(status.value)
        of_role = None if role is None else text_of(role)
        found = await self._read(
            lambda ledger: ledger.approvals(state=state, role=of_role, first=page.first + 1, after=page.after)
        )
        return connection_of(page, [(number, shown_approval(each)) for number, each in found], None)

    async def audit_log(
        self, record_id: str | None, correlation_id: str | None, *, first: int | None, after: str | None
    ) -> Connection[AuditEntry]:
        self._readers_only()
        page = page_of(first, after, f"audit {record_id} {correlation_id}")
        if record_id is not None:
            decode_id(text_of(record_id))
        wanted = None if correlation_id is None else text_of(correlation_id)
        if self._ledger is None:
            return connection_of(page, [], None)
        found = await self._read(
            lambda ledger: ledger.audit_log(
                record_id=record_id, correlation_id=wanted, first=page.first + 1, after=page.after
            )
        )
        return connection_of(page, [(entry.sequence, shown_entry(entry)) for entry in found], None)

    # ------------------------------------------------------------------------------------------------- parts of a run

    async def steps_of(self, run_key: str) -> list[SyncStep]:
        found = () if self._ledger is None else await self._read(lambda ledger: ledger.steps(run_key))
        return [shown_step(step) for step in found]

    async def approval_of(self, run_key: str) -> Approval | None:
        found = None if self._ledger is None else await self._read(lambda ledger: ledger.approval(run_key))
        return None if found is None else shown_approval(found)

    async def exceptions_of(self, run_key: str) -> list[BusinessException]:
        if self._ledger is None:
            return []
        found = await self._read(lambda ledger: ledger.exceptions(run_id=run_key, first=MOST_EXCEPTIONS))
        return [shown_exception(each) for _, each in found]

    # ------------------------------------------------------------------------------------------------------ how

    async def _read(self, read: Callable[[Ledger], Awaitable[T]]) -> T:
        """What `read` finds in the ledger, counted by its rows."""
        assert self._ledger is not None
        async with self._free:
            self._count(1)
            found = await read(self._ledger)
        self._count(len(found) if isinstance(found, tuple) else 0)
        return found

    def _count(self, rows: int) -> None:
        self._rows += rows
        if self._rows > MOST_ROWS:
            raise TooWide(
                f"The operation asks for more than {MOST_ROWS} rows of the ledger: ask for fewer runs at once.",
                part="the ledger",
            )

    def _readers_only(self) -> None:
        if not self._sees_all:
            raise self._forbidden()

    @staticmethod
    def _forbidden() -> Forbidden:
        return Forbidden("Your role may not see the ledger: only the runs that you asked for yourself.")


def _count_of(number: int) -> Total:
    async def count() -> int:
        return number

    return Total(count)
