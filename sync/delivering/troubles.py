"""What people are told about webhooks that don't get what is meant for them."""

from datetime import datetime
from urllib.parse import urlsplit

from schema.errors import Queue
from sync.calendar import due_at
from sync.ledger.hooks import cause_of
from sync.ledger.port import NewException
from sync.ledger.port_of_webhooks import Delivery, Hook

DISABLED, UNDELIVERED, MISSED = "WEBHOOK_DISABLED", "WEBHOOK_UNDELIVERED", "WEBHOOK_MISSED"


def host_of(url: str) -> str:
    """All of a URL that is told: its path may hold what only the receiver should know."""
    return urlsplit(url).hostname or "its host"


def disabled(hook: Hook, why: str, now: datetime) -> NewException:
    message = (
        f"The webhook of {hook.owner} to {host_of(hook.url)} is disabled: {why} Once its receiver takes messages, "
        "`enableWebhook` goes on where it stopped."
    )
    return _exception(hook, DISABLED, message, now)


def undelivered(hook: Hook, delivery: Delivery, now: datetime) -> NewException:
    message = (
        f"The webhook of {hook.owner} to {host_of(hook.url)} took others, but not this {delivery.kind} event, "
        "however long it was tried. Look at its delivery log; `redeliver` sends it again."
    )
    return _exception(hook, UNDELIVERED, message, now, record=delivery.subject if "." in delivery.kind else None)


def missed(hook: Hook, events: int, now: datetime) -> NewException:
    message = (
        f"The webhook of {hook.owner} to {host_of(hook.url)} was so far behind that up to {events} events are kept "
        "no more. Whoever it is for must read anew what they show."
    )
    return _exception(hook, MISSED, message, now)


def _exception(hook: Hook, code: str, message: str, now: datetime, *, record: str | None = None) -> NewException:
    return NewException(
        queue=Queue.INTEGRATION,
        code=code,
        message=message,
        cause=cause_of(hook.id, code),
        due_at=due_at(Queue.INTEGRATION, now),
        record_id=record,
        detail={"webhookId": hook.id, "owner": hook.owner},
    )
