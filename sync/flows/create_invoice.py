"""A draft invoice in the ERP: from approved work that isn't billed yet, or from given lines."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from schema.enums import ProjectStatus
from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import RefusalCode
from sync.effects import Create, Undo, Update
from sync.firm import Firm
from sync.flows.customers import Customer, customers_of, entity_of
from sync.flows.given import named, sensible
from sync.flows.given_lines import InvoiceLine, given_lines
from sync.flows.unbilled import Payer, Unbilled, billed_milestones, unbilled_work
from sync.process import Flow, Process, Wish, refused
from sync.wording import MOST_LINES

PSA, ERP = PlatformRole.PSA, PlatformRole.ERP
USUAL_DAYS = 30
"""Days to pay where neither caller nor customer says."""


class CreateInvoice(Wish, frozen=True, kw_only=True):
    project_id: str | None = None
    account_id: str | None = None
    contract_id: str | None = None
    legal_entity_id: str | None = None
    currency: str | None = None
    issue_date: date | None = None
    due_date: date | None = None
    purchase_order: str | None = None
    until: date | None = None
    time: bool = True
    expenses: bool = True
    milestones: bool = True
    lines: tuple[InvoiceLine, ...] | None = None


class Billing(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the invoice goes to, and what for. `job` is the ERP's id of the project, `work` what is billed of it."""

    customer: str
    platform: str
    account_id: str
    currency: str
    entity: str | None
    contract: str | None
    project: str | None
    project_platform: str | None
    job: str | None
    issued: date
    due: date
    terms_days: int
    work: Unbilled


async def create_invoice(run: Process, wish: CreateInvoice) -> None:
    """The work is taken first, so that nobody bills it twice meanwhile; then the invoice is drafted."""

    for day, name in ((wish.issue_date, "issueDate"), (wish.due_date, "dueDate"), (wish.until, "until")):
        sensible(day, run.today, name)

    async def look() -> Billing:
        return await _billing(run, wish)

    billing = await run.fact("billing", Billing, look)
    total = sum((line.amount for line in billing.work.lines), Decimal(0))
    run.at_stake(total, billing.currency)
    run.concerns(billing.account_id, *([wish.project_id] if wish.project_id else []))
    taken = None
    if billing.work.time or billing.work.expenses:
        assert billing.project_platform is not None
        assert wish.project_id is not None
        taken = await run.step(
            "work taken for billing in PSA",
            Create(
                platform=billing.project_platform,
                type="ProjectInvoice",
                role=PSA,
                of=wish.project_id,
                values={
                    "project": billing.project,
                    "timeEntries": billing.work.time,
                    "expenses": billing.work.expenses,
                    "issueDate": billing.issued,
                    "paymentDays": billing.terms_days,
                    "draft": True,
                },
            ),
            undo=Undo.REMOVE,
        )
    invoice = await run.step("invoice in ERP", _invoice(wish, billing), undo=Undo.REMOVE)
    run.concerns(run.firm.record_id("Invoice", billing.platform, invoice.external_id))
    if taken is not None:
        assert billing.project_platform is not None
        told = Update(
            platform=billing.project_platform,
            type="ProjectInvoice",
            role=PSA,
            external_id=taken.external_id,
            values={"erpInvoice": invoice.external_id},
            of=wish.project_id,
        )
        await run.step("invoice told to PSA", told, undo=Undo.NONE)


def _invoice(wish: CreateInvoice, billing: Billing) -> Create:
    values = {
        "customer": billing.customer,
        "project": billing.job,
        "contract": billing.contract,
        "legalEntity": billing.entity,
        "currency": billing.currency,
        "issueDate": billing.issued,
        "dueDate": billing.due,
        "purchaseOrder": wish.purchase_order,
        "lines": tuple(msgspec.structs.replace(line, project=billing.job) for line in billing.work.lines),
    }
    return Create(
        platform=billing.platform,
        type="Invoice",
        role=ERP,
        values={path: value for path, value in values.items() if value is not None},
    )


async def _billing(run: Process, wish: CreateInvoice) -> Billing:
    firm = run.firm
    whose = await _whose(firm, wish)
    customer = await _customer(firm, wish, whose.account)
    currency = _currency(wish, customer, whose)
    issued = wish.issue_date or run.today
    days = USUAL_DAYS if customer.terms_days is None else customer.terms_days
    due = wish.due_date or issued + timedelta(days=days)
    if due < issued:
        raise refused(RefusalCode.INVALID, f"It would be due ({due}) before it is issued ({issued}).", "dueDate")
    project = whose.project
    job = await _job(firm, project, customer.platform)
    return Billing(
        customer=customer.external_id,
        platform=customer.platform,
        account_id=firm.record_id("Account", whose.account.platform, whose.account.external_id),
        currency=currency,
        entity=customer.entity,
        contract=whose.contract,
        project=None if project is None else project.external_id,
        project_platform=None if project is None else project.platform,
        job=job,
        issued=issued,
        due=due,
        terms_days=(due - issued).days,
        work=await _work(run, wish, whose, customer.platform, currency, issued),
    )


def _currency(wish: CreateInvoice, customer: Customer, whose: "Whose") -> str:
    currency = wish.currency or customer.currency or whose.currency
    if currency is None:
        raise refused(RefusalCode.INVALID, "Neither customer nor project says a currency: give it.", "currency")
    if customer.currency is not None and currency != customer.currency:
        message = f"The customer is billed in {customer.currency}, not in {currency}."
        raise refused(RefusalCode.INVALID, message, "currency")
    return currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Who pays and what for: the contract's id in the CRM or CLM, and the project with its currency."""

    account: RecordKey
    contract: str | None
    project: RecordKey | None = None
    currency: str | None = None


async def _whose(firm: Firm, wish: CreateInvoice) -> Whose:
    account = None if wish.account_id is None else named(firm, "Account", wish.account_id, "accountId")
    if account is not None and await firm.one("Account", account, ("id",)) is None:
        raise refused(RefusalCode.NOT_FOUND, f"{account.platform} has no such account.", "accountId")
    if wish.project_id is None:
        if account is None:
            raise refused(RefusalCode.INVALID, "Say what is billed: projectId, or accountId with lines.", "projectId")
        return Whose(account=account, contract=await _contract(firm, wish, account))
    project = named(firm, "Project", wish.project_id, "projectId")
    row = await firm.one("Project", project, ("status", "account", "contract", "budget.currency"))
    if row is None:
        raise refused(RefusalCode.NOT_FOUND, f"{project.platform} has no such project.", "projectId")
    if row["status"] is ProjectStatus.CANCELLED:
        raise refused(RefusalCode.STATE, "The project is CANCELLED: nothing of it is billed any more.", "projectId")
    crm = firm.bindings.peer(project.platform, PlatformRole.CRM)
    own = None if row["account"] is None or crm is None else RecordKey("Account", crm, row["account"])
    if account is not None and own is not None and account != own:
        raise refused(RefusalCode.INVALID, "The project is another account's.", "accountId")
    payer = own or account
    if payer is None:
        raise refused(RefusalCode.STATE, "The project belongs to no account: give accountId.", "accountId")
    contract = await _contract(firm, wish, payer) or row["contract"]
    return Whose(account=payer, contract=contract, project=project, currency=row["budget.currency"])


async def _contract(firm: Firm, wish: CreateInvoice, account: RecordKey) -> str | None:
    if wish.contract_id is None:
        return None
    key = named(firm, "Contract", wish.contract_id, "contractId")
    row = await firm.one("Contract", key, ("account",))
    if row is None:
        raise refused(RefusalCode.NOT_FOUND, f"{key.platform} has no such contract.", "contractId")
    if row["account"] not in (None, account.external_id):
        raise refused(RefusalCode.INVALID, "The contract is another account's.", "contractId")
    return key.external_id


async def _customer(firm: Firm, wish: CreateInvoice, account: RecordKey) -> Customer:
    customers = await customers_of(firm, account)
    path = "accountId" if wish.project_id is None else "projectId"
    if wish.legal_entity_id is not None:
        path = "legalEntityId"
        entity = await entity_of(firm, wish.legal_entity_id, account.platform, path)
        place = (entity.platform, entity.external_id)
        customers = tuple(found for found in customers if (found.platform, found.entity) == place)
    if not customers:
        message = "The ERP has no customer for this account there: onboardCustomer brings it there."
        raise refused(RefusalCode.STATE, message, path)
    if len(customers) > 1:
        message = f"The account has {len(customers)} customers in the ERP: say by legalEntityId which company bills."
        raise refused(RefusalCode.INVALID, message, "legalEntityId")
    return customers[0]


async def _job(firm: Firm, project: RecordKey | None, platform: str) -> str | None:
    if project is None or platform not in firm.tellers("Project", ERP, project.platform):
        return None
    rows = await firm.rows(platform, "Project", ERP, ("id",), by="anchor", keys=(project.external_id,))
    return rows[0].external_id if rows else None


async def _work(
    run: Process, wish: CreateInvoice, whose: Whose, platform: str, currency: str, issued: date
) -> Unbilled:
    """The given lines, else what is unbilled; Refused where there is nothing to bill."""
    project = whose.project
    number = None if project is None else project.external_id
    payer = Payer(platform=platform, account=whose.account.external_id, project=number)
    if wish.lines is not None:
        keys = [line.milestone_key for line in wish.lines if line.milestone_key]
        billed = await billed_milestones(run.firm, payer, keys)
        return Unbilled(time=(), expenses=(), lines=given_lines(wish.lines, currency, billed))
    if project is None:
        raise refused(RefusalCode.INVALID, "Without a project there is no work to bill: give lines.", "lines")
    found = await unbilled_work(
        run.firm,
        project,
        payer,
        currency,
        until=wish.until or issued,
        time=wish.time,
        expenses=wish.expenses,
        milestones=wish.milestones,
    )
    if not found.lines:
        strangers = f" ({found.strangers} entries are in another currency)" if found.strangers else ""
        message = f"The project has nothing approved that isn't billed yet, up to {wish.until or issued}{strangers}."
        raise refused(RefusalCode.STATE, message, "projectId")
    if len(found.lines) > MOST_LINES:
        message = f"That makes {len(found.lines)} lines, and an invoice has at most {MOST_LINES}: bill up to a day."
        raise refused(RefusalCode.INVALID, message, "until")
    return found


FLOW = Flow(
    name="createInvoice",
    version=1,
    wish=CreateInvoice,
    process=create_invoice,
    subject=lambda wish: wish.project_id or wish.account_id,
    queue=Queue.FINANCE,
    live=True,
)
