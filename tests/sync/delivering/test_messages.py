"""What receivers get is CloudEvents 1.0, as its own library reads it, and says what has changed."""

from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from platforms.bindings import Bindings
from schema.ids import ledger_id
from sync.delivering.audience import Audience
from sync.delivering.messages import MEDIA_TYPE, event_id, message
from sync.ledger.records import Event
from tests.sync.delivering.conftest import PEOPLE, a_hook

AT = datetime(2026, 11, 20, 9, 0, 0, 123456, tzinfo=UTC)
PROJECT = {
    "type": "Project", "role": "PSA", "platform": "kantata", "entity": "workspace", "external_id": "17",
    "changes": {"status": ["PLANNED", "ACTIVE"], "budget.amount": ["10.50", "12.00"]},
    "occurred_at": "2026-11-20T08:59:58Z", "observed_at": "2026-11-20T09:00:00Z", "noticed_by": "feed",
    "values": {"account": "001"},
}  # fmt: skip


def told(kind="record.Project", subject="UHJvamVjdA", payload=None, owner="portal"):
    audience = Audience(Bindings({}), PEOPLE.get)
    payload = PROJECT if payload is None else payload
    event = Event(cursor=42, kind=kind, subject=subject, correlation_id="c-1", at=AT, payload=payload)
    body = message(a_hook(owner=owner), event, audience)
    return from_http_event(HTTPMessage({"content-type": MEDIA_TYPE}, body)), event


def test_the_library_reads_a_changed_record():
    event, ours = told()
    assert event.get_specversion() == "1.0"
    assert event.get_type() == "crosswalk.project.status_changed"
    assert event.get_source() == "/crosswalk/platforms/kantata"
    assert event.get_subject() == "UHJvamVjdA"
    assert event.get_id() == event_id(ours)
    assert event.get_time() == datetime(2026, 11, 20, 8, 59, 58, tzinfo=UTC)
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("correlationid") == "c-1"
    assert event.get_extension("sequence") == "00000000000000000042"
    data = event.get_data()
    assert data["changes"] == [
        {"field": "budget.amount", "before": "10.50", "after": "12.00"},
        {"field": "status", "before": "PLANNED", "after": "ACTIVE"},
    ]
    assert (data["platform"], data["externalId"], data["runId"]) == ("kantata", "17", None)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"changes": {"name": ["a", "b"]}}, "changed"),
        ({"gone": True}, "gone"),
        ({"first": True}, "first_seen"),
        ({"run": "r1"}, "status_changed"),
    ],
)
def test_the_type_says_what_happened(change, kind):
    event, _ = told(payload=PROJECT | change)
    assert event.get_type() == f"crosswalk.project.{kind}"
    assert event.get_data()["runId"] == (ledger_id("SyncRun", "r1") if "run" in change else None)


def test_of_a_record_that_is_seen_for_the_first_time_nobody_knows_what_was_before():
    event, _ = told(payload=PROJECT | {"first": True, "changes": {"status": [None, "ACTIVE"]}})
    assert event.get_data()["changes"] == [{"field": "status", "before": None, "after": "ACTIVE"}]


@pytest.mark.parametrize(
    ("kind", "payload", "type_", "subject", "data"),
    [
        (
            "syncRun",
            {"status": "SUCCEEDED", "workflow": "createInvoice", "caller": "finance"},
            "crosswalk.run.status_changed",
            "SyncRun",
            {"runId": ledger_id("SyncRun", "k1"), "status": "SUCCEEDED", "workflow": "createInvoice",
             "requestedBy": "finance"},
        ),
        (
            "exception",
            {"queue": "FINANCE", "code": "CONFLICT"},
            "crosswalk.exception.raised",
            "BusinessException",
            {"exceptionId": ledger_id("BusinessException", "k1"), "queue": "FINANCE", "code": "CONFLICT"},
        ),
        ("webhook", {"what": "test"}, "crosswalk.webhook.test", "Webhook", {"webhookId": ledger_id("Webhook", "k1")}),
    ],
)  # fmt: skip
def test_what_the_ledger_tells_has_its_global_ids(kind, payload, type_, subject, data):
    event, _ = told(kind=kind, subject="k1", payload=payload)
    assert (event.get_type(), event.get_subject(), event.get_data()) == (type_, ledger_id(subject, "k1"), data)


def test_a_field_that_the_owner_may_not_see_is_left_out():
    fields = Bindings({}).model.types["Project"].fields
    (restricted, *_) = [name for name, field in fields.items() if getattr(field, "restricted", None)]
    payload = PROJECT | {"changes": {f"{restricted}.amount": ["1", "2"], "status": ["PLANNED", "ACTIVE"]}}
    seen, _ = told(payload=payload, owner="finance")
    assert len(seen.get_data()["changes"]) == 2
    audience = Audience(Bindings({}), {"seller": "sales_ops"}.get)
    event = Event(cursor=1, kind="record.Project", subject="x", correlation_id="c", at=AT, payload=payload)
    body = message(a_hook(owner="seller"), event, audience)
    unseen = from_http_event(HTTPMessage({"content-type": MEDIA_TYPE}, body))
    assert [each["field"] for each in unseen.get_data()["changes"]] == ["status"]


def test_an_events_id_is_its_own_whichever_ledger_it_is_of():
    one = Event(cursor=1, kind="syncRun", subject="x", correlation_id="c", at=AT, payload={})
    other = Event(cursor=1, kind="syncRun", subject="x", correlation_id="c", at=AT.replace(microsecond=7), payload={})
    assert event_id(one) != event_id(other)
    assert event_id(one).isascii()
