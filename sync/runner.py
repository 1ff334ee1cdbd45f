"""Takes a run as far as it goes: plans it where that is still to do, performs its flow, takes it back, or parks it."""

import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from traceback import extract_tb

import msgspec
import structlog

from platforms.urgency import urgency
from runtime.clock import Clock
from runtime.correlation import correlation_id
from schema.errors import CrosswalkError, DeadlineExceeded, LedgerUnavailable, NeedsPerson, Queue, RetryLater
from sync.approvals import Approvals
from sync.causes import cause
from sync.compensation import compensate
from sync.doors import plain_words
from sync.doubts import settle
from sync.endings import Endings
from sync.firm import Firm
from sync.governed import Governed
from sync.leases import LEASE_SECONDS, KeptLease
from sync.ledger.port import Hold, LeaseLostError, Ledger, NewException, Outcome, RunChange
from sync.ledger.records import FINISHED, Audited, Run, RunStatus, Step, StepError
from sync.outcomes import Halt, Later
from sync.performance import FlowChangedError, Performance, Stage, edits_of
from sync.planning import Planning, if_version_of, wish_of
from sync.process import Flow, Refused, Wish
from sync.stakes import Stake, stake_of
from sync.troubles import parked, step_error

MOST_CRASHES = 3
"""Workers that a run may take with it, one after the other, before it is put aside."""
SOON = timedelta(seconds=1)
"""When a run is taken up again that was let go because the ledger didn't answer."""
STALE_PLAN = timedelta(seconds=60)
"""How old a plan may be when its first step is done; an older one is made anew, from what is there now."""


class Runner:
    """One per process and event loop; `owner` names it in leases."""

    def __init__(
        self,
        ledger: Ledger,
        firm: Firm,
        flows: Mapping[str, Flow],
        clock: Clock,
        *,
        owner: str,
        approval_seconds: float,
        lease_seconds: float = LEASE_SECONDS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._ledger = ledger
        self._firm = firm
        self._flows = flows
        self._clock = clock
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._governed = Governed(ledger, firm, clock)
        self._planning = Planning(firm, clock)
        self._approvals = Approvals(ledger, clock, seconds=approval_seconds)
        self._endings = Endings(ledger, clock, jitter)

    async def take(self, run_id: str) -> bool:
        """Works on the run if it is due and free; answers whether it may go on at once."""
        try:
            claimed = await self._ledger.claim(run_id, self._owner, seconds=self._lease_seconds)
        except LedgerUnavailable:
            return False  # the sweeper announces it again
        return False if claimed is None else await self._held(*claimed)

    async def _held(self, run: Run, hold: Hold) -> bool:
        correlation = correlation_id.set(run.correlation_id)
        urgent = urgency.set(self._flows[run.workflow].urgency if run.workflow in self._flows else urgency.get())
        try:
            async with KeptLease(self._ledger, hold, seconds=self._lease_seconds) as lease:
                return await self._guarded(run, lease)
        except LeaseLostError:
            return False  # its new holder does the rest
        except LedgerUnavailable:
            await self._let_go(hold)
            return False
        finally:
            urgency.reset(urgent)
            correlation_id.reset(correlation)

    async def _let_go(self, hold: Hold) -> None:
        """The worker lives, so that whoever goes on shouldn't wait for its lease to end, nor count it as dead."""
        structlog.get_logger().warning("run let go: the ledger doesn't answer", run=hold.run_id)
        with suppress(LedgerUnavailable, LeaseLostError):
            await self._ledger.release(hold, RunChange(next_at=self._clock.now() + SOON), Outcome())

    async def _guarded(self, run: Run, lease: KeptLease) -> bool:
        """Every way in which work can end ends in the ledger."""
        flow = self._flows.get(run.workflow)
        if flow is None:
            why = f"this version of Crosswalk has no workflow {run.workflow}; a newer one must finish it"
            return await self._endings.put_aside(lease, run, Queue.INTEGRATION, "FLOW_CHANGED", why, None)
        if run.crashes >= MOST_CRASHES:
            why = f"{run.crashes} workers died over it, one after the other; look at their logs before it is retried"
            stake = await self._stake(run, flow, ())
            return await self._endings.put_aside(lease, run, Queue.INTEGRATION, "POISON", why, stake)
        shown: list[Performance] = []
        try:
            return await self._work(run, flow, lease, shown)
        except Later as later:
            return await self._endings.later(lease, run, flow, later, await self._stake(run, flow, shown))
        except Halt as halt:
            return await self._endings.halt(lease, run, flow, halt, await self._stake(run, flow, shown))
        except Refused as refusal:
            return await self._endings.halt(
                lease, run, flow, _halted(run, flow, refusal), await self._stake(run, flow, shown)
            )
        except FlowChangedError as error:
            why = f"the workflow was changed while this run was half-way: {error}. Finish it by hand, or compensate it"
            return await self._endings.put_aside(
                lease, run, Queue.INTEGRATION, "FLOW_CHANGED", why, await self._stake(run, flow, shown)
            )
        except (RetryLater, DeadlineExceeded) as error:  # of a platform that was to be read
            away = parked(error, self._firm)
            waits = Later(error=step_error(error), delay=getattr(error, "retry_after", None), parked=away)
            return await self._endings.later(lease, run, flow, waits, await self._stake(run, flow, shown))
        except (LeaseLostError, LedgerUnavailable):
            raise
        except CrosswalkError as error:
            queue = error.queue if isinstance(error, NeedsPerson) else flow.queue
            return await self._endings.put_aside(
                lease, run, queue, error.code.value, plain_words(error), await self._stake(run, flow, shown)
            )
        except Exception as error:  # noqa: BLE001 - the edge: what nobody meant is a bug, and goes to the dead letters
            self._log_bug(run, error)
            why = f"a bug of ours ({type(error).__name__}); the log holds it under this run's correlation id"
            return await self._endings.put_aside(
                lease, run, Queue.INTEGRATION, "INTERNAL", why, await self._stake(run, flow, shown)
            )

    async def _work(self, run: Run, flow: Flow, lease: KeptLease, shown: list[Performance]) -> bool:
        # Only who holds a run writes its steps, so that its first holder needn't ask for any.
        steps = () if run.fence == 1 else await self._ledger.steps(run.id)
        stage = Stage(
            firm=self._firm,
            ledger=self._ledger,
            governed=self._governed,
            hold=lease.hold,
            today=self._clock.now().date(),
        )
        if run.status is RunStatus.COMPENSATING:
            await compensate(stage, flow, run, steps)
            await self._endings.ended(lease, run, RunStatus.COMPENSATED, records=run.records)
            return False
        ready = await self._ready(run, flow, steps, lease)
        if ready is None:
            return False
        performance = Performance(stage, flow, ready, steps, if_version=if_version_of(ready.input))
        shown.append(performance)
        try:
            await flow.process(performance, _wish(flow, ready))
            performance.ended()
        except FlowChangedError:
            # Nobody goes on with it: but what came of the step that was under way must be known, to take it back.
            await settle(stage, flow, run, await self._ledger.steps(run.id), self._clock)
            raise
        await self._endings.ended(lease, ready, RunStatus.SUCCEEDED, records=tuple(performance.records))
        return False

    async def _ready(self, run: Run, flow: Flow, steps: tuple[Step, ...], lease: KeptLease) -> Run | None:
        """The run with a plan that holds now; None where a person must agree to it first."""
        if any(step.attempts or step.status in FINISHED for step in steps):
            return run  # what is begun is finished by the facts it began with
        age = None if run.planned_at is None else self._clock.now() - run.planned_at
        approver = flow.approver or await self._asked_of(run)
        lasts = approver is None and not flow.live
        if run.plan is not None and lasts and age is not None and age < STALE_PLAN:
            if run.status is RunStatus.RUNNING:
                return run
            return await self._ledger.change(lease.hold(), RunChange(status=RunStatus.RUNNING), Outcome())
        plan = await self._planning.plan(flow, run.input, run.id)
        change = RunChange(
            status=RunStatus.RUNNING,
            version=flow.version,
            plan=plan.writes,
            plan_hash=plan.hash,
            planned_at=self._clock.now(),
            facts={**edits_of(run), **plan.facts},
            records=plan.records,
        )
        if approver is not None:
            agreed = await self._approvals.agreed(lease, run, approver, plan, change)
            if not agreed:
                return None
        entry = Audited(
            actor=run.caller,
            action="run.planned",
            correlation_id=run.correlation_id,
            run_id=run.id,
            record_id=run.order_key,
            detail={"workflow": run.workflow, "planHash": plan.hash, "writes": len(plan.writes)},
        )
        return await self._ledger.change(lease.hold(), change, Outcome(audit=(entry,)))

    async def _asked_of(self, run: Run) -> str | None:
        """The role that must agree to this very run, where it was only proposed."""
        if run.fence == 1:
            return None  # nobody has decided anything about it
        approval = await self._ledger.approval(run.id)
        return None if approval is None else approval.required_role

    async def _stake(self, run: Run, flow: Flow, shown: Sequence[Performance]) -> Stake:
        if shown:
            return shown[0].stake
        return await stake_of(self._firm, flow, run, today=self._clock.now().date())

    @staticmethod
    def _log_bug(run: Run, error: Exception) -> None:
        frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)[-8:]]
        structlog.get_logger().error(
            "run failed by a bug", run=run.id, workflow=run.workflow, error=type(error).__name__, frames=frames
        )


def _halted(run: Run, flow: Flow, refusal: Refused) -> Halt:
    """What can't be granted isn't done by halves."""
    code, why = refusal.refusals[0].code.value, str(refusal)
    raised = NewException(queue=flow.queue, code=code, message=why, cause=cause(run, code))
    return Halt(error=StepError(code=code, message=why, retryable=False), raised=raised, undo=True)


def _wish(flow: Flow, run: Run) -> Wish:
    try:
        return wish_of(flow, run.input)
    except msgspec.ValidationError as error:
        raise FlowChangedError(f"it can't read any more what was asked for ({error})") from None
