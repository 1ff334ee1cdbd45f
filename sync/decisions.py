"""What people decide about runs and problems: approve, reject, retry, cancel, take back, settle."""

from collections.abc import Callable, Mapping

from runtime.clock import Clock
from schema.errors import Queue
from sync.desk import Caller, ExceptionReply, Refusal, RefusalCode, Reply
from sync.doubts import in_doubt
from sync.edits import fitting
from sync.effects import UNDOING
from sync.firm import Firm
from sync.ledger.port import Ledger, RunChange
from sync.ledger.records import ApprovalState, Audited, ExceptionState, Json, Run, RunStatus, Step, StepStatus
from sync.performance import EDITED
from sync.policy import MAY_READ_LEDGER, may_decide, may_settle
from sync.process import Flow, Refused
from sync.wording import word_problems

_OVER = "Somebody else has just decided, or a worker is at it: look at the run again."
_CANCELLABLE = frozenset({RunStatus.PENDING, RunStatus.AWAITING_APPROVAL, RunStatus.RUNNING, RunStatus.FAILED})
_UNDONE = frozenset({StepStatus.FAILED, StepStatus.RETRYING})


class Decisions:
    """The people's part of the desk."""

    def __init__(
        self, ledger: Ledger, flows: Mapping[str, Flow], firm: Firm, clock: Clock, *, ring: Callable[[], None]
    ) -> None:
        self.ledger = ledger
        self._flows = flows
        self._firm = firm
        self._clock = clock
        self._ring = ring

    async def approve(self, caller: Caller, run_id: str, *, comment: str | None) -> Reply:
        return await self._decide(caller, run_id, ApprovalState.APPROVED, comment)

    async def reject(self, caller: Caller, run_id: str, *, comment: str) -> Reply:
        if not comment.strip():
            return _refuse(
                RefusalCode.INVALID, "Say in a few words why: whoever asked for it wants to know.", "comment"
            )
        return await self._decide(caller, run_id, ApprovalState.REJECTED, comment)

    async def _decide(self, caller: Caller, run_id: str, state: ApprovalState, comment: str | None) -> Reply:
        run = await self.ledger.run(run_id)
        if run is None:
            return _no_run()
        if self._unseen(caller, run):
            return _not_theirs(caller, run)
        approval = await self.ledger.approval(run_id)
        if approval is None or approval.state is not ApprovalState.SUBMITTED:
            return _refuse(RefusalCode.STATE, "This run doesn't wait for an approval.")
        if not may_decide(caller.role, approval.required_role):
            message = f"The role {caller.role} may not decide this: {approval.required_role} must."
            return _refuse(RefusalCode.FORBIDDEN, message)
        if caller.name == run.caller:
            return _refuse(RefusalCode.FORBIDDEN, "Whoever requested a run can't approve or reject it as well.")
        if approval.expires_at <= self._clock.now():
            return _refuse(RefusalCode.STATE, "The time for a decision is over: request it again.")
        problems = word_problems(comment, "comment")
        if problems:
            return Reply(refusals=tuple(problems))
        action = "approval.given" if state is ApprovalState.APPROVED else "approval.refused"
        detail = {"planHash": approval.plan_hash, "comment": comment, "policy": f"{approval.required_role} decides"}
        decided = await self.ledger.decide(
            run_id,
            state=state,
            by=caller.name,
            comment=comment,
            audit=_entry(caller, run, action, detail),
            plan_hash=approval.plan_hash,
        )
        if decided is None:
            return _refuse(RefusalCode.STATE, _OVER)
        self._ring()
        return Reply(decided[0])

    async def retry(self, caller: Caller, run_id: str) -> Reply:
        """A run that has failed goes on where it stands: finished steps aren't done again."""
        run = await self.ledger.run(run_id)
        if run is None:
            return _no_run()
        if self._barred(caller, run):
            return _not_theirs(caller, run)
        if run.status is not RunStatus.FAILED:
            return _refuse(
                RefusalCode.STATE, f"Only a run that has failed can be retried; this one is {run.status.value}."
            )
        undoing = any(step.name.startswith(UNDOING) for step in await self.ledger.steps(run_id))
        status = RunStatus.COMPENSATING if undoing else RunStatus.PENDING
        return await self._steer(caller, run, status, "run.retried")

    async def cancel(self, caller: Caller, run_id: str) -> Reply:
        """A run of which nothing is done yet will not be done."""
        run = await self.ledger.run(run_id)
        if run is None:
            return _no_run()
        if run.caller != caller.name and self._barred(caller, run):
            return _not_theirs(caller, run)
        if run.status not in _CANCELLABLE:
            return _refuse(RefusalCode.STATE, f"This run is {run.status.value}: there is nothing left to cancel.")
        if any(step.attempts for step in await self.ledger.steps(run_id)):
            return _refuse(
                RefusalCode.STATE, "It has begun to write: once it has ended, compensateRun takes that back."
            )
        return await self._steer(caller, run, RunStatus.CANCELLED, "run.cancelled")

    async def compensate(self, caller: Caller, run_id: str) -> Reply:
        """The finished steps of a run are taken back, last first. What nobody can see is never undone."""
        run = await self.ledger.run(run_id)
        if run is None:
            return _no_run()
        if self._barred(caller, run):
            return _not_theirs(caller, run)
        if run.status not in (RunStatus.FAILED, RunStatus.SUCCEEDED):
            message = f"Only a run that has ended can be taken back; this one is {run.status.value}."
            return _refuse(RefusalCode.STATE, message)
        doubtful = [step.name for step in await self.ledger.steps(run_id) if in_doubt(step)]
        if doubtful:
            message = f"Whether {', '.join(doubtful)} was done isn't known yet: retry the run first, which finds out."
            return _refuse(RefusalCode.STATE, message)
        return await self._steer(caller, run, RunStatus.COMPENSATING, "run.compensated")

    async def edit_step(self, caller: Caller, run_id: str, step: str, values: Mapping[str, Json]) -> Reply:
        run = await self.ledger.run(run_id)
        if run is None:
            return _no_run()
        if self._barred(caller, run):
            return _not_theirs(caller, run)
        if run.status is not RunStatus.FAILED:
            return _refuse(
                RefusalCode.STATE, f"Only a failed run's step can be edited; this run is {run.status.value}."
            )
        flow = self._flows.get(run.workflow)
        if (flow is not None and flow.approver is not None) or await self.ledger.approval(run_id) is not None:
            return _refuse(
                RefusalCode.STATE, f"{run.workflow} is done as it was approved: request it anew with other values."
            )
        found = next((each for each in await self.ledger.steps(run_id) if each.name == step), None)
        if found is None or found.status not in _UNDONE or found.name.startswith(UNDOING) or in_doubt(found):
            return _refuse(RefusalCode.STATE, f"The run has no step {step!r} that has failed for certain.", "step")
        try:
            fit = fitting(self._firm, found, values)
        except Refused as refusal:
            return Reply(refusals=refusal.refusals)
        return await self._edit(caller, run, found, fit)

    async def _edit(self, caller: Caller, run: Run, step: Step, values: Mapping[str, Json]) -> Reply:
        earlier = run.facts.get(EDITED + step.name, {})
        asked = {**step.asked, **earlier}
        change = RunChange(facts={**run.facts, EDITED + step.name: {**earlier, **values}})
        detail = {"step": step.name, "before": {path: asked.get(path) for path in values}, "after": dict(values)}
        audit = _entry(caller, run, "step.edited", detail)
        changed = await self.ledger.steer(run.id, (run.status,), change, audit, fence=run.fence)
        return _refuse(RefusalCode.STATE, _OVER) if changed is None else Reply(changed)

    async def resolve(self, caller: Caller, exception_id: str, *, resolution: str, dismiss: bool) -> ExceptionReply:
        found = await self.ledger.exception(exception_id)
        if found is None:
            return ExceptionReply(refusals=(Refusal(RefusalCode.NOT_FOUND, "There is no such exception.", ("id",)),))
        if not may_settle(caller.role, found.queue):
            message = f"Problems in the queue {found.queue.value} aren't for the role {caller.role} to settle."
            return ExceptionReply(refusals=(Refusal(RefusalCode.FORBIDDEN, message),))
        if not resolution.strip():
            message = "Say in a few words what was decided: whoever looks later wants to know."
            return ExceptionReply(refusals=(Refusal(RefusalCode.INVALID, message, ("resolution",)),))
        problems = word_problems(resolution, "resolution")
        if problems:
            return ExceptionReply(refusals=tuple(problems))
        if found.status is not ExceptionState.OPEN:
            message = f"This exception is {found.status.value} already."
            return ExceptionReply(refusals=(Refusal(RefusalCode.STATE, message),))
        status = ExceptionState.DISMISSED if dismiss else ExceptionState.RESOLVED
        run = None if found.run_id is None else await self.ledger.run(found.run_id)
        audit = Audited(
            actor=caller.name,
            action="exception.dismissed" if dismiss else "exception.resolved",
            record_id=found.record_id,
            correlation_id=caller.correlation_id if run is None else run.correlation_id,
            run_id=found.run_id,
            detail={"code": found.code, "resolution": resolution},
        )
        settled = await self.ledger.settle(
            exception_id, status=status, by=caller.name, resolution=resolution, audit=audit
        )
        if settled is None:
            return ExceptionReply(refusals=(Refusal(RefusalCode.STATE, "Somebody else was quicker."),))
        return ExceptionReply(settled)

    # ---------------------------------------------------------------------------------------------------------- pieces

    def _barred(self, caller: Caller, run: Run) -> bool:
        flow = self._flows.get(run.workflow)
        return not may_settle(caller.role, Queue.INTEGRATION if flow is None else flow.queue)

    @staticmethod
    def _unseen(caller: Caller, run: Run) -> bool:
        return run.caller != caller.name and caller.role not in MAY_READ_LEDGER

    async def _steer(self, caller: Caller, run: Run, status: RunStatus, action: str) -> Reply:
        """As the run was when it was looked at: if a worker or somebody else has had it since, nothing is changed."""
        ends = status is RunStatus.CANCELLED
        change = RunChange(
            status=status,
            next_at=None if ends else self._clock.now(),
            finished_at=self._clock.now() if ends else None,
            tries=0,
            clear=frozenset({"next_at", "parked"}) if ends else frozenset({"finished_at", "parked", "planned_at"}),
        )
        audit = _entry(caller, run, action, {"workflow": run.workflow, "was": run.status.value})
        changed = await self.ledger.steer(run.id, (run.status,), change, audit, fence=run.fence)
        if changed is None:
            return _refuse(RefusalCode.STATE, _OVER)
        self._ring()
        return Reply(changed)


def _refuse(code: RefusalCode, message: str, *path: str) -> Reply:
    return Reply(refusals=(Refusal(code, message, path or None),))


def _not_theirs(caller: Caller, run: Run) -> Reply:
    return _refuse(RefusalCode.FORBIDDEN, f"The role {caller.role} may not do this to a run of {run.workflow}.")


def _no_run() -> Reply:
    return _refuse(RefusalCode.NOT_FOUND, "There is no such run.", "id")


def _entry(caller: Caller, run: Run, action: str, detail: Json) -> Audited:
    return Audited(
        actor=caller.name,
        action=action,
        record_id=run.order_key,
        correlation_id=run.correlation_id,
        run_id=run.id,
        detail={**detail, "role": caller.role},
    )
