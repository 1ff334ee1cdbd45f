"""What processes hear from each other at one table, played on a real Valkey with a clock that the test moves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from itertools import count

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from platforms.budget_exchange import (
    LEASE_SECONDS,
    MARK_SECONDS,
    PRESENCE_SECONDS,
    RENEWAL_SECONDS,
    SETTLING_SECONDS,
    Exchange,
    Heard,
    Said,
    read,
    written,
)
from platforms.quota import Quota
from platforms.slots import Priority, class_caps
from runtime.redis import connect_redis

LIMIT = 5
CAPS = class_caps(LIMIT)
LEASE, MARK, PRESENCE = (int(seconds * 1000) for seconds in (LEASE_SECONDS, MARK_SECONDS, PRESENCE_SECONDS))
_tables = count()


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    made = connect_redis(redis_url)
    yield made
    await made.aclose()


class Table:
    """A platform's table of its own, and the time there."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.now = 1_700_000_000_000
        self.platform = f"erp-{next(_tables)}"
        self._names = count()

    def seat(self) -> "Seat":
        return Seat(self, Exchange(self.client, self.platform, str(next(self._names)), clock=lambda: self.now))


@dataclass
class Seat:
    """A process as it knows itself: what it has, and since when who of it waits."""

    table: Table
    exchange: Exchange
    held: int = 0
    waiting: list[list[int]] = field(default_factory=lambda: [[] for _ in Priority])
    number: int = 0
    spoke: int = 0
    counted: int = 0
    """The places that the table knows of."""

    def wants(self, priority: Priority, many: int = 1) -> None:
        self.waiting[priority] += [self.table.now] * many

    async def speaks(self, *, hears: bool = True, **more: object) -> Heard:
        self.number += 1
        self.spoke = self.table.now
        said = Said(
            number=self.number,
            known=self.number > 1,
            caps=CAPS,
            held=self.held,
            waits=tuple(len(queue) for queue in self.waiting),
            waited=tuple(self.table.now - queue[0] if queue else 0 for queue in self.waiting),
        )
        heard = await self.exchange.tell(msgspec.structs.replace(said, **more))
        self.counted = self.held + sum(heard.admitted)
        if hears:
            for queue, many in zip(self.waiting, heard.admitted, strict=True):
                del queue[:many]
                self.held += many
        return heard


@pytest.fixture
def table(client: Redis) -> Table:
    return Table(client)


async def test_places_are_handed_out_once(table: Table) -> None:
    one, other = table.seat(), table.seat()
    one.wants(Priority.INTERACTIVE, 3)
    other.wants(Priority.INTERACTIVE, 3)
    first, second = await one.speaks(), await other.speaks()
    assert (first.admitted, first.free, first.processes) == ((3, 0, 0, 0), 2, 1)
    assert (second.admitted, second.free, second.processes) == ((2, 0, 0, 0), 0, 2)


async def test_a_place_is_left_to_the_more_urgent_elsewhere(table: Table) -> None:
    writes, reads = table.seat(), table.seat()
    writes.wants(Priority.GOVERNED_WRITE, 9)
    await writes.speaks()
    reads.wants(Priority.INTERACTIVE)
    assert not any((await reads.speaks()).admitted)
    writes.held -= 2
    assert (await writes.speaks()).admitted == (0, 1, 0, 0)
    assert (await reads.speaks()).admitted == (1, 0, 0, 0)


async def test_who_waits_longer_goes_first_within_a_class(table: Table) -> None:
    busy, early, late = table.seat(), table.seat(), table.seat()
    busy.wants(Priority.SYNC, 9)
    await busy.speaks()
    for seat in (early, late):
        table.now += 10
        seat.wants(Priority.SYNC)
        await seat.speaks()
    busy.waiting = [[] for _ in Priority]
    busy.held -= 1
    await busy.speaks()
    assert not any((await late.speaks()).admitted)
    assert (await early.speaks()).admitted == (0, 0, 1, 0)
    assert not any((await late.speaks()).admitted)


async def test_a_process_that_recycles_its_places_starves_nobody(table: Table) -> None:
    greedy, modest = table.seat(), table.seat()
    greedy.wants(Priority.GOVERNED_WRITE, LIMIT)
    await greedy.speaks()
    modest.wants(Priority.GOVERNED_WRITE)
    await modest.speaks()
    table.now += 1
    greedy.held -= 1
    greedy.wants(Priority.GOVERNED_WRITE)
    assert not any((await greedy.speaks()).admitted)
    assert (await modest.speaks()).admitted == (0, 1, 0, 0)


async def test_nobody_stands_back_for_a_process_that_fell_silent(table: Table) -> None:
    busy, silent, other = table.seat(), table.seat(), table.seat()
    busy.wants(Priority.INTERACTIVE, LIMIT)
    await busy.speaks()
    silent.wants(Priority.INTERACTIVE)
    await silent.speaks()
    busy.held -= 1
    other.wants(Priority.BACKFILL)
    await busy.speaks()
    busy.held = 0
    await busy.speaks()
    table.now += MARK + 1
    assert (await other.speaks()).admitted == (0, 0, 0, 1)


async def test_a_dead_processs_places_come_back_after_its_lease(table: Table) -> None:
    dead, other = table.seat(), table.seat()
    dead.wants(Priority.GOVERNED_WRITE, LIMIT)
    await dead.speaks()
    table.now += LEASE
    other.wants(Priority.INTERACTIVE, LIMIT)
    assert not any((await other.speaks()).admitted)
    table.now += 1
    heard = await other.speaks()
    assert (heard.admitted, heard.processes) == ((LIMIT, 0, 0, 0), 2)
    table.now += PRESENCE
    assert (await other.speaks()).processes == 1


async def test_who_leaves_frees_its_places_at_once(table: Table) -> None:
    leaver, other = table.seat(), table.seat()
    leaver.wants(Priority.GOVERNED_WRITE, LIMIT)
    await leaver.speaks()
    await leaver.exchange.leave()
    other.wants(Priority.INTERACTIVE, LIMIT)
    heard = await other.speaks()
    assert (heard.admitted, heard.processes) == ((LIMIT, 0, 0, 0), 1)


async def test_a_word_that_was_overtaken_changes_nothing(table: Table) -> None:
    seat, other = table.seat(), table.seat()
    seat.wants(Priority.INTERACTIVE, 4)
    await seat.speaks()
    assert await seat.exchange.tell(Said(number=1, caps=CAPS, held=0, waits=(9, 0, 0, 0), waited=(0,) * 4)) == Heard(
        (0, 0, 0, 0), 0, 0, 0, "", ""
    )
    other.wants(Priority.INTERACTIVE, 4)
    assert (await other.speaks()).admitted == (1, 0, 0, 0)


async def test_a_pause_holds_for_all_and_only_grows(table: Table) -> None:
    one, other = table.seat(), table.seat()
    assert (await one.speaks(pause=2_000, paused_by="UPSTREAM_RATE_LIMITED")).pause == 2_000
    assert (await one.speaks(pause=500, paused_by="UPSTREAM_UNAVAILABLE")).paused_by == "UPSTREAM_RATE_LIMITED"
    other.wants(Priority.INTERACTIVE)
    table.now += 1_999
    heard = await other.speaks()
    assert (heard.admitted, heard.pause, heard.paused_by) == ((0, 0, 0, 0), 1, "UPSTREAM_RATE_LIMITED")
    table.now += 1
    heard = await other.speaks()
    assert (heard.admitted, heard.pause) == ((1, 0, 0, 0), 0)


async def test_the_allowance_told_last_is_everybodys(table: Table) -> None:
    one, other = table.seat(), table.seat()
    assert (await one.speaks()).quota == ""
    await one.speaks(quota=written(Quota(used=7, limit=100)))
    assert read((await other.speaks()).quota) == Quota(used=7, limit=100)
    await other.speaks(quota=written(Quota(used=9, limit=100)))
    assert read((await one.speaks()).quota) == Quota(used=9, limit=100)


async def test_after_a_flush_nobody_is_admitted_before_each_has_said_what_it_has(table: Table) -> None:
    one, other, third = table.seat(), table.seat(), table.seat()
    one.wants(Priority.INTERACTIVE, 3)
    for seat in (one, other, third):
        await seat.speaks()
    await table.client.flushall()
    await table.client.script_flush()
    other.wants(Priority.INTERACTIVE, LIMIT)
    assert not any((await other.speaks()).admitted)
    table.now += int(RENEWAL_SECONDS * 1000)
    await one.speaks()
    assert not any((await other.speaks()).admitted)
    table.now += int((SETTLING_SECONDS - RENEWAL_SECONDS) * 1000)
    assert (await other.speaks()).admitted == (2, 0, 0, 0)
    table.now += MARK + 1
    await third.speaks()
    one.held = 0
    await one.speaks()
    assert (await other.speaks()).admitted == (3, 0, 0, 0), "that it was forgotten counts once"


async def test_one_who_is_new_need_not_be_known(table: Table) -> None:
    new = table.seat()
    new.wants(Priority.INTERACTIVE)
    assert (await new.speaks()).admitted == (1, 0, 0, 0)


SEATS = 3
moves = st.one_of(
    st.tuples(st.just("wants"), st.integers(0, SEATS - 1), st.just(Priority.INTERACTIVE), st.just(1)),
    st.tuples(st.just("wants"), st.integers(0, SEATS - 1), st.sampled_from(Priority), st.integers(1, LIMIT)),
    st.tuples(st.just("ends"), st.integers(0, SEATS - 1), st.integers(1, 2)),
    st.tuples(st.sampled_from(["asks", "is killed", "misses its answer"]), st.integers(0, SEATS - 1)),
    st.tuples(st.just("time"), st.integers(1, 1_000)),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plays=st.lists(moves, min_size=20, max_size=40))
async def test_whatever_happens_no_place_is_taken_twice_and_the_urgent_go_first(client: Redis, plays: list) -> None:
    """Calls really under way, those of killed processes within their lease too, are never more than the places."""
    table = Table(client)
    seats = [table.seat() for _ in range(SEATS)]
    dead: list[Seat] = []

    async def ask(seat: Seat, *, hears: bool = True) -> None:
        heard = await seat.speaks(hears=hears)
        others = [other for other in (*seats, *dead) if other is not seat]
        known = [other for other in others if table.now - other.spoke <= LEASE]
        under_way = seat.counted + sum(max(other.held, other.counted) for other in known)
        assert under_way <= LIMIT or not any(heard.admitted)
        assert sum(other.held for other in (seat, *known)) <= LIMIT
        ahead = 0
        for priority in Priority:
            if heard.admitted[priority]:
                assert under_way - sum(heard.admitted[priority + 1 :]) <= CAPS[priority]
                assert under_way + ahead <= LIMIT, "somebody more urgent waits for that place"
            ahead += sum(len(other.waiting[priority]) for other in known if table.now - other.spoke <= MARK)

    for play in plays:
        match play:
            case ("wants", at, priority, many):
                seats[at].wants(priority, many)
                await ask(seats[at])
            case ("ends", at, many):
                having = [seat for seat in seats if seat.held] or seats
                seat = having[at % len(having)]
                seat.held = max(0, seat.held - many)
                await ask(seat)
            case ("asks", at):
                await ask(seats[at])
            case ("misses its answer", at):
                await ask(seats[at], hears=False)
            case ("is killed", at):
                dead.append(replace(seats[at]))
                seats[at] = table.seat()
            case ("time", ms):
                table.now += ms
                for seat in seats:
                    await ask(seat)  # as each does within a second while it has a place
    table.now += LEASE + 1
    for seat in seats:
        seat.held, seat.waiting = 0, [[] for _ in Priority]
        await ask(seat)
    last = table.seat()
    last.wants(Priority.INTERACTIVE, LIMIT)
    assert (await last.speaks()).admitted == (LIMIT, 0, 0, 0)
