"""An event as receivers get it: CloudEvents 1.0 in its JSON format, with no more of a record than what has changed.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

import re
from collections.abc import Mapping

import msgspec

from schema.ids import ledger_id
from schema.scalars import instant_text
from sync.delivering.audience import STATUS, Audience, subject_of
from sync.ledger.outcomes import EXCEPTION_EVENT, RUN_EVENT
from sync.ledger.port_of_changes import RecordChange
from sync.ledger.port_of_webhooks import WEBHOOK_EVENT, Hook
from sync.ledger.records import Event, Json

MEDIA_TYPE = "application/cloudevents+json"
_OPENING = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def event_id(event: Event) -> str:
    """The same for every try, webhook and redelivery, and no other event's: neither of another installation, nor of a
    ledger that was begun anew.
    """
    return f"{event.cursor}-{int(event.at.timestamp() * 1_000_000):x}"


def message(hook: Hook, event: Event, audience: Audience) -> bytes:
    """What is sent to a webhook whose owner may hear of the event."""
    source, kind, data = _told(hook, event, audience)
    occurred = data.get("occurredAt")
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": event_id(event),
            "source": f"/crosswalk/{source}",
            "type": f"crosswalk.{kind}",
            "subject": subject_of(event.kind, event.subject),
            "time": occurred or instant_text(event.at),
            "datacontenttype": "application/json",
            "correlationid": event.correlation_id,
            # Of two events of one subject the later has the higher, as text too:
            # https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/sequence.md
            "sequence": f"{event.cursor:020}",
            "data": data,
        }
    )


def _told(hook: Hook, event: Event, audience: Audience) -> tuple[str, str, Mapping[str, Json]]:
    payload = event.payload
    if event.kind == RUN_EVENT:
        run = {"runId": ledger_id("SyncRun", event.subject), "status": payload["status"]}
        return "runs", "run.status_changed", {**run, "workflow": payload["workflow"], "requestedBy": payload["caller"]}
    if event.kind == EXCEPTION_EVENT:
        found = {"exceptionId": ledger_id("BusinessException", event.subject)}
        return "exceptions", "exception.raised", {**found, "queue": payload["queue"], "code": payload["code"]}
    if event.kind == WEBHOOK_EVENT:
        about = {"webhookId": ledger_id("Webhook", event.subject)}
        more = {name: value for name, value in payload.items() if name != "what"}
        return "webhooks", f"webhook.{payload['what']}", {**about, **more}
    change = audience.shown(hook, msgspec.convert(payload, RecordChange))
    return f"platforms/{change.platform}", f"{_snake(change.type)}.{_happening(change)}", _record(event, change)


def _record(event: Event, change: RecordChange) -> Mapping[str, Json]:
    return {
        "recordId": event.subject,
        "type": change.type,
        "platform": change.platform,
        "role": change.role,
        "entity": change.entity,
        "externalId": change.external_id,
        "changes": [
            {"field": path, "before": None if change.first else before, "after": after}
            for path, (before, after) in sorted(change.changes.items())
        ],
        "firstSeen": change.first,
        "gone": change.gone,
        "mergedInto": change.into,
        "runId": None if change.run is None else ledger_id("SyncRun", change.run),
        "occurredAt": instant_text(change.occurred_at),
        "observedAt": instant_text(change.observed_at),
        "noticedBy": change.noticed_by,
    }


def _happening(change: RecordChange) -> str:
    if change.gone:
        return "gone"
    if change.first:
        return "first_seen"
    return "status_changed" if STATUS in change.changes else "changed"


def _snake(name: str) -> str:
    return _OPENING.sub("_", name).lower()
