"""A client's fields go to their owners, whole or not at all."""

from sync.desk import RefusalCode
from sync.ledger.records import RunStatus, StepStatus
from tests.sync.office import Office


async def test_each_part_goes_to_its_owner(office: Office) -> None:
    client = next(found for found in office.of_firm("Account") if found["billing"] is not None)
    run = await office.carried_out(
        "updateAccount", id=office.id_of("Account", client), industry="Energy", billing={"legalName": "New Name Ltd"}
    )
    assert run.status is RunStatus.SUCCEEDED
    assert {step.status for step in (await office.steps(run)).values()} == {StepStatus.SUCCEEDED}
    crm = office.control.record("salesforce", "Account", office.external(client, "salesforce"))
    erp = office.control.record("netsuite", "customer", office.external(client, "netsuite"))
    assert crm is not None
    assert erp is not None
    assert crm["Industry"] == "Energy"
    assert erp["companyName"] == "New Name Ltd"


async def test_a_part_that_is_nobodys_to_write_refuses_the_whole(office: Office) -> None:
    client = next(found for found in office.of_firm("Account") if found["billing"] is not None)
    reply = await office.ask(
        "updateAccount", id=office.id_of("Account", client), website="https://new.example", ownerName="Somebody Else"
    )
    assert reply.run is None
    assert [(refusal.code, refusal.path) for refusal in reply.refusals] == [
        (RefusalCode.OWNERSHIP, ("input", "ownerName"))
    ]
    assert "CRM (salesforce)" in reply.refusals[0].message
    assert office.control.writes("salesforce") == 0
