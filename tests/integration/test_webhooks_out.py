"""From what happens to a receiver on the wire: whole gateways, real HTTP, and receivers that fail as receivers do."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import pytest
import yaml
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.integration.test_governed_writes import PATIENCE, UPDATE, Installation, account_id, config, firm, running

__all__ = ["config", "firm"]
HOOK = "id url kinds status disabledBecause failingSince secretGeneration previousSecretUntil"
ERRORS = "errors { code message path }"
REGISTER = f"""mutation($input: RegisterWebhookInput!) {{
    done: registerWebhook(input: $input) {{ webhook {{ {HOOK} }} secret {ERRORS} }} }}"""
CHANGE = f"""mutation($input: UpdateWebhookInput!) {{
    done: updateWebhook(input: $input) {{ webhook {{ {HOOK} }} {ERRORS} }} }}"""
LOG = """query($id: ID!, $status: WebhookDeliveryStatus) { webhook(id: $id) { status disabledBecause
    deliveries(status: $status) { totalCount nodes {
        id kind subject status tries nextAttemptAt attempts { at seconds status error } } } } }"""
REDELIVER = f"mutation($id: ID!) {{ done: redeliver(deliveryId: $id) {{ delivery {{ id status }} {ERRORS} }} }}"
QUICK = 1.0
"""Hours of tries, so that the first pause is a tenth of a second."""
Answer = tuple[int, dict[str, str]]


class Receiver:
    """An HTTP server that keeps what it gets, in order, and answers as its script says, then 200."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.times: list[float] = []
        self.script: list[Answer] = []
        self.always: Answer | None = None
        self.url = ""
        self._came = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lines = head.split("\r\n")[1:-2]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
            status, more = self.always or (self.script.pop(0) if self.script else (200, {}))
            told = "".join(f"{name}: {value}\r\n" for name, value in {**more, "Content-Length": "0"}.items())
            writer.write(f"HTTP/1.1 {status} Said\r\n{told}\r\n".encode())
            await writer.drain()
            self.times.append(time.monotonic())
            async with self._came:
                self.got.append((headers, body))
                self._came.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def have(self, number: int) -> list[dict[str, Any]]:
        """What came, once so many have come."""
        async with asyncio.timeout(PATIENCE), self._came:
            await self._came.wait_for(lambda: len(self.got) >= number)
        return self.events()

    def events(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(body) for _, body in self.got]

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/in"
    yield found
    server.close()
    await server.wait_closed()


@pytest.fixture
def sending(config: tuple[Path, dict[str, str]]) -> tuple[Path, dict[str, str]]:
    return with_hooks(config, retry_hours=QUICK)


def with_hooks(config: tuple[Path, dict[str, str]], **hooks: Any) -> tuple[Path, dict[str, str]]:
    """The installation, with a signing key, and loopback allowed."""
    path, keys = config
    key = path.parent / "signing.key"
    key.touch(mode=0o600)
    key.write_text(uuid4().hex * 2)
    settings = yaml.safe_load(path.read_text())
    settings["hooks"] = {"signing_key": {"file": key.name}, "allow_private": ["127.0.0.1"], **hooks}
    settings["feeds"] = {"enabled": False}
    path.write_text(yaml.safe_dump(settings))
    return path, keys


async def register(
    installation: Installation, receiver: Receiver, *kinds: str, role: str = "service", **said: Any
) -> dict[str, Any]:
    wish = {"idempotencyKey": uuid4().hex, "url": receiver.url, "kinds": kinds or ["syncRun"], **said}
    done: dict[str, Any] = (await installation.data(REGISTER, role=role, input=wish))["done"]
    assert done["errors"] == []
    return done


async def updated(installation: Installation, number: int = 0, **said: Any) -> str:
    account = account_id(installation.firm("Account")[number])
    wish = {"id": account, "industry": f"Industry {uuid4().hex[:6]}", "idempotencyKey": uuid4().hex, **said}
    payload = (await installation.data(UPDATE, input=wish))["updateAccount"]
    assert payload["errors"] == []
    found: str = payload["run"]["id"]
    return found


async def log(installation: Installation, hook: str, **said: Any) -> list[dict[str, Any]]:
    found = await installation.data(LOG, id=hook, **said)
    nodes: list[dict[str, Any]] = found["webhook"]["deliveries"]["nodes"]
    return nodes


async def until(holds: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (found := await holds()):  # noqa: ASYNC110 - it is asked of a gateway
            await asyncio.sleep(0.05)
    return found


async def test_a_runs_way_is_told_in_order_signed_and_readable(
    sending: tuple[Path, dict[str, str]], firm: dict[str, Any], receiver: Receiver
) -> None:
    async with running(sending, firm) as installation:
        done = await register(installation, receiver)
        run = await updated(installation)
        events = await receiver.have(3)
        assert [event["data"]["status"] for event in events] == ["PENDING", "RUNNING", "SUCCEEDED"]
        assert {event["subject"] for event in events} == {run}
        correlation = (await installation.ended(run))["correlationId"]
        for headers, body in receiver.got:
            Webhook(done["secret"]).verify(body, headers)
            event = from_http_event(HTTPMessage(headers, body))
            assert event.get_type() == "crosswalk.run.status_changed"
            assert event.get_extension("correlationid") == correlation
            assert headers["webhook-id"] == event.get_id()
        assert len(set(receiver.ids())) == 3
        found = await until(lambda: log(installation, done["webhook"]["id"], status="DELIVERED"))
        assert {node["subject"] for node in found} == {run}


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_failures_are_tried_again_in_order_and_the_log_tells_each_try(
    sending: tuple[Path, dict[str, str]], firm: dict[str, Any], receiver: Receiver
) -> None:
    receiver.script = [(500, {}), (301, {"Location": "http://127.0.0.1:1/"}), (503, {"Retry-After": "2"})]
    async with running(sending, firm) as installation:
        done = await register(installation, receiver)
        await updated(installation)
        events = await receiver.have(6)
        assert [event["data"]["status"] for event in events] == ["PENDING"] * 4 + ["RUNNING", "SUCCEEDED"]
        assert len(set(receiver.ids()[:4])) == 1
        assert receiver.times[3] - receiver.times[2] >= 2

        async def delivered() -> list[dict[str, Any]]:
            found = await log(installation, done["webhook"]["id"], status="DELIVERED")
            return found if len(found) == 3 else []

        first = (await until(delivered))[-1]
        assert [each["status"] for each in first["attempts"]] == [500, 301, 503, 200]
        # Once more, as the same message.
        again = (await installation.data(REDELIVER, id=first["id"]))["done"]
        assert again["delivery"]["status"] == "PENDING"
        await receiver.have(7)
        assert receiver.ids()[6] == receiver.ids()[0]
        stranger = (await installation.data(REDELIVER, id=first["id"], role="finance"))["done"]
        assert [error["code"] for error in stranger["errors"]] == ["NOT_FOUND"]


async def test_nothing_is_lost_while_the_receiver_or_everything_is_away(
    sending: tuple[Path, dict[str, str]], firm: dict[str, Any], receiver: Receiver
) -> None:
    receiver.always = (500, {})
    async with running(sending, firm) as installation:
        await register(installation, receiver)
        run = await updated(installation)
        await installation.ended(run)
        await receiver.have(2)
    receiver.always = None
    receiver.got.clear()
    async with running(sending, firm) as installation:
        events = await receiver.have(3)
        assert [event["data"]["status"] for event in events] == ["PENDING", "RUNNING", "SUCCEEDED"]
        await installation.ended(await updated(installation, 1))
        assert len(await receiver.have(6)) == 6
    assert len(set(receiver.ids())) == 6


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_a_rotation_has_no_gap(
    sending: tuple[Path, dict[str, str]], firm: dict[str, Any], receiver: Receiver
) -> None:
    async with running(sending, firm) as installation:
        done = await register(installation, receiver)
        rotate = "mutation($id: ID!, $now: Boolean! = false) { done: rotateWebhookSecret(id: $id, atOnce: $now) "
        rotate += f"{{ webhook {{ {HOOK} }} secret {ERRORS} }} }}"
        rotated = (await installation.data(rotate, id=done["webhook"]["id"]))["done"]
        assert rotated["webhook"]["secretGeneration"] == 2
        assert rotated["webhook"]["previousSecretUntil"]
        await updated(installation)
        await receiver.have(3)
        for headers, body in receiver.got:
            Webhook(done["secret"]).verify(body, headers)
            Webhook(rotated["secret"]).verify(body, headers)
        at_once = (await installation.data(rotate, id=done["webhook"]["id"], now=True))["done"]
        await updated(installation)
        await receiver.have(6)
        headers, body = receiver.got[-1]
        Webhook(at_once["secret"]).verify(body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(rotated["secret"]).verify(body, headers)


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_410_and_long_failure_disable_with_an_exception_and_enabling_goes_on(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any], receiver: Receiver
) -> None:
    sending = with_hooks(config, retry_hours=2 / 3600)
    receiver.script = [(410, {})]
    problems = "{ exceptions(queue: INTEGRATION, status: OPEN) { nodes { code message } } }"
    enable = f"mutation($id: ID!) {{ done: enableWebhook(id: $id) {{ webhook {{ {HOOK} }} {ERRORS} }} }}"
    async with running(sending, firm) as installation:
        hook = (await register(installation, receiver))["webhook"]["id"]

        async def disabled() -> Any:
            return (await installation.data(LOG, id=hook))["webhook"]["disabledBecause"]

        await updated(installation)
        assert "410" in await until(disabled)
        assert len(receiver.got) == 1
        (problem,) = (await installation.data(problems))["exceptions"]["nodes"]
        assert problem["code"] == "WEBHOOK_DISABLED"
        assert urlsplit(receiver.url).path not in problem["message"]
        receiver.always = (500, {})
        assert (await installation.data(enable, id=hook))["done"]["webhook"]["status"] == "ACTIVE"
        assert (await installation.data(problems))["exceptions"]["nodes"] == []
        assert "nothing has been delivered" in await until(disabled)
        (problem,) = (await installation.data(problems))["exceptions"]["nodes"]
        assert problem["code"] == "WEBHOOK_DISABLED"
        receiver.always = None
        receiver.got.clear()
        await installation.data(enable, id=hook)
        events = await receiver.have(3)
        assert [event["data"]["status"] for event in events] == ["PENDING", "RUNNING", "SUCCEEDED"]


@pytest.mark.parametrize("config", ["production"], indirect=True)
async def test_two_gateways_over_one_ledger_deliver_each_event_once_and_in_order(
    sending: tuple[Path, dict[str, str]], firm: dict[str, Any], receiver: Receiver
) -> None:
    path, _ = sending
    settings = yaml.safe_load(path.read_text())
    del settings["broker"]  # so that each works, and delivers, by itself
    path.write_text(yaml.safe_dump(settings))
    async with AsyncExitStack() as stack:
        here, there = [await stack.enter_async_context(running(sending, firm)) for _ in range(2)]
        await register(here, receiver)
        runs = await asyncio.gather(*(updated(each, number) for number in range(8) for each in (here, there)))
        events = await receiver.have(3 * len(runs))
        for run in runs:
            await here.ended(run)
            told = [event["data"]["status"] for event in events if event["subject"] == run]
            assert told == ["PENDING", "RUNNING", "SUCCEEDED"]
        assert len(set(receiver.ids())) == len(receiver.got)


@asynccontextmanager
async def followed(config: tuple[Path, dict[str, str]], firm: dict[str, Any]) -> AsyncIterator[Installation]:
    """An installation that polls its platforms twice a second."""
    path, _ = config
    settings = yaml.safe_load(path.read_text())
    settings["feeds"] = {"shortest_seconds": 0.5, "longest_seconds": 1.0, "start": "now"}
    path.write_text(yaml.safe_dump(settings))
    async with running(config, firm) as installation:
        yield installation


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_what_somebody_changes_on_a_platform_arrives_with_before_and_after(
    sending: tuple[Path, dict[str, str]], firm: dict[str, Any], receiver: Receiver
) -> None:
    async with followed(sending, firm) as installation:
        record, other = installation.firm("Account")[:2]
        wanted = {"accountIds": [account_id(record)], "paths": ["name"]}
        await register(installation, receiver, "record.Account", role="finance", filter=wanted)

        def told() -> list[tuple[Any, Any]]:
            """Before and after of its name, as the CRM has it: what rules make of that in the ERP is told as well."""
            crm = [event for event in receiver.events() if event["source"] == "/crosswalk/platforms/salesforce"]
            changes = [change for event in crm for change in event["data"]["changes"] if change["field"] == "name"]
            return [(change["before"], change["after"]) for change in changes]

        async def heard(name: str) -> bool:
            return any(after == name for _, after in told())

        async def renamed(account: dict[str, Any], name: str) -> None:
            key = account["records"]["salesforce"]["id"]
            await asyncio.to_thread(installation.control, "PATCH", f"/records/salesforce/Account/{key}", {"Name": name})

        async def first() -> bool:
            """Renames it until the feed has begun, which tells what happens from then on."""
            await renamed(record, f"Name {uuid4().hex[:6]}")
            await asyncio.sleep(1)
            return bool(receiver.got)

        await until(first)
        await renamed(record, "First Name")
        await until(lambda: heard("First Name"))
        await renamed(other, "Nobody Asked")
        await renamed(record, "Second Name")
        await until(lambda: heard("Second Name"))
        assert told()[-1] == ("First Name", "Second Name")
        assert len(set(told())) == len(told())
        events = receiver.events()
        assert {event["subject"] for event in events} == {account_id(record)}
        assert "crosswalk.account.changed" in {event["type"] for event in events}


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_without_a_signing_key_it_is_said_what_to_set(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any], receiver: Receiver
) -> None:
    async with running(config, firm) as installation:
        wish = {"idempotencyKey": "k", "url": receiver.url, "kinds": ["syncRun"]}
        done = (await installation.data(REGISTER, input=wish))["done"]
        assert [error["code"] for error in done["errors"]] == ["UNSUPPORTED"]
        assert "hooks.signing_key" in done["errors"][0]["message"]


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_a_private_receiver_that_is_not_allowed_is_refused(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any], receiver: Receiver
) -> None:
    sending = with_hooks(config, allow_private=[])
    async with running(sending, firm) as installation:
        for url in (receiver.url, receiver.url.replace("http:", "https:"), "https://localhost/x", "https://[::1]/"):
            wish = {"idempotencyKey": uuid4().hex, "url": url, "kinds": ["syncRun"]}
            done = (await installation.data(REGISTER, input=wish))["done"]
            assert [(e["code"], e["path"]) for e in done["errors"]] == [("INVALID", ["input", "url"])], url
    assert not receiver.got


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_the_rest_of_a_webhooks_life(
    sending: tuple[Path, dict[str, str]], firm: dict[str, Any], receiver: Receiver
) -> None:
    async with running(sending, firm) as installation:
        hook = (await register(installation, receiver, "exception"))["webhook"]["id"]
        act = f"mutation($id: ID!) {{ done: ACTION {{ webhook {{ {HOOK} }} {ERRORS} }} }}"
        tested = (await installation.data(act.replace("ACTION", "testWebhook(id: $id)"), id=hook))["done"]
        assert tested["errors"] == []
        (event,) = await receiver.have(1)
        assert (event["type"], event["subject"]) == ("crosswalk.webhook.test", hook)
        changed = (await installation.data(CHANGE, input={"id": hook, "kinds": ["record.*", "syncRun"]}))["done"]
        assert changed["webhook"]["kinds"] == ["record.*", "syncRun"]
        mine = "{ webhooks { nodes { id owner } } }"
        assert (await installation.data(mine))["webhooks"]["nodes"] == [{"id": hook, "owner": "service"}]
        assert (await installation.data(mine, role="finance"))["webhooks"]["nodes"] == []
        assert (await installation.data(mine, role="auditor"))["webhooks"]["nodes"] == [
            {"id": hook, "owner": "service"}
        ]
        off = 'disableWebhook(id: $id, reason: "A pause")'
        assert (await installation.data(act.replace("ACTION", off), id=hook))["done"]["webhook"]["status"] == "DISABLED"
        await installation.ended(await updated(installation))
        on = "enableWebhook(id: $id, skipMissed: true)"
        assert (await installation.data(act.replace("ACTION", on), id=hook))["done"]["webhook"]["status"] == "ACTIVE"
        run = await updated(installation)
        events = await receiver.have(4)
        assert {event["subject"] for event in events[1:]} == {run}
        gone = (await installation.data(act.replace("ACTION", "deleteWebhook(id: $id)"), id=hook))["done"]
        assert gone["errors"] == []
        assert (await installation.data(mine))["webhooks"]["nodes"] == []
