"""The front desk: takes wishes in, writes down what is accepted, and lets people decide what waits for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import msgspec

from runtime.clock import Clock
from runtime.settings.happenings import RuleMode
from schema.errors import BadUserInput, DeadlineExceeded, RetryLater
from sync.acting.modes import modes_of
from sync.acting.readiness import Answers
from sync.acting.rules import rules
from sync.decisions import Decisions
from sync.delivering.desk import WebhookDesk
from sync.desk import Caller, Refusal, RefusalCode, Reply, Request
from sync.firm import Firm
from sync.ledger.port import KeyTakenError, Ledger, NewRun
from sync.ledger.records import Audited, Json, Run, RunStatus
from sync.planning import IF_VERSION, Plan, Planning, wish_of
from sync.policy import MAY_READ_LEDGER, forbidden_parts, may_request
from sync.process import Flow, Refused
from sync.reconciling.asking import ReconciliationDesk
from sync.values import digest, to_json
from sync.wording import key_problem, word_problems


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that has passed everything that can be said without asking a platform."""

    flow: Flow
    given: Mapping[str, Json]
    hash: str
    subject: str | None


class FrontDesk(Decisions):
    """Meets `sync.desk.Desk`. `ring` tells whoever works on runs that there is something to do. `triggers`: which rules
    are on, as the installation sets it; SettingsError for one that isn't there.
    """

    def __init__(
        self,
        ledger: Ledger,
        firm: Firm,
        flows: Mapping[str, Flow],
        clock: Clock,
        *,
        ring: Callable[[], None],
        approval_seconds: float,
        webhooks: WebhookDesk | None = None,
        reconciliations: ReconciliationDesk | None = None,
        triggers: Mapping[str, RuleMode] | None = None,
        feed_seconds: float | None = None,
    ) -> None:
        super().__init__(ledger, flows, firm, clock, ring=ring)
        self.feed_seconds = feed_seconds
        self.webhooks = webhooks
        self.reconciliations = reconciliations
        self.rules = Answers(ledger, firm, rules(), modes_of(triggers or {}))
        self._planning = Planning(firm, clock)
        self._approval_seconds = approval_seconds

    def may_read_ledger(self, caller: Caller) -> bool:
        return caller.role in MAY_READ_LEDGER

    async def request(self, caller: Caller, request: Request) -> Reply:
        asked = self._understood(caller, request)
        if isinstance(asked, tuple):
            return Reply(refusals=asked)
        if not request.dry_run:
            known = await self.ledger.by_key(caller.name, request.idempotency_key)
            if known is not None:
                return _same(known, asked)
        run_id = str(uuid4())
        try:
            plan = await self._planned(asked, run_id, at_once=request.dry_run or request.approver is not None)
        except Refused as refusal:
            return Reply(refusals=refusal.refusals)
        except BadUserInput as error:
            return Reply(refusals=(Refusal(RefusalCode.INVALID, error.detail, ("input",)),))
        if request.dry_run:
            return Reply(self._dry(caller, request, asked, run_id, plan))
        try:
            run = await self.ledger.accept(self._new(caller, request, asked, run_id, plan))
        except KeyTakenError as taken:
            return _same(taken.run, asked)
        self._ring()
        return Reply(run)

    # ---------------------------------------------------------------------------------------------------------- pieces

    def _understood(self, caller: Caller, request: Request) -> _Asked | tuple[Refusal, ...]:
        flow = self._flows.get(request.workflow)
        if flow is None:
            message = f"This installation has no workflow {request.workflow}."
            return (Refusal(RefusalCode.UNSUPPORTED, message),)
        if not may_request(caller.role, flow.name):
            return (Refusal(RefusalCode.FORBIDDEN, f"The role {caller.role} may not request {flow.name}."),)
        given: dict[str, Json] = to_json(dict(request.wish))
        barred = forbidden_parts(caller.role, flow.name, given)
        if barred:
            return tuple(
                Refusal(RefusalCode.FORBIDDEN, f"The role {caller.role} may not set this.", ("input", part))
                for part in barred
            )
        wrong = key_problem(request.idempotency_key)
        problems = [*([wrong] if wrong else []), *word_problems({**given, "reason": request.reason or ""})]
        if request.if_version is not None:
            if not flow.changes_one_record:
                message = f"{flow.name} changes several records, so that it can't be bound to one's version."
                problems.append(Refusal(RefusalCode.INVALID, message, ("input", IF_VERSION)))
            given[IF_VERSION] = request.if_version
        if problems:
            return tuple(problems)
        try:
            wish = wish_of(flow, given)
            subject = flow.subject(wish)
        except msgspec.ValidationError as error:
            return (Refusal(RefusalCode.INVALID, f"The input can't be read: {error}.", ("input",)),)
        return _Asked(flow, given, digest({"workflow": flow.name, "input": given}), subject)

    async def _planned(self, asked: _Asked, run_id: str, *, at_once: bool) -> Plan | None:
        """None: a platform that must be asked is away, and the run is accepted to be planned when it is back."""
        try:
            return await self._planning.plan(asked.flow, asked.given, run_id)
        except (RetryLater, DeadlineExceeded):
            if at_once:
                raise
            return None

    def _new(self, caller: Caller, request: Request, asked: _Asked, run_id: str, plan: Plan | None) -> NewRun:
        flow = asked.flow
        approver = flow.approver or request.approver
        waits = plan is not None and approver is not None
        until = self._clock.now() + timedelta(seconds=self._approval_seconds)
        entry = Audited(
            actor=caller.name,
            action="run.requested",
            record_id=asked.subject,
            correlation_id=caller.correlation_id,
            run_id=run_id,
            detail={
                "workflow": flow.name,
                "input": asked.given,
                "reason": request.reason,
                "policy": f"{caller.role} may request {flow.name}",
                "planHash": None if plan is None else plan.hash,
            },
        )
        return NewRun(
            id=run_id,
            workflow=flow.name,
            version=flow.version,
            correlation_id=caller.correlation_id,
            caller=caller.name,
            role=caller.role,
            idempotency_key=request.idempotency_key,
            input_hash=asked.hash,
            input=asked.given,
            reason=request.reason,
            order_key=asked.subject,
            plan=None if plan is None else plan.writes,
            plan_hash=None if plan is None else plan.hash,
            facts={} if plan is None else plan.facts,
            records=() if plan is None else plan.records,
            approval_role=approver if waits else None,
            approval_until=until if waits else None,
            audit=(entry,),
        )

    def _dry(self, caller: Caller, request: Request, asked: _Asked, run_id: str, plan: Plan | None) -> Run:
        assert plan is not None, "a dry run without a plan is an error"
        return Run(
            id=run_id,
            sequence=0,
            workflow=asked.flow.name,
            version=asked.flow.version,
            status=RunStatus.PENDING,
            correlation_id=caller.correlation_id,
            caller=caller.name,
            role=caller.role,
            idempotency_key=request.idempotency_key,
            input_hash=asked.hash,
            input=asked.given,
            reason=request.reason,
            order_key=asked.subject,
            plan=plan.writes,
            plan_hash=plan.hash,
            records=plan.records,
            created_at=self._clock.now(),
        )


def _same(run: Run, asked: _Asked) -> Reply:
    """One key, one run: asked again it answers the same, asked for something else it refuses."""
    if run.input_hash == asked.hash:
        return Reply(run)
    message = (
        "This idempotency key stands for another request already: use a new key for a new request, and the same input "
        "with the same key."
    )
    return Reply(refusals=(Refusal(RefusalCode.IDEMPOTENCY_MISMATCH, message, ("input", "idempotencyKey")),))
