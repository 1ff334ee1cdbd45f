"""What keeps a deal from becoming a project: everything that is open, in plain words, with whose it is and where."""

import pytest

from schema.errors import BadUserInput, Queue
from schema.ids import RecordKey, encode_id
from sync.ledger.records import RunStatus
from tests.sync.acting.scene import CRM, ERP, PSA
from tests.sync.flows.stories import reasons
from tests.sync.flows.test_convert_opportunity import BY_MILESTONE, BY_TIME, FIXED, IN_REVIEW, Deal
from tests.sync.office import Office


async def test_a_deal_that_has_everything_is_ready(fresh_office: Office) -> None:
    office = fresh_office
    found = await office.desk.rules.what_is_missing(Deal(office, FIXED).id)
    assert found is not None
    assert (found.missing, found.project_id, found.run) == ((), None, None)


async def test_a_contract_in_review_is_its_owners_to_approve(office: Office) -> None:
    deal = Deal(office, IN_REVIEW)
    found = await office.desk.rules.what_is_missing(deal.id)
    assert found is not None
    missing = next(each for each in found.missing if each.condition == "contract-approved")
    assert missing.message.startswith("The contract is IN_REVIEW")
    assert (missing.queue, missing.role, missing.platform) == (Queue.SALES_OPS, CRM, "salesforce")
    assert missing.record_id == office.id_of("Contract", deal.contract)


async def test_everything_that_the_process_would_refuse_is_said_once(fresh_office: Office) -> None:
    office = fresh_office
    deal = Deal(office, BY_MILESTONE)
    office.control.change(
        "salesforce", "Opportunity", office.external(deal.sold, "salesforce"),
        StageName="Negotiation/Review", CW_Service_Code__c=None,
    )  # fmt: skip
    office.control.change("salesforce", "Contract", office.external(deal.contract, "salesforce"), CW_Value__c=None)
    office.control.change("netsuite", "customer", office.external(deal.account, "netsuite"), externalId=None)
    found = await office.desk.rules.what_is_missing(deal.id)
    reply = await office.ask("convertOpportunity", opportunityId=deal.id)
    assert found is not None
    assert sorted(each.message for each in found.missing) == sorted(refusal.message for refusal in reply.refusals)
    assert len(reasons(reply)) >= 4
    by_message = {each.message: each for each in found.missing}
    no_customer = next(each for message, each in by_message.items() if "no customer" in message)
    assert (no_customer.queue, no_customer.role, no_customer.platform) == (Queue.FINANCE, ERP, "netsuite")
    assert no_customer.record_id == office.id_of("Account", deal.account)
    no_template = next(each for message, each in by_message.items() if "no service code" in message)
    assert (no_template.queue, no_template.platform, no_template.record_id) == (Queue.SALES_OPS, "salesforce", deal.id)


async def test_what_it_has_become_is_told_with_the_run_that_did_it(fresh_office: Office) -> None:
    office = fresh_office
    deal = Deal(office, BY_TIME)
    run = await office.carried_out("convertOpportunity", opportunityId=deal.id)
    assert run.status is RunStatus.SUCCEEDED
    found = await office.desk.rules.what_is_missing(deal.id)
    assert found is not None
    assert found.missing == ()
    assert found.run == run
    [project] = [
        step.external_id
        for step in (await office.steps(run)).values()
        if (step.type, step.role) == ("Project", PSA.value)
    ]
    assert project is not None
    assert found.project_id == encode_id(RecordKey("Project", "kantata", project))


async def test_of_a_deal_that_isnt_there_nothing_is_told(office: Office) -> None:
    assert await office.desk.rules.what_is_missing(encode_id(RecordKey("Opportunity", "salesforce", "006x"))) is None
    with pytest.raises(BadUserInput):
        await office.desk.rules.what_is_missing(encode_id(RecordKey("Account", "salesforce", "001x")))
