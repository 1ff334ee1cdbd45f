"""The audit log tells a run's whole story, under the one id that its request came with, and can't be changed unseen."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from platforms.http import HttpRequest, HttpResponse, Transport
from platforms.keepalive import KeepAliveTransport
from runtime.correlation import correlation_id
from sync.desk import Caller, Request
from sync.ledger.database import DatabaseLedger
from sync.ledger.records import AuditEntry, Run, RunStatus
from sync.ledger.tables import audit
from tests.sync.conftest import HeldClock
from tests.sync.office import Office, open_office

STORY = "corr-of-the-story"
ANN = Caller(name="ann", role="finance", correlation_id=STORY)


class Listening:
    """Notes under which correlation id each call went out."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.heard: list[tuple[str, str | None]] = []

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's own word
        self.heard.append((f"{request.method} {request.url}", request.headers.get("X-Correlation-Id")))
        return await self._inner.send(request, timeout=timeout)

    async def close(self) -> None:
        await self._inner.close()


@pytest.fixture
def wire() -> Listening:
    return Listening(KeepAliveTransport())


@pytest.fixture
async def heard(
    firm_sandbox: dict[str, Any], tmp_path: Path, ledger: DatabaseLedger, clock: HeldClock, wire: Listening
) -> AsyncIterator[Office]:
    """An office whose calls are listened to, over a firm that is as new."""
    folder = tmp_path / "heard"
    folder.mkdir()
    opened = open_office(firm_sandbox, folder, ledger, clock, transport=wire)
    opened.control.send("POST", "/reset")
    opened.control.calm()
    yield opened
    opened.control.calm()
    await opened.close()


async def told(office: Office, correlation: str = STORY) -> list[AuditEntry]:
    return list(await office.ledger.audit_log(record_id=None, correlation_id=correlation, first=100, after=None))


def billed_client(office: Office) -> dict[str, Any]:
    return next(found for found in office.of_firm("Account") if found["billing"] is not None)


async def taken_on(office: Office, **more: Any) -> Run:
    wish = {
        "id": office.id_of("Account", billed_client(office)),
        "industry": "Energy",
        "billing": {"taxId": "SE559001122"},
    }
    request = Request(workflow="updateAccount", wish=wish, idempotency_key="k", reason="They moved.", **more)
    token = correlation_id.set(ANN.correlation_id)
    try:
        reply = await office.desk.request(ANN, request)
    finally:
        correlation_id.reset(token)
    assert reply.run is not None, reply.refusals
    return reply.run


async def whole_story(office: Office) -> Run:
    """Asked for, refused by the ERP, mended by a person, retried, done, and taken back."""
    run = await taken_on(office)
    body = {
        "title": "Bad Request",
        "o:errorDetails": [{"detail": "Invalid tax number", "o:errorCode": "INVALID_VALUE"}],
    }
    office.control.fault("netsuite", "status", status=400, body=body, times=1, match={"method": "PATCH"})
    assert (await office.worked(run.id)).status in (RunStatus.FAILED, RunStatus.COMPENSATED)
    return run


async def test_every_deed_is_told_with_its_values_and_the_platforms_answers(heard: Office) -> None:
    was = heard.control.record("salesforce", "Account", heard.external(billed_client(heard), "salesforce"))
    assert was is not None
    run = await taken_on(heard)
    assert (await heard.worked(run.id)).status is RunStatus.SUCCEEDED
    office_hours = heard.caller("sales_ops", "olga")
    assert (await heard.desk.compensate(office_hours, run.id)).run is not None
    assert (await heard.worked(run.id)).status is RunStatus.COMPENSATED
    entries = await told(heard)
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("run.requested", "ann"),
        ("step.done", "ann"),
        ("step.done", "ann"),
        ("run.succeeded", "ann"),
        ("run.compensated", "olga"),
        ("step.done", "ann"),
        ("step.done", "ann"),
        ("run.compensated", "ann"),
    ]
    assert {entry.run_id for entry in entries} == {run.id}
    asked, crm, erp, _, taken_back, *undone = [entry.detail for entry in entries[:-1]]
    assert asked == {
        "workflow": "updateAccount",
        "input": {"id": run.order_key, "industry": "Energy", "billing": {"taxId": "SE559001122"}},
        "reason": "They moved.",
        "policy": "finance may request updateAccount",
        "planHash": run.plan_hash,
    }
    assert [entry.platform for entry in entries if entry.action == "step.done"] == [
        "salesforce", "netsuite", "netsuite", "salesforce",
    ]  # fmt: skip
    assert (crm["before"], crm["after"]) == ({"industry": was["Industry"]}, {"industry": "Energy"})
    assert erp["after"] == {"billing.taxId": "SE559001122"}
    assert erp["before"] == {"billing.taxId": billed_client(heard)["billing"]["taxId"]}
    assert taken_back == {"workflow": "updateAccount", "was": "SUCCEEDED", "role": "sales_ops"}
    assert [detail["after"] for detail in undone] == [erp["before"], crm["before"]]
    for detail in (crm, erp, *undone):
        # Looked at, written, read back.
        assert [call["status"] for call in detail["calls"]] == [200, 204, 200]
        assert all(call["code"] is None and call["route"].startswith("/services/") for call in detail["calls"])
    assert {entry.record_id for entry in entries[:5]} == {run.order_key}


async def test_a_refusal_and_what_people_did_about_it_are_told(heard: Office) -> None:
    run = await whole_story(heard)
    failed = [entry for entry in await told(heard) if entry.action == "step.failed"]
    assert [entry.platform for entry in failed] == ["netsuite"]
    assert failed[0].detail["code"] == "UPSTREAM_REJECTED"
    assert "Invalid tax number" in failed[0].detail["message"]
    ((_, problem),) = await heard.ledger.exceptions(first=5)
    olga = heard.caller("sales_ops", "olga")
    await heard.desk.resolve(olga, problem.id, resolution="Told them.", dismiss=False)
    last = (await told(heard))[-1]
    assert (last.action, last.actor, last.run_id) == ("exception.resolved", "olga", run.id)


async def test_a_decision_is_told_with_the_plan_that_it_was_made_upon(heard: Office) -> None:
    (draft,) = heard.of_firm("Invoice", status="DRAFT")
    request = Request(workflow="postInvoice", wish={"invoiceId": heard.id_of("Invoice", draft)}, idempotency_key="p")
    reply = await heard.desk.request(ANN, request)
    assert reply.run is not None, reply.refusals
    await heard.desk.approve(heard.caller("finance", "omar"), reply.run.id, comment="As agreed.")
    assert (await heard.worked(reply.run.id)).status is RunStatus.SUCCEEDED
    entries = await told(heard)
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("run.requested", "ann"),
        ("approval.given", "omar"),
        ("run.planned", "ann"),
        ("step.done", "ann"),
        ("run.succeeded", "ann"),
    ]
    assert entries[1].detail == {
        "planHash": reply.run.plan_hash,
        "comment": "As agreed.",
        "policy": "finance decides",
        "role": "finance",
    }
    assert entries[2].detail["planHash"] == reply.run.plan_hash


async def test_one_id_leads_from_the_request_over_every_call_to_the_last_entry(heard: Office, wire: Listening) -> None:
    run = await taken_on(heard)
    planning = len(wire.heard)
    assert planning > 0
    assert (await heard.worked(run.id)).status is RunStatus.SUCCEEDED
    assert len(wire.heard) > planning
    assert {correlation for _, correlation in wire.heard} == {STORY}
    assert run.correlation_id == STORY
    entries = await told(heard)
    assert len(entries) == len(await heard.ledger.audit_log(record_id=None, correlation_id=None, first=99, after=None))
    steps = await heard.ledger.steps(run.id)
    assert {step.run_id for step in steps} == {run.id}
    events = await heard.ledger.events(after=0, kinds=["syncRun"], most=50)
    assert {event.correlation_id for event in events} == {STORY}


async def test_runs_that_are_worked_on_side_by_side_keep_their_ids_apart(heard: Office, wire: Listening) -> None:
    clients = [heard.id_of("Account", client) for client in heard.of_firm("Account")[:4]]
    runs = [await heard.accepted("updateAccount", id=client, industry="Shipping") for client in clients]
    wire.heard.clear()
    await heard.worked(runs[0].id)
    for run in runs[1:]:
        await heard.worked(run.id)
    by_run = {run.correlation_id: run for run in runs}
    for client, run in zip(heard.of_firm("Account")[:4], runs, strict=True):
        external = heard.external(client, "salesforce")
        ids = {correlation for call, correlation in wire.heard if f"/Account/{external}" in call}
        assert ids == {run.correlation_id}
    assert {correlation for _, correlation in wire.heard} == by_run.keys()


# ------------------------------------------------------------------------------------------------- changed by somebody


@pytest.fixture
def database(ledger_url: str) -> sa.Engine:
    kind, _, rest = ledger_url.partition("://")
    return sa.create_engine(f"{'postgresql+psycopg' if kind == 'postgresql' else kind}://{rest}")


async def kinds_of_entries(office: Office) -> dict[str, int]:
    """The sequence of one entry of each kind, of a story that has most of them."""
    await whole_story(office)
    (draft,) = office.of_firm("Invoice", status="DRAFT")
    posting = await office.accepted("postInvoice", role="finance", invoiceId=office.id_of("Invoice", draft))
    await office.desk.approve(office.caller("finance", "omar"), posting.id, comment="Yes.")
    await office.worked(posting.id)
    entries = await office.ledger.audit_log(record_id=None, correlation_id=None, first=100, after=None)
    return {entry.action: entry.sequence for entry in entries}


async def test_whatever_is_changed_in_whatever_entry_is_found(heard: Office, database: sa.Engine) -> None:
    kinds = await kinds_of_entries(heard)
    assert {"run.requested", "step.done", "step.failed", "approval.given", "run.succeeded"} <= kinds.keys()
    whole = await heard.ledger.verify_audit()
    assert whole[1] is None
    columns = [column.name for column in audit.c if column.name != "sequence"]
    for sequence in kinds.values():
        for column in columns:
            with database.begin() as connection:
                where = f"where sequence = {sequence}"
                (was,) = connection.exec_driver_sql(f"select {column} from audit {where}").one()
                other = "'2020-01-01 00:00:00.000000'" if column == "at" else "'forged'"
                connection.exec_driver_sql(f"update audit set {column} = {other} {where}")
            verdict = await heard.ledger.verify_audit()
            with database.begin() as connection:
                put_back = sa.text(f"update audit set {column} = :was {where}")
                connection.execute(put_back, {"was": was})
            assert verdict[1] is not None, f"{column} of entry {sequence}"
            assert verdict[0] in (sequence - 1, sequence)
    assert await heard.ledger.verify_audit() == whole


async def test_entries_that_are_taken_out_put_in_or_moved_are_found(heard: Office, database: sa.Engine) -> None:
    await kinds_of_entries(heard)
    count, problem = await heard.ledger.verify_audit()
    assert problem is None
    columns = ", ".join(column.name for column in audit.c if column.name != "sequence")
    with database.begin() as connection:
        connection.exec_driver_sql("create table kept as select * from audit")
    for sequence in range(1, count + 1):
        for tampering in (
            [f"delete from audit where sequence = {sequence}"],
            [
                f"delete from audit where sequence = {sequence}",
                "update audit set sequence = -sequence where sequence > 0",
                f"update audit set sequence = case when -sequence > {sequence} then -sequence - 1 else -sequence end",
                f"update head set audits = {count - 1}",
            ],
            [
                "update audit set sequence = -sequence where sequence > 0",
                f"update audit set sequence = case when -sequence >= {sequence} then -sequence + 1 else -sequence end",
                f"insert into audit (sequence, {columns}) select {sequence}, {columns} from kept where sequence = 1",
                f"update head set audits = {count + 1}",
            ],
            [
                f"update audit set sequence = 0 where sequence = {sequence}",
                f"update audit set sequence = {sequence} where sequence = {sequence % count + 1}",
                f"update audit set sequence = {sequence % count + 1} where sequence = 0",
            ],
        ):
            with database.begin() as connection:
                for statement in tampering:
                    connection.exec_driver_sql(statement)
            assert (await heard.ledger.verify_audit())[1] is not None, tampering
            with database.begin() as connection:
                connection.exec_driver_sql("delete from audit")
                connection.exec_driver_sql("insert into audit select * from kept")
                connection.exec_driver_sql(f"update head set audits = {count}")
    assert await heard.ledger.verify_audit() == (count, None)
    with database.begin() as connection:
        connection.exec_driver_sql("drop table kept")
