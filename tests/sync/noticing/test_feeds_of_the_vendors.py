"""The feeds of the emulated vendors, behind the connectors as they are: what people change there becomes events."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from runtime.settings.happenings import FeedsSettings
from sync.noticing.observer import Observer
from sync.noticing.schedule import Schedule
from sync.noticing.turns import Turns
from tests.sync.conftest import HeldClock
from tests.sync.noticing.conftest import changes_told
from tests.sync.office import Office

SETTINGS = FeedsSettings(shortest_seconds=1, longest_seconds=5, probe_seconds=1e9)
RECORDS = {
    "salesforce": ("Account", "Account", "Name"),
    "kantata": ("Project", "workspace", "title"),
}


@dataclass
class Followed:
    """An office whose feeds are followed by hand; its clock goes with the platforms', and ahead where time passes."""

    office: Office
    clock: HeldClock
    schedule: Schedule
    names: list[str]

    async def rounds(self) -> None:
        for _ in range(500):
            if not await self.schedule.turn(self.names):
                return
        raise AssertionError("there is always more to do")

    async def names_told(self, *external_ids: str) -> dict[str, list[object]]:
        found: dict[str, list[object]] = {each: [] for each in external_ids}
        for event in await changes_told(self.office.ledger):
            if event.change.external_id in found and "name" in event.change.changes:
                found[event.change.external_id].append(event.change.changes["name"][1])
        return found


@pytest.fixture
async def following(fresh_office, clock):
    async def pause(seconds):
        clock.advance(seconds)

    office = fresh_office
    clock.advance((datetime.now(UTC) - clock.now()).total_seconds())
    observer = Observer(office.ledger, office.bindings, clock, pause=pause)
    turns = Turns(office.bindings, office.ledger, observer, SETTINGS, clock, random=Random(7))
    found = Followed(office, clock, Schedule(turns, office.ledger, SETTINGS, clock), list(turns.feeds))
    await found.schedule.declare()
    await found.rounds()
    return found


def change(office, platform, external_id, value, **timing):
    _, entity, field = RECORDS[platform]
    query = "&".join(f"{name}={said}" for name, said in timing.items())
    office.control.send("PATCH", f"/records/{platform}/{entity}/{external_id}?{query}", {field: value})


def some(office, platform, number):
    type_name, _, _ = RECORDS[platform]
    found = [each for each in office.of_firm(type_name) if platform in each["records"]]
    return [Office.external(each, platform) for each in found[:number]]


async def test_nothing_is_told_of_what_was_there(following):
    assert await changes_told(following.office.ledger) == []
    feeds = await following.office.ledger.feeds.all()
    assert {feed.name for feed in feeds if feed.error is not None} == set()
    assert all(feed.backfill is None for feed in feeds)


@pytest.mark.parametrize("platform", RECORDS)
async def test_late_rows_and_equal_stamps_are_noticed(following, platform):
    office, clock = following.office, following.clock
    first, *others = some(office, platform, 6)
    change(office, platform, first, "Newest")
    clock.advance(10)
    await following.rounds()
    past = (datetime.now(UTC) - timedelta(minutes=3)).isoformat(timespec="seconds").replace("+00:00", "Z")
    for number, each in enumerate(others):
        change(office, platform, each, f"Seen late {number}", stamp=past)
    clock.advance(10)
    await following.rounds()
    assert await following.names_told(first, *others) == {
        first: ["Newest"],
        **{each: [f"Seen late {number}"] for number, each in enumerate(others)},
    }


async def test_a_deleted_opportunity_is_gone(following):
    office = following.office
    opportunity = office.control.records("salesforce", "Opportunity")[0]["Id"]
    office.control.remove("salesforce", "Opportunity", opportunity)
    following.clock.advance(10)
    await following.rounds()
    assert opportunity in {each.change.external_id for each in await changes_told(office.ledger) if each.change.gone}


async def test_a_payment_that_doesnt_touch_its_invoice_shows_there(following):
    office = following.office
    [found] = office.of_firm("Invoice", status="POSTED")[:1]
    number = Office.external(found, "netsuite")
    customer = office.control.record("netsuite", "invoice", number)["entity"]["id"]
    payment = {
        "customer": {"id": customer},
        "payment": 1.25,
        "apply": {"items": [{"doc": {"id": number}, "apply": True, "amount": 1.25}]},
    }
    office.control.send("POST", "/records/netsuite/customerPayment?stamp=kept", payment)
    following.clock.advance(10)
    await following.rounds()
    told = [each.change for each in await changes_told(office.ledger) if each.change.external_id == number]
    assert [change.changes["status"][1] for change in told] == ["PARTIALLY_PAID"]
