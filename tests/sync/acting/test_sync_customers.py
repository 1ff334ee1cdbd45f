"""What a client's CRM says of it reaches its customer in the ERP by itself."""

from typing import Any

from sync.ledger.records import RunStatus
from tests.sync.acting.scene import CRM, Happened, Scene
from tests.sync.flows.stories import record, unknown_to_erp
from tests.sync.office import Office

NEW = "https://new.example"


def known_everywhere(office: Office) -> dict[str, Any]:
    return next(found for found in office.of_firm("Account") if {"kantata", "netsuite"} <= found["records"].keys())


def website(office: Office, client: dict[str, Any], value: str | None = NEW) -> Happened:
    account = office.external(client, "salesforce")
    office.control.change("salesforce", "Account", account, Website=value)
    return Happened(type="Account", role=CRM, external_id=account, changes={"website": (client["website"], value)})


async def test_another_website_is_brought_to_the_erp(fresh_office: Office) -> None:
    office = fresh_office
    client, scene = known_everywhere(office), Scene(office, syncCustomers="on")
    await scene.tell(website(office, client))
    await scene.acted()
    [run] = await scene.worked()
    assert run.status is RunStatus.SUCCEEDED
    assert record(office, "netsuite", "customer", office.external(client, "netsuite"))["url"] == NEW


async def test_a_value_that_comes_back_is_brought_there_again(fresh_office: Office) -> None:
    office = fresh_office
    client, scene = known_everywhere(office), Scene(office, syncCustomers="on")
    for value in (NEW, client["website"], NEW):
        await scene.tell(website(office, client, value))
        await scene.acted()
        await scene.worked()
        assert record(office, "netsuite", "customer", office.external(client, "netsuite"))["url"] == value
    assert len(await scene.runs()) == 3


async def test_where_every_platform_says_the_same_nothing_starts(fresh_office: Office) -> None:
    office = fresh_office
    client, scene = known_everywhere(office), Scene(office, syncCustomers="on")
    customer = office.external(client, "netsuite")
    office.control.change("netsuite", "customer", customer, url=NEW)
    group = office.external(client, "kantata")
    office.control.change("kantata", "workspace_group", group, name=client["name"])
    await scene.tell(website(office, client))
    await scene.acted()
    assert await scene.runs() == []


async def test_a_client_that_no_other_platform_knows_is_left_alone(fresh_office: Office) -> None:
    office = fresh_office
    client = next(found for found in unknown_to_erp(office) if "kantata" not in found["records"])
    scene = Scene(office, syncCustomers="on")
    await scene.tell(website(office, client))
    await scene.acted()
    assert await scene.runs() == []
    assert await scene.problems() == []
