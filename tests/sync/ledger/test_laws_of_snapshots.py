"""However those who look at a record interleave: nothing older replaces anything newer, and each difference is told
once, in order, whoever noticed it.
"""

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.port_of_changes import Observation, RecordChange, Told, change_kind
from sync.ledger.tables_of_changes import metadata
from tests.sync.conftest import HeldClock

READERS = 3
RECORDS = ("a", "b")
deeds = st.tuples(
    st.sampled_from(["happen", "note", "read", "write", "write together"]),
    st.integers(0, READERS - 1),
    st.sampled_from(RECORDS),
)


@dataclass
class Look:
    """How far one reader has got with one record."""

    version: int
    before: int | None
    read: int | None = None


@dataclass
class World:
    """A platform whose records count up, and readers of it who may be as slow as they like between any two steps."""

    ledger: DatabaseLedger
    clock: HeldClock
    truth: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RECORDS, 0))
    looks: dict[tuple[int, str], Look] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    """The value that each snapshot had when it was last looked at."""

    async def do(self, deed: str, reader: int, record: str) -> None:
        look = self.looks.get((reader, record))
        if deed == "happen":
            self.truth[record] += 1
        elif deed == "note":
            await self.note(reader, record)
        elif deed == "read" and look is not None:
            look.read = self.truth[record]
        elif deed == "write" and look is not None and look.read is not None:
            await self.write((reader, record))
        elif deed == "write together":
            ready = [key for key, each in self.looks.items() if each.read is not None]
            await asyncio.gather(*(self.write(key) for key in ready))

    async def note(self, reader: int, record: str) -> None:
        found = (await self.ledger.snapshots.get("kantata", "Project", "PSA", [record])).get(record)
        before = None if found is None else found.values["n"]
        self.looks[reader, record] = Look(0 if found is None else found.version, before)

    async def write(self, key: tuple[int, str]) -> bool:
        """Whether it stands."""
        look = self.looks.pop(key)
        if look.read is None or look.read == look.before:
            return True
        change = RecordChange(
            type="Project",
            role="PSA",
            platform="kantata",
            entity="workspace",
            external_id=key[1],
            changes={"n": (look.before, look.read)},
            occurred_at=self.clock.now(),
            observed_at=self.clock.now(),
            noticed_by="feed",
        )
        observation = Observation(
            platform="kantata",
            type="Project",
            role="PSA",
            external_id=key[1],
            expected=look.version,
            values={"n": look.read},
            told=(Told(subject=key[1], correlation_id="c", change=change),),
        )
        (stands,) = await self.ledger.snapshots.observe([observation])
        return stands

    async def never_backwards(self) -> None:
        found = await self.ledger.snapshots.get("kantata", "Project", "PSA", RECORDS)
        for record, snapshot in found.items():
            assert snapshot.values["n"] >= self.last.get(record, 0)
            self.last[record] = snapshot.values["n"]

    async def settle(self) -> None:
        """Each reader looks until what it has found stands, all at the same time, as observers do."""

        async def look(reader: int, record: str) -> None:
            while True:
                await self.note(reader, record)
                self.looks[reader, record].read = self.truth[record]
                if await self.write((reader, record)):
                    return

        await asyncio.gather(*(look(reader, record) for reader in range(READERS) for record in RECORDS))

    async def told_once_and_in_order(self) -> None:
        events = await self.ledger.events(after=0, kinds=[change_kind("Project")], most=1_000)
        for record in RECORDS:
            told = [event.payload["changes"]["n"] for event in events if event.subject == record]
            assert [before for before, _ in told] == [None, *(after for _, after in told[:-1])]
            assert all(before is None or before < after for before, after in told)
            assert told[-1][1] == self.truth[record]


async def live(url: str, story: list[tuple[str, int, str]]) -> None:
    clock = HeldClock()
    ledger = open_ledger(url, clock=clock)
    world = World(ledger, clock)
    try:
        for deed in story:
            await world.do(*deed)
            await world.never_backwards()
        await world.settle()
        await world.never_backwards()
        await world.told_once_and_in_order()
    finally:
        await ledger.close()


SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
stories = st.lists(deeds, max_size=40)


@settings(max_examples=settings.default.max_examples // 4, deadline=None, phases=UNSHRUNK, suppress_health_check=SHARED)
@given(story=stories)
def test_on_sqlite(story: list[tuple[str, int, str]], sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / f"{uuid4().hex}.db"
    shutil.copy(sqlite_template, path)
    asyncio.run(live(f"sqlite:///{path}", story))


@settings(
    max_examples=settings.default.max_examples // 10, deadline=None, phases=UNSHRUNK, suppress_health_check=SHARED
)
@given(story=stories)
def test_on_postgresql(story: list[tuple[str, int, str]], postgres_ledger: str) -> None:
    with psycopg.connect(postgres_ledger) as connection:
        connection.execute(f"truncate {', '.join(metadata.tables)} restart identity")
        connection.execute("insert into head (id, audits, hash, events) values (1, 0, repeat('0', 64), 0)")
    asyncio.run(live(postgres_ledger, story))
