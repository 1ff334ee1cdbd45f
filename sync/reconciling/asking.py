"""Where comparisons are asked for: what can't be meant is refused, the rest is written down for who works on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import uuid4

from runtime.clock import Clock
from runtime.settings.problems import nearest
from schema.errors import BadUserInput
from sync.desk import Caller, Refusal, RefusalCode
from sync.firm import Firm
from sync.ledger.port import Ledger
from sync.ledger.port_of_reconciliations import NewReconciliation, Reconciliation
from sync.ledger.records import Audited
from sync.policy import MAY_RECONCILE
from sync.reconciling.comparison import Comparison
from sync.reconciling.position import Position, kept_position, kept_scope
from sync.reconciling.repairing import ACTOR
from sync.reconciling.seen import Scope
from sync.values import digest
from sync.wording import key_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`comparisons`: their names, all that apply to this firm where there are none. `legal_entity`: a global id."""

    comparisons: tuple[str, ...] = ()
    legal_entity: str | None = None
    since: date | None = None
    until: date | None = None
    accept_fewer: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    reconciliations: tuple[Reconciliation, ...] = ()
    refusals: tuple[Refusal, ...] = ()


class ReconciliationDesk(Protocol):
    """Meets the graph's wish for a comparison."""

    async def ask(self, caller: Caller, wanted: Wanted) -> Answer: ...


class Asking:
    """Meets `ReconciliationDesk`."""

    def __init__(self, ledger: Ledger, firm: Firm, comparisons: Mapping[str, Comparison], clock: Clock) -> None:
        self._ledger = ledger
        self._firm = firm
        self._comparisons = comparisons
        self._clock = clock

    async def ask(self, caller: Caller, wanted: Wanted) -> Answer:
        """The same key answers the same reconciliations, however far they are."""
        if caller.role not in MAY_RECONCILE:
            return _refused(RefusalCode.FORBIDDEN, f"The role {caller.role} may not ask for comparisons.")
        scope, refusals = self._scope(wanted)
        chosen, more = self._chosen(wanted)
        problem = None if wanted.idempotency_key is None else key_problem(wanted.idempotency_key)
        refusals += (*more, *([problem] if problem else []))
        if refusals:
            return Answer(refusals=refusals)
        key = wanted.idempotency_key or uuid4().hex
        started: list[Reconciliation] = []
        for comparison in chosen:
            new = self._new(caller, comparison, scope, key, accept_fewer=wanted.accept_fewer)
            found, _ = await self._ledger.reconciliations.start(new)
            if found.comparison != comparison.name or found.scope != new.scope:
                message = "This idempotency key stands for another comparison already: use a new key for a new one."
                return _refused(RefusalCode.IDEMPOTENCY_MISMATCH, message, "idempotencyKey")
            started.append(found)
        return Answer(tuple(started))

    async def ask_daily(self, day: date) -> tuple[Reconciliation, ...]:
        """What is compared at the end of this day; whoever comes second starts nothing."""
        started: list[Reconciliation] = []
        for comparison in self._applying():
            new = NewReconciliation(
                id=f"daily-{day.isoformat()}-{comparison.name}",
                comparison=comparison.name,
                scope={},
                requested_by=ACTOR,
                correlation_id=f"reconciliation-{day.isoformat()}",
            )
            found, is_new = await self._ledger.reconciliations.start(new)
            started += [found] if is_new else []
        return tuple(started)

    # ---------------------------------------------------------------------------------------------------------- pieces

    def _applying(self) -> list[Comparison]:
        return [each for each in self._comparisons.values() if each.applies(self._firm)]

    def _chosen(self, wanted: Wanted) -> tuple[Sequence[Comparison], tuple[Refusal, ...]]:
        refusals: list[Refusal] = []
        chosen: list[Comparison] = []
        for name in dict.fromkeys(wanted.comparisons):
            comparison = self._comparisons.get(name)
            if comparison is None:
                message = f"There is no comparison {name}{nearest(name, self._comparisons)}"
                refusals.append(_refusal(RefusalCode.INVALID, message, "comparison"))
            elif not comparison.applies(self._firm):
                message = f"No connected platforms have both sides of {name}."
                refusals.append(_refusal(RefusalCode.UNSUPPORTED, message, "comparison"))
            elif wanted.legal_entity is not None and comparison.client is None:
                message = f"What {name} compares is of no legal entity: leave legalEntityId out."
                refusals.append(_refusal(RefusalCode.INVALID, message, "legalEntityId"))
            else:
                chosen.append(comparison)
        if wanted.comparisons:
            return chosen, tuple(refusals)
        every = [each for each in self._applying() if wanted.legal_entity is None or each.client is not None]
        return every, ()

    def _scope(self, wanted: Wanted) -> tuple[Scope, tuple[Refusal, ...]]:
        entity = None
        if wanted.legal_entity is not None:
            try:
                key = self._firm.key("LegalEntity", wanted.legal_entity)
            except BadUserInput as error:
                return Scope(), (_refusal(RefusalCode.INVALID, error.detail, "legalEntityId"),)
            entity = (key.platform, key.external_id)
        if wanted.since is not None and wanted.until is not None and wanted.since > wanted.until:
            message = f"It would end ({wanted.until}) before it begins ({wanted.since})."
            return Scope(), (_refusal(RefusalCode.INVALID, message, "until"),)
        return Scope(legal_entity=entity, since=wanted.since, until=wanted.until), ()

    @staticmethod
    def _new(
        caller: Caller, comparison: Comparison, scope: Scope, key: str, *, accept_fewer: bool
    ) -> NewReconciliation:
        kept = kept_scope(scope)
        return NewReconciliation(
            id=digest([caller.name, key, comparison.name])[:32],
            comparison=comparison.name,
            scope=kept,
            requested_by=caller.name,
            correlation_id=caller.correlation_id,
            position=kept_position(Position(accept_fewer=True)) if accept_fewer else None,
            audit=(
                Audited(
                    actor=caller.name,
                    action="reconciliation.requested",
                    correlation_id=caller.correlation_id,
                    detail={"comparison": comparison.name, "scope": kept},
                ),
            ),
        )


def _refusal(code: RefusalCode, message: str, *path: str) -> Refusal:
    return Refusal(code, message, ("input", *path) if path else None)


def _refused(code: RefusalCode, message: str, *path: str) -> Answer:
    return Answer(refusals=(_refusal(code, message, *path),))
