"""The comparisons that one caller may see and ask for, as the graph shows them."""

from strawberry import ID

from resolvers.ledger.asking import shown_refusal
from resolvers.ledger.pages import Total, connection_of, page_of
from resolvers.ledger.wanted import holds
from schema import enums
from schema.errors import Forbidden
from schema.ids import LEDGER, RecordKey, encode_id, key_of, ledger_id
from schema.scalars import CurrencyCode, Json
from schema.types.reconciliations import (
    Difference,
    DifferenceCount,
    DifferenceSide,
    ReconcileInput,
    Reconciliation,
    ReconciliationPayload,
)
from schema.types.shared import Connection, Money
from sync.desk import Caller, Desk, Refusal, RefusalCode
from sync.ledger import port_of_reconciliations as kept
from sync.reconciling.asking import Wanted
from sync.reconciling.position import scope_of
from sync.reconciling.report import compared

RECONCILIATION, DIFFERENCE = "Reconciliation", "Difference"
NO_DESK = Refusal(RefusalCode.UNSUPPORTED, "This gateway has no ledger, so that it compares nothing.")


class Reconciliations:
    """`schema.context.Reconciliations`. Without a desk there are none."""

    def __init__(self, desk: Desk | None, caller: Caller) -> None:
        self._desk = desk
        self._caller = caller

    async def get(self, reconciliation_id: str) -> Reconciliation | None:
        key = key_of(RECONCILIATION, reconciliation_id)
        ledger = self._ledger()
        if ledger is None or key.platform != LEDGER or not holds(key.external_id):
            return None
        found = await ledger.get(key.external_id)
        return None if found is None else shown(found)

    async def page(self, comparison: str | None, *, first: int | None, after: str | None) -> Connection[Reconciliation]:
        page = page_of(first, after, f"reconciliations {comparison}")
        ledger = self._ledger()
        if ledger is None or (comparison is not None and not holds(comparison)):
            return connection_of(page, [], None)
        found = await ledger.page(comparison, first=page.first + 1, before=page.after)
        return connection_of(page, [(number, shown(each)) for number, each in found], None)

    async def differences(
        self, key: str, kind: enums.DifferenceKind | None, *, first: int | None, after: str | None
    ) -> Connection[Difference]:
        page = page_of(first, after, f"differences {key} {kind}")
        ledger = self._ledger()
        if ledger is None:
            return connection_of(page, [], None)
        of_kind = None if kind is None else kept.DifferenceKind(kind.value)
        found = await ledger.differences(key, kind=of_kind, first=page.first + 1, after=page.after)
        total = Total(lambda: ledger.count_differences(key, kind=of_kind))
        return connection_of(page, [(number, _difference(each)) for number, each in found], total)

    async def ask(self, given: ReconcileInput) -> ReconciliationPayload:
        asking = None if self._desk is None else self._desk.reconciliations
        if asking is None:
            return ReconciliationPayload(reconciliations=[], errors=[shown_refusal(NO_DESK)])
        wanted = Wanted(
            comparisons=(given.comparison,) if given.comparison else (),
            legal_entity=given.legal_entity_id or None,
            since=given.since or None,
            until=given.until or None,
            accept_fewer=given.accept_fewer,
            idempotency_key=given.idempotency_key,
        )
        answer = await asking.ask(self._caller, wanted)
        return ReconciliationPayload(
            reconciliations=[shown(each) for each in answer.reconciliations],
            errors=[shown_refusal(refusal) for refusal in answer.refusals],
        )

    def _ledger(self) -> kept.Reconciliations | None:
        """Raises Forbidden for those who may not see the ledger."""
        if self._desk is None:
            return None
        if not self._desk.may_read_ledger(self._caller):
            raise Forbidden("Your role may not see comparisons.")
        return self._desk.ledger.reconciliations


def shown(found: kept.Reconciliation) -> Reconciliation:
    scope = scope_of(found.scope)
    entity = None if scope.legal_entity is None else encode_id(RecordKey("LegalEntity", *scope.legal_entity))
    return Reconciliation(
        id=ID(ledger_id(RECONCILIATION, found.id)),
        key=found.id,
        comparison=found.comparison,
        status=enums.ReconciliationStatus(found.status.value),
        legal_entity_id=None if entity is None else ID(entity),
        since=scope.since,
        until=scope.until,
        requested_by=found.requested_by,
        started_at=found.started_at,
        finished_at=found.finished_at,
        compared=compared(found),
        changed=found.counts.get("changed", 0),
        counts=[
            DifferenceCount(kind=enums.DifferenceKind(kind.value), count=found.counts[kind.value])
            for kind in kept.DifferenceKind
            if found.counts.get(kind.value)
        ],
        error=found.error,
    )


def _difference(found: kept.Difference) -> Difference:
    money = (
        None
        if found.amount is None or found.currency is None
        else Money(amount=found.amount, currency=CurrencyCode(found.currency))
    )
    return Difference(
        id=ID(ledger_id(DIFFERENCE, found.id)),
        record_id=found.record_id,
        run_key=found.repair_run_id,
        kind=enums.DifferenceKind(found.kind.value),
        path=found.path,
        left=_side(found.left_platform, found.left_id, found.left_value),
        right=_side(found.right_platform, found.right_id, found.right_value),
        diverged_at=found.diverged_at,
        explanation=found.explanation,
        amount=money,
    )


def _side(platform: str | None, external_id: str | None, value: object) -> DifferenceSide | None:
    if platform is None:
        return None
    return DifferenceSide(platform=platform, external_id=external_id, value=None if value is None else Json(value))
