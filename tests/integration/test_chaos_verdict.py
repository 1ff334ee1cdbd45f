"""What the chaos harness would find, were there something to find: a judge that can't convict proves nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.chaos.traces import Story
from benchmarks.chaos.verdict import ENTITIES, Judge, Verdict, overtaken
from schema.errors import Queue
from schema.ids import RecordKey, encode_id
from sync.ledger.records import (
    BusinessException,
    ExceptionState,
    Json,
    Operation,
    Run,
    RunStatus,
    Step,
    StepStatus,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ACCOUNT = encode_id(RecordKey("Account", "salesforce", "001"))
NEW = {"name": "Newcomer", "industry": "Engineering"}


@dataclass
class Court:
    """Runs, and the platforms' records as they are found afterwards."""

    records: dict[tuple[str, str], list[dict[str, Any]]] = field(
        default_factory=lambda: {(platform, entity): [] for platform, names in ENTITIES.items() for entity in names}
    )
    stories: list[Story] = field(default_factory=list)
    before: dict[tuple[str, str], frozenset[str]] = field(
        default_factory=lambda: {
            (platform, entity): frozenset() for platform, names in ENTITIES.items() for entity in names
        }
    )

    def run(
        self,
        workflow: str,
        status: RunStatus,
        given: Json,
        *,
        made: tuple[str, str] | None = None,
        queued: bool = False,
    ) -> Run:
        number = len(self.stories) + 1
        run = Run(
            id=f"run-{number}",
            sequence=number,
            workflow=workflow,
            version=1,
            status=status,
            correlation_id="c",
            caller="app",
            role="service",
            idempotency_key=f"key-{number}",
            input_hash="h",
            input=given,
            order_key=given.get("id"),
            created_at=NOW,
        )
        steps = () if made is None else (step(run, *made),)
        problems = (problem(run),) if queued else ()
        self.stories.append(Story(run=run, steps=steps, problems=problems))
        return run

    def account(self, record_id: str, **values: Any) -> None:
        self.records["salesforce", "Account"].append({"Id": record_id, "IsDeleted": False, **values})

    def verdict(self, **acknowledged: str) -> Verdict:
        return Judge(self.records, self.before, self.stories).verdict(acknowledged)


def step(run: Run, platform: str, external_id: str) -> Step:
    return Step(
        run_id=run.id,
        name="client in CRM",
        position=1,
        platform=platform,
        type="Account",
        role="CRM",
        operation=Operation.CREATE,
        status=StepStatus.SUCCEEDED,
        external_id=external_id,
        created=True,
    )


def problem(run: Run) -> BusinessException:
    return BusinessException(
        id=f"of-{run.id}",
        queue=Queue.SALES_OPS,
        status=ExceptionState.OPEN,
        code="REJECTED",
        message="No.",
        cause=f"{run.workflow}:{run.order_key or run.id}:step:REJECTED",
        raised_at=NOW,
        run_id=run.id,
    )


def found(verdict: Verdict) -> tuple[int, int]:
    return len(verdict.lost), len(verdict.duplicated)


@pytest.fixture
def court() -> Court:
    return Court()


def test_what_was_done_once_is_right(court: Court) -> None:
    run = court.run("createAccount", RunStatus.SUCCEEDED, NEW, made=("salesforce", "001"))
    court.account("001", Name="Newcomer")
    assert found(court.verdict(**{"key-1": run.id})) == (0, 0)


def test_a_record_that_a_run_claims_and_nobody_finds_is_lost(court: Court) -> None:
    court.run("createAccount", RunStatus.SUCCEEDED, NEW, made=("salesforce", "001"))
    assert found(court.verdict()) == (1, 0)


def test_a_second_record_is_duplicated_whoever_made_it(court: Court) -> None:
    court.run("createAccount", RunStatus.SUCCEEDED, NEW, made=("salesforce", "001"))
    court.account("001", Name="Newcomer")
    court.account("002", Name="Newcomer")
    lost, duplicated = found(court.verdict())
    assert lost == 0
    assert duplicated == 2  # one client too many, and a record that no run accounts for


def test_an_acknowledged_run_that_is_gone_is_lost(court: Court) -> None:
    assert found(court.verdict(key="run-9")) == (1, 0)


def test_a_key_that_stands_for_another_run_is_lost(court: Court) -> None:
    court.run("createAccount", RunStatus.FAILED, NEW, queued=True)
    assert found(court.verdict(**{"key-1": "run-9"})) == (1, 0)


def test_what_failed_must_lie_in_a_queue(court: Court) -> None:
    court.run("createAccount", RunStatus.FAILED, NEW, queued=True)
    assert found(court.verdict()) == (0, 0)
    court.run("createAccount", RunStatus.FAILED, NEW)
    assert found(court.verdict()) == (1, 0)


@pytest.mark.parametrize("status", [RunStatus.COMPENSATED, RunStatus.CANCELLED])
def test_what_was_undone_leaves_nothing(court: Court, status: RunStatus) -> None:
    court.run("createAccount", status, NEW, made=("salesforce", "001"))
    assert found(court.verdict()) == (0, 0)
    court.account("001", Name="Newcomer")
    assert found(court.verdict()) == (0, 2)  # by its name, and by the step that made it


@pytest.mark.parametrize("status", [RunStatus.PENDING, RunStatus.RUNNING, RunStatus.AWAITING_APPROVAL])
def test_what_never_ends_is_lost(court: Court, status: RunStatus) -> None:
    court.run("createAccount", status, NEW)
    assert found(court.verdict()) == (1, 0)


@pytest.mark.parametrize(("website", "lost"), [("https://second.example", 0), ("https://first.example", 1), (None, 1)])
def test_of_updates_the_last_that_was_accepted_holds(court: Court, website: str | None, lost: int) -> None:
    for name in ("first", "second"):
        given = {"id": ACCOUNT, "website": f"https://{name}.example"}
        court.run("updateAccount", RunStatus.SUCCEEDED, given)
    court.before["salesforce", "Account"] = frozenset({"001"})
    court.account("001", Website=website)
    assert found(court.verdict()) == (lost, 0)


def test_an_update_is_overtaken_by_one_of_the_same_fields_alone(court: Court) -> None:
    failed = court.run("updateAccount", RunStatus.FAILED, {"id": ACCOUNT, "website": "a"})
    other = court.run("updateAccount", RunStatus.SUCCEEDED, {"id": ACCOUNT, "billing": {"taxId": "GB1"}})
    same = court.run("updateAccount", RunStatus.SUCCEEDED, {"id": ACCOUNT, "website": "b"})
    assert not overtaken(failed, [failed, other])
    both = court.run("updateAccount", RunStatus.FAILED, {"id": ACCOUNT, "website": "c", "billing": {"taxId": "GB2"}})
    newer = court.run("updateAccount", RunStatus.SUCCEEDED, {"id": ACCOUNT, "website": "d"})
    assert not overtaken(both, [both, newer])
    assert overtaken(both, [both, newer], wholly=False)
    assert overtaken(failed, [failed, other, same])


def test_two_records_of_one_key_are_duplicated(court: Court) -> None:
    for number in ("1", "2"):
        court.records["kantata", "workspaces"].append({"id": number, "title": "Project"})
        court.records["kantata", "external_references"].append(
            {
                "subject_id": number,
                "service_name": "crosswalk",
                "service_model": "Project",
                "service_model_ref": "cwkey",
            }
        )
    court.before["kantata", "workspaces"] = frozenset({"1", "2"})
    assert found(court.verdict()) == (0, 1)


def test_work_on_two_invoices_is_duplicated(court: Court) -> None:
    for number in ("1", "2"):
        court.records["kantata", "invoices"].append({"id": number, "status": "new", "time_entry_ids": ["9"]})
    court.before["kantata", "invoices"] = frozenset({"1", "2"})
    assert found(court.verdict()) == (0, 1)
    court.records["kantata", "invoices"][0]["status"] = "cancelled"
    assert found(court.verdict()) == (0, 0)
