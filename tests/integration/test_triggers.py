"""From a change inside the CRM to the write in the ERP that follows from it, by the gateway alone."""

import asyncio
import time

import pytest

from gateway.cli.refusal import Refusal
from sync.ledger.port import RunQuery
from sync.ledger.records import ENDED, Run, RunStatus
from tests.integration.test_webhooks_in import PATIENCE, Installation, installation  # noqa: F401 - a fixture

NEW = "https://new.example"
RULE = "trigger:syncCustomers"


async def runs_of_rules(installed: Installation, count: int) -> list[Run]:
    """The runs that the rule has requested, newest first, once so many have ended."""
    until = time.monotonic() + PATIENCE
    while True:
        found = await installed.ledger.runs(RunQuery(requested_by={"eq": RULE}), first=50, before=None)
        if sum(run.status in ENDED for run in found) >= count:
            return list(found)
        assert time.monotonic() < until, found
        await asyncio.sleep(0.02)


async def test_a_clients_website_goes_from_crm_to_erp_by_itself(installation: Installation) -> None:  # noqa: F811
    firm = installation.control("GET", "/firm?type=Account")["Account"]
    client = next(found for found in firm if {"kantata", "netsuite"} <= found["records"].keys())
    account, customer = (client["records"][name]["id"] for name in ("salesforce", "netsuite"))
    async with installation.running():
        installation.subscribe("salesforce")
        installation.subscribe("netsuite")
        for number in (1, 2):
            await asyncio.to_thread(
                installation.control, "PATCH", f"/records/salesforce/Account/{account}", {"Website": f"{NEW}/{number}"}
            )
            run = (await runs_of_rules(installation, number))[0]
            assert (run.status, run.caller) == (RunStatus.SUCCEEDED, RULE)
            found = installation.control("GET", f"/records/netsuite/customer/{customer}")
            assert found["url"] == f"{NEW}/{number}"
            told = await installation.told(
                lambda events, wanted=number: sum(each.platform == "netsuite" for each in events) == wanted
            )
        assert told[-1].run == run.id, "our own write is known as such"
        assert [each.run for each in told if each.platform == "salesforce"] == [None, None]
        assert len(await runs_of_rules(installation, 2)) == 2


async def test_a_gateway_with_a_rule_that_isnt_there_doesnt_start(installation: Installation) -> None:  # noqa: F811
    installation.path.write_text(installation.path.read_text() + "triggers:\n  syncCustomer: on\n")
    with pytest.raises(Refusal, match="did you mean syncCustomers"):
        async with installation.running():
            pass
