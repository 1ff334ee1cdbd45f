"""What the rest of `sync` asks of the ledger. Every method is one database transaction.

Methods that take a `Hold` belong to a worker that has the run's lease. They write nothing and raise LeaseLostError
where another worker has taken the run over since: a worker that was thought dead can't write past its successor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from runtime.bell import Bell
from schema.errors import Queue
from sync.ledger.port_of_acting import Triggers
from sync.ledger.port_of_changes import Cursors, Feeds, Inbox, Snapshots
from sync.ledger.port_of_reconciliations import Reconciliations
from sync.ledger.port_of_webhooks import Deliveries, Hooks
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
    Planned,
    Run,
    RunStatus,
    Step,
    StepError,
)


class LeaseLostError(Exception):
    """The run belongs to another worker by now: whoever gets this stops, and leaves everything as it is."""


class KeyTakenError(Exception):
    """The caller's idempotency key has a run already: `run`."""

    def __init__(self, run: Run) -> None:
        super().__init__(run.id)
        self.run = run


@dataclass(frozen=True, slots=True)
class Hold:
    """A worker's lease on a run, good until `until`."""

    run_id: str
    owner: str
    fence: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run to be accepted. `approval_role` set: it waits for a decision by that role until `approval_until`."""

    id: str
    workflow: str
    version: int
    correlation_id: str
    caller: str
    role: str
    idempotency_key: str
    input_hash: str
    input: Json
    reason: str | None
    order_key: str | None
    plan: tuple[Planned, ...] | None
    plan_hash: str | None
    facts: Mapping[str, Json]
    records: tuple[str, ...]
    approval_role: str | None = None
    approval_until: datetime | None = None
    audit: tuple[Audited, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewException:
    """A problem to be put into a queue. One that is open with the same `cause` is brought up to date instead."""

    queue: Queue
    code: str
    message: str
    cause: str
    due_at: datetime | None = None
    run_id: str | None = None
    step: str | None = None
    record_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    detail: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChange:
    """What becomes of a run with one write. Fields that are None stay as they are; see `clear` for setting None."""

    status: RunStatus | None = None
    plan: tuple[Planned, ...] | None = None
    plan_hash: str | None = None
    planned_at: datetime | None = None
    facts: Mapping[str, Json] | None = None
    records: tuple[str, ...] | None = None
    order_key: str | None = None
    input: Json | None = None
    next_at: datetime | None = None
    tries: int | None = None
    parked: str | None = None
    finished_at: datetime | None = None
    version: int | None = None
    clear: frozenset[str] = frozenset()
    """Names of fields among planned_at, next_at, parked, finished_at that become None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that one transaction of a worker writes down beside the run and the step themselves."""

    audit: tuple[Audited, ...] = ()
    links: tuple[Link, ...] = ()
    unlinked: tuple[tuple[str, str, str], ...] = ()
    """Platform, entity and id of records that are gone: nothing is called by them any more."""
    raised: tuple[NewException, ...] = ()
    settled_subject: str | None = None
    """Open exceptions whose cause begins with it are resolved by the run."""
    approval: Approval | None = None
    """A new or changed approval of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs to list, newest first. None: any."""

    workflow: Mapping[str, Json] = field(default_factory=dict)
    """A StringFilter as its GraphQL input: eq, ne, in, startsWith, contains."""
    statuses: tuple[RunStatus, ...] | None = None
    correlation_ids: tuple[str, ...] | None = None
    requested_by: Mapping[str, Json] = field(default_factory=dict)
    created: Mapping[str, datetime] = field(default_factory=dict)
    """eq, gt, gte, lt, lte."""


class Ledger(Protocol):
    """One database, SQLite or PostgreSQL. `now` of the ledger's own clock stamps what it writes."""

    @property
    def bell(self) -> Bell:
        """Rings once this process has written events."""
        ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def cursors(self) -> Cursors: ...

    @property
    def snapshots(self) -> Snapshots: ...

    @property
    def feeds(self) -> Feeds: ...

    @property
    def hooks(self) -> Hooks: ...

    @property
    def deliveries(self) -> Deliveries: ...

    @property
    def triggers(self) -> Triggers: ...

    @property
    def reconciliations(self) -> Reconciliations: ...

    # ------------------------------------------------------------------------------------------------- accepting

    async def accept(self, new: NewRun) -> Run:
        """Writes run, approval, outbox row, audit entries and event. KeyTakenError where (caller, key) has a run."""
        ...

    async def by_key(self, caller: str, key: str) -> Run | None: ...

    async def run(self, run_id: str) -> Run | None: ...

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        """In the order in which they were begun."""
        ...

    # ------------------------------------------------------------------------------------------- a worker's writes

    async def claim(self, run_id: str, owner: str, *, seconds: float) -> tuple[Run, Hold] | None:
        """The run with a lease of `seconds`, where it is active and due, nobody has it, and no other run with its
        order key goes first: one that is held, has begun, or was accepted earlier. A PENDING run is RUNNING from then
        on. Taking over an expired lease counts as a crash. None: not now.
        """
        ...

    async def renew(self, hold: Hold, *, seconds: float) -> Hold: ...

    async def release(self, hold: Hold, change: RunChange, outcome: Outcome) -> Run:
        """The worker's last word on a run for now: gives the lease back. One that ended wakes the next in order.

        A status that ends it stamps `finished_at`, where the change doesn't say it, and clears `next_at`.
        """
        ...

    async def change(self, hold: Hold, change: RunChange, outcome: Outcome) -> Run:
        """An order key that is new, and whose turn it isn't, is written like the rest; then the lease is given back,
        the run is PENDING again, and LeaseLostError raised.
        """
        ...

    async def begin(self, hold: Hold, step: Step, outcome: Outcome) -> Step:
        """Writes an intent down as it is given, new or of a further attempt. `started_at`: now, where it is None."""
        ...

    async def note(self, hold: Hold, step: Step) -> None:
        """Brings what is known of a step up to date, such as that the platform has no record of its key yet."""
        ...

    async def finish(self, hold: Hold, step: Step, outcome: Outcome) -> Step:
        """Writes a step's result as it is given, also of one that was never begun; the run's tries and crashes begin at
        zero again. `finished_at`: now, where it is None.
        """
        ...

    async def stumble(self, hold: Hold, step: Step, error: StepError, change: RunChange, outcome: Outcome) -> None:
        """Writes a step's failed try, as it is given but for the error, and gives the lease back."""
        ...

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
        """Approves or rejects what waits for it, once; None where nothing does (any more), or not this plan."""
        ...

    async def steer(
        self,
        run_id: str,
        expected: Sequence[RunStatus],
        change: RunChange,
        audit: Audited,
        *,
        fence: int | None = None,
    ) -> Run | None:
        """Changes a run that no worker holds, that is in one of the expected statuses, and that nobody, worker or
        person, has had since it had this fence; None where it isn't so.

        One that becomes active is due now, with no crashes and tries (where the change says nothing else), and gets an
        outbox row. An approval that it waited for is voided.
        """
        ...

    async def settle(
        self, exception_id: str, *, status: ExceptionState, by: str, resolution: str, audit: Audited
    ) -> BusinessException | None: ...

    async def edit_step(self, run_id: str, name: str, asked: Mapping[str, Json], audit: Audited) -> Step | None:
        """Puts other values into a step that isn't finished, of a run that has failed."""
        ...

    # ------------------------------------------------------------------------------------------ problems of no run

    async def report(self, problem: NewException, *, correlation_id: str) -> None:
        """Puts a problem that no run has into its queue; one that is open with its cause is brought up to date."""
        ...

    async def is_over(self, cause: str, *, by: str, why: str) -> bool:
        """Resolves the open exception of exactly this cause; False where there is none."""
        ...

    async def problem(self, cause: str) -> BusinessException | None:
        """The newest exception of exactly this cause, open or settled."""
        ...

    # -------------------------------------------------------------------------------------------- outbox and sweeper

    async def unsent(self, *, most: int) -> tuple[tuple[int, str], ...]:
        """(outbox id, run id) not handed to the broker yet, oldest first."""
        ...

    async def sent(self, ids: Sequence[int]) -> None: ...

    async def due(self, *, most: int, asked_before: datetime) -> tuple[str, ...]:
        """Ids of active runs that are due, that nobody holds, whose order key is free, and that were not handed to the
        broker since `asked_before`; marks them as handed now.
        """
        ...

    async def expire_approvals(self) -> tuple[Run, ...]:
        """Ends runs whose approval came too late: CANCELLED, the approval DRAFT; with audit entry."""
        ...

    # ---------------------------------------------------------------------------------------------------- reading

    async def runs(self, query: RunQuery, *, first: int, before: int | None) -> tuple[Run, ...]:
        """Newest first, those with a `sequence` below `before`."""
        ...

    async def count_runs(self, query: RunQuery) -> int: ...

    async def approval(self, run_id: str) -> Approval | None: ...

    async def approvals(
        self, *, state: ApprovalState | None, role: str | None, first: int, after: int | None
    ) -> tuple[tuple[int, Approval], ...]:
        """With a number that rises from one to the next."""
        ...

    async def exceptions(
        self,
        *,
        queue: Queue | None = None,
        status: ExceptionState | None = None,
        run_id: str | None = None,
        first: int,
        after: int | None = None,
    ) -> tuple[tuple[int, BusinessException], ...]:
        """Oldest first."""
        ...

    async def count_exceptions(self, *, queue: Queue | None, status: ExceptionState | None) -> int: ...

    async def exception(self, exception_id: str) -> BusinessException | None: ...

    async def links(self, record_id: str) -> tuple[Link, ...]: ...

    async def linked(self, platform: str, entity: str, external_id: str) -> tuple[Link, ...]: ...

    async def audit_log(
        self, *, record_id: str | None, correlation_id: str | None, first: int, after: int | None
    ) -> tuple[AuditEntry, ...]:
        """Oldest first, those with a `sequence` above `after`."""
        ...

    async def append_audit(self, entries: Sequence[Audited]) -> None: ...

    async def verify_audit(self) -> tuple[int, str | None]:
        """How many entries the chain has, and what is wrong with it: None where it is whole."""
        ...

    async def events(self, *, after: int, kinds: Sequence[str], most: int) -> tuple[Event, ...]:
        """Oldest first. Cursors are given in the order in which transactions end: none appears behind a later one."""
        ...

    async def event_span(self) -> tuple[int, int]:
        """The cursors of the oldest event that is kept, and of the newest that there ever was. Where none is kept, the
        former is the one after the latter.
        """
        ...

    async def forget(self, *, before: datetime) -> int:
        """Removes events, and incoming messages dealt with, from before `before`, some thousand at a time; how many.

        Until it removes none, there are more.
        """
        ...

    async def close(self) -> None: ...
