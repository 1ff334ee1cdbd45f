"""Webhooks that Crosswalk sends: who is told what, and the log of what was delivered."""

from datetime import datetime
from typing import Any, TypeVar

import strawberry

from schema.context import Info
from schema.enums import ExceptionQueue, WebhookDeliveryStatus, WebhookStatus
from schema.types.shared import Connection
from schema.types.user_errors import UserError


@strawberry.type(description="One try to deliver an event.")
class WebhookAttempt:
    at: datetime = strawberry.field(description="When it was sent.")
    seconds: float = strawberry.field(description="How long it took.")
    status: int | None = strawberry.field(description="The HTTP status that the receiver answered with.")
    error: str | None = strawberry.field(
        description="Why there is no status, such as `TIMEOUT` or `ADDRESS_REFUSED`: see docs/webhooks.md."
    )


@strawberry.type(description="One event's way to one webhook.")
class WebhookDelivery:
    id: strawberry.ID = strawberry.field(description="What `redeliver` calls it.")
    webhook_id: strawberry.ID = strawberry.field(description="The webhook that it goes to.")
    kind: str = strawberry.field(description="What kind of event, as in the webhook's `kinds`.")
    subject: strawberry.ID = strawberry.field(description="The global id of what the event is about.")
    status: WebhookDeliveryStatus = strawberry.field(description="What became of it.")
    tries: int = strawberry.field(description="How often it was tried since it was created, or redelivered last.")
    attempts: list[WebhookAttempt] = strawberry.field(description="The last 50 tries of all, oldest first.")
    created_at: datetime = strawberry.field(description="Since when it is on its way.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is tried (again), once no earlier one of its subject waits; null where it isn't."
    )
    ended_at: datetime | None = strawberry.field(description="When it was delivered or given up.")


@strawberry.type(description="What narrows a webhook down. Each part is about some kinds; events of others pass it.")
class WebhookFilter:
    account_ids: list[strawberry.ID] | None
    record_ids: list[strawberry.ID] | None
    paths: list[str] | None
    statuses: list[str] | None
    workflows: list[str] | None
    queues: list[ExceptionQueue] | None


T = TypeVar("T")


def _given(value: T | None) -> T | None:
    """What was left out is as if it were null."""
    return None if value is strawberry.UNSET else value


async def _deliveries(
    self: "Webhook",
    info: Info,
    status: WebhookDeliveryStatus | None = strawberry.UNSET,
    first: int | None = 50,
    after: str | None = strawberry.UNSET,
) -> Connection[WebhookDelivery]:
    return await info.context.webhooks.deliveries(self.key, _given(status), first=first, after=_given(after))


@strawberry.type(description="An application of the firm's that is told by HTTP what happens: see docs/webhooks.md.")
class Webhook:
    id: strawberry.ID = strawberry.field(description="Its global id.")
    key: strawberry.Private[str]
    url: str = strawberry.field(description="Where it is told.")
    description: str | None = strawberry.field(description="In its owner's words.")
    kinds: list[str] = strawberry.field(description="The kinds of events that it is told.")
    filter: WebhookFilter = strawberry.field(description="Which of those; null parts let everything pass.")
    owner: str = strawberry.field(description="The name of the API key's holder who registered it.")
    status: WebhookStatus = strawberry.field(description="Whether anything is sent.")
    disabled_because: str | None = strawberry.field(description="Why it is disabled.")
    failing_since: datetime | None = strawberry.field(
        description="The first failure since anything was delivered; null where the last try went well."
    )
    secret_generation: int = strawberry.field(description="1, and one more for each rotation of its secret.")
    previous_secret_until: datetime | None = strawberry.field(
        description="Until when messages are signed with the secret before the last rotation as well."
    )
    created_at: datetime = strawberry.field(description="When it was registered.")
    deliveries: Connection[WebhookDelivery] = strawberry.field(
        resolver=_deliveries, description="The log of what was sent to it, newest first."
    )


def _part(description: str) -> Any:
    """A field that may be left out."""
    return strawberry.field(default=strawberry.UNSET, description=description)


@strawberry.input(description="Each part that is given must hold for events that it is about; events of others pass.")
class WebhookFilterInput:
    account_ids: list[strawberry.ID] | None = _part("Of records: only these accounts, and what belongs to them.")
    record_ids: list[strawberry.ID] | None = _part("Of records: only these.")
    paths: list[str] | None = _part(
        "Of records: only where one of these fields changed, by canonical path; `billing` is all below it as well."
    )
    statuses: list[str] | None = _part("Of records and runs: only where the status is, or becomes, one of these.")
    workflows: list[str] | None = _part("Of runs: only of these workflows, such as `postInvoice`.")
    queues: list[ExceptionQueue] | None = _part("Of business exceptions: only in these queues.")


@strawberry.input(description="An application that is to be told what happens from now on.")
class RegisterWebhookInput:
    idempotency_key: str = strawberry.field(
        description="Yours to choose, one per webhook: the same key with the same input answers the same webhook."
    )
    url: str = strawberry.field(
        description="Where messages are posted: https, without credentials; no private address unless it is allowed."
    )
    kinds: list[str] = strawberry.field(
        description="`record.Project` and so on for each type, `record.*` for all records, `syncRun`, `exception`."
    )
    filter: WebhookFilterInput | None = _part("Which of those; all of them where it is left out.")
    description: str | None = _part("For people.")


@strawberry.input(description="What is to be changed: all that is left out stays.")
class UpdateWebhookInput:
    id: strawberry.ID = strawberry.field(description="The webhook.")
    url: str | None = _part("Where messages are posted from now on, those that wait too.")
    kinds: list[str] | None = _part("Instead of all kinds so far.")
    filter: WebhookFilterInput | None = _part("Instead of the whole filter so far.")
    description: str | None = _part("For people.")


@strawberry.type(description="`webhook` is null only when `errors` is not empty.")
class WebhookPayload:
    webhook: Webhook | None = strawberry.field(description="The webhook as it is now.")
    secret: str | None = strawberry.field(
        description="What its messages are signed with: told when it is made, by registering and rotating, never again."
    )
    errors: list[UserError] = strawberry.field(description="Why nothing was changed; empty where something was.")


@strawberry.type(description="`delivery` is null only when `errors` is not empty.")
class WebhookDeliveryPayload:
    delivery: WebhookDelivery | None = strawberry.field(description="The delivery as it is now.")
    errors: list[UserError] = strawberry.field(description="Why nothing was changed; empty where something was.")
