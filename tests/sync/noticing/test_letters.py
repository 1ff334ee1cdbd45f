"""What platforms sent is opened: each record that is named is looked at; what can't be opened is kept, and told."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from platforms.connected import Connected
from platforms.slots import Priority
from platforms.urgency import urgency
from schema.errors import Queue, UpstreamRejected
from schema.roles import PlatformRole
from sync.ledger.port import Ledger
from sync.ledger.records import BusinessException, ExceptionState
from sync.noticing.followed import followed
from sync.noticing.letters import LEASE_SECONDS, Letters
from sync.noticing.looking import Looking, Wanted
from sync.noticing.opening import MOST_TRIES, SET_ASIDE
from tests.sync.conftest import HeldClock
from tests.sync.noticing.conftest import Watchman
from tests.sync.office import Office

CRM, ERP = PlatformRole.CRM, PlatformRole.ERP


@pytest.fixture
def letters(office: Office, watchman: Watchman, clock: HeldClock) -> Letters:
    looking = Looking(followed(office.bindings), office.bindings, office.ledger.snapshots, watchman.observer)
    return Letters(office.ledger, office.platforms, looking, clock, seconds=0.05)


async def arrive(ledger: Ledger, source: str, *records: Any, body: bytes | None = None, **given: str) -> None:
    content = json.dumps({"records": records}).encode() if body is None else body
    sent = {"event_id": uuid4().hex, "correlation_id": f"c-{uuid4().hex[:8]}", **given}
    assert await ledger.inbox.put(source=source, body=content, **sent)


async def problems(office: Office) -> list[BusinessException]:
    return [found for _, found in await office.ledger.exceptions(status=ExceptionState.OPEN, first=50)]


async def waiting(ledger: Ledger) -> int:
    """How many are due."""
    taken = await ledger.inbox.take(most=500, seconds=0.001)
    return len(taken)


def accounts(office: Office, count: int, start: int = 8) -> list[str]:
    return [office.external(each, "salesforce") for each in office.of_firm("Account")[start : start + count]]


def renamed(office: Office, key: str) -> str:
    name = f"Renamed {uuid4().hex}"
    office.control.change("salesforce", "Account", key, Name=name)
    return name


class Stub:
    """Looks at nothing: says what it was given, and raises what it is told to."""

    def __init__(self, error: Exception | None = None, poison: str = "") -> None:
        self.error = error
        self.poison = poison
        self.looks: list[tuple[str, ...]] = []
        self.classes: list[Priority] = []
        self.looked = asyncio.Event()

    async def look(
        self, platform: Connected, wanted: Wanted, *, noticed_by: str, correlation_id: str | None = None
    ) -> None:
        ids = tuple(hint.external_id for hint in wanted.hints)
        self.looks.append(ids)
        self.classes.append(urgency.get())
        self.looked.set()
        if self.error is not None and (not self.poison or self.poison in ids):
            raise self.error


async def test_a_message_becomes_an_event_with_its_correlation_id(office, watchman, letters):
    [key] = accounts(office, 1)
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    name = renamed(office, key)
    await arrive(office.ledger, "salesforce", {"entity": "Account", "id": key}, correlation_id="flow-1")
    await letters.work()
    [event] = await watchman.news()
    assert event.change.changes["name"][1] == name
    assert (event.change.noticed_by, event.correlation_id) == ("webhook", "flow-1")
    assert await waiting(office.ledger) == 0


async def test_many_messages_are_read_in_one_call_and_each_event_has_its_own_correlation_id(office, watchman, letters):
    keys = accounts(office, 6)
    await watchman.look("salesforce", "Account", CRM, *keys, baseline=True)
    for key in keys:
        renamed(office, key)
        await arrive(office.ledger, "salesforce", {"type": "Account", "id": key}, correlation_id=f"c-{key}")
    office.control.calm()
    await letters.work()
    news = await watchman.news()
    assert {event.change.external_id: event.correlation_id for event in news} == {key: f"c-{key}" for key in keys}
    reads = office.control.calls("salesforce")
    assert sum(count for route, count in reads.items() if "query" in route) == 1


async def test_whatever_order_and_however_often_one_difference_is_one_event(office, watchman, letters):
    [key] = accounts(office, 1)
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    renamed(office, key)
    for change in ("created", "changed", "changed"):
        await arrive(office.ledger, "salesforce", {"entity": "Account", "id": key, "change": change})
    await letters.work()
    await arrive(office.ledger, "salesforce", {"entity": "Account", "id": key})
    await letters.work()
    assert len(await watchman.news()) == 1


async def test_a_payments_message_tells_of_the_invoice_that_it_pays(office, watchman, letters):
    payment = next(
        each
        for each in office.of_firm("Payment")
        if each["invoice"] and office.control.record("netsuite", "customerPayment", office.external(each, "netsuite"))
    )
    invoice = next(each for each in office.of_firm("Invoice") if each["key"] == payment["invoice"])
    paid, key = office.external(payment, "netsuite"), office.external(invoice, "netsuite")
    await watchman.look("netsuite", "Invoice", ERP, key, baseline=True)
    await watchman.look("netsuite", "Payment", ERP, paid, baseline=True)
    office.control.remove("netsuite", "customerPayment", paid)
    await arrive(
        office.ledger,
        "netsuite",
        {"entity": "customerpayment", "id": paid, "change": "deleted"},
        correlation_id="script-1",
    )
    await letters.work()
    news = {event.change.type: event for event in await watchman.news()}
    assert news["Payment"].change.gone
    assert "balance.amount" in news["Invoice"].change.changes
    assert {event.correlation_id for event in news.values()} == {"script-1"}


async def test_a_message_that_says_deleted_of_what_is_there_deletes_nothing(office, watchman, letters):
    [key] = accounts(office, 1)
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    await arrive(office.ledger, "salesforce", {"entity": "Account", "id": key, "change": "deleted"})
    await letters.work()
    assert await watchman.news() == []
    [snapshot] = (await office.ledger.snapshots.get("salesforce", "Account", "CRM", [key])).values()
    assert snapshot.gone_at is None


async def test_what_nobody_follows_is_done_without_a_look(office, watchman, letters):
    await arrive(office.ledger, "salesforce", {"entity": "Contact", "id": "003000000000001AAA"})
    await letters.work()
    assert await waiting(office.ledger) == 0
    assert await watchman.news() == []


async def test_while_the_platform_is_away_messages_wait_and_nobody_is_bothered(office, watchman, letters, clock):
    [key] = accounts(office, 1)
    await watchman.look("salesforce", "Account", CRM, key, baseline=True)
    renamed(office, key)
    await arrive(office.ledger, "salesforce", {"entity": "Account", "id": key})
    office.control.fault("salesforce", "status", status=503)
    for _ in range(3 * MOST_TRIES):
        await letters.work()
        clock.advance(61)
    assert await problems(office) == []
    office.control.calm()
    clock.advance(61)
    await letters.work()
    assert len(await watchman.news()) == 1


async def test_a_platform_that_is_away_keeps_no_other_waiting(office, watchman, letters):
    [key] = accounts(office, 1)
    invoice = next(office.external(each, "netsuite") for each in office.of_firm("Invoice"))
    await arrive(office.ledger, "salesforce", {"entity": "Account", "id": key})
    await arrive(office.ledger, "netsuite", {"entity": "invoice", "id": invoice})
    office.control.fault("salesforce", "down")
    await letters.work()
    assert [event.change.platform for event in await watchman.news()] == ["netsuite"]


async def test_a_body_that_nobody_can_read_is_set_aside_at_once_and_told(office, letters):
    await arrive(office.ledger, "netsuite", body=b'{"entity": "invoice"', event_id="evt_bad")
    await letters.work()
    [problem] = await problems(office)
    assert (problem.queue, problem.code) == (Queue.INTEGRATION, SET_ASIDE)
    assert problem.detail["eventId"] == "evt_bad"
    assert problem.due_at is not None
    assert await waiting(office.ledger) == 0
    assert not await office.ledger.inbox.put(source="netsuite", event_id="evt_bad", body=b"", correlation_id="")


async def test_one_poisoned_message_holds_up_no_other_and_ends_as_an_exception(office, clock):
    stub = Stub(UpstreamRejected("no such column", platform="netsuite"), poison="13")
    letters = Letters(office.ledger, {"netsuite": office.platforms["netsuite"]}, stub, clock)
    for number in (12, 13, 14):
        await arrive(office.ledger, "netsuite", {"entity": "invoice", "id": number})
    await letters.work()
    assert stub.looks == [("12", "13", "14"), ("12",), ("13",), ("14",)]
    assert await problems(office) == []
    for _ in range(MOST_TRIES - 1):
        clock.advance(61)
        await letters.work()
    [problem] = await problems(office)
    assert "no such column" in problem.message
    assert stub.looks.count(("13",)) == MOST_TRIES
    clock.advance(3_600)
    assert await waiting(office.ledger) == 0


async def test_a_bug_ends_like_a_poisoned_message_and_its_text_stays_in(office, clock):
    letters = Letters(office.ledger, {"netsuite": office.platforms["netsuite"]}, Stub(KeyError("hush")), clock)
    await arrive(office.ledger, "netsuite", {"entity": "invoice", "id": 1})
    for _ in range(MOST_TRIES):
        await letters.work()
        clock.advance(61)
    [problem] = await problems(office)
    assert "KeyError" in problem.message
    assert "hush" not in problem.message


async def test_a_message_that_workers_die_with_is_set_aside(office, watchman, letters, clock):
    await arrive(office.ledger, "netsuite", {"entity": "invoice", "id": 1})
    for _ in range(MOST_TRIES):
        assert len(await office.ledger.inbox.take(most=1, seconds=LEASE_SECONDS)) == 1  # and never heard of again
        clock.advance(LEASE_SECONDS)
    await letters.work()
    [problem] = await problems(office)
    assert problem.code == SET_ASIDE
    assert await watchman.news() == []


async def test_what_a_dead_worker_had_is_taken_up_when_its_lease_ends(office, watchman, letters, clock):
    [key] = accounts(office, 1)
    await arrive(office.ledger, "salesforce", {"entity": "Account", "id": key})
    await office.ledger.inbox.take(most=1, seconds=LEASE_SECONDS)
    await letters.work()
    assert await watchman.news() == []
    clock.advance(LEASE_SECONDS)
    await letters.work()
    assert len(await watchman.news()) == 1


async def test_the_service_is_rung_and_looks_in_the_class_of_syncs(office, clock):
    stub = Stub()
    platforms = {"netsuite": office.platforms["netsuite"]}
    service = asyncio.create_task(Letters(office.ledger, platforms, stub, clock, seconds=600).run())
    try:
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
            for number in range(3):
                await arrive(office.ledger, "netsuite", {"entity": "invoice", "id": number})
                office.ledger.bell.ring()
                await stub.looked.wait()
                stub.looked.clear()
    finally:
        service.cancel()
        await asyncio.gather(service, return_exceptions=True)
    assert [len(look) for look in stub.looks] == [1, 1, 1]
    assert set(stub.classes) == {Priority.SYNC}


async def test_two_services_share_the_work(office, clock):
    stubs = [Stub(), Stub()]
    platforms = {"netsuite": office.platforms["netsuite"]}
    for number in range(40):
        await arrive(office.ledger, "netsuite", {"entity": "invoice", "id": number})
    await asyncio.gather(*(Letters(office.ledger, platforms, stub, clock).work() for stub in stubs))
    opened = sorted(int(each) for stub in stubs for look in stub.looks for each in look)
    assert opened == list(range(40))
