"""Writes down how a worker's time with a run ended: done, to be taken up later, taken back, or waiting for a person."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from runtime.clock import Clock
from schema.errors import Queue
from sync.calendar import due_at
from sync.causes import cause, subject_of
from sync.effects import UNDOING
from sync.leases import KeptLease
from sync.ledger.port import Ledger, NewException, Outcome, RunChange
from sync.ledger.records import ENDED, Audited, Json, Run, RunStatus, Step, StepError, StepStatus
from sync.metrics import METRICS
from sync.outcomes import Halt, Later
from sync.process import Flow
from sync.stakes import Stake
from sync.troubles import MOST_TRIES, OUTCOME_UNKNOWN

LONGEST_PAUSE = 300.0
"""Seconds between two tries."""
PARKED_PAUSE = 5.0
"""Seconds after which a platform that is away is asked for again, where it named no time."""


class Endings:
    """Each answers whether the run may be taken up again at once."""

    def __init__(self, ledger: Ledger, clock: Clock, jitter: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._jitter = jitter

    async def ended(self, lease: KeptLease, run: Run, status: RunStatus, *, records: tuple[str, ...]) -> None:
        """SUCCEEDED, or COMPENSATED. A success settles what was open about the same record; a run that is taken back
        what was in the way of that.
        """
        change = RunChange(
            status=status,
            records=records,
            finished_at=self._clock.now(),
            clear=frozenset({"next_at", "parked"}),
        )
        settled = subject_of(run) if status is RunStatus.SUCCEEDED else f"{subject_of(run)}{UNDOING}"
        audit = (_entry(run, f"run.{status.value.lower()}", {"workflow": run.workflow}),)
        await self._ledger.release(lease.hold(), change, Outcome(audit=audit, settled_subject=settled))
        self._count_end(run, status)

    async def later(self, lease: KeptLease, run: Run, flow: Flow, later: Later, stake: Stake) -> bool:
        tries = None if later.parked is not None else await self._tries(run) + 1
        if tries is not None and tries >= MOST_TRIES and not later.in_doubt:
            return await self._worn_out(lease, run, flow, later, stake)
        pause = self.pause(later, tries or 0)
        change = RunChange(
            next_at=self._clock.now() + timedelta(seconds=pause),
            tries=tries,
            parked=later.parked,
            clear=frozenset() if later.parked else frozenset({"parked"}),
        )
        raised = () if later.raised is None else (self._enriched(later.raised, run, stake),)
        await self._write(lease, run, later.step, later.error, change, raised)
        METRICS.put_off.labels(run.workflow, "failed" if later.parked is None else "parked").inc()
        return False

    async def halt(self, lease: KeptLease, run: Run, flow: Flow, halt: Halt, stake: Stake) -> bool:
        compensating = run.status is RunStatus.COMPENSATING
        undo = halt.undo and flow.on_refusal == "undo" and not compensating
        undo = undo and (halt.touched or await self._did_something(run))
        change = RunChange(
            status=RunStatus.COMPENSATING if undo else RunStatus.FAILED,
            next_at=self._clock.now() if undo else None,
            finished_at=None if undo else self._clock.now(),
            tries=0,
            clear=frozenset({"parked"}) if undo else frozenset({"parked", "next_at"}),
        )
        await self._write(lease, run, halt.step, halt.error, change, (self._enriched(halt.raised, run, stake),))
        return undo

    async def put_aside(self, lease: KeptLease, run: Run, queue: Queue, code: str, why: str, stake: Stake) -> bool:
        """The run stops where it stands, and somebody is told."""
        raised = NewException(queue=queue, code=code, message=why, cause=cause(run, code))
        change = RunChange(
            status=RunStatus.FAILED, finished_at=self._clock.now(), clear=frozenset({"parked", "next_at"})
        )
        error = StepError(code=code, message=why, retryable=False)
        await self._write(lease, run, None, error, change, (self._enriched(raised, run, stake),))
        return False

    def _count_end(self, run: Run, status: RunStatus) -> None:
        METRICS.ended.labels(run.workflow, status.value).inc()
        METRICS.seconds.labels(run.workflow).observe((self._clock.now() - run.created_at).total_seconds())

    async def _tries(self, run: Run) -> int:
        """The failed tries of the step at which the run stands by now: one that got on since began anew."""
        now = await self._ledger.run(run.id)
        return run.tries if now is None else now.tries

    async def _worn_out(self, lease: KeptLease, run: Run, flow: Flow, later: Later, stake: Stake) -> bool:
        why = f"It failed {MOST_TRIES} times: {later.error.message}"
        code = later.error.code
        name = "" if later.step is None else later.step.name
        raised = NewException(queue=flow.queue, code=code, message=why, cause=cause(run, code, name), step=name or None)
        change = RunChange(
            status=RunStatus.FAILED, finished_at=self._clock.now(), tries=0, clear=frozenset({"parked", "next_at"})
        )
        await self._write(lease, run, later.step, later.error, change, (self._enriched(raised, run, stake),))
        return False

    async def _write(
        self,
        lease: KeptLease,
        run: Run,
        step: Step | None,
        error: StepError,
        change: RunChange,
        raised: tuple[NewException, ...],
    ) -> None:
        detail = {"code": error.code, "message": error.message, "retryable": error.retryable}
        if step is not None:
            detail |= {"step": step.name, "attempt": step.attempts}
        platform = None if step is None else step.platform
        entry = _entry(run, "step.failed" if step else "run.stopped", detail, platform)
        # Waiting, every few seconds, is worth no link of the chain.
        audit = () if change.parked is not None else (entry,)
        outcome = Outcome(audit=audit, raised=raised, settled_subject=_known_now(run, step))
        if step is None:
            await self._ledger.release(lease.hold(), change, outcome)
        else:
            await self._ledger.stumble(lease.hold(), step, error, change, outcome)
        for problem in raised:
            METRICS.raised.labels(problem.queue.value, problem.code).inc()
        if change.status in ENDED:
            self._count_end(run, change.status)

    def pause(self, later: Later, tries: int) -> float:
        """Seconds until the next try after so many failed ones: exponential with jitter and a ceiling. A time that the
        platform named is kept to.
        """
        spread = 0.5 + self._jitter() / 2
        if later.delay is not None:
            return later.delay + spread * min(1.0, later.delay * 0.1)
        if later.parked is not None:
            return PARKED_PAUSE * spread
        return min(LONGEST_PAUSE, 2.0 ** min(tries - 1, 10)) * spread

    async def _did_something(self, run: Run) -> bool:
        return any(
            step.status is StepStatus.SUCCEEDED and (step.created or step.before)
            for step in await self._ledger.steps(run.id)
        )

    def _enriched(self, raised: NewException, run: Run, stake: Stake) -> NewException:
        amount, currency = stake or (None, None)
        return replace(
            raised,
            run_id=run.id,
            record_id=run.order_key,
            amount=amount,
            currency=currency,
            due_at=due_at(raised.queue, self._clock.now()),
        )


def _known_now(run: Run, step: Step | None) -> str | None:
    """Once it is found out what became of a step's write, nobody has to look for it any more."""
    if step is None or step.possible_until is not None:
        return None
    return cause(run, OUTCOME_UNKNOWN, step.name)


def _entry(run: Run, action: str, detail: Json, platform: str | None = None) -> Audited:
    return Audited(
        actor=run.caller,
        action=action,
        record_id=run.order_key,
        correlation_id=run.correlation_id,
        run_id=run.id,
        platform=platform,
        detail=detail,
    )
