"""The desk says at once what can't be meant, takes on what can, and answers in time whatever is away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runtime.clock import SystemClock
from runtime.database import TOTAL_SECONDS, open_database
from schema.errors import LedgerUnavailable, UpstreamUnavailable
from sync.desk import RefusalCode, Request
from sync.ledger.database import DatabaseLedger
from sync.ledger.port import RunQuery
from sync.ledger.records import RunStatus
from tests.sync.office import Office, open_office
from tests.sync.test_relay import Locked

SECONDS = 1.0
"""That one transaction may take here: less than in earnest, so that nobody has to wait."""

WORDS: list[tuple[dict[str, Any], tuple[str, ...], str]] = [
    ({"name": "Acme\x00"}, ("input", "name"), "control character"),
    ({"name": "Acme\x1b[31m"}, ("input", "name"), "control character"),
    ({"name": "\ud800"}, ("input", "name"), "control character"),
    ({"industry": "E" * 4_001}, ("input", "industry"), "at most 4000"),
    ({"billing": {"billTo": {"lines": ("a", "b\x07")}}}, ("input", "billing", "billTo", "lines", "1"), "control"),
    ({"billing": {"billTo": {"lines": ("x",) * 10_000}}}, ("input", "billing", "billTo", "lines"), "at most 1000"),
]


async def test_words_that_no_platform_takes_are_refused_where_they_stand(office: Office) -> None:
    client = office.id_of("Account", office.of_firm("Account")[0])
    for wish, place, said in WORDS:
        reply = await office.ask("updateAccount", id=client, **wish)
        (refusal,) = reply.refusals
        assert (refusal.code, refusal.path) == (RefusalCode.INVALID, place)
        assert said in refusal.message
        assert len(refusal.message) < 200
    await nothing_came_of_it(office)


async def test_everything_that_is_wrong_with_the_words_is_said_at_once(office: Office) -> None:
    client = office.id_of("Account", office.of_firm("Account")[0])
    reply = await office.ask("updateAccount", id=client, key=" ", name="\x00", industry="\x01", reason="\x02")
    assert [refusal.path for refusal in reply.refusals] == [
        ("input", "idempotencyKey"),
        ("input", "name"),
        ("input", "industry"),
        ("input", "reason"),
    ]
    await nothing_came_of_it(office)


async def test_an_input_that_can_not_be_read_is_refused(office: Office) -> None:
    client = office.id_of("Account", office.of_firm("Account")[0])
    for wish in ({"id": client, "shoeSize": 44}, {"name": "No id"}, {"id": client, "billing": "none"}, {"id": 5}):
        reply = await office.ask("updateAccount", **wish)
        assert [refusal.code for refusal in reply.refusals] == [RefusalCode.INVALID]
    await nothing_came_of_it(office)


async def test_an_id_of_something_else_is_refused(office: Office) -> None:
    project = office.id_of("Project", office.of_firm("Project")[0])
    for wrong in (project, "nonsense", ""):
        reply = await office.ask("updateAccount", id=wrong, industry="Energy")
        assert [refusal.code for refusal in reply.refusals] == [RefusalCode.INVALID]
    await nothing_came_of_it(office)


async def test_a_version_means_nothing_where_several_records_change(office: Office) -> None:
    reply = await office.ask("onboardCustomer", if_version="v1", accountId="a")
    assert (RefusalCode.INVALID, ("input", "ifVersion")) in [(found.code, found.path) for found in reply.refusals]
    await nothing_came_of_it(office)


async def nothing_came_of_it(office: Office) -> None:
    assert not any(office.control.calls(platform) for platform in office.platforms)
    assert await office.ledger.count_runs(RunQuery()) == 0


# --------------------------------------------------------------------------------------------------- something is away


async def test_what_can_not_be_planned_now_is_taken_on_and_planned_when_the_platform_is_back(office: Office) -> None:
    client = office.id_of("Account", office.of_firm("Account")[2])
    office.control.fault("salesforce", "down")
    run = await office.accepted("updateAccount", key="k", id=client, industry="Energy")
    assert (run.status, run.plan, run.order_key) == (RunStatus.PENDING, None, client)
    assert await office.accepted("updateAccount", key="k", id=client, industry="Energy") == run
    office.control.calm()
    done = await office.worked(run.id)
    assert done.status is RunStatus.SUCCEEDED
    assert done.plan is not None


async def test_what_turns_out_not_to_be_grantable_then_is_a_persons(office: Office) -> None:
    client = office.id_of("Account", office.of_firm("Account")[2])
    office.control.fault("salesforce", "down")
    run = await office.accepted("updateAccount", id=client, industry="Energy", ownerName="Somebody Else")
    office.control.calm()
    assert (await office.worked(run.id)).status is RunStatus.FAILED
    (problem,) = await office.problems(run)
    assert problem.code == "OWNERSHIP"
    assert office.control.writes("salesforce") == 0


async def test_a_dry_run_says_that_a_platform_is_away(office: Office) -> None:
    client = office.id_of("Account", office.of_firm("Account")[2])
    office.control.fault("salesforce", "down")
    with pytest.raises(UpstreamUnavailable):
        await office.ask("updateAccount", dry_run=True, id=client, industry="Energy")
    assert await office.ledger.count_runs(RunQuery()) == 0


@pytest.fixture
async def hurried(ledger_url: str, firm_sandbox: dict[str, Any], tmp_path: Path) -> AsyncIterator[Office]:
    """An office in real time, whose database has a second for each transaction."""
    ledger = DatabaseLedger(open_database(ledger_url, total_seconds=SECONDS), clock=SystemClock())
    folder = tmp_path / "hurried"
    folder.mkdir()
    opened = open_office(firm_sandbox, folder, ledger, SystemClock())  # type: ignore[arg-type]  # it is never advanced
    opened.control.calm()
    yield opened
    await opened.close()
    await ledger.close()


async def test_a_ledger_that_does_not_answer_is_said_in_time_and_the_same_key_is_safe(
    hurried: Office, ledger_url: str
) -> None:
    client = hurried.id_of("Account", hurried.of_firm("Account")[5])
    request = Request(workflow="updateAccount", wish={"id": client, "industry": "Energy"}, idempotency_key="k")
    caller = hurried.caller("sales_ops")
    loop = asyncio.get_running_loop()
    await hurried.ask("updateAccount", dry_run=True, id=client, industry="Energy")  # it is logged in by now
    async with Locked(ledger_url):
        began = loop.time()
        asked = [hurried.desk.request(caller, request) for _ in range(5)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert loop.time() - began < SECONDS + 2.0
    assert {type(answer) for answer in answers} == {LedgerUnavailable}
    assert all("the same idempotency key" in str(answer) for answer in answers)
    replies = [await hurried.desk.request(caller, request) for _ in range(3)]
    assert len({reply.run.id for reply in replies if reply.run is not None}) == 1
    assert await hurried.ledger.count_runs(RunQuery()) == 1
    assert TOTAL_SECONDS < 5  # in earnest
