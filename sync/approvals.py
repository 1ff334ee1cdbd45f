"""An approval is bound to what the approver saw: other live values void it, and say what changed."""

from datetime import timedelta

from runtime.clock import Clock
from sync.leases import KeptLease
from sync.ledger.port import Ledger, Outcome, RunChange
from sync.ledger.records import Approval, ApprovalState, Audited, Run, RunStatus
from sync.planning import Plan, what_changed


class Approvals:
    """`seconds`: how long a decision is waited for."""

    def __init__(self, ledger: Ledger, clock: Clock, *, seconds: float) -> None:
        self._ledger = ledger
        self._clock = clock
        self._seconds = seconds

    async def agreed(self, lease: KeptLease, run: Run, role: str, plan: Plan, change: RunChange) -> bool:
        """Whether this very plan is approved. If not, the run waits for a decision, and the lease is given back."""
        found = await self._ledger.approval(run.id)
        if found is not None and found.state is ApprovalState.APPROVED and found.plan_hash == plan.hash:
            return True
        voided = found is not None and found.state is ApprovalState.APPROVED
        changed = what_changed(run.plan or (), plan.writes, run.facts, plan.facts) if voided else None
        now = self._clock.now()
        approval = Approval(
            run_id=run.id,
            state=ApprovalState.SUBMITTED,
            required_role=role,
            plan_hash=plan.hash,
            requested_by=run.caller,
            requested_at=now,
            expires_at=now + timedelta(seconds=self._seconds),
            comment=None if changed is None else f"An earlier approval is void, since the plan changed: {changed}",
        )
        entry = Audited(
            actor="crosswalk",
            action="approval.voided" if voided else "approval.asked",
            correlation_id=run.correlation_id,
            run_id=run.id,
            record_id=run.order_key,
            detail={"requiredRole": role, "planHash": plan.hash, "changed": changed},
        )
        waiting = RunChange(
            status=RunStatus.AWAITING_APPROVAL,
            version=change.version,
            plan=change.plan,
            plan_hash=change.plan_hash,
            planned_at=change.planned_at,
            facts=change.facts,
            records=change.records,
            clear=frozenset({"next_at", "parked"}),
        )
        await self._ledger.release(lease.hold(), waiting, Outcome(audit=(entry,), approval=approval))
        return False
