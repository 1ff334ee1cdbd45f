"""Who waits for a project's or an invoice's status hears of each, with the record as it is by then."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from resolvers.subscriptions.cursors import write_event_cursor
from schema.errors import BadUserInput, EventsGone, UpstreamUnavailable
from schema.ids import RecordKey, encode_id
from sync.ledger.port_of_changes import Observation, RecordChange, Told
from tests.resolvers.firm.ledger.subscribers import PATIENCE, Subscriber, events, told

PROJECTS = """subscription($account: ID, $ids: [ID!], $statuses: [ProjectStatus!], $after: String) {
    event: projectStatusChanged(accountId: $account, projectIds: $ids, statuses: $statuses, after: $after) {
        cursor correlationId occurredAt platform before after projectId project { id name manager: managerName } } }"""
BARE = """subscription($account: ID, $ids: [ID!], $statuses: [ProjectStatus!], $after: String) {
    event: projectStatusChanged(accountId: $account, projectIds: $ids, statuses: $statuses, after: $after) {
        cursor before after projectId } }"""
INVOICES = """subscription($account: ID, $ids: [ID!], $statuses: [InvoiceStatus!], $after: String) {
    event: invoiceStatusChanged(accountId: $account, invoiceIds: $ids, statuses: $statuses, after: $after) {
        cursor before after invoiceId invoice { id number account { name } } } }"""
ROLES = {"Project": "PSA", "Invoice": "ERP"}
WHEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
_numbers = count(1)


@dataclass
class Happening:
    """What is noticed on the platforms."""

    governed: Any
    versions: dict[tuple[str, str, str], int] = field(default_factory=dict)

    async def changed(
        self, type_name: str, external_id: str, before: str | None, after: str | None, **said: Any
    ) -> RecordChange:
        """A record's status is another one; `said` is said by the event instead of the usual."""
        role = said.pop("role", ROLES[type_name])
        key = (type_name, role, external_id)
        usual: dict[str, Any] = {
            "type": type_name, "role": role, "platform": role.lower(), "entity": type_name, "external_id": external_id,
            "changes": {"status": (before, after)}, "occurred_at": WHEN, "observed_at": WHEN + timedelta(seconds=1),
            "noticed_by": "feed",
        }  # fmt: skip
        change = RecordChange(**usual | said)
        subject = encode_id(RecordKey(type_name, ROLES[type_name].lower(), external_id))
        observation = Observation(
            platform=change.platform, type=type_name, role=role, external_id=external_id,
            expected=self.versions.get(key, 0), values=None if change.gone else {"status": after},
            told=(Told(subject=subject, correlation_id=f"c-{next(_numbers)}", change=change),),
        )  # fmt: skip
        assert await self.governed.ledger.snapshots.observe([observation]) == (True,)
        self.versions[key] = self.versions.get(key, 0) + 1
        return change


@pytest.fixture
def happening(governed: Any) -> Happening:
    return Happening(governed)


@pytest.fixture
def project(governed: Any) -> Callable[[int], tuple[str, str]]:
    """A project of the firm, by its platform's id and by its global one."""

    def one(number: int) -> tuple[str, str]:
        return governed.world.records["Project.PSA"][number]["id"], governed.ids("Project")[number]

    return one


async def seated(governed: Any, number: int) -> None:
    """Returns once so many have caught up."""
    channels = governed.world.engine._subscriptions._channels
    async with asyncio.timeout(PATIENCE):
        while sum(len(each.seats) for each in channels._channels.values()) != number:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)


async def quiet(answers: Any) -> bool:
    """Whether nothing is told for a moment."""
    waiting = asyncio.create_task(told(answers, 1))
    arrived, _ = await asyncio.wait([waiting], timeout=0.1)
    waiting.cancel()
    return not arrived


async def test_a_change_is_told_with_the_project_as_it_is(
    governed: Any, subscribe: Any, happening: Happening, project: Any
) -> None:
    external_id, global_id = project(0)
    answers = await subscribe(PROJECTS, by="portal")
    await happening.changed("Project", external_id, "PLANNED", "ACTIVE")
    (event,) = await events(answers, 1)
    row = governed.world.records["Project.PSA"][0]
    assert event.pop("cursor")
    assert event.pop("correlationId").startswith("c-")
    assert event == {
        "occurredAt": "2026-11-20T09:30:00Z", "platform": "psa", "before": "PLANNED", "after": "ACTIVE",
        "projectId": global_id, "project": {"id": global_id, "name": row["name"], "manager": row["managerName"]},
    }  # fmt: skip


async def test_an_invoice_is_told_with_what_hangs_on_it(governed: Any, subscribe: Any, happening: Happening) -> None:
    row = governed.world.records["Invoice.ERP"][3]
    answers = await subscribe(INVOICES)
    await happening.changed("Invoice", row["id"], "POSTED", "PAID")
    (event,) = await events(answers, 1)
    name = next(each["name"] for each in governed.world.records["Account.CRM"] if each["id"] == row["account"])
    assert event["invoice"] == {"id": event["invoiceId"], "number": row["number"], "account": {"name": name}}
    assert (event["before"], event["after"]) == ("POSTED", "PAID")


async def test_only_the_status_at_its_owner_is_told(subscribe: Any, happening: Happening, project: Any) -> None:
    """Not other changes, other platforms' copies, what the platform has no word for, or a record that is gone."""
    external_id, _ = project(0)
    answers = await subscribe(BARE)
    await happening.changed("Project", external_id, "ACTIVE", "ACTIVE", changes={"name": ("a", "b")})
    await happening.changed("Project", external_id, "PLANNED", "ACTIVE", role="ERP", platform="erp")
    await happening.changed("Project", external_id, "ACTIVE", None)
    await happening.changed("Project", external_id, "ACTIVE", "DOZING")
    await happening.changed("Project", external_id, "ACTIVE", "ACTIVE")
    await happening.changed("Project", external_id, "ACTIVE", "CANCELLED", gone=True)
    await happening.changed("Project", external_id, "ACTIVE", "COMPLETED")
    (event,) = await events(answers, 1)
    assert (event["before"], event["after"]) == ("ACTIVE", "COMPLETED")
    assert await quiet(answers)


async def test_a_record_that_was_never_seen_has_no_before(subscribe: Any, happening: Happening, project: Any) -> None:
    answers = await subscribe(BARE)
    await happening.changed("Project", project(0)[0], None, "PLANNED", first=True)
    await happening.changed("Project", project(1)[0], "DOZING", "PLANNED")
    found = await events(answers, 2)
    assert [(event["before"], event["after"]) for event in found] == [(None, "PLANNED")] * 2


async def test_filters_choose_together(governed: Any, subscribe: Any, happening: Happening, project: Any) -> None:
    ours, theirs = governed.ids("Account", 2)
    key = governed.world.records["Account.CRM"][0]["id"]
    of_account = await subscribe(BARE, account=ours)
    of_other = await subscribe(BARE, account=theirs)
    of_some = await subscribe(BARE, ids=[project(1)[1], project(2)[1]])
    into_some = await subscribe(BARE, statuses=["ACTIVE", "ON_HOLD"])
    all_of_it = await subscribe(BARE, account=ours, ids=[project(1)[1]], statuses=["COMPLETED"])
    nothing = await subscribe(BARE, ids=[])
    everything = await subscribe(BARE, account=None, ids=None, statuses=None)
    for number, status in ((0, "ACTIVE"), (1, "ON_HOLD"), (1, "COMPLETED"), (2, "PLANNED")):
        values = {"account": key} if number < 2 else {}
        await happening.changed("Project", project(number)[0], "CANCELLED", status, values=values)

    async def heard(answers: Any, number: int) -> list[str]:
        found = [event["after"] for event in await events(answers, number)]
        assert await quiet(answers)
        return found

    assert await heard(of_account, 3) == ["ACTIVE", "ON_HOLD", "COMPLETED"]
    assert await heard(of_other, 0) == []
    assert await heard(of_some, 3) == ["ON_HOLD", "COMPLETED", "PLANNED"]
    assert await heard(into_some, 2) == ["ACTIVE", "ON_HOLD"]
    assert await heard(all_of_it, 1) == ["COMPLETED"]
    assert await heard(nothing, 0) == []
    assert await heard(everything, 4) == ["ACTIVE", "ON_HOLD", "COMPLETED", "PLANNED"]


async def test_subscribers_of_one_event_cost_one_reading_whatever_they_filter(
    governed: Any, subscribe: Any, happening: Happening, project: Any
) -> None:
    account = governed.ids("Account", 1)[0]
    key = governed.world.records["Account.CRM"][0]["id"]
    filters: list[dict[str, Any]] = [{}, {"account": account}, {"ids": [project(0)[1]]}, {"statuses": ["ACTIVE"]}]
    waiting = [await subscribe(PROJECTS, by=f"portal@{n}", **asked) for n in range(10) for asked in filters]
    arrivals = [asyncio.create_task(events(answers, 1)) for answers in waiting]
    await seated(governed, len(waiting))
    governed.world.calls()
    await happening.changed("Project", project(0)[0], "PLANNED", "ACTIVE", values={"account": key})
    found = await asyncio.gather(*arrivals)
    assert all(each == found[0] for each in found)
    assert sum(governed.world.calls().values()) == 1


async def test_events_of_one_moment_are_read_together(
    governed: Any, subscribe: Any, happening: Happening, project: Any
) -> None:
    beginning = await subscribe(BARE)
    await happening.changed("Project", project(0)[0], "PLANNED", "ACTIVE")
    (first,) = await events(beginning, 1)
    for number in range(1, 21):
        await happening.changed("Project", project(number)[0], "PLANNED", "ACTIVE")
    governed.world.calls()
    found = await events(await subscribe(PROJECTS, after=first["cursor"]), 20)
    names = [row["name"] for row in governed.world.records["Project.PSA"][1:21]]
    assert [event["project"]["name"] for event in found] == names
    assert sum(governed.world.calls().values()) == 1


async def test_trouble_of_one_event_is_told_by_that_event_alone(
    governed: Any, subscribe: Any, happening: Happening, project: Any
) -> None:
    beginning = await subscribe(BARE)
    await happening.changed("Project", project(0)[0], "PLANNED", "ACTIVE")
    (first,) = await events(beginning, 1)
    for status in ("ON_HOLD", "COMPLETED"):
        await happening.changed("Project", project(1)[0], "PLANNED", status)
    await happening.changed("Project", "gone", "PLANNED", "ACTIVE")
    governed.world.platforms["psa"].error = UpstreamUnavailable("down", platform="psa")
    found = await told(await subscribe(PROJECTS, after=first["cursor"]), 3)
    for answer, status in zip(found, ("ON_HOLD", "COMPLETED", "ACTIVE"), strict=True):
        event = answer["data"]["event"]
        assert (event["after"], event["project"]) == (status, None)
        (error,) = answer["errors"]
        assert (error["path"], error["extensions"]["code"]) == (["event", "project"], "UPSTREAM_UNAVAILABLE")
        assert error["extensions"]["correlationId"] == event["correlationId"]
    governed.world.platforms["psa"].error = None
    found = await told(await subscribe(PROJECTS, after=first["cursor"]), 3)
    assert [answer["data"]["event"]["project"] is None for answer in found] == [False, False, True]
    assert not any("errors" in answer for answer in found)


async def test_events_go_on_behind_a_cursor_in_another_process(
    governed: Any, subscribe: Any, happening: Happening, project: Any, make_world: Any, desk_of: Any, ledger: Any
) -> None:
    answers = await subscribe(BARE)
    for number in range(6):
        await happening.changed("Project", project(number)[0], "PLANNED", "ACTIVE")
    found = await events(answers, 2)
    await answers.aclose()
    restarted = make_world(governed.world.records, desk=desk_of(ledger))
    again = await Subscriber(SimpleNamespace(world=restarted)).to(BARE, after=found[-1]["cursor"])
    await happening.changed("Project", project(6)[0], "PLANNED", "ACTIVE")
    found += await events(again, 5)
    assert [event["projectId"] for event in found] == [project(number)[1] for number in range(7)]
    assert await quiet(again)
    await restarted.engine.close()


async def test_a_gap_is_told_before_anything_else(
    subscribe: Any, happening: Happening, project: Any, ledger: Any
) -> None:
    answers = await subscribe(BARE)
    for number in range(3):
        await happening.changed("Project", project(number)[0], "PLANNED", "ACTIVE")
    found = await events(answers, 3)
    await ledger.forget(before=datetime.now(UTC))
    await happening.changed("Project", project(4)[0], "PLANNED", "ACTIVE")
    with pytest.raises(EventsGone) as gone:
        await subscribe(BARE, after=found[0]["cursor"])
    again = await subscribe(BARE, after=gone.value.resume_after)
    assert [event["projectId"] for event in await events(again, 1)] == [project(4)[1]]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"account": "x"}, "not an id"),
        ({"account": encode_id(RecordKey("Project", "psa", "1"))}, "type Project, not Account"),
        ({"ids": ["x"]}, "not an id"),
        ({"ids": [encode_id(RecordKey("Invoice", "erp", "1"))]}, "type Invoice, not Project"),
        ({"ids": [encode_id(RecordKey("Project", "psa", str(n))) for n in range(1_000)]}, "holds 1000 values"),
        ({"statuses": ["ACTIVE"] * 1_000}, "holds 1000 values"),
        ({"after": "x"}, "not a cursor"),
        ({"after": write_event_cursor("invoiceStatusChanged", 1)}, "another stream"),
        ({"after": write_event_cursor("syncRunChanged", 1)}, "another stream"),
        ({"after": write_event_cursor("projectStatusChanged", 10**9)}, "behind all that has happened"),
        ({"after": write_event_cursor("projectStatusChanged", 10**25)}, "not a cursor"),
    ],
)
async def test_what_cant_be_meant_is_refused(subscribe: Any, variables: dict[str, Any], message: str) -> None:
    with pytest.raises(BadUserInput, match=message):
        await subscribe(BARE, **variables)


async def test_hundreds_of_ids_are_no_trouble(subscribe: Any, happening: Happening, project: Any) -> None:
    ids = [project(0)[1], *(encode_id(RecordKey("Project", "psa", str(n))) for n in range(499))]
    answers = await subscribe(BARE, ids=ids)
    await happening.changed("Project", project(0)[0], "PLANNED", "ACTIVE")
    assert len(await events(answers, 1)) == 1


async def test_who_has_caught_up_shares_and_who_leaves_leaves_nothing(
    governed: Any, subscribe: Any, happening: Happening, project: Any
) -> None:
    subscriptions = governed.world.engine._subscriptions
    async with AsyncExitStack() as stack:
        waiting = [await stack.enter_async_context(aclosing(await subscribe(BARE, by="portal@x"))) for _ in range(5)]
        for number in range(3):
            arrivals = [asyncio.create_task(events(answers, 1)) for answers in waiting]
            await seated(governed, len(waiting))
            await happening.changed("Project", project(number)[0], "PLANNED", "ACTIVE")
            assert [found[0]["projectId"] for found in await asyncio.gather(*arrivals)] == [project(number)[1]] * 5
        assert (subscriptions._follower.watched, len(subscriptions._channels._channels)) == (1, 1)
    assert (subscriptions._follower.watched, len(subscriptions._channels._channels)) == (0, 0)
