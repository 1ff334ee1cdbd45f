"""Which events are meant for a webhook, by its kinds, its filter and what its owner may hear."""

from datetime import UTC, datetime

import pytest

from schema.ids import RecordKey, encode_id
from schema.model import model
from schema.roles import PlatformRole
from sync.delivering.audience import Audience
from sync.ledger.records import Event
from tests.sync.delivering.conftest import PEOPLE, a_hook

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
ACME = encode_id(RecordKey("Account", "salesforce", "001"))
OTHER = encode_id(RecordKey("Account", "salesforce", "002"))
ELSEWHERE = encode_id(RecordKey("Account", "salesforce-emea", "001"))
PROJECT = encode_id(RecordKey("Project", "kantata", "17"))
CHANGE = {
    "type": "Project", "role": "PSA", "platform": "kantata", "entity": "workspace", "external_id": "17",
    "changes": {"status": ["PLANNED", "ACTIVE"], "billing.taxId": ["a", "b"]}, "occurred_at": AT, "observed_at": AT,
    "noticed_by": "feed", "values": {"account": "001", "status": "ACTIVE"},
}  # fmt: skip


class Bound:
    """Two CRMs and a PSA that holds the first one's keys."""

    platforms = ("kantata", "salesforce", "salesforce-emea")

    def anchor(self, type_name):
        return PlatformRole.CRM

    def peer(self, platform, role):
        return "salesforce" if platform == "kantata" else platform


def event(kind="record.Project", subject=PROJECT, **payload):
    told = payload if kind in ("syncRun", "exception", "webhook") else CHANGE | payload
    return Event(cursor=1, kind=kind, subject=subject, correlation_id="c", at=AT, payload=told)


def meant(hook, what):
    return Audience(Bound(), PEOPLE.get).is_meant(hook, what)


@pytest.mark.parametrize(
    ("kinds", "kind", "expected"),
    [
        (("record.Project",), "record.Project", True),
        (("record.Invoice",), "record.Project", False),
        (("record.*",), "record.Project", True),
        (("record.*",), "syncRun", False),
        (("syncRun", "exception"), "record.Project", False),
        (("record.Project*",), "record.Project", False),
    ],
)
def test_kinds_and_their_family(kinds, kind, expected):
    assert meant(a_hook(kinds=kinds), event(kind)) is expected


@pytest.mark.parametrize(
    ("wanted", "change", "expected"),
    [
        ({"accountIds": [ACME]}, {}, True),
        ({"accountIds": [OTHER, ACME]}, {}, True),
        ({"accountIds": [OTHER]}, {}, False),
        ({"accountIds": [ELSEWHERE]}, {}, False),
        ({"accountIds": [ACME]}, {"values": {}}, False),
        ({"accountIds": [ACME]}, {"platform": "gone"}, False),
        ({"recordIds": [PROJECT]}, {}, True),
        ({"recordIds": [ACME]}, {}, False),
        ({"statuses": ["ACTIVE"]}, {}, True),
        ({"statuses": ["PLANNED"]}, {}, False),
        ({"statuses": ["ACTIVE"]}, {"changes": {"name": ["a", "b"]}}, True),
        ({"statuses": ["ACTIVE"]}, {"changes": {"name": ["a", "b"]}, "values": {}}, False),
        ({"paths": ["status"]}, {}, True),
        ({"paths": ["billing"]}, {}, True),
        ({"paths": ["billing.taxId"]}, {}, True),
        ({"paths": ["billing.tax"]}, {}, False),
        ({"paths": ["name"]}, {}, False),
        ({"paths": ["status"], "accountIds": [OTHER]}, {}, False),
        ({"workflows": ["postInvoice"], "queues": ["PMO"]}, {}, True),
    ],
)
def test_each_part_of_a_filter_must_hold_for_the_events_that_it_is_about(wanted, change, expected):
    assert meant(a_hook(filter=wanted), event(**change)) is expected


def test_an_accounts_own_changes_are_its():
    assert meant(a_hook(filter={"accountIds": [ACME]}), event("record.Account", ACME, type="Account", values={}))


def test_filters_of_runs_and_exceptions():
    run = event("syncRun", "k", status="FAILED", workflow="postInvoice", caller="finance")
    kinds = ("syncRun", "exception")
    assert meant(a_hook(kinds=kinds, filter={"workflows": ["postInvoice"], "statuses": ["FAILED"]}), run)
    assert not meant(a_hook(kinds=kinds, filter={"workflows": ["createInvoice"]}), run)
    assert not meant(a_hook(kinds=kinds, filter={"statuses": ["SUCCEEDED"]}), run)
    assert meant(a_hook(kinds=kinds, filter={"queues": ["PMO"], "accountIds": [ACME]}), run)
    raised = event("exception", "k", queue="PMO", code="X")
    assert meant(a_hook(kinds=kinds, filter={"queues": ["PMO"]}), raised)
    assert not meant(a_hook(kinds=kinds, filter={"queues": ["FINANCE"]}), raised)


@pytest.mark.parametrize("owner", PEOPLE)
def test_exceptions_and_others_runs_are_for_those_who_may_read_the_ledger(owner):
    hook = a_hook(owner=owner, kinds=("record.*", "syncRun", "exception"))
    reads = PEOPLE[owner] != "delivery"
    assert meant(hook, event())
    assert meant(hook, event("syncRun", "k", status="FAILED", workflow="w", caller="somebody")) is reads
    assert meant(hook, event("syncRun", "k", status="FAILED", workflow="w", caller=owner))
    assert meant(hook, event("exception", "k", queue="PMO", code="X")) is reads


def test_nobody_without_a_key_hears_anything():
    assert not meant(a_hook(owner="nobody"), event())


def test_a_change_of_nothing_but_what_its_owner_may_not_see_is_not_told():
    audience = Audience(Bound(), {"seller": "sales_ops", "cfo": "finance"}.get)
    barred = [name for name, field in model().types["Project"].fields.items() if getattr(field, "restricted", None)]
    secret = event(changes={f"{barred[0]}.x": ["1", "2"]})
    assert not audience.is_meant(a_hook(owner="seller"), secret)
    assert audience.is_meant(a_hook(owner="cfo"), secret)
    both = event(changes={f"{barred[0]}.x": ["1", "2"], "name": ["a", "b"]})
    assert audience.is_meant(a_hook(owner="seller"), both)
    assert not audience.is_meant(a_hook(owner="seller", filter={"paths": [barred[0]]}), both)
    assert audience.is_meant(a_hook(owner="cfo", filter={"paths": [barred[0]]}), both)
