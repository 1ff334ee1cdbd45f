"""Changes with another stamp than the moment's, seen late, or merged: what loses records elsewhere, made to order."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.serve import SandboxThread

AS_OF = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLIER = "2026-11-20T11:57:30Z"
STAMPED = {
    "salesforce": ("Account", {"Name": "Late & Sons"}, "SystemModstamp", "2026-11-20T11:57:30.000+0000"),
    "kantata": ("workspace_group", {"name": "Late & Sons", "company": True}, "updated_at", "2026-11-20T03:57:30-08:00"),
    "netsuite": ("job", {"companyName": "Late"}, "lastModifiedDate", "2026-11-20T11:57:30Z"),
}


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, Any]]:
    thread = SandboxThread(accounts=12, as_of=AS_OF, clock=lambda: NOON)
    yield thread.start()
    thread.stop()


@pytest.fixture
def control(running: dict[str, Any]) -> Iterator[Callable[..., Any]]:
    """`control(method, path, body, **query)` -> status and JSON; the sandbox is as new before and after."""

    def told(method: str, path: str, body: Any = None, **query: Any) -> Any:
        asked = f"?{urllib.parse.urlencode(query)}" if query else ""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(running["control"] + path + asked, content, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return SimpleNamespace(status=answer.status, json=json.load(answer))
        except urllib.error.HTTPError as refused:
            with refused:
                return SimpleNamespace(status=refused.code, json=json.load(refused))

    told("POST", "/reset")
    yield told
    told("POST", "/reset")


@pytest.fixture
def first(control: Callable[..., Any]) -> Callable[[str], dict[str, Any]]:
    def found(entity: str) -> dict[str, Any]:
        record: dict[str, Any] = control("GET", f"/records/{entity}", limit=1).json["records"][0]
        return record

    return found


@pytest.mark.parametrize("platform", STAMPED)
def test_a_change_bears_the_stamp_that_was_asked_for(control, first, platform):
    entity, fields, stamp, shown = STAMPED[platform]
    if platform == "netsuite":
        fields = {**fields, "parent": {"id": first("netsuite/customer")["id"]}}
    made = control("POST", f"/records/{platform}/{entity}", fields, stamp=EARLIER)
    assert (made.status, made.json[stamp]) == (201, shown)
    record_id = made.json.get("Id") or made.json["id"]
    again = control("PATCH", f"/records/{platform}/{entity}/{record_id}", fields, stamp="2026-11-20T11:57:30.9+00:00")
    assert again.json[stamp].startswith(shown[:19])
    usual = control("PATCH", f"/records/{platform}/{entity}/{record_id}", fields).json[stamp]
    assert datetime.fromisoformat(usual) == NOON


@pytest.mark.parametrize("platform", STAMPED)
def test_what_keeps_its_stamp_changes_unseen(control, first, platform):
    entity, fields, stamp, _ = STAMPED[platform]
    before = first(f"{platform}/{entity}")
    record_id = before.get("Id") or before["id"]
    changed = {name: value for name, value in fields.items() if name.lower().endswith("name")}
    after = control("PATCH", f"/records/{platform}/{entity}/{record_id}", changed, stamp="kept").json
    assert [after[name] for name in changed] == list(changed.values())
    assert after[stamp] == before[stamp]


def test_a_payment_may_settle_an_invoice_whose_stamp_stays(control):
    invoices = control("GET", "/records/netsuite/invoice").json["records"]
    invoice = next(each for each in invoices if each["status"]["refName"] == "Open")
    payment = {
        "customer": {"id": invoice["entity"]["id"]},
        "payment": invoice["amountRemaining"],
        "apply": {"items": [{"doc": {"id": invoice["id"]}, "apply": True, "amount": invoice["amountRemaining"]}]},
    }
    made = control("POST", "/records/netsuite/customerPayment", payment, stamp="kept")
    assert (made.status, datetime.fromisoformat(made.json["lastModifiedDate"])) == (201, NOON)
    settled = control("GET", f"/records/netsuite/invoice/{invoice['id']}").json
    assert settled["status"]["refName"] == "Paid In Full"
    assert settled["lastModifiedDate"] == invoice["lastModifiedDate"]


def test_kantata_tells_no_event_of_what_has_no_stamp(control, first):
    record = first("kantata/workspace")

    def events() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = control(
            "GET", "/records/kantata/subscribed_events", subject_type="Workspace", subject_id=record["id"]
        ).json["records"]
        return found

    before = events()
    control("PATCH", f"/records/kantata/workspace/{record['id']}", {"title": "Unseen"}, stamp="kept")
    assert events() == before
    control("PATCH", f"/records/kantata/workspace/{record['id']}", {"title": "Seen"}, stamp=EARLIER)
    told = {datetime.fromisoformat(event["created_at"]) for event in events()[len(before) :]}
    assert told == {datetime.fromisoformat(EARLIER)}


def test_a_change_that_is_seen_late_was_stamped_when_it_was_made(control):
    made = control("POST", "/records/salesforce/Account", {"Name": "Late & Sons"}, visible_after_ms=60)
    assert made.status == 202
    assert datetime.fromisoformat(made.json["visible_at"]) > NOON
    wanted = {"Name": "Late & Sons"}
    assert control("GET", "/records/salesforce/Account", **wanted).json["total"] == 0
    records = until(lambda: control("GET", "/records/salesforce/Account", **wanted).json["records"])
    assert [record["SystemModstamp"] for record in records] == ["2026-11-20T12:00:00.000+0000"]


def test_after_a_reset_nothing_late_comes_any_more(control):
    control("POST", "/records/salesforce/Account", {"Name": "Never"}, visible_after_ms=30)
    control("POST", "/records/salesforce/Account", {"Name": "Never"}, visible_after_ms=3_600_000)
    control("POST", "/reset")
    control("POST", "/records/salesforce/Account", {"Name": "After"}, visible_after_ms=60)
    until(lambda: control("GET", "/records/salesforce/Account", Name="After").json["records"])
    assert control("GET", "/records/salesforce/Account", Name="Never").json["total"] == 0


def test_a_deletion_can_be_seen_late_and_stamped_early(control, first):
    account = control("POST", "/records/salesforce/Account", {"Name": "Short"}).json
    assert control("DELETE", f"/records/salesforce/Account/{account['Id']}", visible_after_ms=40).status == 202
    until(lambda: control("GET", f"/records/salesforce/Account/{account['Id']}").status == 404)


def test_accounts_and_contacts_are_merged_and_others_are_not(control):
    master, loser = (control("POST", "/records/salesforce/Account", {"Name": name}).json["Id"] for name in "AB")
    contact = control("POST", "/records/salesforce/Contact", {"LastName": "Berg", "AccountId": loser}).json["Id"]
    assert control("DELETE", f"/records/salesforce/Account/{loser}", into=master).status == 200
    assert control("GET", f"/records/salesforce/Account/{loser}").status == 404
    assert control("GET", f"/records/salesforce/Contact/{contact}").json["AccountId"] == master
    assert control("DELETE", f"/records/salesforce/Account/{master}", into=master).status == 422
    assert control("DELETE", f"/records/salesforce/Account/{master}", into="nobody").status == 422
    for entity in ("salesforce/Opportunity", "kantata/workspace", "netsuite/invoice"):
        one, other = control("GET", f"/records/{entity}", limit=2).json["records"]
        ids = [each.get("Id") or each["id"] for each in (one, other)]
        refused = control("DELETE", f"/records/{entity}/{ids[0]}", into=ids[1])
        assert (refused.status, refused.json["error"]["code"]) == (422, "REFUSED_CHANGE")


@pytest.mark.parametrize(
    ("method", "query", "word"),
    [
        ("POST", {"stamp": "yesterday"}, "with its zone"),
        ("POST", {"stamp": "2026-11-20T09:00:00"}, "with its zone"),
        ("PATCH", {"visible_after_ms": "-1"}, "whole number"),
        ("PATCH", {"visible_after_ms": "3600001"}, "up to 3600000"),
        ("PATCH", {"stmp": "kept"}, "did you mean 'stamp'"),
        ("PATCH", {"into": "1"}, "into"),
        ("DELETE", {"stamp": "kept"}, "with its zone"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_changed(control, first, method, query, word):
    before = first("kantata/workspace_group")
    path = "/records/kantata/workspace_group" + ("" if method == "POST" else f"/{before['id']}")
    refused = control(method, path, {"name": "Other", "company": True}, **query)
    assert refused.status == 422
    assert word in refused.json["error"]["message"]
    assert first("kantata/workspace_group") == before


def test_a_platform_without_stamps_to_choose_says_so(bench):
    for query in ("stamp=kept", "visible_after_ms=5"):
        assert bench.control("PATCH", f"/records/notebook/Note/1?{query}", {"text": "x"}).status == 422
    assert bench.control("DELETE", "/records/notebook/Note/1?into=2").status == 422


def until(found: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What `found` gives once it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if told := found():
            return told
        time.sleep(0.01)
    pytest.fail("it never came")
