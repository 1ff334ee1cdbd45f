"""What reads keep for later, and what is told of rows that came at different times."""

from datetime import UTC, datetime, timedelta

import pytest

from platforms.readers import Order, ReadQuery
from resolvers.freshness import Origin, lesser
from resolvers.memories import ProcessMemory
from resolvers.plan.nodes import Age
from resolvers.run.reads import Reads
from runtime.clock import SystemClock
from schema.enums import Freshness
from schema.roles import PlatformRole

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
CRM = PlatformRole.CRM


@pytest.fixture
def reads(memory) -> Reads:
    """Sixty accounts on a platform that goes on by position."""
    manner = memory.Manner(keyset=False, page_size=60)
    facet = manner.facet("Account", CRM, {"name": str}, ())
    rows = [{"id": f"{n:03}", "name": f"name {n}"} for n in range(60)]
    platform = memory.MemoryPlatform("crm", (CRM,), [facet], {"Account.CRM": rows}, manner=manner)
    clock = SystemClock()
    return Reads(memory.world_of([platform], {}).engine._bindings, ProcessMemory(clock, most=1_000, seconds=60), clock)


async def test_pages_whose_size_and_position_read_alike_are_kept_apart(reads):
    projection = reads.projection("crm", "Account", CRM, frozenset({"id"}))
    order = (Order("name"),)
    for limit, offset in ((5, 11), (51, 1)):
        query = ReadQuery(order=order, limit=limit, offset=offset)
        _, page = await reads.page("crm", projection, query, Age(max_age=60))
        assert len(page.rows) == limit


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (None, Freshness.LIVE, Freshness.LIVE),
        (Freshness.LIVE, Freshness.STALE, Freshness.STALE),
        (Freshness.STALE, Freshness.CACHED, Freshness.STALE),
        (Freshness.CACHED, Freshness.LIVE, Freshness.CACHED),
    ],
)
def test_rows_of_two_reads_are_as_fresh_as_the_lesser(one, other, told):
    earlier = None if one is None else Origin(one, NOON)
    assert lesser(earlier, Origin(other, NOON + timedelta(seconds=5))) == Origin(
        told, NOON if one is not None else NOON + timedelta(seconds=5)
    )
