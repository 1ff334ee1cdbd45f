"""A draft invoice in the ERP: from approved work that isn't billed yet, or from given lines."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec

from platforms.writers import Line
from schema.enums import ProjectStatus
from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import Refusal, RefusalCode
from sync.effects import Create, Undo, Update
from sync.firm import Firm
from sync.flows.customers import Customer, customers_of
from sync.flows.money import checked, rounded
from sync.flows.unbilled import Unbilled, billed_milestones, unbilled_work
from sync.process import Flow, Process, Refused, Wish, refused

PSA, ERP = PlatformRole.PSA, PlatformRole.ERP
USUAL_DAYS = 30
"""Days to pay where neither caller nor customer says."""


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    description: str
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    milestone_key: str | None = None


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
    project = None if wish.project_id is None else firm.key("Project", wish.project_id)
    account, contract, budget_currency = await _whose(firm, wish, project)
    customer = await _customer(firm, wish, account)
    currency = wish.currency or customer.currency or budget_currency
    if currency is None:
        raise refused(RefusalCode.INVALID, "Neither customer nor project says a currency: give it.", "currency")
    if customer.currency is not None and currency != customer.currency:
        message = f"The customer is billed in {customer.currency}, not in {currency}."
        raise refused(RefusalCode.INVALID, message, "currency")
    issued = wish.issue_date or run.today
    days = USUAL_DAYS if wish.due_date is None else max(0, (wish.due_date - issued).days)
    due = wish.due_date or issued + timedelta(days=days)
    if due < issued:
        raise refused(RefusalCode.INVALID, f"It would be due ({due}) before it is issued ({issued}).", "dueDate")
    job = await _job(firm, project, customer.platform)
    return Billing(
        customer=customer.external_id,
        platform=customer.platform,
        account_id=firm.record_id("Account", account.platform, account.external_id),
        currency=currency,
        entity=customer.entity,
        contract=contract,
        project=None if project is None else project.external_id,
        project_platform=None if project is None else project.platform,
        job=job,
        issued=issued,
        due=due,
        terms_days=days,
        work=await _work(run, wish, project, customer.platform, currency, issued),
    )


async def _whose(
    firm: Firm, wish: CreateInvoice, project: RecordKey | None
) -> tuple[RecordKey, str | None, str | None]:
    """The client, the contract's id in the CRM or CLM, and the project's currency."""
    contract = None if wish.contract_id is None else firm.key("Contract", wish.contract_id).external_id
    if project is None:
        if wish.account_id is None:
            raise refused(RefusalCode.INVALID, "Say what is billed: projectId, or accountId with lines.", "projectId")
        return firm.key("Account", wish.account_id), contract, None
    row = await firm.one("Project", project, ("status", "account", "contract", "budget.currency"))
    if row is None:
        raise refused(RefusalCode.NOT_FOUND, f"{project.platform} has no such project.", "projectId")
    if row["status"] is ProjectStatus.CANCELLED:
        raise refused(RefusalCode.STATE, "The project is CANCELLED: nothing of it is billed any more.", "projectId")
    crm = firm.bindings.peer(project.platform, PlatformRole.CRM)
    if row["account"] is None or crm is None:
        if wish.account_id is None:
            raise refused(RefusalCode.STATE, "The project belongs to no account: give accountId.", "accountId")
        return firm.key("Account", wish.account_id), contract or row["contract"], row["budget.currency"]
    account = RecordKey("Account", crm, row["account"])
    if wish.account_id is not None and firm.key("Account", wish.account_id) != account:
        raise refused(RefusalCode.INVALID, "The project is another account's.", "accountId")
    return account, contract or row["contract"], row["budget.currency"]


async def _customer(firm: Firm, wish: CreateInvoice, account: RecordKey) -> Customer:
    customers = await customers_of(firm, account)
    if wish.legal_entity_id is not None:
        entity = firm.key("LegalEntity", wish.legal_entity_id)
        customers = tuple(
            found for found in customers if (found.platform, found.entity) == (entity.platform, entity.external_id)
        )
    if not customers:
        message = "The ERP has no customer for this account there: onboardCustomer brings it there."
        raise refused(RefusalCode.STATE, message, "accountId" if wish.project_id is None else "projectId")
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
    run: Process, wish: CreateInvoice, project: RecordKey | None, platform: str, currency: str, issued: date
) -> Unbilled:
    """The given lines, else what is unbilled; Refused where there is nothing to bill."""
    if wish.lines is not None:
        return Unbilled(time=(), expenses=(), lines=_given_lines(wish.lines, currency))
    if project is None:
        raise refused(RefusalCode.INVALID, "Without a project there is no work to bill: give lines.", "lines")
    found = await unbilled_work(
        run.firm,
        project,
        currency,
        until=wish.until or issued,
        time=wish.time,
        expenses=wish.expenses,
        milestones=wish.milestones,
        billed_milestones=await billed_milestones(run.firm, platform, project.external_id),
    )
    if not found.lines:
        strangers = f" ({found.strangers} entries are in another currency)" if found.strangers else ""
        message = f"The project has nothing approved that isn't billed yet, up to {wish.until or issued}{strangers}."
        raise refused(RefusalCode.STATE, message, "projectId")
    return found


def _given_lines(given: tuple[InvoiceLine, ...], currency: str) -> tuple[Line, ...]:
    if not given:
        raise refused(RefusalCode.INVALID, "An invoice has at least one line.", "lines")
    problems: list[Refusal] = []
    lines: list[Line] = []
    for place, line in enumerate(given):
        try:
            lines.append(_given_line(line, currency, str(place)))
        except Refused as refusal:
            problems += refusal.refusals
    if problems:
        raise Refused(*problems)
    return tuple(lines)


def _given_line(given: InvoiceLine, currency: str, place: str) -> Line:
    where = ("lines", place)
    if not given.description.strip():
        raise refused(RefusalCode.INVALID, "A line says what it is for.", *where, "description")
    if given.quantity is not None and given.quantity <= 0:
        raise refused(RefusalCode.INVALID, "A quantity is more than nothing.", *where, "quantity")
    priced = None
    if given.unit_price is not None:
        checked(given.unit_price, None if given.unit_price % 1 else currency, *where, "unitPrice")
        priced = rounded((given.quantity or Decimal(1)) * given.unit_price, currency)
    amount = priced if given.amount is None else checked(given.amount, currency, *where, "amount")
    if amount is None:
        raise refused(RefusalCode.INVALID, "A line needs an amount, or a unit price.", *where, "amount")
    if amount == 0:
        raise refused(RefusalCode.INVALID, "A line of nothing can't be billed.", *where, "amount")
    if priced is not None and amount != priced:
        message = f"Quantity times unit price come to {priced:f}, not {amount:f}."
        raise refused(RefusalCode.INVALID, message, *where, "amount")
    return Line(
        description=given.description,
        quantity=given.quantity or Decimal(1),
        unit_price=given.unit_price if given.unit_price is not None else _unit(amount, given.quantity),
        amount=amount,
        milestone=given.milestone_key,
    )


def _unit(amount: Decimal, quantity: Decimal | None) -> Decimal | None:
    """The price of one, where it comes out even."""
    if quantity is None:
        return amount
    unit = rounded(amount / quantity, None)
    return unit if unit * quantity == amount else None


FLOW = Flow(
    name="createInvoice",
    version=1,
    wish=CreateInvoice,
    process=create_invoice,
    subject=lambda wish: wish.project_id or wish.account_id,
    queue=Queue.FINANCE,
)
