"""What can be done about webhooks: the fields of Mutation, by name."""

# ruff: noqa: A002 - `id` and `input` are the contract's names

from collections.abc import Mapping
from typing import Any

import strawberry

from schema.context import Info
from schema.types.webhooks import (
    RegisterWebhookInput,
    UpdateWebhookInput,
    WebhookDeliveryPayload,
    WebhookPayload,
)


async def _register(info: Info, input: RegisterWebhookInput) -> WebhookPayload:
    return await info.context.webhooks.register(input)


async def _update(info: Info, input: UpdateWebhookInput) -> WebhookPayload:
    return await info.context.webhooks.update(input)


async def _disable(info: Info, id: strawberry.ID, reason: str | None = strawberry.UNSET) -> WebhookPayload:
    return await info.context.webhooks.disable(id, None if reason is strawberry.UNSET else reason)


async def _enable(info: Info, id: strawberry.ID, skip_missed: bool = False) -> WebhookPayload:
    return await info.context.webhooks.enable(id, skip_missed=skip_missed)


async def _delete(info: Info, id: strawberry.ID) -> WebhookPayload:
    return await info.context.webhooks.delete(id)


async def _rotate(info: Info, id: strawberry.ID, at_once: bool = False) -> WebhookPayload:
    return await info.context.webhooks.rotate(id, at_once=at_once)


async def _test(info: Info, id: strawberry.ID) -> WebhookPayload:
    return await info.context.webhooks.test(id)


async def _redeliver(info: Info, delivery_id: strawberry.ID) -> WebhookDeliveryPayload:
    return await info.context.webhooks.redeliver(delivery_id)


WEBHOOK_COMMANDS: Mapping[str, Any] = {
    "registerWebhook": strawberry.field(
        resolver=_register,
        description="Lets an application be told what happens from now on. Its secret is told once.",
    ),
    "updateWebhook": strawberry.field(resolver=_update, description="Changes where and of what a webhook is told."),
    "disableWebhook": strawberry.field(
        resolver=_disable, description="Sends it nothing any more; what happens meanwhile is told once it is enabled."
    ),
    "enableWebhook": strawberry.field(
        resolver=_enable,
        description="Goes on with what waits and what has happened since, within the retention; with `skipMissed` only "
        "with what happens from now on.",
    ),
    "deleteWebhook": strawberry.field(
        resolver=_delete, description="Sends it nothing any more, for good; `webhook` shows it for the last time."
    ),
    "rotateWebhookSecret": strawberry.field(
        resolver=_rotate,
        description="Makes another secret and answers it, once. Messages are signed with the one before as well for 24 "
        "hours, or with the new one only, `atOnce`.",
    ),
    "testWebhook": strawberry.field(
        resolver=_test, description="Sends it an event of type `crosswalk.webhook.test`; see its `deliveries`."
    ),
    "redeliver": strawberry.field(
        resolver=_redeliver, description="Sends an event again, as the same message, whatever became of it before."
    ),
}
