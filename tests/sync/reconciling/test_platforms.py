"""Comparisons over real connectors: in the class of backfills, and across what platforms do to whoever asks."""

import pytest

from platforms.slots import Priority
from sync.ledger.port_of_reconciliations import ReconciliationStatus
from sync.reconciling.comparisons import COMPARISONS
from sync.reconciling.reconciler import Reconciler
from sync.reconciling.repairing import Repairs
from sync.reconciling.telling import Telling
from tests.sync.reconciling.comparing import compared, prints
from tests.sync.reconciling.conftest import Books
from tests.sync.watched import Watched


async def test_every_read_goes_as_a_backfill_so_that_it_is_in_nobodys_way(watched: Watched) -> None:
    office = watched.office
    telling = Telling(office.ledger, office.firm, Repairs(office.firm, office.desk, {}), office.clock)
    reconciler = Reconciler(office.ledger, office.firm, COMPARISONS, telling, office.clock)
    watched.witness.anew()
    for comparison in ("customers", "projects", "invoices"):
        await compared(office.ledger, reconciler, office.clock, comparison)
    assert {seen.urgent for seen in watched.witness.seen} == {Priority.BACKFILL}
    assert not [seen for seen in watched.witness.seen if seen.writes]


FAULTS = [
    (platform, fault)
    for platform in ("salesforce", "kantata", "netsuite")
    for fault in ("down", "garbage", "truncate", "rate_limit")
    if (platform, fault) != ("salesforce", "rate_limit")  # there it is a day's allowance that is spent
]


@pytest.mark.parametrize(("platform", "fault"), FAULTS)
async def test_a_platform_that_fails_for_a_while_changes_nothing_of_what_is_told(
    books: Books, platform: str, fault: str
) -> None:
    comparison = "customers" if platform != "kantata" else "clients"
    _, calm = await books.compared(comparison)
    # A refusal for too many calls is waited for as long as the platform asks: seconds each time.
    books.office.control.fault(platform, fault, times=1 if fault == "rate_limit" else 4)
    found, told = await books.compared(comparison)
    assert found.status is ReconciliationStatus.SUCCEEDED, found.error
    assert prints(told) == prints(calm)


async def test_what_is_left_of_a_days_allowance_is_for_others(books: Books) -> None:
    books.office.control.fault("salesforce", "rate_limit", times=1)
    found, told = await books.compared("customers")
    assert (found.status, told) == (ReconciliationStatus.FAILED, [])
    assert found.error is not None
    assert "what is left of the allowance is kept for more urgent calls" in found.error
