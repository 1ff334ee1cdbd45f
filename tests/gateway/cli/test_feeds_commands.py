"""`crosswalk feeds` and `crosswalk events` on a ledger that feeds have written to."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.clock import SystemClock
from sync.ledger.database import open_ledger
from sync.ledger.migrating import migrate
from sync.ledger.port_of_changes import FeedChange, Observation, RecordChange, Told

Crosswalk = Callable[..., subprocess.CompletedProcess[str]]
INVOICES, PROJECTS, LOG = "netsuite:Invoice:ERP", "kantata:Project:PSA", "netsuite:log:deletions"


@pytest.fixture
def installation(tmp_path: Path) -> str:
    (tmp_path / "crosswalk.yaml").write_text("", encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'crosswalk.db'}"
    asyncio.run(_written(url))
    return url


async def _written(url: str) -> None:
    await migrate(url)
    ledger = open_ledger(url, clock=SystemClock())
    platforms = {INVOICES: "netsuite", LOG: "netsuite", PROJECTS: "kantata"}
    await ledger.feeds.declare(platforms, interval=5.0)
    now = datetime.now(UTC)
    taken = await ledger.feeds.take([INVOICES], seconds=60)
    assert taken is not None
    position = {"live": {"high": "2026-11-20T08:00:00Z"}}
    counts = {"rows": 120, "changes": 3, "holes": 1}
    change = FeedChange(
        position=position,
        next_at=now,
        reached_at=now - timedelta(seconds=30),
        round_at=now,
        interval=7.5,
        counts=counts,
    )
    await ledger.feeds.give_back(taken, change)
    taken = await ledger.feeds.take([PROJECTS], seconds=60)
    assert taken is not None
    broken = FeedChange(failures=4, error="UPSTREAM_UNAVAILABLE: it is away", next_at=now + timedelta(hours=1))
    await ledger.feeds.give_back(taken, broken)
    await ledger.snapshots.observe([_observed(number, now) for number in range(3)])
    await ledger.close()


def _observed(number: int, now: datetime) -> Observation:
    change = RecordChange(
        type="Invoice",
        role="ERP",
        platform="netsuite",
        entity="invoice",
        external_id=str(number),
        changes={"status": ("POSTED", "PAID")},
        occurred_at=now,
        observed_at=now,
        noticed_by="feed",
    )
    told = Told(subject=f"invoice-{number}", correlation_id="c", change=change)
    return Observation(
        platform="netsuite",
        type="Invoice",
        role="ERP",
        external_id=str(number),
        expected=0,
        values={"status": "PAID"},
        told=(told,),
    )


@pytest.mark.usefixtures("installation")
def test_the_table_tells_how_each_feed_stands(crosswalk: Crosswalk) -> None:
    ran = crosswalk("feeds")
    assert ran.returncode == 0, ran.stderr
    rows = {line.split()[0]: line for line in ran.stdout.splitlines()}
    assert rows[INVOICES].split()[1] == "waiting"
    for cell in ("7.5s", "120", "2026-11-20T08:00:00Z"):
        assert cell in rows[INVOICES]
    assert rows[PROJECTS].split()[1] == "failing"
    assert "it is away" in ran.stdout


@pytest.mark.usefixtures("installation")
def test_a_program_gets_json(crosswalk: Crosswalk) -> None:
    found = {feed["name"]: feed for feed in json.loads(crosswalk("feeds", "--json").stdout)}
    assert found[INVOICES]["counts"] == {"rows": 120, "changes": 3, "holes": 1}
    assert 29 < found[INVOICES]["lagSeconds"] < 90
    assert found[PROJECTS]["failures"] == 4
    assert found[PROJECTS]["lagSeconds"] is None


@pytest.mark.usefixtures("installation")
def test_a_platform_is_paused_and_resumed(crosswalk: Crosswalk) -> None:
    assert crosswalk("feeds", "pause", "netsuite").returncode == 0
    statuses = {feed["name"]: feed["status"] for feed in json.loads(crosswalk("feeds", "--json").stdout)}
    assert statuses == {INVOICES: "paused", LOG: "paused", PROJECTS: "failing"}
    assert crosswalk("feeds", "resume", "netsuite").returncode == 0
    statuses = {feed["name"]: feed["status"] for feed in json.loads(crosswalk("feeds", "--json").stdout)}
    assert statuses[INVOICES] == "waiting"
    wrong = crosswalk("feeds", "pause", "netsweet")
    assert wrong.returncode != 0
    assert "there are kantata, netsuite" in wrong.stderr


@pytest.mark.usefixtures("installation")
def test_a_backfill_is_ordered(crosswalk: Crosswalk) -> None:
    ran = crosswalk("feeds", "backfill", INVOICES, "--from", "2026-11-01T00:00:00+01:00")
    assert "changed since 2026-10-31 23:00:00 UTC" in ran.stdout
    found = {feed["name"]: feed for feed in json.loads(crosswalk("feeds", "--json").stdout)}
    assert found[INVOICES]["status"] == "backfill"
    assert found[INVOICES]["backfill"]["since"] == "2026-10-31T23:00:00Z"


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((INVOICES, "--from", "yesterday"), "is no instant"),
        ((INVOICES, "--from", "2026-11-01T00:00:00"), "has no zone"),
        (("netsuite:Bill:ERP",), "there is no feed netsuite:Bill:ERP"),
        ((LOG,), "only feeds of records"),
    ],
)
def test_a_backfill_that_cant_be_meant_is_refused(crosswalk: Crosswalk, arguments: tuple[str, ...], told: str) -> None:
    ran = crosswalk("feeds", "backfill", *arguments)
    assert ran.returncode != 0
    assert told in ran.stderr


@pytest.mark.usefixtures("installation")
def test_events_are_told_and_gone_on_with_behind_a_cursor(crosswalk: Crosswalk) -> None:
    lines = crosswalk("events").stdout.splitlines()
    assert len(lines) == 3
    assert "record.Invoice" in lines[0]
    assert "status POSTED -> PAID" in lines[0]
    behind = crosswalk("events", "--after", "2", "--json").stdout.splitlines()
    assert [json.loads(line)["cursor"] for line in behind] == [3]
    assert crosswalk("events", "--kind", "record.Project").stdout == ""


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("--after", "99"), "is no cursor of this ledger"), (("--kind", "record.Bill"), "there is no kind record.Bill")],
)
def test_events_that_cant_be_meant_are_refused(crosswalk: Crosswalk, arguments: tuple[str, ...], told: str) -> None:
    ran = crosswalk("events", *arguments)
    assert ran.returncode != 0
    assert told in ran.stderr
