"""Bringing a record into line by ownership: the flow that would have done it is asked to do it now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from schema.errors import Queue
from sync.desk import Caller, Desk, Request
from sync.firm import Firm
from sync.ledger.port_of_reconciliations import Reconciliation
from sync.policy import ADMIN
from sync.reconciling.comparison import Comparison
from sync.reconciling.judging import Found
from sync.reconciling.seen import Unit
from sync.values import digest

Mode = Literal["off", "on", "propose"]
ACTOR = "reconciliation"
"""Who asks for repairs, and closes what is settled."""
_DECIDES: Mapping[Queue, str] = {Queue.FINANCE: "finance", Queue.PMO: "pmo", Queue.SALES_OPS: "sales_ops"}


@dataclass(frozen=True, slots=True)
class Repaired:
    """The run that was asked for, or why there is none."""

    run_id: str | None = None
    refused: str | None = None


class Repairs:
    """`modes`: by comparison, what the settings say."""

    def __init__(self, firm: Firm, desk: Desk, modes: Mapping[str, Mode]) -> None:
        self._firm = firm
        self._desk = desk
        self._modes = modes

    def mode(self, comparison: Comparison) -> Mode:
        return self._modes.get(comparison.name, "off")

    def takes(self, comparison: Comparison, found: Sequence[Found]) -> bool:
        """Whether everything that differs of one record is what its flow brings into line, and it may."""
        repair = comparison.repair
        if repair is None or self.mode(comparison) == "off":
            return False
        return all(each.kind in repair.kinds for each in found)

    async def ask(self, held: Reconciliation, comparison: Comparison, unit: Unit) -> Repaired:
        """Asked twice within one reconciliation it answers the same run; raises the errors of platforms that are away.

        `propose`: the run waits for somebody of the role that the comparison's queue belongs to.
        """
        repair = comparison.repair
        assert repair is not None
        wish = repair.wish(self._firm, unit)
        if wish is None:
            return Repaired()
        request = Request(
            workflow=repair.workflow,
            wish=wish,
            idempotency_key=f"reconcile-{held.id[:64]}-{digest([comparison.name, unit.about])[:24]}",
            reason=f"Reconciliation {held.id} of {comparison.name}",
            approver=_DECIDES.get(comparison.queue, ADMIN) if self.mode(comparison) == "propose" else None,
        )
        caller = Caller(name=ACTOR, role="service", correlation_id=held.correlation_id)
        reply = await self._desk.request(caller, request)
        if reply.run is not None:
            return Repaired(run_id=reply.run.id)
        return Repaired(refused="; ".join(refusal.message for refusal in reply.refusals))
