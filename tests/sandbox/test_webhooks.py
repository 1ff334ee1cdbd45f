"""What scripts inside the platforms send: signed as the standard's own library wants, and as badly as asked for."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECONDS = 10.0


class Control:
    """The control API."""

    def __init__(self, url: str) -> None:
        self._url = url

    def request(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self._url + path, content, method=method)) as answer:
            return json.load(answer)

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and message of a request that must be refused."""
        with pytest.raises(urllib.error.HTTPError) as caught:
            self.request(method, path, body)
        with caught.value as refused:
            return refused.code, json.load(refused)["error"]["message"]


@dataclass
class Receiver:
    """Keeps what comes, answers with the next of `answers`, then 204."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, headers: dict[str, str], body: bytes) -> int:
        with self.changed:
            self.got.append((headers, body))
            self.changed.notify_all()
            return self.answers.pop(0) if self.answers else 204

    def bodies(self, count: int) -> list[dict[str, str]]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= count, SECONDS), self.got
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(kept.take({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}/hooks?from=sandbox"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()


@pytest.fixture
def control(fresh_sandbox):
    return Control(fresh_sandbox["control"])


def subscribe(control, receiver, platform="salesforce", **options):
    wanted = {"platform": platform, "url": receiver.url, "secret": SECRET} | options
    return control.request("POST", "/webhooks", wanted)["id"]


def an_account(control):
    return control.request("GET", "/records/salesforce/Account?limit=1")["records"][0]["Id"]


def rename(control, key, name):
    control.request("PATCH", f"/records/salesforce/Account/{key}", {"Name": name})


def counts(control):
    [webhook] = control.request("GET", "/webhooks")["webhooks"]
    return webhook["counts"]


def settled(control, receiver):
    """Once nothing is left to be sent."""
    until = time.monotonic() + SECONDS
    while (found := counts(control))["pending"]:
        assert time.monotonic() < until, found
        with receiver.changed:
            receiver.changed.wait(0.02)
    return found


def test_the_standards_library_takes_what_is_sent(control, receiver):
    subscribe(control, receiver)
    key = an_account(control)
    rename(control, key, "Signed & Söns")
    assert receiver.bodies(1) == [{"entity": "Account", "id": key, "change": "changed"}]
    headers, body = receiver.got[0]
    Webhook(SECRET).verify(body, headers)
    assert headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(body, headers)


def test_what_is_made_and_deleted_is_sent_as_well(control, receiver):
    subscribe(control, receiver)
    made = control.request("POST", "/records/salesforce/Account", {"Name": "Newcomer", "CW_Status__c": "Prospect"})
    control.request("DELETE", f"/records/salesforce/Account/{made['Id']}")
    assert [body["change"] for body in receiver.bodies(2)] == ["created", "deleted"]


def test_an_api_call_is_sent_like_a_persons_change_and_a_refused_one_is_not(control, receiver, fresh_sandbox):
    org = fresh_sandbox["platforms"]["salesforce"]
    form = {"grant_type": "client_credentials"} | {
        name: org["credentials"][name] for name in ("client_id", "client_secret")
    }
    with urllib.request.urlopen(org["url"] + "/services/oauth2/token", urlencode(form).encode()) as answer:
        token = json.load(answer)["access_token"]
    subscribe(control, receiver)
    key = an_account(control)
    batch = {
        "allOrNone": True,
        "records": [
            {"attributes": {"type": "Account"}, "id": key, "Name": "By the API"},
            {"attributes": {"type": "Account"}, "id": key[:-3] + "AAA", "Name": "Nobody"},
        ],
    }

    def send(records):
        request = urllib.request.Request(
            org["url"] + "/services/data/v63.0/composite/sobjects",
            json.dumps(batch | {"records": records}).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            method="PATCH",
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    assert [result["success"] for result in send(batch["records"])] == [False, False]
    assert [result["success"] for result in send(batch["records"][:1])] == [True]
    assert receiver.bodies(1) == [{"entity": "Account", "id": key, "change": "changed"}]
    assert settled(control, receiver)["taken"] == 1, "what was rolled back was never sent"


def test_a_payment_tells_of_the_invoice_that_it_settles(control, receiver):
    subscribe(control, receiver, "netsuite")
    payment = control.request("GET", "/records/netsuite/customerPayment?limit=1")["records"][0]
    control.request("DELETE", f"/records/netsuite/customerPayment/{payment['id']}")
    sent = {(body["entity"], body["change"]) for body in receiver.bodies(2)}
    assert sent == {("customerpayment", "deleted"), ("invoice", "changed")}


def test_what_is_not_taken_is_sent_again_with_its_id_and_signed_anew(control, receiver):
    receiver.answers = [503, 500]
    subscribe(control, receiver)
    rename(control, an_account(control), "Thrice")
    receiver.bodies(3)
    assert settled(control, receiver) == {"sent": 3, "taken": 1, "failed": 0, "dropped": 0, "pending": 0}
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    for headers, body in receiver.got:
        Webhook(SECRET).verify(body, headers)


def test_what_nobody_takes_is_given_up(control, receiver):
    receiver.answers = [400] * 9
    subscribe(control, receiver, tries=2)
    rename(control, an_account(control), "Never")
    receiver.bodies(2)
    assert settled(control, receiver) == {"sent": 2, "taken": 0, "failed": 1, "dropped": 0, "pending": 0}


def test_duplicates_have_one_id(control, receiver):
    subscribe(control, receiver, duplicates=2)
    rename(control, an_account(control), "Three of them")
    receiver.bodies(3)
    assert settled(control, receiver)["taken"] == 3
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_without_being_told_otherwise_messages_leave_in_order(control, receiver):
    subscribe(control, receiver)
    found = control.request("GET", "/records/salesforce/Account?limit=20")["records"]
    for record in found:
        rename(control, record["Id"], "In order")
    assert [body["id"] for body in receiver.bodies(20)] == [record["Id"] for record in found]


def test_messages_overtake_one_another_on_request(control, receiver):
    subscribe(control, receiver, reorderMs=300)
    found = control.request("GET", "/records/salesforce/Account?limit=20")["records"]
    for record in found:
        rename(control, record["Id"], "Out of order")
    sent = [body["id"] for body in receiver.bodies(20)]
    assert sorted(sent) == sorted(record["Id"] for record in found)
    assert sent != [record["Id"] for record in found]


def test_delays_drops_and_a_wrong_clock(control, receiver):
    subscribe(control, receiver, delayMs=200, drop=0.5, skewSeconds=-3600)
    found = control.request("GET", "/records/salesforce/Account?limit=20")["records"]
    begun = time.monotonic()
    for record in found:
        rename(control, record["Id"], "Badly sent")
    told = settled(control, receiver)
    assert time.monotonic() - begun > 0.2
    assert 0 < told["dropped"] < 20
    assert told["taken"] == 20 - told["dropped"] == len(receiver.got)
    off = datetime.now(UTC).timestamp() - int(receiver.got[0][0]["webhook-timestamp"])
    assert 3_590 < off < 3_700


def test_only_the_entities_that_were_asked_for(control, receiver):
    subscribe(control, receiver, entities=["Opportunity"])
    rename(control, an_account(control), "Nobody hears")
    deal = control.request("GET", "/records/salesforce/Opportunity?limit=1")["records"][0]["Id"]
    control.request("PATCH", f"/records/salesforce/Opportunity/{deal}", {"Name": "Heard"})
    assert [body["id"] for body in receiver.bodies(1)] == [deal]
    assert settled(control, receiver)["sent"] == 1


def test_subscriptions_are_listed_without_their_secret_and_end_one_or_all(control, receiver):
    first = subscribe(control, receiver)
    subscribe(control, receiver, "netsuite")
    listed = control.request("GET", "/webhooks")
    assert listed["senders"] == ["salesforce", "netsuite"]
    assert [webhook["platform"] for webhook in listed["webhooks"]] == ["salesforce", "netsuite"]
    assert SECRET[6:] not in json.dumps(listed)
    control.request("DELETE", f"/webhooks/{first}")
    rename(control, an_account(control), "Unheard")
    assert len(control.request("GET", "/webhooks")["webhooks"]) == 1
    control.request("DELETE", "/webhooks")
    assert control.request("GET", "/webhooks")["webhooks"] == []
    assert receiver.got == []


def test_a_reset_ends_them(control, receiver):
    subscribe(control, receiver)
    control.request("POST", "/reset")
    assert control.request("GET", "/webhooks")["webhooks"] == []
    subscribe(control, receiver)
    rename(control, an_account(control), "After the reset")
    assert len(receiver.bodies(1)) == 1


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"platform": "kantata"}, 404, "platform that sends webhooks"),
        ({"platform": "salesfroce"}, 404, "did you mean 'salesforce'"),
        ({"url": "https://example.com/hook"}, 422, "on this machine"),
        ({"url": "http://10.0.0.1/hook"}, 422, "on this machine"),
        ({"url": 7}, 422, "on this machine"),
        ({"secret": "short"}, 422, "24 to 64 bytes"),
        ({"secret": None}, 422, "24 to 64 bytes"),
        ({"entities": "Account"}, 422, "list"),
        ({"entities": ["Acount"]}, 422, "did you mean 'Account'"),
        ({"duplicates": -1}, 422, "duplicates"),
        ({"drop": 2}, 422, "drop"),
        ({"tries": 0}, 422, "tries"),
        ({"reorder": 5}, 422, "did you mean 'reorderMs'"),
    ],
)
def test_what_cannot_be_subscribed_says_why(control, receiver, change, status, word):
    wanted = {"platform": "salesforce", "url": receiver.url, "secret": SECRET} | change
    refused = control.refused("POST", "/webhooks", wanted)
    assert refused[0] == status
    assert word in refused[1]


def test_an_unknown_webhook_is_404(control):
    assert control.refused("DELETE", "/webhooks/webhook-0")[0] == 404
