"""Changes of an account whose clocks aren't UTC's, and the table of its deleted records."""

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from platforms.feeds import FeedTraits
from platforms.keepalive import KeepAliveTransport
from platforms.netsuite.platform import NetSuiteAccount, connect
from platforms.readers import ReadQuery
from platforms.registry import Connection
from sandbox.serve import SandboxThread
from schema.enums import InvoiceStatus
from schema.roles import PlatformRole
from sync.noticing.followed import FacetFeed
from sync.noticing.pages import Rows
from sync.noticing.positions import Walk

ERP = PlatformRole.ERP
ZONE = "America/New_York"
SET_BACK = datetime(2026, 11, 1, 6, tzinfo=UTC)  # two o'clock there, and one o'clock again
REFUSED = {"status": 400, "title": "Bad Request", "o:errorDetails": [{"o:errorCode": "INVALID_PARAMETER"}]}


class Now:
    """The time of the account and of the connector alike; logins go by the machine's."""

    at = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 1_000.0


class Abroad:
    def __init__(self, ready: dict[str, Any], now: Now, account: NetSuiteAccount) -> None:
        self._ready = ready
        self.now = now
        self.account = account

    def told(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._ready['control']}/records/netsuite/{path}", content, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def touch(self, entity: str, record_id: str, at: datetime) -> None:
        self.told("PATCH", f"{entity}/{record_id}?stamp={at:%Y-%m-%dT%H:%M:%SZ}", {"comments": str(at)})


@pytest.fixture(scope="module")
def sandbox_abroad() -> Iterator[tuple[dict[str, Any], Now]]:
    now = Now()
    thread = SandboxThread(
        platforms=[f"netsuite:time_zone={ZONE}"], accounts=12, as_of=date(2026, 11, 20), clock=lambda: now.at
    )
    yield thread.start(), now
    thread.stop()


@pytest.fixture
async def abroad(sandbox_abroad):
    ready, now = sandbox_abroad
    told = ready["platforms"]["netsuite"]
    names = ("account", "client_id", "certificate_id", "private_key")
    given = Connection(
        name="netsuite",
        vendor="netsuite",
        url=told["url"],
        roles=(ERP,),
        peers={},
        credentials={name: told["credentials"][name] for name in names},
        options={"time_zone": ZONE},
        timeout=8.0,
        slots=5,
    )
    now.at = datetime.now(UTC).replace(microsecond=0)
    account = connect(given, KeepAliveTransport(), now)
    assert (await account.probe()).ok  # signed in by the machine's time, which logins go by
    yield Abroad(ready, now, account)
    await account.close()


def rows_of(account, type_name):
    facet = account.reader.facets[type_name, ERP]
    return Rows(FacetFeed(name="a feed", platform=account, facet=facet, traits=FeedTraits()))


async def walked(rows, since):
    found, walk = [], Walk(since=since, began_at=since)
    while walk is not None:
        page = await rows.page(walk)
        found += page.rows
        walk = page.walk
    return found


async def test_what_changes_in_the_hour_that_comes_twice_is_found_by_the_overlap(abroad):
    """The second time round, a newer change bears an older time than the newest that was seen."""
    first, second = (each["id"] for each in abroad.told("GET", "customer?limit=2")["records"])
    abroad.touch("customer", first, SET_BACK - timedelta(seconds=1))  # 01:59:59, the first time
    abroad.touch("customer", second, SET_BACK + timedelta(minutes=1))  # 01:01:00, the second time
    rows = rows_of(abroad.account, "Account")
    newest = next(row.stamp for row in await walked(rows, datetime(1970, 1, 1, tzinfo=UTC)) if row.id == first)
    overlap = abroad.account.feeds.traits["Account", ERP].overlap
    assert overlap == timedelta(hours=1, minutes=5)
    assert second in {row.id for row in await walked(rows, newest - overlap)}
    assert second not in {row.id for row in await walked(rows, newest - timedelta(minutes=5))}


async def test_pages_across_that_hour_lose_nothing(abroad):
    customers = [each["id"] for each in abroad.told("GET", "customer")["records"]]
    began = SET_BACK - timedelta(minutes=50)
    for place, customer in enumerate(customers):
        abroad.touch("customer", customer, began + timedelta(minutes=10 * (place % 12)))
    facet = abroad.account.reader.facets["Account", ERP]
    rows = rows_of(abroad.account, "Account")
    found = await walked(rows, began - timedelta(seconds=1) - abroad.account.feeds.traits["Account", ERP].overlap)
    assert sorted(row.id for row in found) == sorted(customers)
    assert facet.pushable["modifiedAt"].exact


async def test_an_invoice_falls_overdue_at_the_accounts_midnight(abroad):
    reader = abroad.account.reader
    projection = reader.project(reader.facets["Invoice", ERP], ["status"])
    customer = abroad.told("GET", "customer?limit=1")["records"][0]["id"]
    item = abroad.told("GET", "serviceSaleItem?limit=1")["records"][0]["id"]
    lines = {"items": [{"item": {"id": item}, "amount": 10}]}
    due = {"entity": {"id": customer}, "dueDate": "2026-11-20", "item": lines}
    invoice = abroad.told("POST", "invoice", due)["id"]
    found = []
    for hour in (4, 5):  # midnight of the 20th in New York is five o'clock of the 21st in UTC
        abroad.now.at = datetime(2026, 11, 21, hour, 30, tzinfo=UTC)
        page = await reader.read(projection, ReadQuery(by="id", keys=(invoice,)))
        found += [projection.getter("status")(row) for row in page.rows]
    assert found == [InvoiceStatus.POSTED, InvoiceStatus.OVERDUE]


async def test_deletions_in_that_hour_are_told_once(abroad):
    (log,) = abroad.account.feeds.logs
    abroad.now.at = SET_BACK - timedelta(minutes=30)
    position, told = log.start(), []
    subsidiary = abroad.told("GET", "subsidiary?limit=1")["records"][0]["id"]
    made = []
    for minutes in (-1, 1, 31, 65):
        named = {"companyName": f"Halden {minutes}", "subsidiary": {"id": subsidiary}}
        made.append(abroad.told("POST", "customer", named)["id"])
        abroad.now.at = SET_BACK + timedelta(minutes=minutes)
        abroad.told("DELETE", f"customer/{made[-1]}")
        page = await log.read(position)
        position = json.loads(json.dumps(page.position))
        told += [hint.external_id for hint in page.hints]
    assert told == made


# --------------------------------------------------------------------------------------- scripted answers


def deleted(number, kind="customer", at="2026-11-20T23:00:00"):
    return {"links": [], "id": str(number), "type": kind, "deleted": at}


async def test_many_deletions_are_told_in_pages_each_once(scripted, wire):
    (log,) = scripted().feeds.logs
    wire.page(*(deleted(number) for number in range(500)), total=502, more=True)
    wire.page(deleted(499), deleted(500), deleted(501), total=3)
    first = await log.read(log.start())
    second = await log.read(json.loads(json.dumps(first.position)))
    told = [hint.external_id for page in (first, second) for hint in page.hints]
    assert told == [str(number) for number in range(502)]
    assert (first.more, second.more) == (True, False)
    assert wire.body["params"] == ["2026-11-20 23:00:00", "2026-11-20 23:00:00", 499]


async def test_record_types_are_known_by_either_name_and_others_left_out(scripted, wire):
    (log,) = scripted().feeds.logs
    kinds = ("customer", "Job", "invoice", "CustInvc", "custpymt", "creditmemo", "supportcase", "")
    wire.page(*(deleted(number, kind) for number, kind in enumerate(kinds)))
    hints = (await log.read(log.start())).hints
    assert [hint.type for hint in hints] == ["Account", "Project", "Invoice", "Invoice", "Payment", "CreditMemo"]
    assert all(hint.gone for hint in hints)


@pytest.mark.parametrize("status", [400, 403])
async def test_an_account_that_refuses_to_tell_is_asked_again_a_day_later(scripted, wire, still, status, monkeypatch):
    (log,) = scripted().feeds.logs
    wire.says(REFUSED, status=status)
    page = await log.read(log.start())
    assert (page.hints, page.more) == ((), False)
    later = await log.read(json.loads(json.dumps(page.position)))
    assert len(wire.requests) == 1
    monkeypatch.setattr(still, "now", lambda: datetime(2026, 11, 21, 23, 31, tzinfo=UTC))
    wire.page(deleted(7))
    assert [hint.external_id for hint in (await log.read(later.position)).hints] == ["7"]


def test_zones_without_summer_time_need_no_more_than_the_usual_overlap(scripted):
    assert scripted(time_zone="Asia/Kolkata").feeds.traits["Invoice", ERP].overlap == timedelta(minutes=5)
    assert scripted(time_zone="Europe/London").feeds.traits["Invoice", ERP].overlap == timedelta(minutes=65)
