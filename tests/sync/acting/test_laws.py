"""Whatever the order of events, however often each is told, whoever reads them and whoever dies: one effect."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sync.ledger.database import open_ledger
from sync.ledger.records import RunStatus
from tests.sync.acting.scene import CRM, ERP, Happened, Scene
from tests.sync.conftest import HeldClock
from tests.sync.flows.stories import everything
from tests.sync.flows.test_convert_opportunity import FIXED, Deal
from tests.sync.office import Office, open_office

EVENTS = 3
FATES = ("act", "act twice at once", "die after reading", "die while looking", "work")
"""What may happen between two events; whoever goes on afterwards is a process that was started anew."""
MADE_AT = frozenset({"CreatedDate", "createdDate", "created_at", "dateCreated", "last_synced_at"})
told = st.lists(st.integers(0, EVENTS - 1), min_size=EVENTS, max_size=7).filter(lambda some: len(set(some)) == EVENTS)
courses = st.lists(st.sampled_from([None, *FATES]), min_size=7, max_size=7)


def deal_events(office: Office) -> list[Happened]:
    """A won deal, its approved contract, and its customer in the ERP."""
    deal = Deal(office, FIXED)
    account = office.external(deal.account, "salesforce")
    return [
        Happened(
            type="Opportunity",
            role=CRM,
            external_id=office.external(deal.sold, "salesforce"),
            changes={"stage": ("OPEN", "WON")},
        ),
        Happened(
            type="Contract",
            role=CRM,
            external_id=office.external(deal.contract, "salesforce"),
            changes={"status": ("IN_REVIEW", "APPROVED")},
            values={"opportunity": office.external(deal.sold, "salesforce")},
        ),
        Happened(
            type="Account",
            role=ERP,
            external_id=office.external(deal.account, "netsuite"),
            subject=office.firm.record_id("Account", "salesforce", account),
            changes={"anchor": (None, account)},
        ),
    ]


def invoice_events(office: Office) -> list[Happened]:
    """An invoice is posted, something is paid of it, and something credited on it."""
    invoice = next(
        found for found in office.of_firm("Invoice", status="POSTED") if found["account"] and found["project"]
    )
    number = office.external(invoice, "netsuite")
    of_it: dict[str, Any] = {"role": ERP, "changes": {"invoice": (None, number)}, "first": True}
    return [
        Happened(type="Invoice", role=ERP, external_id=number, changes={"status": ("DRAFT", "POSTED")}),
        Happened(type="Payment", external_id="777777", **of_it),
        Happened(type="CreditMemo", external_id="888888", **of_it),
    ]


def account_events(office: Office) -> list[Happened]:
    """A client gets another name and website, and some change that concerns nobody else."""
    client = next(found for found in office.of_firm("Account") if {"kantata", "netsuite"} <= found["records"].keys())
    account = office.external(client, "salesforce")
    office.control.change("salesforce", "Account", account, Name="New name", Website="https://new.example")
    of_it: dict[str, Any] = {"type": "Account", "role": CRM, "external_id": account}
    return [
        Happened(changes={"name": (client["name"], "New name")}, **of_it),
        Happened(changes={"website": (client["website"], "https://new.example")}, **of_it),
        Happened(changes={"industry": ("A", "B")}, **of_it),
    ]


CASES: dict[str, tuple[str, Callable[[Office], list[Happened]]]] = {
    "convertWonDeals": ("convertOpportunity", deal_events),
    "syncInvoices": ("syncInvoiceStatus", invoice_events),
    "syncCustomers": ("syncRecords", account_events),
}


def timeless(value: Any) -> Any:
    """Without the moments at which platforms say that they made something."""
    match value:
        case dict():
            return {name: timeless(part) for name, part in value.items() if name not in MADE_AT}
        case list():
            return [timeless(part) for part in value]
    return value


def differences(mine: Any, theirs: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for name in mine.keys() | theirs.keys():
            yield from differences(mine.get(name), theirs.get(name), f"{path}/{name}")
    elif mine != theirs:
        yield path, mine, theirs


@pytest.fixture(scope="module")
def once(firm_sandbox: dict[str, Any], sqlite_template: Path) -> Callable[[Callable[[Office], Awaitable[None]]], None]:
    """Lets something happen in an office of its own, whose platforms and ledger nobody has touched yet."""

    async def in_office(course: Callable[[Office], Awaitable[None]], folder: Path) -> None:
        shutil.copy(sqlite_template, folder / "ledger.db")
        clock = HeldClock()
        ledger = open_ledger(f"sqlite:///{folder}/ledger.db", clock=clock)
        office = open_office(firm_sandbox, folder, ledger, clock)
        try:
            office.control.send("POST", "/reset")
            office.control.calm()
            await course(office)
        finally:
            await office.close()
            await ledger.close()

    def run(course: Callable[[Office], Awaitable[None]]) -> None:
        with tempfile.TemporaryDirectory(prefix="cw-acting-") as folder:
            asyncio.run(in_office(course, Path(folder)))

    return run


async def befall(scene: Scene, fate: str | None) -> None:
    mine = scene.acting()
    match fate:
        case "act":
            await scene.acted(mine)
        case "act twice at once":
            await asyncio.gather(scene.acted(mine), scene.acted(scene.acting()))
        case "die after reading":
            await mine.follow()
        case "die while looking":
            await mine.follow()
            look = asyncio.create_task(mine.act())
            await asyncio.sleep(0)
            look.cancel()
            await asyncio.gather(look, return_exceptions=True)
            scene.office.clock.advance(200)  # until what it had taken is anybody's again
        case "work":
            await scene.worked()


@pytest.mark.parametrize("rule", CASES)
def test_every_order_and_repetition_of_the_same_events_ends_alike(once: Any, rule: str) -> None:
    flow, make = CASES[rule]
    outcomes: list[Any] = []

    async def reference(office: Office) -> None:
        scene = Scene(office, **{rule: "on"})
        await scene.tell(*make(office))
        await scene.acted()
        await check(scene)

    async def check(scene: Scene) -> None:
        runs = await scene.worked()
        assert [(run.workflow, run.status) for run in runs] == [(flow, RunStatus.SUCCEEDED)]
        assert await scene.problems() == []
        outcomes.append(timeless(everything(scene.office)))
        assert [*differences(outcomes[0], outcomes[-1])] == []

    once(reference)

    @settings(
        max_examples=12,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(told, courses)
    def law(order: list[int], fates: list[str | None]) -> None:
        async def course(office: Office) -> None:
            scene = Scene(office, **{rule: "on"})
            events = make(office)
            for number, fate in zip(order, fates, strict=False):
                await scene.tell(events[number])
                await befall(scene, fate)
            await scene.acted()
            await scene.acted()
            await check(scene)

        once(course)

    law()
