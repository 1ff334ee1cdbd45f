"""A contract is approved and its opportunity won: the deal becomes a project, once, whatever is told when."""

from typing import Any

from schema.errors import Queue
from sync.ledger.records import ExceptionState, RunStatus
from tests.sync.acting.scene import CRM, ERP, Happened, Scene
from tests.sync.flows.test_convert_opportunity import BY_TIME, FIXED, IN_REVIEW, RETAINER, Deal
from tests.sync.office import Office

RULE = "convertWonDeals"


def won(office: Office, deal: Deal) -> Happened:
    return Happened(
        type="Opportunity",
        role=CRM,
        external_id=office.external(deal.sold, "salesforce"),
        changes={"stage": ("COMMITTED", "WON")},
    )


def approved(office: Office, deal: Deal, **more: Any) -> Happened:
    return Happened(
        type="Contract",
        role=CRM,
        external_id=office.external(deal.contract, "salesforce"),
        changes={"status": ("IN_REVIEW", "APPROVED")},
        **more,
    )


def stage(office: Office, deal: Deal, name: str) -> None:
    office.control.change("salesforce", "Opportunity", office.external(deal.sold, "salesforce"), StageName=name)


async def test_both_hold_and_the_deal_becomes_a_project_by_itself(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene = Deal(office, FIXED), Scene(office, convertWonDeals="on")
    await scene.tell(approved(office, deal))
    await scene.acted()
    [run] = await scene.worked()
    assert run.status is RunStatus.SUCCEEDED
    assert (run.workflow, run.caller, run.role) == ("convertOpportunity", f"trigger:{RULE}", "service")
    assert run.order_key == deal.id
    event = (await office.ledger.events(after=0, kinds=["record.Contract"], most=10))[0]
    assert run.correlation_id == event.correlation_id


async def test_the_same_told_again_and_again_starts_nothing_more(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene = Deal(office, BY_TIME), Scene(office, convertWonDeals="on")
    for _ in range(2):
        await scene.tell(won(office, deal), approved(office, deal), won(office, deal))
        await scene.acted()
    await scene.worked()
    await scene.tell(approved(office, deal), won(office, deal))
    await scene.acted()
    assert [run.status for run in await scene.runs()] == [RunStatus.SUCCEEDED]
    assert await scene.problems() == []


async def test_while_the_contract_is_in_review_nothing_starts(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene = Deal(office, IN_REVIEW), Scene(office, convertWonDeals="on")
    await scene.tell(won(office, deal))
    await scene.acted()
    assert await scene.runs() == []
    assert await scene.problems() == [], "that is how it should be, and nobody's problem"


async def test_what_is_only_proposed_waits_for_the_pmo(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene = Deal(office, RETAINER), Scene(office, convertWonDeals="propose")
    await scene.tell(won(office, deal), approved(office, deal))
    await scene.acted()
    [run] = await scene.worked()
    assert run.status is RunStatus.AWAITING_APPROVAL
    approval = await office.ledger.approval(run.id)
    assert approval is not None
    assert approval.required_role == "pmo"
    assert run.plan, "who decides sees what would be done"
    await scene.tell(won(office, deal))
    await scene.acted()
    assert len(await scene.runs()) == 1
    assert (await office.desk.approve(office.caller("pmo"), run.id, comment=None)).run is not None
    assert (await office.worked(run.id)).status is RunStatus.SUCCEEDED


async def test_what_a_person_has_rejected_isnt_proposed_again(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene = Deal(office, RETAINER), Scene(office, convertWonDeals="propose")
    await scene.tell(won(office, deal))
    await scene.acted()
    [run] = await scene.runs()
    assert (await office.desk.reject(office.caller("pmo"), run.id, comment="Next year.")).run is not None
    office.clock.advance(7200)
    await scene.tell(won(office, deal), approved(office, deal))
    await scene.acted()
    assert [each.status for each in await scene.runs()] == [RunStatus.CANCELLED]


async def test_a_rule_that_is_off_starts_nothing(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene = Deal(office, FIXED), Scene(office)
    await scene.tell(won(office, deal), approved(office, deal))
    await scene.acted()
    assert await scene.runs() == []


async def test_our_own_write_starts_nothing(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene = Deal(office, FIXED), Scene(office, convertWonDeals="on")
    await scene.tell(approved(office, deal, run="run-1"))
    await scene.acted()
    assert await scene.runs() == []


async def test_missing_terms_are_their_owners_problem_until_they_are_there(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene = Deal(office, FIXED), Scene(office, convertWonDeals="on")
    sold = office.external(deal.sold, "salesforce")
    office.control.change("salesforce", "Opportunity", sold, CW_Service_Code__c="XXX")
    await scene.tell(won(office, deal))
    await scene.acted()
    assert await scene.runs() == []
    [problem] = await scene.problems()
    assert (problem.queue, problem.code, problem.record_id) == (Queue.SALES_OPS, "TRIGGER_REFUSED", deal.id)
    assert "service code 'XXX'" in problem.message

    await scene.tell(approved(office, deal))
    await scene.acted()
    assert [(each.id, each.seen) for each in await scene.problems()] == [(problem.id, 1)], "one problem, one exception"

    office.control.change("salesforce", "Opportunity", sold, CW_Service_Code__c=deal.sold["serviceCode"])
    office.clock.advance(3600)
    await scene.acted()
    [run] = await scene.worked()
    assert run.status is RunStatus.SUCCEEDED
    settled = await office.ledger.exception(problem.id)
    assert settled is not None
    assert (settled.status, settled.resolved_by) == (ExceptionState.RESOLVED, "crosswalk")


async def test_what_a_person_has_dismissed_comes_up_again_only_if_something_else_is_missing(
    fresh_office: Office,
) -> None:
    office = fresh_office
    deal, scene = Deal(office, FIXED), Scene(office, convertWonDeals="on")
    sold = office.external(deal.sold, "salesforce")
    office.control.change("salesforce", "Opportunity", sold, CW_Service_Code__c="XXX")
    await scene.tell(won(office, deal))
    await scene.acted()
    [problem] = await scene.problems()
    await office.desk.resolve(office.caller("sales_ops"), problem.id, resolution="We know.", dismiss=True)
    office.clock.advance(3600)
    await scene.tell(won(office, deal))
    await scene.acted()
    assert await scene.problems() == []
    office.control.change("salesforce", "Opportunity", sold, CW_Service_Code__c="YYY")
    office.clock.advance(7200)
    await scene.acted()
    assert [each.id != problem.id for each in await scene.problems()] == [True]


async def test_a_deal_that_is_lost_again_is_nobodys_problem_any_more(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene = Deal(office, FIXED), Scene(office, convertWonDeals="on")
    office.control.change(
        "salesforce", "Opportunity", office.external(deal.sold, "salesforce"), CW_Service_Code__c="XXX"
    )
    await scene.tell(won(office, deal))
    await scene.acted()
    assert len(await scene.problems()) == 1
    stage(office, deal, "Closed Lost")
    await scene.tell(won(office, deal))
    await scene.acted()
    assert await scene.problems() == []


async def test_a_deal_that_waits_for_its_customer_is_looked_at_when_the_erp_has_it(fresh_office: Office) -> None:
    office = fresh_office
    deal, scene = Deal(office, FIXED), Scene(office, convertWonDeals="on")
    customer = office.external(deal.account, "netsuite")
    office.control.change("netsuite", "customer", customer, externalId=None)
    await scene.tell(won(office, deal))
    await scene.acted()
    [problem] = await scene.problems()
    assert problem.queue is Queue.FINANCE
    office.control.change("netsuite", "customer", customer, externalId=office.external(deal.account, "salesforce"))
    linked = Happened(
        type="Account",
        role=ERP,
        external_id=customer,
        changes={"anchor": (None, office.external(deal.account, "salesforce"))},
    )
    await scene.tell(linked)
    await scene.acted()
    assert deal.id in {run.order_key for run in await scene.runs()}
    assert [each for each in await scene.problems() if each.record_id == deal.id] == []


async def test_records_that_lead_nowhere_are_left_alone(fresh_office: Office) -> None:
    office = fresh_office
    scene = Scene(office, convertWonDeals="on", syncInvoices="on", syncCustomers="on")
    nobodys = Happened(type="Account", role=ERP, external_id="99999999", changes={"anchor": (None, "x")})
    gone = Happened(
        type="Contract", role=CRM, external_id="8000000000000AAAAA", changes={"status": ("DRAFT", "APPROVED")}
    )
    payment = Happened(type="Payment", role=ERP, external_id="99999999", changes={}, gone=True)
    await scene.tell(nobodys, gone, payment)
    await scene.acted()
    assert await scene.runs() == []
    assert await scene.problems() == []
    assert await office.ledger.triggers.standings() == {}


async def test_a_platform_that_is_away_keeps_nothing_else_waiting(fresh_office: Office) -> None:
    office = fresh_office
    scene = Scene(office, convertWonDeals="on", syncInvoices="on")
    deal = Deal(office, FIXED)
    invoice = next(found for found in office.of_firm("Invoice", status="POSTED") if found["account"])
    office.control.fault("salesforce", "status", status=503)
    await scene.tell(
        won(office, deal),
        Happened(
            type="Invoice",
            role=ERP,
            external_id=office.external(invoice, "netsuite"),
            changes={"status": ("DRAFT", "POSTED")},
        ),
    )
    await scene.acted()
    assert [run.workflow for run in await scene.runs()] == ["syncInvoiceStatus"]
    assert [problem.code for problem in await scene.problems()] == []
    standings = await office.ledger.triggers.standings()
    assert standings[RULE].waiting == 1
    office.control.calm()
    office.clock.advance(600)
    await scene.acted()
    assert "convertOpportunity" in {run.workflow for run in await scene.runs()}
