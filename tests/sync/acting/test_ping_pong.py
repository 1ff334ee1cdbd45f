"""Two platforms' automations that write against each other are noticed, paused, and told to a person."""

from datetime import timedelta
from typing import Any

import pytest

from schema.errors import Queue
from sync.ledger.records import Event, Run, RunStatus
from tests.sync.acting.scene import CRM, ERP, Happened, Scene
from tests.sync.acting.test_sync_customers import NEW, known_everywhere
from tests.sync.office import Office


class Fight:
    """Whenever a client's website is brought to the ERP, something in the CRM sets it to the other of two values."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.office = scene.office
        self.client = known_everywhere(self.office)
        self.account = self.office.external(self.client, "salesforce")
        self.subject = self.office.id_of("Account", self.client)
        self.values = [self.client["website"], NEW]

    async def crm(self) -> None:
        """The CRM's automation sets the other value, and that is noticed."""
        before, after = self.values
        self.values.reverse()
        self.office.control.change("salesforce", "Account", self.account, Website=after)
        self.office.clock.advance(7)
        await self.scene.tell(
            Happened(type="Account", role=CRM, external_id=self.account, changes={"website": (before, after)})
        )

    async def erp(self, *, seen: bool = True) -> list[Run]:
        """Rules act. `seen`: the echo of our write is noticed before it is overwritten."""
        before = len(await self.scene.runs())
        await self.scene.acted()
        runs = (await self.scene.worked())[before:]
        self.office.clock.advance(7)
        if runs and seen:
            old, new = self.values[1], self.values[0]
            await self.scene.tell(
                Happened(
                    type="Account",
                    role=ERP,
                    external_id=self.office.external(self.client, "netsuite"),
                    subject=self.subject,
                    changes={"website": (old, new)},
                    run=runs[0].id,
                )
            )
        return runs

    async def until_paused(self, *, seen: bool = True) -> int:
        """How many runs there were."""
        await self.crm()
        for _ in range(10):
            if not await self.erp(seen=seen):
                break
            await self.crm()
        return len(await self.scene.runs())


@pytest.mark.parametrize("seen", [True, False], ids=["echoes are seen", "echoes are overwritten before"])
async def test_it_is_noticed_within_three_rounds(fresh_office: Office, *, seen: bool) -> None:
    scene = Scene(fresh_office, syncCustomers="on")
    fight = Fight(scene)
    assert await fight.until_paused(seen=seen) == 3
    [problem] = await scene.problems()
    assert (problem.queue, problem.code, problem.record_id) == (Queue.INTEGRATION, "PING_PONG", fight.subject)
    for word in ("website", "salesforce", "netsuite", NEW, fight.client["website"], "3 times", "UTC"):
        assert word in problem.message
    assert len(problem.detail["rounds"]) == 3
    for ours, theirs in problem.detail["rounds"]:
        assert (ours["platform"], theirs["platform"]) == ("netsuite", "salesforce")
        assert ours["run"] in {run.id for run in await scene.runs()}
        assert theirs["run"] is None


async def test_nothing_acts_upon_it_until_a_person_says_so(fresh_office: Office) -> None:
    scene = Scene(fresh_office, syncCustomers="on")
    fight = Fight(scene)
    await fight.until_paused()
    for _ in range(3):
        await fight.crm()
        assert await fight.erp() == []
    [problem] = await scene.problems()
    assert problem.seen == 1
    reply = await fight.office.desk.resolve(
        fight.office.caller("admin"), problem.id, resolution="The automation is off.", dismiss=False
    )
    assert reply.exception is not None
    await fight.crm()
    assert len(await fight.erp()) == 1
    assert await scene.problems() == []


async def test_if_it_goes_on_it_is_noticed_again_after_three_more(fresh_office: Office) -> None:
    scene = Scene(fresh_office, syncCustomers="on")
    fight = Fight(scene)
    await fight.until_paused()
    [problem] = await scene.problems()
    await fight.crm()
    await scene.acted()
    await fight.office.desk.resolve(fight.office.caller("admin"), problem.id, resolution="Gone.", dismiss=False)
    assert await fight.until_paused() == 6
    [again] = await scene.problems()
    assert again.id != problem.id


async def test_another_path_of_the_record_is_acted_upon_all_the_same(fresh_office: Office) -> None:
    scene = Scene(fresh_office, syncCustomers="on")
    fight = Fight(scene)
    await fight.until_paused()
    fight.office.control.change("salesforce", "Account", fight.account, Name="Another name")
    await scene.tell(
        Happened(
            type="Account",
            role=CRM,
            external_id=fight.account,
            changes={"name": (fight.client["name"], "Another name")},
        )
    )
    assert len(await fight.erp(seen=False)) == 1


async def test_a_person_who_changes_their_mind_is_no_automation(fresh_office: Office) -> None:
    """New values each time, carried on each time."""
    office = fresh_office
    scene = Scene(office, syncCustomers="on")
    client = known_everywhere(office)
    account = office.external(client, "salesforce")
    before = client["website"]
    for number in range(6):
        after = f"https://number-{number}.example"
        office.control.change("salesforce", "Account", account, Website=after)
        await scene.tell(Happened(type="Account", role=CRM, external_id=account, changes={"website": (before, after)}))
        await scene.acted()
        await scene.worked()
        before = after
    assert len(await scene.runs()) == 6
    assert await scene.problems() == []


async def test_what_goes_back_days_later_is_no_answer(fresh_office: Office) -> None:
    scene = Scene(fresh_office, syncCustomers="on")
    fight = Fight(scene)
    await fight.crm()
    for _ in range(5):
        assert len(await fight.erp()) == 1
        fight.office.advance(timedelta(days=2))
        await fight.crm()
    assert await scene.problems() == []


async def test_two_processes_notice_it_once(fresh_office: Office) -> None:
    import asyncio

    scene = Scene(fresh_office, syncCustomers="on")
    fight = Fight(scene)
    await fight.crm()
    for _ in range(3):
        await fight.erp()
        await fight.crm()
    await asyncio.gather(*(scene.acting().follow() for _ in range(4)))
    [problem] = await scene.problems()
    assert problem.seen == 1
    told: tuple[Event, ...] = await fight.office.ledger.events(after=0, kinds=["exception"], most=10)
    assert len(told) == 1


async def test_what_is_known_of_quiet_paths_is_forgotten(fresh_office: Office) -> None:
    office = fresh_office
    scene = Scene(office, syncCustomers="on")
    fight = Fight(scene)
    await fight.crm()
    await scene.acted()
    place: Any = (fight.subject, "website")
    assert place in await office.ledger.triggers.tugs([place])
    assert await office.ledger.triggers.forget(before=office.clock.now()) == 0
    office.clock.advance(1)
    assert await office.ledger.triggers.forget(before=office.clock.now()) == 1
    assert await office.ledger.triggers.tugs([place]) == {}
    assert [run.status for run in await scene.worked()] == [RunStatus.SUCCEEDED]
