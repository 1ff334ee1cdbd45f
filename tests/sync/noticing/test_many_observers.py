"""However many look at once, each difference is told once, in the order in which it happened."""

import asyncio
from random import Random

import pytest

from platforms.bindings import Bindings
from platforms.feeds import Hint
from schema.roles import PlatformRole
from sync.ledger.database import DatabaseLedger
from sync.noticing.observer import Observer
from tests.sync.conftest import HeldClock
from tests.sync.noticing.conftest import changes_told
from tests.sync.noticing.source import Manner, Source

CRM = PlatformRole.CRM
RECORDS = ("a", "b", "c")


@pytest.mark.parametrize("seed", range(4))
async def test_each_difference_is_told_once_and_in_order(ledger: DatabaseLedger, clock: HeldClock, seed: int):
    dice = Random(seed)
    source = Source("crm", clock, Manner())
    for record in RECORDS:
        source.put(record, name="0")
    observers = [Observer(ledger, Bindings({CRM: [source]}), clock) for _ in range(4)]
    hints = [Hint(type="Account", role=CRM, external_id=record) for record in RECORDS]
    await observers[0].look("crm", hints, noticed_by="feed", baseline=True)

    async def work(observer: Observer, by: str) -> None:
        for _ in range(6):
            some = dice.sample(hints, dice.randint(1, len(hints)))
            await observer.look("crm", some, noticed_by=by)
            for each in some:
                if dice.random() < 0.5:
                    number = len(source.history["Account"][each.external_id])
                    source.put(each.external_id, name=str(number))
            if dice.random() < 0.3:
                clock.advance(0.4)

    kinds = ("feed", "webhook", "probe", "run")
    await asyncio.gather(*(work(observer, by) for observer, by in zip(observers, kinds, strict=True)))
    await asyncio.gather(*(observer.look("crm", hints, noticed_by="feed") for observer in observers))
    events = await changes_told(ledger)
    for record in RECORDS:
        told = [event.change.changes["name"] for event in events if event.change.external_id == record]
        assert told, "something has changed"
        assert [before for before, _ in told] == ["0", *(after for _, after in told[:-1])]
        assert all(int(before) < int(after) for before, after in told)
        assert told[-1][1] == source.history["Account"][record][-1].values["name"]
