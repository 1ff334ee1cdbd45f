"""Messages of platforms are kept raw and once; cursors move by compare-and-set; what is old may be forgotten."""

import asyncio
from datetime import timedelta

from sync.ledger.port_of_changes import Cursor


async def put(ledger, event_id, source="salesforce"):
    return await ledger.inbox.put(source=source, event_id=event_id, body=b"\x00{}", correlation_id="c")


async def test_a_message_is_kept_once_per_source_and_event(ledger, clock):
    assert await put(ledger, "e1")
    assert not await put(ledger, "e1")
    assert await put(ledger, "e1", source="netsuite")
    assert sum(await asyncio.gather(*(put(ledger, "e2") for _ in range(8)))) == 1
    (first, *_) = await ledger.inbox.take(most=9, seconds=60)
    assert (first.source, first.event_id, first.body, first.tries) == ("salesforce", "e1", b"\x00{}", 1)
    assert first.received_at == clock.now()


async def test_a_message_that_is_not_done_in_time_comes_again(ledger, clock):
    for number in range(3):
        await put(ledger, f"e{number}")
    taken = await ledger.inbox.take(most=2, seconds=60)
    assert [entry.event_id for entry in taken] == ["e0", "e1"]
    assert [entry.event_id for entry in await ledger.inbox.take(most=2, seconds=60)] == ["e2"]
    await ledger.inbox.done([taken[0].id])
    clock.advance(60)
    again = await ledger.inbox.take(most=9, seconds=60)
    assert [(entry.event_id, entry.tries) for entry in again] == [("e1", 2), ("e2", 2)]


async def test_of_two_readers_one_moves_the_cursor(ledger):
    assert await ledger.cursors.get("feed") == Cursor(None, 0)
    moves = await asyncio.gather(*(ledger.cursors.move("feed", version=0, position={"at": n}) for n in range(5)))
    assert sum(moves) == 1
    found = await ledger.cursors.get("feed")
    assert found == Cursor({"at": moves.index(True)}, 1)
    moves = await asyncio.gather(*(ledger.cursors.move("feed", version=1, position=[n]) for n in range(5)))
    assert sum(moves) == 1
    assert not await ledger.cursors.move("other", version=3, position=1)


async def test_old_events_and_finished_messages_are_forgotten(ledger, clock, new_run):
    old = await ledger.accept(new_run())
    for number in range(2):
        await put(ledger, f"e{number}")
    (first, _) = await ledger.inbox.take(most=2, seconds=1)
    await ledger.inbox.done([first.id])
    clock.advance(3600)
    await ledger.accept(new_run())
    assert await ledger.forget(before=clock.now()) == 2
    assert await ledger.forget(before=clock.now()) == 0
    assert [event.cursor for event in await ledger.events(after=0, kinds=["syncRun"], most=5)] == [2]
    assert [entry.event_id for entry in await ledger.inbox.take(most=5, seconds=1)] == ["e1"]
    assert await ledger.run(old.id) == old


async def test_what_is_put_back_comes_again_when_its_time_has_come(ledger, clock):
    await put(ledger, "e1")
    (first,) = await ledger.inbox.take(most=1, seconds=60)
    await ledger.inbox.put_back([first.id], seconds=5)
    assert not await ledger.inbox.is_due()
    clock.advance(5)
    assert await ledger.inbox.is_due()
    (again,) = await ledger.inbox.take(most=1, seconds=60)
    assert (again.event_id, again.tries) == ("e1", 2)


async def test_a_try_that_is_forgiven_does_not_count(ledger, clock):
    await put(ledger, "e1")
    (first,) = await ledger.inbox.take(most=1, seconds=60)
    await ledger.inbox.put_back([first.id], seconds=1, forgiven=True)
    clock.advance(1)
    assert [entry.tries for entry in await ledger.inbox.take(most=1, seconds=60)] == [1]


async def test_what_is_set_aside_comes_no_more_and_is_kept_like_what_is_done(ledger, clock):
    await put(ledger, "e1")
    (first,) = await ledger.inbox.take(most=1, seconds=1)
    await ledger.inbox.set_aside([first.id], why="MALFORMED")
    clock.advance(60)
    assert await ledger.inbox.take(most=1, seconds=1) == ()
    assert not await put(ledger, "e1"), "it is there still"
    assert await ledger.forget(before=clock.now() + timedelta(seconds=1)) == 1
    assert await put(ledger, "e1")


async def test_the_oldest_that_waits_by_source(ledger, clock):
    assert await ledger.inbox.oldest() == {}
    since = clock.now()
    await put(ledger, "e1")
    await put(ledger, "e1", source="netsuite")
    clock.advance(30)
    await put(ledger, "e2")
    assert await ledger.inbox.oldest() == {"salesforce": since, "netsuite": since}
    taken = await ledger.inbox.take(most=2, seconds=60)
    assert await ledger.inbox.oldest() == {"salesforce": since, "netsuite": since}, "being worked on is not done"
    await ledger.inbox.done([entry.id for entry in taken])
    assert await ledger.inbox.oldest() == {"salesforce": since + timedelta(seconds=30)}


async def test_one_sources_messages_are_taken_without_those_of_others(ledger, clock):
    await put(ledger, "e1")
    await put(ledger, "e2", source="netsuite")
    assert [entry.event_id for entry in await ledger.inbox.take(most=9, seconds=60, source="netsuite")] == ["e2"]
    assert not await ledger.inbox.is_due("netsuite")
    assert await ledger.inbox.is_due("salesforce")
