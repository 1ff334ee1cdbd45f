"""Whatever is done to a past audit entry behind the ledger's back is found, and the first place of it named."""

import asyncio
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from sync.ledger import chain

Tamper = Callable[[str], None]


@pytest.fixture
def tamper(ledger_url: str) -> Tamper:
    """Does something to the database that the ledger never would."""
    kind, _, rest = ledger_url.partition("://")
    engine = sa.create_engine(f"{'postgresql+psycopg' if kind == 'postgresql' else kind}://{rest}")

    def execute(statement: str) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    return execute


@pytest.fixture
async def chained(ledger, said_by, monkeypatch):
    """Seven entries, read back three at a time."""
    monkeypatch.setattr(chain, "_CHUNK", 3)
    for number in range(6):
        await ledger.append_audit([said_by(record_id=f"acc-{number}", detail={"b": number, "a": [1.5, None, "é"]})])
    await ledger.append_audit([said_by(actor="Ann")])
    return ledger


async def test_a_whole_chain_is_whole(chained):
    assert await chained.verify_audit() == (7, None)
    entries = await chained.audit_log(record_id=None, correlation_id=None, first=10, after=None)
    assert entries[0].previous_hash == chain.START
    assert [entry.previous_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert entries[3].detail == {"b": 3, "a": [1.5, None, "é"]}


async def test_an_empty_chain_is_whole(ledger):
    assert await ledger.verify_audit() == (0, None)


@pytest.mark.parametrize(
    ("done", "count", "told"),
    [
        ("update audit set actor = 'Bob' where sequence = 4", 3, "entry 4 isn't what was written"),
        ("update audit set detail = '{}' where sequence = 1", 0, "entry 1 isn't what was written"),
        ("update audit set detail = detail || ' ' where sequence = 7", 6, "entry 7 isn't what was written"),
        ("update audit set at = '2026-01-01 00:00:00.000000' where sequence = 2", 1, "entry 2 isn't what was written"),
        ("update audit set record_id = null where sequence = 2", 1, "entry 2 isn't what was written"),
        ("update audit set hash = repeat0 where sequence = 5", 4, "entry 5 isn't what was written"),
        ("delete from audit where sequence = 1", 0, "entry 1 is missing: the next one is 2"),
        ("delete from audit where sequence in (3, 4)", 2, "entries 3 on are missing: the next one is 5"),
        ("delete from audit where sequence = 7", 6, "entry 7 is missing, and all behind it: the chain had 7"),
        ("delete from audit", 0, "entry 1 is missing, and all behind it: the chain had 7"),
        ("update head set hash = repeat0", 7, "entry 7 is not the one that the chain ended with"),
        ("update head set audits = 6", 6, "entry 6 is not the one that the chain ended with"),
        ("delete from head", 0, "the row that says where the chain ends is gone"),
    ],
)
async def test_tampering_is_found(chained, tamper, done, count, told):
    tamper(done.replace("repeat0", f"'{'0' * 64}'"))
    assert await chained.verify_audit() == (count, told)


async def test_an_entry_put_in_behind_the_end_is_found(chained, tamper):
    columns = "at, actor, action, record_id, correlation_id, run_id, platform, detail, hash, previous_hash"
    tamper(f"insert into audit (sequence, {columns}) select 8, {columns} from audit where sequence = 7")
    assert await chained.verify_audit() == (7, "entry 8 was put in behind the end of the chain")


async def test_entries_that_changed_places_are_found(chained, tamper):
    for one, other in ((2, 99), (3, 2), (99, 3)):
        tamper(f"update audit set sequence = {other} where sequence = {one}")
    assert await chained.verify_audit() == (1, "entry 2 doesn't follow the one before it")


async def test_a_copied_chain_with_a_link_cut_out_and_renumbered_is_found(chained, tamper):
    tamper("delete from audit where sequence = 4")
    for number in (5, 6, 7):
        tamper(f"update audit set sequence = {number - 1} where sequence = {number}")
    tamper("update head set audits = 6")
    assert await chained.verify_audit() == (3, "entry 4 doesn't follow the one before it")


async def test_entries_of_many_transactions_at_once_are_one_chain(ledger, said_by, new_run):
    async def write(number: int) -> None:
        if number % 2:
            await ledger.append_audit([said_by(), said_by("Ann")])
        else:
            await ledger.accept(new_run(audit=(said_by(),)))

    verifying = asyncio.create_task(ledger.verify_audit())
    await asyncio.gather(*(write(number) for number in range(24)))
    assert (await verifying)[1] is None
    assert await ledger.verify_audit() == (36, None)
    events = await ledger.events(after=0, kinds=["syncRun"], most=50)
    assert [event.cursor for event in events] == list(range(1, 13))


async def test_whoever_reads_events_as_they_come_misses_none(ledger, new_run):
    """A cursor is visible only after all before it."""
    seen: list[int] = []
    writing = asyncio.gather(*(ledger.accept(new_run()) for _ in range(30)))
    while not (writing.done() and len(seen) >= 30):
        new = await ledger.events(after=seen[-1] if seen else 0, kinds=["syncRun"], most=100)
        seen += [event.cursor for event in new]
    await writing
    assert seen == list(range(1, 31))


async def test_a_transaction_that_fails_leaves_no_entry(ledger, new_run, said_by):
    await ledger.accept(new_run(idempotency_key="k", audit=(said_by(),)))
    with pytest.raises(Exception, match="run-"):
        await ledger.accept(new_run(idempotency_key="k", audit=(said_by(),)))
    assert await ledger.verify_audit() == (1, None)
