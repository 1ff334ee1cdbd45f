"""The webhooks that one caller may see and change, as the graph shows them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from strawberry import ID

from resolvers.ledger.asking import shown_refusal, wish_of
from resolvers.ledger.pages import Total, connection_of, page_of
from resolvers.ledger.wanted import holds
from schema.enums import ExceptionQueue, WebhookDeliveryStatus, WebhookStatus
from schema.errors import BadUserInput
from schema.ids import LEDGER, key_of, ledger_id
from schema.types.shared import Connection
from schema.types.webhooks import (
    RegisterWebhookInput,
    UpdateWebhookInput,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookDeliveryPayload,
    WebhookFilter,
    WebhookPayload,
)
from sync.delivering.audience import ACCOUNTS, PATHS, QUEUES, RECORDS, STATUSES, WORKFLOWS, subject_of
from sync.delivering.desk import DeliveryReply, HookReply, Registration, WebhookDesk
from sync.desk import Caller, Refusal, RefusalCode
from sync.ledger.port_of_webhooks import Delivery, DeliveryStatus, Hook, HookChange, HookStatus

WEBHOOK, DELIVERY = "Webhook", "WebhookDelivery"
NO_DESK = Refusal(RefusalCode.UNSUPPORTED, "This gateway has no ledger, so that it sends no webhooks.")


class Webhooks:
    """`schema.context.Webhooks`. Without a desk there are none."""

    def __init__(self, desk: WebhookDesk | None, caller: Caller) -> None:
        self._desk = desk
        self._caller = caller

    # --------------------------------------------------------------------------------------------------------- looking

    async def get(self, webhook_id: str) -> Webhook | None:
        key = _key(WEBHOOK, webhook_id)
        hook = None if self._desk is None else await self._desk.get(self._caller, key)
        return None if hook is None else self._shown(hook)

    async def page(self, *, first: int | None, after: str | None) -> Connection[Webhook]:
        page = page_of(first, after, "webhooks")
        found = (
            () if self._desk is None else await self._desk.page(self._caller, first=page.first + 1, after=page.after)
        )
        return connection_of(page, [(hook.number, self._shown(hook)) for hook in found], None)

    async def deliveries(
        self, key: str, status: WebhookDeliveryStatus | None, *, first: int | None, after: str | None
    ) -> Connection[WebhookDelivery]:
        page = page_of(first, after, f"deliveries {key} {status}")
        desk = self._desk
        if desk is None:
            return connection_of(page, [], None)
        wanted = None if status is None else DeliveryStatus[status.name]
        found = await desk.deliveries(self._caller, key, status=wanted, first=page.first + 1, before=page.after)
        total = Total(lambda: desk.count_deliveries(self._caller, key, status=wanted))
        return connection_of(page, [(each.number, _shown_delivery(each)) for each in found], total)

    # -------------------------------------------------------------------------------------------------------- changing

    async def register(self, wanted: RegisterWebhookInput) -> WebhookPayload:
        registration = Registration(
            idempotency_key=wanted.idempotency_key,
            url=wanted.url,
            kinds=tuple(wanted.kinds),
            filter=_filter(wish_of(wanted).get("filter")) or {},
            description=wanted.description or None,
        )
        return await self._done(lambda desk: desk.register(self._caller, registration))

    async def update(self, wanted: UpdateWebhookInput) -> WebhookPayload:
        wish = wish_of(wanted)
        change = HookChange(
            url=wish.get("url"),
            kinds=wish.get("kinds"),
            filter=_filter(wish["filter"]) or {} if "filter" in wish else None,
            description=(wish["description"] or "") if "description" in wish else None,
        )
        return await self._of_hook(wanted.id, lambda desk, key: desk.update(self._caller, key, change), "input", "id")

    async def disable(self, webhook_id: str, reason: str | None) -> WebhookPayload:
        return await self._of_hook(webhook_id, lambda desk, key: desk.disable(self._caller, key, reason))

    async def enable(self, webhook_id: str, *, skip_missed: bool) -> WebhookPayload:
        return await self._of_hook(
            webhook_id, lambda desk, key: desk.enable(self._caller, key, skip_missed=skip_missed)
        )

    async def delete(self, webhook_id: str) -> WebhookPayload:
        return await self._of_hook(webhook_id, lambda desk, key: desk.delete(self._caller, key))

    async def rotate(self, webhook_id: str, *, at_once: bool) -> WebhookPayload:
        return await self._of_hook(webhook_id, lambda desk, key: desk.rotate(self._caller, key, at_once=at_once))

    async def test(self, webhook_id: str) -> WebhookPayload:
        return await self._of_hook(webhook_id, lambda desk, key: desk.test(self._caller, key))

    async def redeliver(self, delivery_id: str) -> WebhookDeliveryPayload:
        try:
            key = _key(DELIVERY, delivery_id)
        except BadUserInput as error:
            return _delivery_payload(_invalid(error, "deliveryId"))
        if self._desk is None:
            return _delivery_payload(DeliveryReply(refusals=(NO_DESK,)))
        return _delivery_payload(await self._desk.redeliver(self._caller, key))

    # ---------------------------------------------------------------------------------------------------------- pieces

    async def _of_hook(
        self, webhook_id: str, change: Callable[[WebhookDesk, str], Awaitable[HookReply]], *path: str
    ) -> WebhookPayload:
        try:
            key = _key(WEBHOOK, webhook_id)
        except BadUserInput as error:
            refusal = Refusal(RefusalCode.INVALID, error.detail, path or ("id",))
            return self._payload(HookReply(refusals=(refusal,)))
        return await self._done(lambda desk: change(desk, key))

    async def _done(self, change: Callable[[WebhookDesk], Awaitable[HookReply]]) -> WebhookPayload:
        return self._payload(HookReply(refusals=(NO_DESK,)) if self._desk is None else await change(self._desk))

    def _payload(self, reply: HookReply) -> WebhookPayload:
        return WebhookPayload(
            webhook=None if reply.hook is None else self._shown(reply.hook),
            secret=reply.secret,
            errors=[shown_refusal(refusal) for refusal in reply.refusals],
        )

    def _shown(self, hook: Hook) -> Webhook:
        return Webhook(
            id=ID(ledger_id(WEBHOOK, hook.id)),
            key=hook.id,
            url=hook.url,
            description=hook.description or None,
            kinds=list(hook.kinds),
            filter=_shown_filter(hook.filter),
            owner=hook.owner,
            status=WebhookStatus.ACTIVE if hook.status is HookStatus.ACTIVE else WebhookStatus.DISABLED,
            disabled_because=hook.disabled_why,
            failing_since=hook.failing_since,
            secret_generation=hook.generation,
            previous_secret_until=None if self._desk is None else self._desk.previous_secret_until(hook),
            created_at=hook.created_at,
        )


def _key(type_name: str, text: str) -> str:
    key = key_of(type_name, text)
    if key.platform != LEDGER or not holds(key.external_id):
        raise BadUserInput("This is not an id of the graph: use an `id` that a query returned.")
    return key.external_id


def _filter(given: Mapping[str, Any] | None) -> dict[str, list[str]] | None:
    """A filter's parts as lists of text, those left out or null left out."""
    if given is None:
        return None
    return {
        part: [value.value if isinstance(value, ExceptionQueue) else value for value in values]
        for part, values in given.items()
        if values is not None
    }


def _shown_filter(wanted: Mapping[str, tuple[str, ...]]) -> WebhookFilter:
    given: dict[str, Any] = {part: list(values) for part, values in wanted.items()}
    queues = given.get(QUEUES)
    return WebhookFilter(
        account_ids=given.get(ACCOUNTS),
        record_ids=given.get(RECORDS),
        paths=given.get(PATHS),
        statuses=given.get(STATUSES),
        workflows=given.get(WORKFLOWS),
        queues=None if queues is None else [ExceptionQueue(queue) for queue in queues],
    )


def _shown_delivery(delivery: Delivery) -> WebhookDelivery:
    return WebhookDelivery(
        id=ID(ledger_id(DELIVERY, delivery.id)),
        webhook_id=ID(ledger_id(WEBHOOK, delivery.hook_id)),
        kind=delivery.kind,
        subject=ID(subject_of(delivery.kind, delivery.subject)),
        status=WebhookDeliveryStatus(delivery.status.value),
        tries=delivery.tries,
        attempts=[
            WebhookAttempt(at=each.at, seconds=each.seconds, status=each.status, error=each.error)
            for each in delivery.attempts
        ],
        created_at=delivery.created_at,
        next_attempt_at=delivery.next_at,
        ended_at=delivery.ended_at,
    )


def _invalid(error: BadUserInput, *path: str) -> DeliveryReply:
    return DeliveryReply(refusals=(Refusal(RefusalCode.INVALID, error.detail, path),))


def _delivery_payload(reply: DeliveryReply) -> WebhookDeliveryPayload:
    return WebhookDeliveryPayload(
        delivery=None if reply.delivery is None else _shown_delivery(reply.delivery),
        errors=[shown_refusal(refusal) for refusal in reply.refusals],
    )
