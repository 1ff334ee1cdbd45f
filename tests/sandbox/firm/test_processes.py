"""What a process begins with is found in the answer key, as docs/sandbox.md tells, and is so on the platforms."""

from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any

import pytest

from sandbox.firm.answer_key import answer_key
from sandbox.world import World, build_world


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(accounts=40, as_of=date(2026, 11, 20), clock=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))


@pytest.fixture(scope="module")
def told(world: World) -> dict[str, Any]:
    return answer_key(world.firm, world.platforms, world.clock)


def test_won_opportunities_without_a_project_have_a_contract_that_no_workspace_names(
    world: World, told: dict[str, Any]
) -> None:
    contracts = {each["key"]: each for each in told["Contract"]}
    ready = [
        contracts[each["contract"]]
        for each in told["Opportunity"]
        if each["stage"] == "WON" and each["contract"] and each["project"] is None
    ]
    ready = [each for each in ready if each["status"] in {"APPROVED", "ACTIVE"}]
    assert len(ready) == 7
    named = {each["service_model_ref"] for each in world.platforms["kantata"].tables["external_references"]}
    statuses = {"APPROVED": "Approved", "ACTIVE": "Activated"}
    for contract in ready:
        record_id = contract["records"]["salesforce"]["id"]
        assert record_id not in named
        shown = world.platforms["salesforce"].show("Contract", record_id)
        assert shown is not None
        assert shown["Status"] == statuses[contract["status"]]


def test_approved_unbilled_time_and_expenses_are_what_kantata_would_invoice(world: World, told: dict[str, Any]) -> None:
    tables = world.platforms["kantata"].tables
    found: dict[str, list[str]] = defaultdict(list)
    for kind, table, billable in (("TimeEntry", "time_entries", "billable"), ("Expense", "expenses", "is_billable")):
        unbilled = {
            each["records"]["kantata"]["id"]: each["project"]
            for each in told[kind]
            if each["approval"] == "APPROVED" and each["billingState"] == "UNBILLED"
        }
        for record_id, project in unbilled.items():
            found[project].append(record_id)
        kept = {row["id"] for row in tables[table] if row[billable] and row["approved"] and not row["is_invoiced"]}
        assert set(unbilled) == kept
    assert len(found) == 49


def test_clients_that_the_erp_has_not_are_told_apart_from_those_it_has_unlinked(
    world: World, told: dict[str, Any]
) -> None:
    missing = [each for each in told["Account"] if "netsuite" not in {**each["records"], **each.get("unlinked", {})}]
    unlinked = [each for each in told["Account"] if "netsuite" in each.get("unlinked", {})]
    assert (len(missing), len(unlinked)) == (7, 1)
    externals = {row["externalid"] for row in world.platforms["netsuite"].tables["customer"]}
    assert not any(each["records"]["salesforce"]["id"] in externals for each in (*missing, *unlinked))
    assert {each["status"] for each in missing} == {"PROSPECT", "ACTIVE"}
