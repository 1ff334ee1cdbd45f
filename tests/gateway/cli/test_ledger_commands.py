"""`migrate`, `audit verify` and `trace` on a ledger that a small story was written to."""

import asyncio
import json
import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from schema.errors import Queue
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.migrating import migrate
from sync.ledger.port import NewException, NewRun, Outcome, RunChange
from sync.ledger.records import ApprovalState, Audited, Operation, RunStatus, Step, StepStatus
from sync.migrations import REVISIONS

Crosswalk = Callable[..., subprocess.CompletedProcess[str]]


class SteppingClock:
    """Half a second passes between two looks."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=0.5)
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    """Beside an empty settings file, which leads to it."""
    (tmp_path / "crosswalk.yaml").write_text("", encoding="utf-8")
    path = tmp_path / "crosswalk.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def story(ledger_file: Path) -> None:
    asyncio.run(_written(f"sqlite:///{ledger_file}"))


async def _written(url: str) -> None:
    clock = SteppingClock()
    ledger = open_ledger(url, clock=clock)
    run = await ledger.accept(
        NewRun(
            id="run-1",
            workflow="postInvoice",
            version=1,
            correlation_id="c-1",
            caller="Bea",
            role="finance",
            idempotency_key="k-1",
            input_hash="h",
            input={"invoice": "INV-1"},
            reason="month's end",
            order_key="inv-1",
            plan=(),
            plan_hash="p",
            facts={},
            records=(),
            approval_role="finance",
            approval_until=clock.now() + timedelta(hours=72),
            audit=(_said("Bea", "run.requested", {"workflow": "postInvoice", "input": {"secret": 1}}),),
        )
    )
    approved = _said("Ann", "run.approved", {"role": "finance"})
    await ledger.decide(run.id, state=ApprovalState.APPROVED, by="Ann", comment="looks right", audit=approved)
    await _posted(ledger)
    await ledger.append_audit([Audited(actor="x", action="run.requested", detail={}, correlation_id="another")])
    await ledger.close()


async def _posted(ledger: DatabaseLedger) -> None:
    claimed = await ledger.claim("run-1", "w1", seconds=30)
    assert claimed is not None
    hold = claimed[1]
    step = Step(
        run_id="run-1",
        name="erp invoice",
        position=1,
        platform="netsuite",
        type="Invoice",
        role="ERP",
        operation=Operation.UPDATE,
        status=StepStatus.RUNNING,
        attempts=1,
    )
    begun = await ledger.begin(hold, step, Outcome())
    calls = [
        {"route": "PATCH /invoice/{id}", "status": 503, "ms": 41.5, "code": "UPSTREAM_UNAVAILABLE"},
        {"route": "GET /invoice/{id}", "status": None, "ms": 8000, "code": None},
    ]
    detail = {"step": "erp invoice", "before": {"status": "DRAFT"}, "after": {"status": "POSTED"}, "calls": calls}
    late = NewException(
        queue=Queue.FINANCE,
        code="LATE",
        message="Nobody answered.",
        cause="c",
        run_id="run-1",
        amount=Decimal("1200.50"),
        currency="EUR",
    )
    done = Outcome(audit=(_said("Bea", "step.done", detail, "netsuite"),), raised=(late,))
    await ledger.finish(hold, msgspec.structs.replace(begun, status=StepStatus.SUCCEEDED), done)
    await ledger.release(hold, RunChange(status=RunStatus.SUCCEEDED), Outcome())


def _said(actor: str, action: str, detail: object, platform: str | None = None) -> Audited:
    return Audited(actor=actor, action=action, detail=detail, platform=platform, correlation_id="c-1", run_id="run-1")


# ----------------------------------------------------------------------------------------------------------- migrate


def test_migrating_makes_the_tables_once(crosswalk: Crosswalk, tmp_path: Path) -> None:
    (tmp_path / "crosswalk.yaml").write_text("ledger: {url: 'sqlite:///mine.db'}", encoding="utf-8")
    first, second = crosswalk("migrate"), crosswalk("migrate")
    assert (first.returncode, second.returncode) == (0, 0)
    assert first.stdout == f"The ledger's tables are made, at revision {REVISIONS[-1]}.\n"
    assert second.stdout == f"The ledger is at revision {REVISIONS[-1]} already.\n"
    assert (tmp_path / "mine.db").exists()


def test_migrating_what_cannot_be_reached_says_why_and_no_password(crosswalk: Crosswalk, tmp_path: Path) -> None:
    (tmp_path / "crosswalk.yaml").write_text("", encoding="utf-8")
    environ = {"CROSSWALK_LEDGER__URL": "postgresql://app:s3cret@127.0.0.1:1/crosswalk"}
    ran = crosswalk("migrate", environ=environ)
    assert ran.returncode == 1
    assert "crosswalk: ledger: The ledger's database can't be reached" in ran.stderr
    assert "s3cret" not in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_folder_that_is_not_there_is_told(crosswalk: Crosswalk, tmp_path: Path) -> None:
    (tmp_path / "crosswalk.yaml").write_text("ledger: {url: 'sqlite:///nowhere/mine.db'}", encoding="utf-8")
    ran = crosswalk("migrate")
    assert ran.returncode == 1
    assert f"the file {tmp_path}/nowhere/mine.db can't be made: No such file or directory" in ran.stderr


# ------------------------------------------------------------------------------------------------------ audit verify


def test_a_whole_chain_is_whole_and_its_end_is_told(crosswalk: Crosswalk, story: None, ledger_file: Path) -> None:
    ran = crosswalk("audit", "verify")
    assert ran.returncode == 0
    with closing(sqlite3.connect(ledger_file)) as ledger:
        (last,) = ledger.execute("select hash from audit order by sequence desc limit 1").fetchone()
    assert ran.stdout == f"The audit chain is whole: 4 entries, the last one's hash is {last}\n"


def test_the_first_broken_entry_is_named(crosswalk: Crosswalk, story: None, ledger_file: Path) -> None:
    with closing(sqlite3.connect(ledger_file)) as ledger, ledger:
        ledger.execute("update audit set actor = 'Bob' where sequence >= 2")
    ran = crosswalk("audit", "verify")
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        "crosswalk: the audit chain is broken: entry 2 isn't what was written",
        "crosswalk: it is whole up to entry 1",
    ]


@pytest.mark.parametrize("command", [("audit", "verify"), ("trace", "c-1")])
def test_a_mistyped_path_doesnt_look_like_an_empty_ledger(
    crosswalk: Crosswalk, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "crosswalk.yaml").write_text("", encoding="utf-8")
    ran = crosswalk(*command)
    assert ran.returncode == 1
    assert f"there is no file {tmp_path}/crosswalk.db" in ran.stderr
    assert not (tmp_path / "crosswalk.db").exists()


# ------------------------------------------------------------------------------------------------------------- trace

TOLD = """\
2026-11-20 09:00:01 UTC
   +0.000s  Bea (finance) asked for postInvoice: run run-1
              reason: month's end
              idempotency key k-1, now SUCCEEDED
   +0.000s  run.requested, by Bea (audit 1)
   +0.000s  waits for finance until 2026-11-23 09:00 UTC
              APPROVED by Ann
              comment: looks right
   +0.500s  run.approved, by Ann (audit 2)
              role finance
   +1.500s  step erp invoice: UPDATE Invoice on netsuite, now SUCCEEDED
   +2.000s  step.done erp invoice on netsuite, by Bea (audit 3)
              status: DRAFT -> POSTED
              call PATCH /invoice/{id}: 503 UPSTREAM_UNAVAILABLE, 41.5 ms
              call GET /invoice/{id}: no answer, 8000 ms
   +2.000s  LATE for FINANCE, now OPEN, 1200.50 EUR at stake
              Nobody answered.
   +2.500s  run run-1 SUCCEEDED
"""


@pytest.mark.parametrize("name", ["c-1", "run-1"])
def test_a_story_is_told_in_the_order_of_time(crosswalk: Crosswalk, story: None, name: str) -> None:
    ran = crosswalk("trace", name)
    assert ran.returncode == 0
    assert ran.stdout == TOLD


def test_a_program_gets_it_as_json(crosswalk: Crosswalk, story: None) -> None:
    told = json.loads(crosswalk("trace", "c-1", "--json").stdout)
    assert [moment["happened"] for moment in told] == [
        "requested",
        "audited",
        "approval",
        "audited",
        "begun",
        "audited",
        "raised",
        "ended",
    ]
    assert told[0]["kind"] == "Run"
    assert told[0]["about"]["id"] == "run-1"
    assert told[5]["about"]["detail"]["calls"][0]["status"] == 503
    assert all(re.fullmatch(r"2026-11-20T09:00:0\dZ|2026-11-20T09:00:0\d\.5\d*Z", moment["at"]) for moment in told)


def test_what_the_ledger_doesnt_know_is_told(crosswalk: Crosswalk, ledger_file: Path) -> None:
    ran = crosswalk("trace", "c-9")
    assert ran.returncode == 1
    assert "the ledger knows nothing of c-9" in ran.stderr
