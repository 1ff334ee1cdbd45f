"""Platforms that report success and drop or change a field, over every endpoint that writes."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from sandbox.serve import SandboxThread

DATA = "/services/data/v62.0"
RECORD = "/services/rest/record/v1"
ASYNC = {"Prefer": "respond-async", "Content-Type": "application/vnd.oracle.resource+json; type=collection"}


@dataclass
class Three:
    """The three platforms on loopback ports with a client that is logged in to each; its clock stands still."""

    ready: dict[str, Any]
    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)
    session: str = ""

    def ask(self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        content = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, content, sent, method=method), timeout=10) as heard:
                return heard.status, self._read(heard)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, self._read(refused)

    @staticmethod
    def _read(heard: Any) -> Any:
        body = heard.read()
        return json.loads(body) if body else heard.headers.get("Location", "").rpartition("/")[2]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return self.ask(method, self.ready["control"] + path, body)[1]

    def spoil(self, platform: str, kind: str, spot: str, **how: Any) -> str:
        entity, _, name = spot.partition("/")
        fault = {"platform": platform, "kind": kind, "entity": entity, "field": name, **how}
        status, answer = self.ask("POST", self.ready["control"] + "/faults", fault)
        assert status == 201, answer
        return str(answer["id"])

    def salesforce(self, method: str, path: str, body: Any = None) -> Any:
        known = self.ready["platforms"]["salesforce"]
        if not self.session:
            form = {"grant_type": "client_credentials"}
            form |= {name: known["credentials"][name] for name in ("client_id", "client_secret")}
            request = urllib.request.Request(
                f"{known['url']}/services/oauth2/token", urllib.parse.urlencode(form).encode(), method="POST"
            )
            with urllib.request.urlopen(request, timeout=10) as heard:
                self.session = json.loads(heard.read())["access_token"]
        url = known["url"] + DATA + path
        status, answer = self.ask(method, url, body, {"Authorization": f"Bearer {self.session}"})
        assert status < 300, answer
        return answer

    def kantata(self, method: str, path: str, body: Any = None) -> Any:
        known = self.ready["platforms"]["kantata"]
        bearer = {"Authorization": f"Bearer {known['credentials']['access_token']}"}
        status, answer = self.ask(method, f"{known['url']}/api/v1/{path}", body, bearer)
        assert status < 300, answer
        return [answer[result["key"]][result["id"]] for result in answer["results"]] if answer else None

    def netsuite(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        known = self.ready["platforms"]["netsuite"]
        keys, url = known["credentials"], known["url"] + RECORD + path
        signing = Client(
            keys["consumer_key"],
            client_secret=keys["consumer_secret"],
            resource_owner_key=keys["token_key"],
            resource_owner_secret=keys["token_secret"],
            realm=keys["account"],
            signature_method=SIGNATURE_HMAC_SHA256,
        )
        signed = {"Authorization": signing.sign(url, method)[1]["Authorization"], **(headers or {})}
        status, answer = self.ask(method, url, body, signed)
        assert status < 300, answer
        return answer


@pytest.fixture(scope="module")
def _running() -> Iterator[Three]:
    three = Three({})
    thread = SandboxThread(accounts=12, as_of=date(2026, 11, 20), clock=lambda: three.now)
    three.ready = thread.start()
    yield three
    thread.stop()


@pytest.fixture
def three(_running: Three) -> Iterator[Three]:
    """The running sandbox, as new."""
    began = _running.now
    yield _running
    _running.now, _running.session = began, ""
    _running.control("POST", "/reset")


def an_account(three: Three) -> str:
    return str(three.control("GET", "/records/salesforce/Account?limit=1")["records"][0]["Id"])


def industries(three: Three, *ids: str) -> list[str | None]:
    return [three.control("GET", f"/records/salesforce/Account/{each}")["Industry"] for each in ids]


# -- a field that is dropped


def test_salesforce_drops_a_field_and_writes_the_rest(three: Three) -> None:
    account = an_account(three)
    (before,) = industries(three, account)
    three.now += timedelta(minutes=5)
    three.spoil("salesforce", "ignore_field", "Account/Industry")
    three.salesforce("PATCH", f"/sobjects/Account/{account}", {"industry": "Agriculture", "Site": "Bergen"})
    row = three.salesforce("GET", f"/sobjects/Account/{account}")
    assert (row["Industry"], row["Site"]) == (before, "Bergen")
    assert row["LastModifiedDate"] == "2026-11-20T12:05:00.000+0000"


def test_salesforce_drops_it_over_every_endpoint(three: Three) -> None:
    three.spoil("salesforce", "ignore_field", "Account/Industry")
    body = {"Name": "New", "Industry": "Energy"}
    typed = {"attributes": {"type": "Account"}, **body}
    url = f"{DATA}/sobjects/Account"
    row = three.salesforce("POST", "/sobjects/Account", body)["id"]
    by_key = three.salesforce("PATCH", "/sobjects/Account/CW_Key__c/acct-1", body)["id"]
    again = three.salesforce("PATCH", "/sobjects/Account/CW_Key__c/acct-1", body)["id"]
    assert again == by_key
    (many,) = three.salesforce("POST", "/composite/sobjects", {"records": [typed]})
    three.salesforce("PATCH", "/composite/sobjects", {"records": [{**typed, "id": many["id"]}]})
    keyed = {**typed, "CW_Key__c": "acct-2"}
    (upserted,) = three.salesforce("PATCH", "/composite/sobjects/Account/CW_Key__c", {"records": [keyed]})
    part = {"method": "POST", "url": url, "referenceId": "one", "body": body}
    composite = three.salesforce("POST", "/composite", {"compositeRequest": [part]})["compositeResponse"][0]["body"]
    graphs = {"graphs": [{"graphId": "g", "compositeRequest": [part]}]}
    graph = three.salesforce("POST", "/composite/graph", graphs)["graphs"][0]["graphResponse"]["compositeResponse"][0]
    batch = {"batchRequests": [{"method": "POST", "url": "v62.0/sobjects/Account", "richInput": body}]}
    batched = three.salesforce("POST", "/composite/batch", batch)["results"][0]["result"]
    tree = {"records": [{"attributes": {"type": "Account", "referenceId": "r"}, **body}]}
    planted = three.salesforce("POST", "/composite/tree/Account", tree)["results"][0]
    ids = [row, by_key, many["id"], upserted["id"], composite["id"], graph["body"]["id"], batched["id"], planted["id"]]
    assert len(set(ids)) == 8
    assert set(industries(three, *ids)) == {None}


def test_kantata_drops_a_field_of_changes_and_of_records_to_come(three: Three) -> None:
    workspace = three.kantata("GET", "workspaces?per_page=1")[0]
    three.spoil("kantata", "ignore_field", "workspace/title")
    body = {"title": "Renamed", "description": "New words"}
    (changed,) = three.kantata("PUT", f"workspaces/{workspace['id']}", {"workspace": body})
    assert (changed["title"], changed["description"]) == (workspace["title"], "New words")
    (made,) = three.kantata("POST", "workspaces", {"workspace": body})
    assert made["title"] == "Renamed"  # what a record can't be without is kept as it begins
    three.spoil("kantata", "ignore_field", "workspaces/start_date")
    (made,) = three.kantata("POST", "workspaces", {"workspace": {**body, "start_date": "2026-12-01"}})
    assert made["start_date"] is None


def test_kantata_drops_it_in_bulk_and_from_links(three: Three) -> None:
    workspace = three.kantata("GET", "workspaces?per_page=1")[0]["id"]
    three.spoil("kantata", "ignore_field", "time_entry/notes")
    entry = {"workspace_id": int(workspace), "date_performed": "2026-11-19", "time_in_minutes": 30, "notes": "x"}
    made = three.kantata("POST", "time_entries", {"time_entries": [entry, entry]})
    assert [each["notes"] for each in made] == [None, None]
    three.spoil("kantata", "ignore_field", "external_reference/external_message")
    link = {"subject_type": "Workspace", "subject_id": int(workspace), "service_name": "crosswalk"}
    link |= {"service_model": "Project", "service_model_ref": "p-1", "external_message": "ready"}
    (linked,) = three.kantata("POST", "external_references/create_or_update", {"external_reference": link})
    assert (linked["service_model_ref"], linked["external_message"]) == ("p-1", None)
    three.spoil("kantata", "ignore_field", "workspace/external_reference")
    riding = {"title": "New", "external_reference": {**link, "service_name": "other"}}
    three.kantata("POST", "workspaces", {"workspace": riding})
    assert three.kantata("GET", "external_references?subject_type=Workspace&service_name=other") == []


@pytest.mark.parametrize("name", ["companyName", "companyname"])
def test_netsuite_drops_a_field_of_changes_and_upserts(three: Three, name: str) -> None:
    body = {"companyName": "Harbor Lane", "subsidiary": {"id": "1"}}
    three.spoil("netsuite", "ignore_field", f"customer/{name}")
    key = three.netsuite("PUT", "/customer/eid:HL-1", body)
    assert three.netsuite("GET", f"/customer/{key}")["companyName"] == "Harbor Lane"
    three.now += timedelta(minutes=5)
    three.netsuite("PUT", "/customer/eid:HL-1", body | {"companyName": "Renamed", "phone": "1"})
    three.netsuite("PATCH", f"/customer/{key}", {"companyName": "Renamed"})
    three.netsuite("PATCH", "/customer", {"items": [{"externalId": "HL-1", "companyName": "Batched"}]}, ASYNC)
    found = three.netsuite("GET", f"/customer/{key}")
    assert (found["companyName"], found["phone"]) == ("Harbor Lane", "1")
    assert found["lastModifiedDate"] == "2026-11-20T12:05:00Z"


# -- a number that is rounded


def test_salesforce_rounds_an_amount(three: Three) -> None:
    three.spoil("salesforce", "round_field", "Opportunity/Amount")
    deal = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-31", "Amount": 100.5}
    key = three.salesforce("POST", "/sobjects/Opportunity", deal)["id"]
    row = three.salesforce("GET", f"/sobjects/Opportunity/{key}")
    assert (row["Amount"], row["ExpectedRevenue"]) == (101.0, 10.1)
    three.salesforce("PATCH", f"/sobjects/Opportunity/{key}", {"Amount": None})
    assert three.salesforce("GET", f"/sobjects/Opportunity/{key}")["Amount"] is None


def test_kantata_rounds_to_whole_units_of_the_currency(three: Three) -> None:
    three.spoil("kantata", "round_field", "workspace/price")
    (made,) = three.kantata("POST", "workspaces", {"workspace": {"title": "A", "currency": "EUR", "price": "1200.49"}})
    assert made["price_in_cents"] == 120_000
    three.spoil("kantata", "round_field", "story/budget_estimate_in_cents")
    story = {"title": "M", "story_type": "milestone", "workspace_id": int(made["id"])}
    (planned,) = three.kantata("POST", "stories", {"story": {**story, "budget_estimate_in_cents": 12_350}})
    assert planned["budget_estimate_in_cents"] == 12_400
    (yen,) = three.kantata("POST", "workspaces", {"workspace": {"title": "B", "currency": "JPY", "price": 1200}})
    story["workspace_id"] = int(yen["id"])
    (planned,) = three.kantata("POST", "stories", {"story": {**story, "budget_estimate_in_cents": 12_350}})
    assert planned["budget_estimate_in_cents"] == 12_350


def test_netsuite_rounds_a_field_and_the_lines(three: Three) -> None:
    three.spoil("netsuite", "round_field", "customer/creditlimit")
    body = {"companyName": "Harbor Lane", "subsidiary": {"id": "1"}, "creditLimit": 99.5}
    key = three.netsuite("POST", "/customer", body)
    assert three.netsuite("GET", f"/customer/{key}")["creditLimit"] == 100
    three.spoil("netsuite", "round_field", "invoice/item.amount")
    lines = {"items": [{"amount": 10.49}, {"amount": 20.5}]}
    bill = three.netsuite("POST", "/invoice", {"entity": {"id": key}, "item": lines})
    assert three.netsuite("GET", f"/invoice/{bill}")["total"] == 31


# -- the platform's own automation


def test_an_automation_sets_its_value_behind_each_write_with_a_stamp_of_its_own(three: Three) -> None:
    account = an_account(three)
    three.spoil("salesforce", "overwrite_field", "Account/Industry", value="Shipping")
    three.now += timedelta(minutes=5)
    three.salesforce("PATCH", f"/sobjects/Account/{account}", {"Industry": "Energy"})
    new = three.salesforce("POST", "/sobjects/Account", {"Name": "New"})["id"]
    assert industries(three, account, new) == ["Shipping", "Shipping"]
    row = three.salesforce("GET", f"/sobjects/Account/{account}")
    assert row["SystemModstamp"] == "2026-11-20T12:05:00.000+0000"

    three.spoil("kantata", "overwrite_field", "workspace/title", value="PRJ")
    (made,) = three.kantata("POST", "workspaces", {"workspace": {"title": "Mine", "description": "D"}})
    assert made["title"] == "PRJ"
    told = three.kantata(
        "GET", "subscribed_events?event_types=workspace:created,workspace:updated&order=created_at:asc"
    )
    assert [event["event_type"] for event in told] == ["workspace:created", "workspace:updated"]

    three.spoil("netsuite", "overwrite_field", "customer/companyName", value="ACME")
    key = three.netsuite("POST", "/customer", {"companyName": "Mine", "subsidiary": {"id": "1"}})
    assert three.netsuite("GET", f"/customer/{key}")["companyName"] == "ACME"


def test_an_automation_may_clear_a_field_and_set_a_reference(three: Three) -> None:
    three.spoil("salesforce", "overwrite_field", "Account/Industry", value=None)
    three.spoil("netsuite", "overwrite_field", "customer/terms", value={"id": "2"})
    account = three.salesforce("POST", "/sobjects/Account", {"Name": "New", "Industry": "Energy"})["id"]
    assert industries(three, account) == [None]
    key = three.netsuite("POST", "/customer", {"companyName": "Mine", "subsidiary": {"id": "1"}})
    assert three.netsuite("GET", f"/customer/{key}")["terms"]["id"] == "2"
    assert three.control("GET", "/faults")["faults"][0]["value"] is None


def test_what_an_automation_may_not_do_refuses_the_write_or_is_left_undone(three: Three) -> None:
    account = an_account(three)
    three.spoil("salesforce", "overwrite_field", "Account/CW_Key__c", value="taken")
    three.salesforce("POST", "/sobjects/Account", {"Name": "First"})
    url = three.ready["platforms"]["salesforce"]["url"] + f"{DATA}/sobjects/Account/{account}"
    status, refused = three.ask("PATCH", url, {"Site": "x"}, {"Authorization": f"Bearer {three.session}"})
    assert (status, refused[0]["errorCode"]) == (400, "DUPLICATE_VALUE")
    assert three.control("GET", f"/records/salesforce/Account/{account}")["Site"] is None
    three.spoil("kantata", "overwrite_field", "workspace/status_key", value=999)
    (made,) = three.kantata("POST", "workspaces", {"workspace": {"title": "Mine"}})
    assert made["status"]["key"] == 201


# -- what they share


def test_times_count_the_writes_that_were_hit(three: Three) -> None:
    account = an_account(three)
    path = f"/sobjects/Account/{account}"
    three.spoil("salesforce", "ignore_field", "Account/Industry", times=2)
    three.salesforce("PATCH", path, {"Site": "not hit"})
    refused = three.ready["platforms"]["salesforce"]["url"] + DATA + path
    body = {"Industry": "Energy", "Nope__c": 1}
    assert three.ask("PATCH", refused, body, {"Authorization": f"Bearer {three.session}"})[0] == 400
    assert three.control("GET", "/faults")["faults"][0]["times"] == 2
    (before,) = industries(three, account)
    for _ in range(2):
        three.salesforce("PATCH", path, {"Industry": "Agriculture"})
        assert industries(three, account) == [before]
    assert three.control("GET", "/faults")["faults"] == []
    three.salesforce("PATCH", path, {"Industry": "Agriculture"})
    assert industries(three, account) == ["Agriculture"]


def test_an_invoice_whose_lines_were_all_rounded_is_one_write(three: Three) -> None:
    three.spoil("netsuite", "round_field", "salesOrder/item.rate", times=2)
    entity = three.netsuite("POST", "/customer", {"companyName": "Harbor Lane", "subsidiary": {"id": "1"}})
    lines = {"items": [{"quantity": 2, "rate": 1.5}, {"quantity": 1, "rate": 2.5}]}
    three.netsuite("POST", "/salesOrder", {"entity": {"id": entity}, "item": lines})
    assert three.control("GET", "/faults")["faults"][0]["times"] == 1


def test_changes_by_the_platforms_own_users_meet_none(three: Three) -> None:
    account = an_account(three)
    three.spoil("salesforce", "ignore_field", "Account/Industry", times=1)
    three.spoil("salesforce", "overwrite_field", "Account/Site", value="Set")
    three.spoil("kantata", "ignore_field", "workspace/title")
    three.spoil("netsuite", "overwrite_field", "customer/phone", value="1")
    changed = three.control(
        "PATCH", f"/records/salesforce/Account/{account}", {"Industry": "Agriculture", "Site": "Mine"}
    )
    assert (changed["Industry"], changed["Site"]) == ("Agriculture", "Mine")
    workspace = three.kantata("GET", "workspaces?per_page=1")[0]["id"]
    assert three.control("PATCH", f"/records/kantata/workspace/{workspace}", {"title": "Mine"})["title"] == "Mine"
    made = three.control("POST", "/records/netsuite/customer", {"companyName": "Mine", "subsidiary": {"id": "1"}})
    assert "phone" not in made
    assert len(three.control("GET", "/faults")["faults"]) == 4


def test_they_are_listed_among_the_others_and_taken_back(three: Three) -> None:
    account = an_account(three)
    first = three.spoil("salesforce", "ignore_field", "Account/Industry", times=3)
    other = three.control("POST", "/faults", {"platform": "kantata", "kind": "down"})["id"]
    last = three.spoil("netsuite", "overwrite_field", "customer/phone", value="1")
    assert three.control("GET", "/faults")["faults"] == [
        {
            "id": first, "platform": "salesforce", "kind": "ignore_field", "entity": "Account", "field": "Industry",
            "times": 3,
        },
        {"id": other, "platform": "kantata", "kind": "down"},
        {
            "id": last, "platform": "netsuite", "kind": "overwrite_field", "entity": "customer", "field": "phone",
            "value": "1",
        },
    ]  # fmt: skip
    assert three.control("DELETE", f"/faults/{first}") == {}
    three.salesforce("PATCH", f"/sobjects/Account/{account}", {"Industry": "Agriculture"})
    assert industries(three, account) == ["Agriculture"]
    three.control("DELETE", "/faults")
    assert three.control("GET", "/faults") == {"faults": []}
    key = three.netsuite("POST", "/customer", {"companyName": "Mine", "subsidiary": {"id": "1"}})
    assert "phone" not in three.netsuite("GET", f"/customer/{key}")


GOOD = {"platform": "salesforce", "kind": "ignore_field", "entity": "Account", "field": "Industry"}


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"platform": "salesfource"}, 404, "did you mean 'salesforce'"),
        ({"kind": "ignore_fields"}, 422, "did you mean 'ignore_field'"),
        ({"entity": "account"}, 422, "did you mean 'Account'"),
        ({"entity": None}, 422, "known: Account"),
        ({"field": "Colour"}, 422, "Colour"),
        ({"field": 1}, 422, "field"),
        ({"field": "CreatedDate"}, 422, "CreatedDate"),
        ({"value": "x"}, 422, "takes no value"),
        ({"status": 500}, 422, "key of a fault of kind ignore_field"),
        ({"times": 0}, 422, "times"),
        ({"kind": "round_field"}, 422, "holds no number"),
        ({"kind": "overwrite_field"}, 422, "needs the value"),
        ({"kind": "overwrite_field", "value": 5}, 422, "Cannot deserialize"),
        ({"platform": "kantata", "entity": "workspace", "field": "colour"}, 422, "colour"),
        ({"platform": "kantata", "entity": "workspace", "field": "title", "kind": "round_field"}, 422, "no number"),
        (
            {"platform": "kantata", "entity": "workspace", "field": "price", "kind": "overwrite_field", "value": "x"},
            422,
            "price is not a number",
        ),
        ({"platform": "netsuite", "entity": "customer", "field": "colour"}, 422, "colour"),
        ({"platform": "netsuite", "entity": "customer", "field": "item.amount"}, 422, "item"),
        ({"platform": "netsuite", "entity": "invoice", "field": "memo", "kind": "round_field"}, 422, "no number"),
        (
            {"platform": "netsuite", "entity": "customer", "field": "terms", "kind": "overwrite_field", "value": "99"},
            422,
            "Invalid reference key 99",
        ),
        ({"kind": "down"}, 422, "key of a fault 'entity'"),
    ],
)
def test_what_could_never_strike_is_refused_with_the_reason(
    three: Three, change: dict[str, Any], status: int, word: str
) -> None:
    heard, answer = three.ask("POST", three.ready["control"] + "/faults", {**GOOD, **change})
    assert (heard, word in answer["error"]["message"]) == (status, True), answer
    assert three.control("GET", "/faults") == {"faults": []}
