"""One key of one caller is one run: sent again, at the same instant, after a restart, or after the queue is lost."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sync.broker import QUEUE, RunQueue, embedded_broker
from sync.desk import RefusalCode, Reply, Request
from sync.ledger.database import open_ledger
from sync.ledger.port import RunQuery
from sync.ledger.records import RunStatus
from sync.relay import Relay
from tests.sync.conftest import HeldClock
from tests.sync.office import Office, open_office

BILLING = {"paymentTermsDays": 21, "billTo": {"lines": ("1 New Street",), "city": "Leeds", "country": "GB"}}


def rename(office: Office, place: int = 0, **more: Any) -> dict[str, Any]:
    """The wish of changing a client that is in the ERP as well."""
    clients = [client for client in office.of_firm("Account") if client["billing"] is not None]
    return {"id": office.id_of("Account", clients[place]), "industry": "Energy", **more}


async def runs_of(office: Office) -> int:
    return await office.ledger.count_runs(RunQuery())


def mismatch(reply: Reply) -> bool:
    (refusal,) = reply.refusals
    return refusal.code is RefusalCode.IDEMPOTENCY_MISMATCH and refusal.path == ("input", "idempotencyKey")


async def test_the_same_again_answers_the_same_run_and_asks_no_platform(office: Office) -> None:
    first = await office.accepted("updateAccount", key="k", **rename(office))
    office.control.calm()
    again = await office.accepted("updateAccount", key="k", **rename(office))
    assert again == first
    assert await runs_of(office) == 1
    assert len(await office.ledger.unsent(most=9)) == 1
    assert not any(office.control.calls(platform) for platform in office.platforms)


async def test_the_same_in_another_order_is_the_same(office: Office) -> None:
    wish = rename(office, billing=BILLING)
    first = await office.accepted("updateAccount", key="k", **wish)
    address = dict(reversed(BILLING["billTo"].items()))  # type: ignore[attr-defined]
    turned = {**dict(reversed(wish.items())), "billing": {"billTo": address, "paymentTermsDays": 21}}
    assert list(turned) != list(wish)
    assert await office.accepted("updateAccount", key="k", **turned) == first


@pytest.mark.parametrize(
    "other", [{"industry": "Retail"}, {"website": None}, {"billing": BILLING}, {"if_version": "v1"}]
)
async def test_another_input_under_the_same_key_is_refused(office: Office, other: dict[str, Any]) -> None:
    first = await office.accepted("updateAccount", key="k", **rename(office))
    assert mismatch(await office.ask("updateAccount", key="k", **rename(office, **other)))
    assert await runs_of(office) == 1
    assert await office.accepted("updateAccount", key="k", **rename(office)) == first


async def test_an_order_of_entries_is_part_of_the_input(office: Office) -> None:
    lines = [{"description": "One", "amount": Decimal(1)}, {"description": "Two", "amount": Decimal(2)}]
    project = next(found for found in office.of_firm("Project") if found["status"] == "ACTIVE")
    wish = {"projectId": office.id_of("Project", project)}
    first = await office.ask("createInvoice", key="k", lines=tuple(lines), **wish)
    assert first.run is not None, first.refusals
    assert mismatch(await office.ask("createInvoice", key="k", lines=tuple(reversed(lines)), **wish))


async def test_another_workflow_under_the_same_key_is_refused(office: Office) -> None:
    await office.accepted("updateAccount", key="k", **rename(office))
    assert mismatch(await office.ask("createAccount", key="k", name="Somebody"))


async def test_the_reason_is_not_part_of_the_input(office: Office) -> None:
    first = await office.accepted("updateAccount", key="k", reason="They asked for it.", **rename(office))
    again = await office.accepted("updateAccount", key="k", reason="They rang again.", **rename(office))
    assert again == first
    assert again.reason == "They asked for it."


async def test_a_key_belongs_to_its_caller(office: Office) -> None:
    mine = await office.accepted("updateAccount", key="k", asker="portal-1", **rename(office))
    theirs = await office.accepted("updateAccount", key="k", asker="portal-2", **rename(office, industry="Retail"))
    assert mine.id != theirs.id
    assert mine.caller != theirs.caller


async def test_a_dry_run_uses_no_key_up(office: Office) -> None:
    dry = await office.accepted("updateAccount", key="k", dry_run=True, **rename(office, industry="Retail"))
    assert await office.ledger.run(dry.id) is None
    real = await office.accepted("updateAccount", key="k", **rename(office))
    assert real.id != dry.id
    shown = await office.accepted("updateAccount", key="k", dry_run=True, **rename(office, industry="Retail"))
    assert shown.id not in (real.id, dry.id)
    assert await runs_of(office) == 1


async def test_a_refused_request_uses_no_key_up(office: Office) -> None:
    refused = await office.ask("updateAccount", key="k", **rename(office, ownerName="Somebody Else"))
    assert refused.run is None
    assert (await office.accepted("updateAccount", key="k", **rename(office))).status is RunStatus.PENDING


async def test_twenty_callers_of_one_instant_get_one_run(office: Office) -> None:
    wish = rename(office)
    replies = await asyncio.gather(*(office.ask("updateAccount", key="k", **wish) for _ in range(20)))
    assert len({reply.run.id for reply in replies if reply.run is not None}) == 1
    assert all(reply.run is not None for reply in replies)
    assert await runs_of(office) == 1
    assert len(await office.ledger.unsent(most=9)) == 1
    assert await office.ledger.verify_audit() == (1, None)


async def test_of_twenty_different_wishes_of_one_instant_one_is_taken_on(office: Office) -> None:
    wishes = [rename(office, website=f"https://{number}.example") for number in range(20)]
    replies = await asyncio.gather(*(office.ask("updateAccount", key="k", **wish) for wish in wishes))
    assert len([reply for reply in replies if reply.run is not None]) == 1
    assert all(mismatch(reply) for reply in replies if reply.run is None)
    assert await runs_of(office) == 1


async def test_after_a_restart_the_key_stands_for_the_same_run(
    office: Office, firm_sandbox: dict[str, Any], ledger_url: str, clock: HeldClock, tmp_path: Path
) -> None:
    first = await office.carried_out("updateAccount", key="k", **rename(office, 1))
    reopened = open_ledger(ledger_url, clock=clock)
    folder = tmp_path / "restarted"
    folder.mkdir()
    restarted = open_office(firm_sandbox, folder, reopened, clock)
    try:
        again = await restarted.accepted("updateAccount", key="k", **rename(restarted, 1))
        assert mismatch(await restarted.ask("updateAccount", key="k", **rename(restarted, 2)))
    finally:
        await restarted.close()
        await reopened.close()
    assert again == first
    assert again.status is RunStatus.SUCCEEDED


async def test_after_the_queue_is_lost_the_key_stands_for_the_same_run(office: Office, clock: HeldClock) -> None:
    broker = embedded_broker()
    relay = Relay(office.ledger, RunQueue(broker), clock)
    first = await office.accepted("updateAccount", key="k", **rename(office, 3))
    await relay.hand_over()
    broker.flush_all()
    again = await office.accepted("updateAccount", key="k", **rename(office, 3))
    assert again == first
    clock.advance(6)
    await relay.sweep()
    assert broker.queues[QUEUE].qsize() == 1


async def test_a_key_is_kept_for_longer_than_a_month(office: Office, clock: HeldClock) -> None:
    first = await office.carried_out("updateAccount", key="k", **rename(office, 4))
    clock.advance(31 * 86_400)
    assert await office.accepted("updateAccount", key="k", **rename(office, 4)) == first


@pytest.mark.parametrize(
    "key", ["", " ", " k", "k ", "k\n", "k\x00", "k\tk", "schlüssel", "k\u202e", "k" * 201, "k" * 10_000]
)
async def test_a_key_is_short_and_printable(office: Office, key: str) -> None:
    reply = await office.desk.request(
        office.caller("admin"), Request(workflow="updateAccount", wish=rename(office), idempotency_key=key)
    )
    assert reply.run is None
    assert [(refusal.code, refusal.path) for refusal in reply.refusals] == [
        (RefusalCode.INVALID, ("input", "idempotencyKey"))
    ]
    assert all(len(refusal.message) < 200 for refusal in reply.refusals)
    assert await runs_of(office) == 0


@pytest.mark.parametrize("key", ["k", "k k", "k" * 200, "5f1c8b1e-2f7a-4c1e-9a55-0d6f7a9f3c11", "~!@#$%^&*()"])
async def test_any_short_printable_key_will_do(office: Office, key: str) -> None:
    assert (await office.accepted("updateAccount", key=key, **rename(office))).idempotency_key == key
