"""What platforms send: kept raw and once and answered at once, or refused with a reason, counted, and never kept."""

import asyncio
import io
import json
import socket
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx2
import pytest
import uvicorn
from standardwebhooks import Webhook

from gateway.app import build_app
from gateway.keys import KeyRing
from gateway.log import operation_log
from gateway.options import EdgeOptions
from gateway.server import server_config
from platforms.readers import Facet
from platforms.standard_webhooks import StandardInbound, names_of
from runtime.clock import SystemClock
from runtime.settings import Settings, SettingsError
from schema.roles import PlatformRole
from sync.ledger.database import open_ledger
from sync.ledger.migrating import migrate
from sync.noticing.mailroom import Mailroom

ERP = PlatformRole.ERP
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + b64encode(bytes(range(32))).decode()
INVOICE = {"entity": "invoice", "id": "17"}
FACET = Facet(type="Invoice", role=ERP, entity="invoice", rows=(), batch={}, page_size=1)
PLATFORM = {"vendor": "netsuite", "url": "https://erp.example"}


@pytest.fixture(scope="module")
def ledger_url(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.db"
    asyncio.run(migrate(url))
    return url


class Edge:
    """A gateway with a mailroom over a real ledger."""

    def __init__(self, engine, ledger, **webhooks):
        self.ledger = ledger
        self.log = io.StringIO()
        self.engine = engine
        settings = Settings.model_validate(
            {
                "platforms": {"erp": PLATFORM, "quiet": PLATFORM},
                "webhooks": {"erp": {"secrets": {"first": SECRET}} | webhooks, "quiet": {"secrets": {}}},
            }
        )
        platform = SimpleNamespace(inbound=StandardInbound(names_of({("Invoice", ERP): FACET})))
        mailroom = Mailroom(settings, {"erp": platform, "quiet": platform}, ledger, SystemClock())
        options = EdgeOptions(open_metrics=True)
        log = operation_log(self.log)
        self.app = build_app(engine, keys=KeyRing([]), options=options, log=log, mailroom=mailroom)

    def client(self):
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx2.AsyncClient(transport=transport, base_url="http://gateway")

    async def send(self, body=INVOICE, *, to="erp", method="POST", **signed):
        async with self.client() as client:
            content, headers = letter(body, **signed)
            return await client.request(method, f"/webhooks/{to}", content=content, headers=headers)

    async def kept(self):
        """All that is in the inbox, taken out."""
        taken = await self.ledger.inbox.take(most=500, seconds=60)
        await self.ledger.inbox.done([entry.id for entry in taken])
        return taken

    async def counted(self):
        """Webhooks by platform and outcome, as `/metrics` tells them."""
        async with self.client() as client:
            page = (await client.get("/metrics")).text
        rows = [line.rpartition(" ") for line in page.splitlines() if line.startswith("crosswalk_webhooks_in_total{")]
        return {labels.partition("{")[2].rstrip("}"): float(count) for labels, _, count in rows}


def letter(body=INVOICE, *, event_id=None, late=0, secret=SECRET, headers=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    at = datetime.now(UTC) - timedelta(seconds=late)
    event_id = event_id or f"evt_{time.monotonic_ns()}"
    signed = {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, content.decode("latin-1")),
    }
    return content, {name: value for name, value in (signed | (headers or {})).items() if value is not None}


@pytest.fixture
async def make_edge(ledger_url, make_engine):
    ledger = open_ledger(ledger_url, clock=SystemClock())

    def make(**webhooks):
        return Edge(make_engine(), ledger, **webhooks)

    yield make
    await ledger.close()


@pytest.fixture
async def edge(make_edge):
    edge = make_edge()
    await edge.kept()
    return edge


# ---------------------------------------------------------------------------------------------------------- taken in


async def test_a_signed_message_is_kept_as_it_came_and_answered_with_nothing(edge):
    body = b'{ "entity":"invoice",\n "id":"17", "more": 1e3 }'
    answer = await edge.send(body, event_id="evt_a", headers={"x-correlation-id": "flow-7"})
    assert (answer.status_code, answer.content) == (204, b"")
    (entry,) = await edge.kept()
    assert (entry.source, entry.event_id, entry.body, entry.correlation_id) == ("erp", "evt_a", body, "flow-7")
    assert answer.headers["x-correlation-id"] == "flow-7"


async def test_nothing_but_that_is_done_before_the_answer(edge):
    await edge.send()
    assert edge.engine.operations == []


async def test_the_same_message_again_is_answered_alike_and_kept_once(edge):
    first = await edge.send(event_id="evt_twice")
    again = await edge.send(event_id="evt_twice")
    assert (first.status_code, first.content) == (again.status_code, again.content) == (204, b"")
    assert len(await edge.kept()) == 1


async def test_many_at_once_of_one_message_are_kept_once(edge):
    answers = await asyncio.gather(*(edge.send(event_id="evt_storm") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {204}
    assert len(await edge.kept()) == 1


async def test_what_was_dealt_with_is_not_kept_again_when_it_is_replayed(edge):
    await edge.send(event_id="evt_old_news")
    assert len(await edge.kept()) == 1
    assert (await edge.send(event_id="evt_old_news")).status_code == 204
    assert await edge.kept() == ()


async def test_whoever_works_on_messages_is_rung_for_new_ones_only(edge):
    rung = []
    ear = lambda: rung.append(1)  # noqa: E731
    edge.ledger.bell.listen(ear)
    await edge.send(event_id="evt_ring")
    await edge.send(event_id="evt_ring")
    await edge.send(event_id="evt_false", secret=OTHER)
    edge.ledger.bell.leave(ear)
    assert rung == [1]


async def test_while_a_secret_is_replaced_both_are_good(make_edge):
    edge = make_edge(secrets={"old": SECRET, "new": OTHER})
    assert [(await edge.send(secret=secret)).status_code for secret in (SECRET, OTHER)] == [204, 204]


async def test_no_key_is_asked_for_and_none_helps(edge):
    answer = await edge.send(secret=OTHER, headers={"x-api-key": "cw_admin_0000"})
    assert answer.status_code == 401


async def test_nearly_all_are_answered_within_200_ms(edge):
    seconds = []
    async with edge.client() as client:
        for _ in range(100):
            content, headers = letter()
            begun = time.perf_counter()
            answer = await client.post("/webhooks/erp", content=content, headers=headers)
            seconds.append(time.perf_counter() - begun)
            assert answer.status_code == 204
    assert sorted(seconds)[94] < 0.2


# ----------------------------------------------------------------------------------------------------------- refused

REFUSED = {
    "another secret": ({"secret": OTHER}, 401, "UNAUTHENTICATED", "FORGED"),
    "another body": ({"headers": {"webhook-id": "evt_other"}}, 401, "UNAUTHENTICATED", "FORGED"),
    "no signature": ({"headers": {"webhook-signature": None}}, 401, "UNAUTHENTICATED", "UNSIGNED"),
    "no id": ({"headers": {"webhook-id": None}}, 401, "UNAUTHENTICATED", "UNSIGNED"),
    "a replay of yesterday": ({"late": 86_400}, 401, "UNAUTHENTICATED", "STALE"),
    "a clock an hour ahead": ({"late": -3_600}, 401, "UNAUTHENTICATED", "STALE"),
    "no JSON": ({"body": b"entity=invoice"}, 400, "BAD_USER_INPUT", "MALFORMED"),
    "another shape": ({"body": {"entity": "invoices", "id": "1"}}, 400, "BAD_USER_INPUT", "MALFORMED"),
    "a form": (
        {"headers": {"content-type": "application/x-www-form-urlencoded"}}, 415, "BAD_USER_INPUT", "MEDIA_TYPE",
    ),
    "no type": ({"headers": {"content-type": None}}, 415, "BAD_USER_INPUT", "MEDIA_TYPE"),
    "compressed": ({"headers": {"content-encoding": "gzip"}}, 415, "BAD_USER_INPUT", "MEDIA_TYPE"),
    "GET": ({"method": "GET"}, 405, "BAD_USER_INPUT", "METHOD"),
    "PUT": ({"method": "PUT"}, 405, "BAD_USER_INPUT", "METHOD"),
    "too large": ({"body": {"entity": "invoice", "id": "1", "x": "x" * 300_000}}, 413, "BAD_USER_INPUT", "TOO_LARGE"),
    "no such platform": ({"to": "crm"}, 404, "NOT_FOUND", "UNKNOWN"),
    "a platform without secrets": ({"to": "quiet"}, 404, "NOT_FOUND", "UNKNOWN"),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
async def test_what_is_refused_says_why_and_is_counted_and_not_kept(edge, why):
    sent, status, code, reason = REFUSED[why]
    answer = await edge.send(**sent)
    (error,) = answer.json()["errors"]
    assert answer.status_code == status
    assert (error["extensions"]["code"], error["extensions"]["reason"]) == (code, reason)
    assert error["extensions"]["correlationId"] == answer.headers["x-correlation-id"]
    assert answer.headers["cache-control"] == "no-store"
    assert await edge.kept() == ()
    platform = "unknown" if reason == "UNKNOWN" else "erp"
    assert await edge.counted() == {f'outcome="{reason.lower()}",platform="{platform}"': 1.0}


async def test_refusals_and_log_quote_neither_secret_nor_body_nor_signature(edge):
    for sent, *_ in REFUSED.values():
        answer = await edge.send(**sent)
        for private in (SECRET.removeprefix("whsec_"), OTHER.removeprefix("whsec_"), "xxxx", "v1,"):
            assert private not in answer.text + edge.log.getvalue()


async def test_a_platform_that_is_not_set_up_and_one_that_is_not_there_look_alike(edge):
    def shown(answer):
        return answer.status_code, answer.json()["errors"][0]["message"]

    assert (
        shown(await edge.send(to="quiet"))
        == shown(await edge.send(to="nowhere"))
        == shown(await edge.send(to="%F0%9F%8E%89"))
    )


async def test_405_names_the_method(edge):
    assert (await edge.send(method="DELETE")).headers["allow"] == "POST"


async def test_the_log_has_one_line_a_message(edge):
    await edge.send(event_id="evt_logged", headers={"x-correlation-id": "c-1"})
    await edge.send(event_id="evt_forged", secret=OTHER)
    first, second = [json.loads(line) for line in edge.log.getvalue().splitlines()]
    assert (first["event"], first["platform"], first["outcome"], first["event_id"]) == (
        "webhook", "erp", "taken", "evt_logged",
    )  # fmt: skip
    assert (first["correlation_id"], first["status"]) == ("c-1", 204)
    assert (second["outcome"], second["event_id"]) == ("forged", None), "what isn't believed isn't written down"


async def test_a_body_without_end_is_cut_at_the_limit(edge):
    chunks = []

    async def endless():
        chunks.append(1)
        return {"type": "http.request", "body": b"x" * 10_000, "more_body": True}

    told = []

    async def send(message):
        told.append(message)

    _, headers = letter()
    scope = {
        "type": "http", "method": "POST", "path": "/webhooks/erp", "raw_path": b"/webhooks/erp", "query_string": b"",
        "scheme": "http", "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "root_path": "", "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await edge.app(scope, endless, send)
    assert told[0]["status"] == 413
    assert len(chunks) == 26, "256,000 bytes, and the ten thousand that were too many"


async def test_ten_megabytes_over_a_real_connection_are_refused(edge):
    server = uvicorn.Server(server_config(edge.app, options=EdgeOptions()))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        assert not serving.done()
        await asyncio.sleep(0.001)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            content, headers = letter(b'{"x": "' + b"y" * 10_000_000 + b'"}')

            async def streamed():
                for start in range(0, len(content), 100_000):
                    yield content[start : start + 100_000]

            answers = [
                await client.post("/webhooks/erp", content=content, headers=headers),
                await client.post("/webhooks/erp", content=streamed(), headers=headers),
            ]
            assert [answer.status_code for answer in answers] == [413, 413]
            content, headers = letter()
            assert (await client.post("/webhooks/erp", content=content, headers=headers)).status_code == 204
    finally:
        server.should_exit = True
        await serving


async def test_the_limit_is_the_platforms_own(make_edge):
    edge = make_edge(body_bytes=1_000)
    assert (await edge.send(INVOICE | {"more": "x" * 900})).status_code == 204
    assert (await edge.send(INVOICE | {"more": "x" * 1_000})).status_code == 413


async def test_the_tolerance_is_the_platforms_own(make_edge):
    edge = make_edge(tolerance_seconds=30)
    assert (await edge.send(late=20)).status_code == 204
    assert (await edge.send(late=40)).status_code == 401


async def test_while_the_ledger_is_away_the_sender_is_asked_to_come_again(make_engine):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"postgresql://crosswalk@127.0.0.1:{taken.getsockname()[1]}/ledger"
    ledger = open_ledger(nobody, clock=SystemClock())
    edge = Edge(make_engine(), ledger)
    answer = await edge.send()
    await ledger.close()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["errors"][0]["extensions"] == {
        "code": "LEDGER_UNAVAILABLE", "reason": "AWAY", "correlationId": answer.headers["x-correlation-id"],
    }  # fmt: skip


async def test_without_a_mailroom_there_is_no_such_path(client):
    assert (await client.post("/webhooks/erp", json=INVOICE)).status_code == 404


def test_secrets_that_nobody_can_sign_with_are_refused_at_the_start(make_engine):
    with pytest.raises(SettingsError) as caught:
        Edge(make_engine(), None, secrets={"weak": "whsec_" + b64encode(b"short").decode(), "good": SECRET})
    (problem,) = caught.value.problems
    assert problem.startswith("webhooks.erp.secrets.weak: ")
    assert b64encode(b"short").decode() not in problem
