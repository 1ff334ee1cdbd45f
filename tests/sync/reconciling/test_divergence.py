"""Since when two sides differ is what the ledger's events say."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from schema.ids import RecordKey, encode_id
from sync.ledger.database import DatabaseLedger
from sync.ledger.port_of_changes import Observation, RecordChange, Told
from sync.ledger.records import Json
from tests.sync.conftest import HeldClock
from tests.sync.reconciling.comparing import compared
from tests.sync.reconciling.memory import LEFT, RIGHT, Pair

RECORD = encode_id(RecordKey("Invoice", LEFT, "000007"))


async def changed(
    ledger: DatabaseLedger, clock: HeldClock, platform: str, changes: Mapping[str, tuple[Json, Json]], version: int
) -> None:
    """The platform's record was changed an hour ago, which is noticed now."""
    change = RecordChange(
        type="Invoice",
        role="ERP",
        platform=platform,
        entity="invoice",
        external_id="7",
        changes=changes,
        occurred_at=clock.now() - timedelta(hours=1),
        observed_at=clock.now(),
        noticed_by="feed",
    )
    seen = Observation(
        platform=platform,
        type="Invoice",
        role="ERP",
        external_id="7",
        expected=version,
        values={path: pair[1] for path, pair in changes.items()},
        told=(Told(subject=RECORD, correlation_id="c", change=change),),
    )
    assert await ledger.snapshots.observe([seen]) == (True,)


async def test_it_is_the_change_before_which_they_were_alike(ledger: DatabaseLedger, clock: HeldClock) -> None:
    pair = Pair.of(20)
    pair.left.rows["000007"][1]["total"] = Decimal("12.50")
    await changed(ledger, clock, LEFT, {"total": ("10", "11.00")}, 0)
    first = clock.now() - timedelta(hours=1)
    clock.advance(86_400)
    await changed(ledger, clock, LEFT, {"total": ("11.00", "12.50"), "status": ("SENT", "OPEN")}, 1)
    clock.advance(3_600)
    await changed(ledger, clock, RIGHT, {"number": ("A", "B")}, 0)
    _, [found] = await compared(ledger, pair.reconciler(ledger, clock), clock, "memory")
    assert found.diverged_at == first
    assert f"So since {first:%Y-%m-%d %H:%M:%S} UTC." in found.explanation


async def test_events_that_dont_lead_to_what_is_there_now_say_nothing(ledger: DatabaseLedger, clock: HeldClock) -> None:
    pair = Pair.of(20)
    pair.left.rows["000007"][1]["total"] = Decimal("12.50")
    await changed(ledger, clock, LEFT, {"total": ("10.00", "99.00")}, 0)
    _, [found] = await compared(ledger, pair.reconciler(ledger, clock), clock, "memory")
    assert found.diverged_at is None
    assert found.explanation.endswith("Since when isn't known.")
