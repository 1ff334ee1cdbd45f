"""A won opportunity with an approved contract becomes a customer, a project and a billing schedule."""

from datetime import date

from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import RefusalCode
from sync.effects import Create, Done, Undo, Update
from sync.flows.accounts import Billing
from sync.flows.billing_schedule import schedule_lines
from sync.flows.create_account import billed_as
from sync.flows.customers import settled_customer
from sync.flows.deal_parties import Asked
from sync.flows.given import named, sensible
from sync.flows.terms import Terms, agreed_terms, project_key
from sync.keys import business_key
from sync.process import Flow, Process, Wish, refused

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP


class ConvertOpportunity(Wish, frozen=True, kw_only=True):
    opportunity_id: str
    contract_id: str | None = None
    legal_entity_id: str | None = None
    start_date: date | None = None
    project_name: str | None = None
    billing: Billing | None = None


async def convert_opportunity(run: Process, wish: ConvertOpportunity) -> None:
    """In business order: customer, project with its plan, billing schedule, and the links back to where it was sold."""
    deal = named(run.firm, "Opportunity", wish.opportunity_id, "opportunityId")
    sensible(wish.start_date, run.today, "startDate")
    if wish.project_name is not None and not wish.project_name.strip():
        raise refused(RefusalCode.INVALID, "A project has a name.", "projectName")
    asked = Asked(
        contract_id=wish.contract_id,
        legal_entity_id=wish.legal_entity_id,
        start_date=wish.start_date,
        project_name=wish.project_name,
        billing=wish.billing,
    )

    async def look() -> Terms:
        return await agreed_terms(run.firm, deal, asked)

    terms = await run.fact("terms", Terms, look)
    run.concerns(wish.opportunity_id, terms.contract_id, terms.account_id)
    run.at_stake(terms.value, terms.currency)
    customer = await _customer(run, wish, terms)
    await _client(run, terms)
    project = await _project(run, deal, terms)
    await _plan(run, deal, terms, project)
    await _billing(run, terms, customer, project)
    await _links_back(run, deal, wish.opportunity_id, terms, project)


async def _customer(run: Process, wish: ConvertOpportunity, terms: Terms) -> Done:
    """The customer that is there, or a new one for the company that delivers."""
    if terms.customer is not None:
        return Done(terms.customer, created=False)
    assert wish.billing is not None, "terms without a customer need its billing"
    account = RecordKey("Account", terms.account_platform, terms.account)
    billed = billed_as(wish.billing, terms.entity)
    return await settled_customer(run, terms.account_id, account, terms.entity, billed, linked=terms.customers)


async def _client(run: Process, terms: Terms) -> None:
    """The client in the PSA, where that keeps projects together by client."""
    if terms.client is not None or run.firm.door(terms.psa, "Account", PSA) is None:
        return
    client = Create(
        platform=terms.psa,
        type="Account",
        role=PSA,
        key=business_key("client", terms.account_platform, terms.account),
        of=terms.account_id,
        values={"name": terms.account_name, "anchor": terms.account},
    )
    await run.step("client in PSA", client, undo=Undo.REMOVE)


async def _project(run: Process, deal: RecordKey, terms: Terms) -> Done:
    project = Create(
        platform=terms.psa,
        type="Project",
        role=PSA,
        key=project_key(deal),
        values={
            "name": terms.project_name,
            "kind": terms.kind,
            "status": terms.first_status,
            "startDate": terms.start_date,
            "endDate": terms.end_date,
            "budget.amount": terms.value,
            "budget.currency": terms.currency,
            "account": terms.account,
            "contract": terms.contract,
        },
    )
    done = await run.step("project in PSA", project, undo=Undo.REMOVE)
    run.concerns(run.firm.record_id("Project", terms.psa, done.external_id))
    return done


async def _plan(run: Process, deal: RecordKey, terms: Terms, project: Done) -> None:
    """Milestones of the contract, tasks of the service's template, and who is needed at which rate."""
    where = run.firm.record_id("Project", terms.psa, project.external_id)
    for milestone in terms.milestones:
        values = {
            "project": project.external_id,
            "key": milestone.key,
            "name": milestone.name,
            "dueDate": milestone.due_date,
            "amount.amount": milestone.amount,
        }
        effect = Create(
            platform=terms.psa,
            type="Milestone",
            role=PSA,
            key=business_key("milestone", deal.platform, deal.external_id, milestone.called),
            of=where,
            values={path: value for path, value in values.items() if value is not None},
        )
        await run.step(f"milestone {milestone.called}", effect, undo=Undo.REMOVE)
    for task in terms.tasks:
        effect = Create(
            platform=terms.psa,
            type="Task",
            role=PSA,
            key=business_key("task", deal.platform, deal.external_id, task),
            of=where,
            values={"project": project.external_id, "name": task, "startDate": terms.start_date},
        )
        await run.step(f"task {task}", effect, undo=Undo.REMOVE)
    for rate in terms.rates:
        effect = Create(
            platform=terms.psa,
            type="ResourceDemand",
            role=PSA,
            key=business_key("demand", deal.platform, deal.external_id, rate.role),
            of=where,
            values={"project": project.external_id, "role": rate.role}
            | ({} if rate.price is None else {"rate": rate.price}),
        )
        await run.step(f"demand for {rate.role}", effect, undo=Undo.REMOVE)


async def _billing(run: Process, terms: Terms, customer: Done, project: Done) -> None:
    """The project as the ERP knows it, and what will be billed when."""
    record = run.firm.record_id("Project", terms.psa, project.external_id)
    job = await run.step(
        "project in ERP",
        Create(
            platform=terms.entity.platform,
            type="Project",
            role=ERP,
            key=project.external_id,
            of=record,
            values={
                "name": terms.project_name,
                "customer": customer.external_id,
                "legalEntity": terms.entity.external_id,
                "startDate": terms.start_date,
                "endDate": terms.end_date,
            },
        ),
        undo=Undo.REMOVE,
    )
    await run.step(
        "billing schedule in ERP",
        Create(
            platform=terms.entity.platform,
            type="BillingSchedule",
            role=ERP,
            key=business_key("schedule", terms.contract_platform, terms.contract, terms.deal),
            of=terms.contract_id,
            values={
                "customer": customer.external_id,
                "project": job.external_id,
                "legalEntity": terms.entity.external_id,
                "currency": terms.currency,
                "contract": terms.contract,
                "date": terms.start_date,
                "memo": terms.project_name,
                "lines": schedule_lines(terms, job.external_id),
            },
        ),
        undo=Undo.REMOVE,
    )


async def _links_back(run: Process, deal: RecordKey, deal_id: str, terms: Terms, project: Done) -> None:
    """Sales sees what became of its deal, in its own system."""
    told = {"project": project.external_id, "syncStatus": "Project opened"}
    records = (
        ("Opportunity", CRM, deal.platform, deal.external_id, deal_id),
        ("Contract", terms.contract_role, terms.contract_platform, terms.contract, terms.contract_id),
    )
    for type_name, role, platform, external_id, record_id in records:
        door = run.firm.door(platform, type_name, role)
        if door is None:
            continue
        values = {path: value for path, value in told.items() if door.writable.settable(path, creating=False)}
        if values:
            update = Update(
                platform=platform, type=type_name, role=role, external_id=external_id, values=values, of=record_id
            )
            await run.step(f"link back to {type_name.lower()}", update, undo=Undo.RESTORE)


FLOW = Flow(
    name="convertOpportunity",
    version=1,
    wish=ConvertOpportunity,
    process=convert_opportunity,
    subject=lambda wish: wish.opportunity_id,
    queue=Queue.PMO,
)
