"""Who gets a place at a busy platform."""

import asyncio

from platforms.slots import Priority, Slots


async def test_the_more_urgent_goes_first_and_the_longer_waiting_within_a_class():
    slots = Slots(1)
    await slots.take(Priority.INTERACTIVE)
    order: list[str] = []

    async def caller(name: str, priority: Priority) -> None:
        await slots.take(priority)
        order.append(name)
        slots.give_back()

    callers = []
    for name, priority in (
        ("backfill", Priority.BACKFILL),
        ("sync", Priority.SYNC),
        ("write", Priority.GOVERNED_WRITE),
        ("read 1", Priority.INTERACTIVE),
        ("read 2", Priority.INTERACTIVE),
    ):
        callers.append(asyncio.create_task(caller(name, priority)))
        await asyncio.sleep(0)
    slots.give_back()
    await asyncio.gather(*callers)
    assert order == ["read 1", "read 2", "write", "sync", "backfill"]
    assert slots.in_use == 0


async def test_a_backfill_leaves_room_for_people():
    slots = Slots(10)
    taken = [priority for priority in reversed(Priority) for _ in range(20) if slots.take_now(priority)]
    assert [taken.count(p) for p in Priority] == [0, 3, 2, 5]
    assert slots.in_use == 10


async def test_one_place_serves_every_class():
    slots = Slots(1)
    for priority in Priority:
        assert slots.take_now(priority)
        slots.give_back()


async def test_who_leaves_the_queue_takes_no_place():
    slots = Slots(1)
    await slots.take(Priority.INTERACTIVE)
    leaver = asyncio.create_task(slots.take(Priority.INTERACTIVE))
    late_leaver = asyncio.create_task(slots.take(Priority.INTERACTIVE))
    patient = asyncio.create_task(slots.take(Priority.SYNC))
    await asyncio.sleep(0)
    leaver.cancel()
    slots.give_back()
    late_leaver.cancel()  # in the very moment in which the place became its own
    await asyncio.gather(leaver, late_leaver, return_exceptions=True)
    await patient
    assert slots.in_use == 1


async def test_where_another_decides_nobody_goes_before_it_names_the_class():
    slots = Slots(0)
    assert not slots.take_now(Priority.INTERACTIVE)
    turns = [asyncio.create_task(slots.take(priority)) for priority in (Priority.SYNC, Priority.INTERACTIVE)]
    await asyncio.sleep(0)
    assert slots.waiting == (1, 0, 1, 0)
    assert slots.admit(Priority.SYNC)
    assert not slots.admit(Priority.SYNC)
    assert await turns[0]
    slots.give_back()
    assert not turns[1].done()
    slots.send_away()
    assert not await turns[1]
    assert (slots.in_use, slots.waiting) == (0, (0, 0, 0, 0))


async def test_more_places_serve_the_waiting_at_once():
    slots = Slots(0)
    turns = [asyncio.create_task(slots.take(Priority.SYNC)) for _ in range(4)]
    await asyncio.sleep(0)
    slots.resize(4)
    await asyncio.wait(turns, return_when=asyncio.FIRST_COMPLETED)
    assert sum(turn.done() for turn in turns) == 3
    turns[3].cancel()
    await asyncio.gather(*turns, return_exceptions=True)
    assert (slots.in_use, slots.waiting) == (3, (0, 0, 0, 0))
