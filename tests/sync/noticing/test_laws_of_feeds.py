"""Whatever happens, in whatever order, and whoever dies where: each change is told once, in order, and none is lost."""

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.errors import UpstreamUnavailable
from tests.sync.noticing.following import Following
from tests.sync.noticing.source import Manner, Source

OVERLAP = 60.0
RECORDS = ("a", "b", "c", "d", "e", "f", "g")
MANNERS = (
    Manner(page_size=2),
    Manner(page_size=2, by_value=False, exact=False),
    Manner(page_size=3, by_value=False, ordered=False, exact=False),
    Manner(page_size=2, precision=timedelta(seconds=30)),
)
_numbers = count(1)

change = st.tuples(st.just("change"), st.sampled_from(RECORDS), st.sampled_from([0.0, 0.0, 5.0, 30.0, OVERLAP - 1]))
together = st.tuples(st.just("together"), st.lists(st.sampled_from(RECORDS), min_size=3, max_size=7, unique=True))
passing = st.tuples(st.just("passing"), st.sampled_from([0.0, 0.3, 2.0, 7.0, 31.0, 200.0]))
death = st.tuples(st.just("death"), st.integers(1, 12))
failure = st.tuples(st.just("failure"), st.integers(1, 6))
histories = st.lists(st.one_of(change, change, together, passing, passing, death, failure), max_size=15)


class DiedError(BaseException):
    """The process is killed here."""


class World:
    """One source with a name of its own, so that one ledger serves every example."""

    def __init__(self, ledger: Any, clock: Any, manner: Manner) -> None:
        self.clock = clock
        self.source = Source(f"shop{next(_numbers)}", clock, manner)
        self.following = Following(self.source, ledger, clock)
        self.versions = count(1)

    async def do(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("change", record, late):
                self.put(record, late)
            case ("together", records):
                for record in records:
                    self.put(record, 0.0)
            case ("passing", seconds):
                self.clock.advance(seconds)
                await self.following.rounds()
            case ("death", call):
                await self.dying(call)
            case ("failure", call):
                self.source.hook = _nth(call, UpstreamUnavailable("away"))
                await self.following.rounds()
                self.source.hook = lambda _: None

    def put(self, record: str, late: float) -> None:
        self.source.put(record, name=f"{next(self.versions):05}", late=timedelta(seconds=late))

    async def dying(self, call: int) -> None:
        """The process is killed at its n-th call, and another one goes on when the lease is over."""
        self.clock.advance(25)
        self.source.hook = _nth(call, DiedError())
        try:
            await self.following.rounds()
        except DiedError:
            self.following.outlive_leases()
            self.following = self.following.again()
        self.source.hook = lambda _: None

    async def check(self) -> None:
        for record, versions in self.source.history.get("Account", {}).items():
            told = await self.following.told(record)
            names = [each.changes["name"][1] for each in told]
            befores = [each.changes["name"][0] for each in told]
            assert names == sorted(set(names)), f"{record}: not in order, or twice"
            assert names[-1:] == [versions[-1].values["name"]], f"{record}: the last change is lost"
            assert befores == [None, *names[:-1]][: len(names)], f"{record}: a gap between two events"
            assert {each.noticed_by for each in told} <= {"feed"}


def _nth(call: int, error: BaseException) -> Any:
    calls = count(1)

    def hook(_: str) -> None:
        if next(calls) == call:
            raise error

    return hook


@pytest.mark.parametrize("manner", MANNERS, ids=["by value", "from a stamp on", "by places", "coarse stamps"])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
async def test_every_change_is_told_once_and_in_order(ledger, clock, manner, history):
    world = World(ledger, clock, manner)
    await world.following.begin()
    clock.advance(31)  # what happens in the very moment of the beginning may count as having been there
    for step in history:
        await world.do(step)
    await world.following.pass_time(300, step=25)
    await world.check()
