"""An account whose clocks aren't UTC's: SuiteQL's times, the end of its day, the hour that comes twice."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.firm.generate import generate
from sandbox.netsuite import NetSuite, build
from sandbox.netsuite.analytics import Analytics
from sandbox.netsuite.suiteql.engine import Engine
from sandbox.stamps import Stamp

SHOWN = "SELECT TO_CHAR(c.lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS shown FROM customer c WHERE c.id = ?"


class Hands:
    now = datetime(2026, 11, 21, 3, 30, tzinfo=UTC)  # half past ten in the evening before in New York

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def account() -> NetSuite:
    hands = Hands()
    firm = generate(seed=7, accounts=12, as_of=hands.now.date())
    return build(firm, clock=hands, time_zone="America/New_York")


@pytest.fixture
def customer(account):
    return next(iter(account.tables["customer"].rows))


@pytest.fixture
def rows(account):
    engine = Engine(Analytics(account.books), lambda: account.books.shown(Hands.now))
    return lambda text, *params: engine.run(text, params, limit=1000, offset=0)[0]


def test_suiteql_tells_times_as_the_accounts_clocks_show_them(account, customer, rows):
    account.change("customer", customer, {"comments": "seen"})
    assert rows(SHOWN, customer)[0]["shown"] == "2026-11-20 22:30:00"
    since = "SELECT c.id FROM customer c WHERE c.lastmodifieddate >= TO_DATE(?, 'YYYY-MM-DD HH24:MI:SS')"
    assert [row["id"] for row in rows(since, "2026-11-20 22:30:00")] == [customer]
    assert rows(since, "2026-11-20 22:30:01") == []


def test_the_record_api_tells_them_in_utc(account, customer):
    account.change("customer", customer, {"comments": "seen"})
    assert account.show("customer", customer)["lastModifiedDate"] == "2026-11-21T03:30:00Z"


def test_the_hour_that_comes_twice_is_shown_twice_alike(account, customer, rows):
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # half past one, the first time
    for moment in (first, first + timedelta(hours=1)):
        with account.stamps.made(Stamp(at=moment)):
            account.change("customer", customer, {"comments": str(moment)})
        assert rows(SHOWN, customer)[0]["shown"] == "2026-11-01 01:30:00"


def test_the_day_ends_at_the_accounts_midnight(account, customer, rows):
    job = {"companyName": "Late", "parent": {"id": customer}}
    invoice = {
        "entity": {"id": customer},
        "job": {"id": account.create("job", job)["id"]},
        "dueDate": "2026-11-20",
        "item": {"items": [{"item": {"id": next(iter(account.tables["serviceSaleItem"].rows))}, "amount": 10}]},
    }
    made = account.create("invoice", invoice)
    assert made["trandate"].isoformat() == "2026-11-20"
    before = account.books.overdue(account.tables["customer"].rows[customer])
    Hands.now += timedelta(hours=2)  # past midnight there
    try:
        after = account.books.overdue(account.tables["customer"].rows[customer])
    finally:
        Hands.now -= timedelta(hours=2)
    assert after - before == made["foreignamountunpaid"]
    assert rows("SELECT TO_CHAR(SYSDATE, 'YYYY-MM-DD') AS today FROM subsidiary s")[0]["today"] == "2026-11-20"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc"])
def test_a_zone_that_there_is_not_is_refused(zone):
    with pytest.raises(ValueError, match="IANA"):
        build(generate(seed=7, accounts=12, as_of=Hands.now.date()), clock=Hands(), time_zone=zone)
