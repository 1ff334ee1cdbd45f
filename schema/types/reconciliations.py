"""Comparisons of platforms, and what differs between them."""

# ruff: noqa: A002 - `input` is the contract's name

from datetime import date, datetime

import strawberry

from schema.context import Info
from schema.enums import DifferenceKind, ReconciliationStatus
from schema.scalars import Json
from schema.types.references import RunRef
from schema.types.shared import Connection, Money, Node
from schema.types.user_errors import UserError


@strawberry.type(description="How many differences of one kind were found.")
class DifferenceCount:
    kind: DifferenceKind = strawberry.field(description="What kind.")
    count: int = strawberry.field(description="How many.")


@strawberry.type(description="What one platform says, and of which record there.")
class DifferenceSide:
    platform: str = strawberry.field(description="The configured name of the platform.")
    external_id: str | None = strawberry.field(description="The platform's id of the record; null where it has none.")
    value: Json | None = strawberry.field(description="The canonical value there; null where it has none.")


def _record(self: "Difference", info: Info) -> Node | None:
    found = info.context.records([] if self.record_id is None else [self.record_id])
    return found[0] if found else None


async def _repair(self: "Difference", info: Info) -> RunRef | None:
    return None if self.run_key is None else await info.context.ledger.run_of(self.run_key)


@strawberry.type(
    description="A value, or a record, that isn't the same on both sides: seen twice, some seconds apart, with the "
    "same values, while nobody worked on the record."
)
class Difference:
    id: strawberry.ID = strawberry.field(description="Its global id.")
    record_id: strawberry.Private[str | None]
    run_key: strawberry.Private[str | None]
    kind: DifferenceKind = strawberry.field(description="In which way they differ.")
    record: Node | None = strawberry.field(
        resolver=_record, description="The canonical record that it is about, read live; null where there is none."
    )
    path: str | None = strawberry.field(description="The canonical path of the value; null where a record differs.")
    left: DifferenceSide | None = strawberry.field(description="The side that the record, or the value, comes from.")
    right: DifferenceSide | None = strawberry.field(description="The side that repeats it, or belongs to it.")
    diverged_at: datetime | None = strawberry.field(
        description="Since when they differ, as the ledger's events tell; null where nobody can say: see `explanation`."
    )
    explanation: str = strawberry.field(description="What differs, who owns it and since when, in words.")
    amount: Money | None = strawberry.field(description="The money at stake, where that is known.")
    repair: RunRef | None = strawberry.field(
        resolver=_repair, description="The run that brings it into line; null where a person is told instead."
    )


async def _differences(
    self: "Reconciliation",
    info: Info,
    kind: DifferenceKind | None = strawberry.UNSET,
    first: int | None = 50,
    after: str | None = strawberry.UNSET,
) -> Connection[Difference]:
    wanted = None if kind is strawberry.UNSET else kind
    return await info.context.reconciliations.differences(
        self.key, wanted, first=first, after=None if after is strawberry.UNSET else after
    )


@strawberry.type(description="One comparison of two platforms, from its beginning to its report.")
class Reconciliation:
    id: strawberry.ID = strawberry.field(description="Its global id.")
    key: strawberry.Private[str]
    comparison: str = strawberry.field(description="What is compared, such as `invoices`: see docs/reconciliation.md.")
    status: ReconciliationStatus = strawberry.field(description="How far it is.")
    legal_entity_id: strawberry.ID | None = strawberry.field(description="Only what is this company's; null: all.")
    since: date | None = strawberry.field(description="Only from this day on.")
    until: date | None = strawberry.field(description="Only up to and including this day.")
    requested_by: str = strawberry.field(description="Who asked for it; `reconciliation` at the end of a day.")
    started_at: datetime = strawberry.field(description="When it was asked for.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")
    compared: int = strawberry.field(description="How many records were held against the other side so far.")
    changed: int = strawberry.field(
        description="How many looked different and then changed, or were worked on just then: no differences."
    )
    counts: list[DifferenceCount] = strawberry.field(description="What was found so far, by kind; empty: nothing.")
    error: str | None = strawberry.field(description="Why it failed, or what it waits for.")
    differences: Connection[Difference] = strawberry.field(
        resolver=_differences, description="What differs, in the order in which it was found."
    )


@strawberry.input(description="What is to be compared. It is read in the background, without haste.")
class ReconcileInput:
    idempotency_key: str = strawberry.field(
        description="Yours to choose: the same key with the same input answers the same comparisons."
    )
    comparison: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Such as `invoices`: see docs/reconciliation.md; everything where it is left out.",
    )
    legal_entity_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Only what is this company's."
    )
    since: date | None = strawberry.field(default=strawberry.UNSET, description="Only from this day on.")
    until: date | None = strawberry.field(default=strawberry.UNSET, description="Only up to and including this day.")
    accept_fewer: bool = strawberry.field(
        default=False,
        description="Takes it for right that a platform has less than half the records that it had the last time.",
    )


@strawberry.type(description="`reconciliations` is empty only when `errors` is not.")
class ReconciliationPayload:
    reconciliations: list[Reconciliation] = strawberry.field(description="The comparisons, one of each kind.")
    errors: list[UserError] = strawberry.field(description="Why nothing is compared; empty where something is.")


async def _reconcile(info: Info, input: ReconcileInput) -> ReconciliationPayload:
    return await info.context.reconciliations.ask(input)


RECONCILE = strawberry.field(
    resolver=_reconcile,
    description="Compares what two platforms say of the same records: differences are brought into line where the "
    "settings say so, and are put into somebody's queue elsewhere.",
)
