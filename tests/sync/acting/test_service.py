"""The service that follows events: at once when something rings, past what is broken, in any number of processes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from schema.errors import LedgerUnavailable, Queue
from schema.ids import RecordKey
from sync.acting.following import Following
from sync.acting.rules import rules
from sync.acting.service import Acting
from sync.ledger.records import RunStatus
from tests.sync.acting.scene import CRM, ERP, Happened, Scene
from tests.sync.acting.test_sync_customers import known_everywhere, website
from tests.sync.acting.test_sync_invoices import changed
from tests.sync.office import Office


def broken(scene: Scene, name: str) -> Acting:
    """Whose rule of that name fails by a bug."""

    async def look(*_: Any) -> None:
        raise ZeroDivisionError

    known = {**rules(), name: replace(rules()[name], look=look)}
    office = scene.office
    return Acting(office.ledger, office.firm, office.desk, office.clock, rules=known, modes=scene.modes, seconds=0.01)


async def until_run(scene: Scene, count: int) -> None:
    rung = asyncio.Event()
    scene.office.ledger.bell.listen(rung.set)
    async with asyncio.timeout(20):
        while len(await scene.runs()) < count:
            await rung.wait()
            rung.clear()
    scene.office.ledger.bell.leave(rung.set)


async def test_what_happens_is_acted_upon_as_soon_as_it_is_written(fresh_office: Office) -> None:
    scene = Scene(fresh_office, syncCustomers="on")
    service = Acting(
        fresh_office.ledger,
        fresh_office.firm,
        fresh_office.desk,
        fresh_office.clock,
        rules=rules(),
        modes=scene.modes,
        seconds=3600,
    )
    running = asyncio.create_task(service.run())
    client = known_everywhere(fresh_office)
    for number in range(1, 4):
        await scene.tell(website(fresh_office, client, f"https://number-{number}.example"))
        await until_run(scene, number)
        await scene.worked()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_several_processes_request_each_run_once(fresh_office: Office) -> None:
    office = fresh_office
    scene = Scene(office, syncInvoices="on")
    invoices = [found for found in office.of_firm("Invoice", status="POSTED") if found["account"]][:12]
    services = [asyncio.create_task(scene.acting().run()) for _ in range(3)]
    for invoice in invoices:
        await scene.tell(changed(office, invoice), changed(office, invoice))
    await until_run(scene, len(invoices))
    for service in services:
        service.cancel()
    await asyncio.gather(*services, return_exceptions=True)
    await scene.acted()
    runs = await scene.worked()
    assert sorted(run.order_key or "" for run in runs) == sorted(office.id_of("Invoice", each) for each in invoices)
    assert {run.status for run in runs} == {RunStatus.SUCCEEDED}


async def test_an_event_that_nobody_can_read_keeps_no_other_from_being_read(fresh_office: Office) -> None:
    from sync.ledger.transaction import Transaction

    office = fresh_office
    scene = Scene(office, syncCustomers="on")

    async def write(tx: Transaction) -> None:
        for payload in ({"type": "Account"}, None, [], "x", {"changes": 7}):
            tx.happened("record.Account", "no-id", "c", payload)

    await office.ledger._transactions.write(write)  # type: ignore[attr-defined] # nobody writes such
    await scene.tell(
        Happened(type="Account", role=CRM, external_id="1", subject="no-id", changes={"website": ("a", "b")}),
        website(office, known_everywhere(office)),
    )
    await scene.acted()
    assert len(await scene.runs()) == 1


async def test_a_bug_over_one_record_keeps_no_other_waiting_and_is_told_in_the_end(fresh_office: Office) -> None:
    office = fresh_office
    scene = Scene(office, syncCustomers="on", syncInvoices="on")
    invoice = next(found for found in office.of_firm("Invoice", status="POSTED") if found["account"])
    await scene.tell(website(office, known_everywhere(office)), changed(office, invoice))
    service = broken(scene, "syncCustomers")
    for _ in range(5):
        await scene.acted(service)
        office.clock.advance(600)
    assert [run.workflow for run in await scene.runs()] == ["syncInvoiceStatus"]
    [problem] = await scene.problems()
    assert (problem.queue, problem.code) == (Queue.INTEGRATION, "TRIGGER_FAILED")
    assert "ZeroDivisionError" in problem.message

    await scene.tell(website(office, known_everywhere(office), "https://other.example"))
    await scene.acted()
    assert len(await scene.runs()) == 2
    assert await scene.problems() == []


async def test_a_rule_that_leads_to_many_looks_at_each(fresh_office: Office) -> None:
    office = fresh_office
    scene = Scene(office, syncInvoices="on")
    invoices = [found for found in office.of_firm("Invoice", status="POSTED") if found["account"]][:3]

    async def lead(*_: Any) -> Sequence[RecordKey]:
        return [RecordKey("Invoice", "netsuite", office.external(each, "netsuite")) for each in invoices]

    rule = rules()["syncInvoices"]
    wakes = tuple(replace(wake, leads=lead) if wake.leads else wake for wake in rule.wakes)
    known = {**rules(), rule.name: replace(rule, wakes=wakes)}
    service = Acting(office.ledger, office.firm, office.desk, office.clock, rules=known, modes=scene.modes)
    await scene.tell(Happened(type="Payment", role=ERP, external_id="1", changes={"number": (None, "P1")}, first=True))
    await scene.acted(service)
    assert len(await scene.runs()) == 3


async def test_while_the_ledger_is_away_the_service_waits_and_goes_on(
    fresh_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = fresh_office
    scene = Scene(office, syncCustomers="on")
    asked_in_vain, whole = asyncio.Event(), office.ledger.events
    away = [True]

    async def events(**asked: Any) -> Any:
        if away[0]:
            asked_in_vain.set()
            raise LedgerUnavailable("away")
        return await whole(**asked)

    monkeypatch.setattr(office.ledger, "events", events)
    running = asyncio.create_task(scene.acting().run())
    await scene.tell(website(office, known_everywhere(office)))
    await asked_in_vain.wait()
    assert await scene.runs() == []
    away[0] = False
    await until_run(scene, 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_where_nothing_happened_for_rules_forgetting_is_no_gap(fresh_office: Office) -> None:
    office = fresh_office
    scene = Scene(office, syncCustomers="on")
    await scene.tell(website(office, known_everywhere(office)))
    await scene.acted()
    await scene.worked()
    following = Following(office.ledger, office.firm, rules(), scene.modes, office.clock)
    await following.mark()
    office.clock.advance(1)
    while await office.ledger.forget(before=office.clock.now()):
        pass
    await following.tell_gap()
    assert await scene.problems() == []


async def test_events_that_were_forgotten_before_anybody_read_them_are_told_of(fresh_office: Office) -> None:
    office = fresh_office
    scene = Scene(office, syncCustomers="on")
    client = known_everywhere(office)
    await scene.tell(website(office, client, "https://1.example"))
    await scene.acted()
    await scene.worked()
    await scene.tell(website(office, client, "https://2.example"), website(office, client, "https://3.example"))
    office.clock.advance(1)
    while await office.ledger.forget(before=office.clock.now()):
        pass
    running = asyncio.create_task(scene.acting().run())
    await scene.tell(website(office, client, "https://4.example"))
    await until_run(scene, 2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    [problem] = await scene.problems()
    assert (problem.queue, problem.code) == (Queue.INTEGRATION, "EVENTS_GONE")
