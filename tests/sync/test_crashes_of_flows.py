"""The firm's own processes end as if nothing had happened, wherever a worker died over them."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import pytest

from sync.ledger.records import FINISHED, Run, RunStatus
from tests.sync.flows.stories import everything, unknown_to_erp
from tests.sync.office import Office
from tests.sync.watched import Watched, thorough

DEATHS = 3
"""How many moments of each process are tried, unless the tests are thorough: then it is every one."""
_KEY = re.compile(r"\bcw[a-z2-7]{26}\b")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.,+Z-]*")

Begin = Callable[[Office], Awaitable[Run]]


async def update_account(office: Office) -> Run:
    client = next(found for found in office.of_firm("Account") if found["billing"] is not None)
    return await office.accepted(
        "updateAccount", id=office.id_of("Account", client), industry="Energy", billing={"legalName": "New Name Ltd"}
    )


async def onboard_customer(office: Office) -> Run:
    entities = office.of_firm("LegalEntity")
    euro = [found for found in entities if found["currency"] == "EUR"][:2]
    return await office.accepted(
        "onboardCustomer",
        accountId=office.id_of("Account", unknown_to_erp(office)[0]),
        legalEntityIds=[office.id_of("LegalEntity", entity) for entity in euro],
        taxId="DE811907980",
        billTo={"lines": ["1 High Street"], "city": "Berlin", "country": "DE"},
    )


async def convert_opportunity(office: Office) -> Run:
    return await office.accepted("convertOpportunity", opportunityId=office.id_of("Opportunity", _won(office)))


async def create_invoice(office: Office) -> Run:
    due = {found["project"] for found in office.of_firm("TimeEntry", approval="APPROVED", billingState="UNBILLED")}
    for project in office.of_firm("Project"):
        if project["key"] in due:
            reply = await office.ask("createInvoice", projectId=office.id_of("Project", project))
            if reply.run is not None:
                return reply.run
    raise AssertionError("no project has something to bill")


async def post_invoice(office: Office) -> Run:
    invoice = office.of_firm("Invoice", status="DRAFT")[0]
    run = await office.accepted("postInvoice", role="finance", asker="ada", invoiceId=office.id_of("Invoice", invoice))
    reply = await office.desk.approve(office.caller("finance", "bo"), run.id, comment=None)
    assert reply.run is not None
    return reply.run


async def taken_back(office: Office) -> Run:
    run = await office.worked((await onboard_customer(office)).id)
    reply = await office.desk.compensate(office.caller("admin"), run.id)
    assert reply.run is not None
    return reply.run


PROCESSES: Mapping[str, Begin] = {
    each.__name__: each
    for each in (update_account, onboard_customer, convert_opportunity, create_invoice, post_invoice, taken_back)
}


@dataclass(frozen=True)
class Ended:
    """How it all stands at the end, but for keys and instants."""

    status: RunStatus
    world: Mapping[str, str]

    @classmethod
    async def of(cls, office: Office, run: Run) -> "Ended":
        told = {name: json.dumps(record, sort_keys=True, default=str) for name, record in everything(office).items()}
        return cls(run.status, {name: _INSTANT.sub("now", _KEY.sub("key", text)) for name, text in told.items()})


@pytest.mark.parametrize("process", list(PROCESSES))
async def test_it_ends_as_if_nothing_had_happened(watched: Watched, process: str) -> None:
    office, begin = watched.office, PROCESSES[process]
    clean = await _begun(watched, begin)
    assert not await watched.dies_at(100_000, clean.id)
    moments = watched.witness.points
    found = await office.ledger.run(clean.id)
    assert found is not None
    expected = await Ended.of(office, found)
    assert expected.status in (RunStatus.SUCCEEDED, RunStatus.COMPENSATED)
    for point in _chosen(moments, process, office):
        run = await _begun(watched, begin)
        died = await watched.dies_at(point, run.id)
        assert died or point > moments * 0.9, "the first one has also asked for what is asked for once"
        before = {name: step for name, step in (await office.steps(run)).items() if step.status in FINISHED}
        watched.office.clock.advance(31)
        run = await watched.worked(run, owner="heir")
        ended = await Ended.of(office, run)
        assert ended.status is expected.status, point
        assert _differences(ended.world, expected.world) == [], point
        steps = await office.steps(run)
        repeated = [name for name, step in before.items() if steps[name].attempts != step.attempts]
        assert not repeated, point
        assert not await office.problems(run), point
    assert (await office.ledger.verify_audit())[1] is None


# ------------------------------------------------------------------------------------------------------------- pieces


async def _begun(watched: Watched, begin: Begin) -> Run:
    """The process accepted in a firm as generated, by a process that has signed in."""
    watched.office.control.send("POST", "/reset")
    for platform in watched.office.platforms.values():
        await platform.probe()
    return await begin(watched.office)


def _chosen(moments: int, process: str, office: Office) -> list[int]:
    if thorough():
        return list(range(1, moments + 1))
    sqlite = not office.ledger._transactions._database.is_postgres  # type: ignore[attr-defined]
    between = moments / DEATHS
    return sorted({1 + int(between * (number + (0.25 if sqlite else 0.75))) for number in range(DEATHS)})


def _differences(found: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    names = dict.fromkeys((*found, *expected))
    return [
        f"{name}: {found.get(name)} instead of {expected.get(name)}"
        for name in names
        if found.get(name) != expected.get(name)
    ]


def _won(office: Office) -> Mapping[str, object]:
    """An opportunity that waits for its project, with milestones."""
    agreed = {found["key"]: found for found in office.of_firm("Contract") if found["status"] in ("APPROVED", "ACTIVE")}
    waiting = [
        found
        for found in office.of_firm("Opportunity", stage="WON")
        if found.get("contract") in agreed and not found.get("project")
    ]
    return next(found for found in waiting if agreed[found["contract"]]["milestones"])
