"""A new client: in the CRM, and where its billing is known, as a customer in the ERP."""

from schema.enums import AccountStatus
from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import Refusal, RefusalCode
from sync.effects import Create, Undo
from sync.flows.accounts import Address, Billing, Described, check_parent, check_terms_days, described
from sync.flows.customers import Billed, Entity, currency_problem, entity_of, missing_billing, settled_customer
from sync.flows.given import named
from sync.flows.onboard_customer import tell_crm
from sync.process import Flow, Process, Refused, Wish, refused

CRM = PlatformRole.CRM


class CreateAccount(Described, Wish, frozen=True, kw_only=True):
    name: str
    status: AccountStatus | None = AccountStatus.PROSPECT
    billing: Billing | None = None


async def create_account(run: Process, wish: CreateAccount) -> None:
    """The CRM first: its id is what the ERP's record is linked by."""
    values, _ = described(run.firm, wish)
    entity, billed = await _billing(run, wish.billing)
    platform = _crm(run, wish, entity)
    await check_parent(run, wish, platform)
    client = await run.step(
        "client in CRM",
        Create(platform=platform, type="Account", role=CRM, values=_given(values)),
        undo=Undo.REMOVE,
    )
    account_id = run.firm.record_id("Account", platform, client.external_id)
    run.concerns(account_id)
    if entity is None or billed is None:
        return
    account = RecordKey("Account", platform, client.external_id)
    customer = await settled_customer(run, account_id, account, entity, billed, linked=())
    await tell_crm(run, account, account_id, f"{entity.platform}:{customer.external_id}")


def _given(values: dict[str, object]) -> dict[str, object]:
    """A new record has nothing that could be cleared."""
    return {path: value for path, value in values.items() if value is not None}


def _crm(run: Process, wish: CreateAccount, entity: Entity | None) -> str:
    """The CRM that the ERP of its billing is linked to, or that its parent is in; else the firm's first choice."""
    bindings = run.firm.bindings
    if entity is not None:
        platform = bindings.peer(entity.platform, CRM)
    elif isinstance(wish.parent_id, str):
        platform = named(run.firm, "Account", wish.parent_id, "parentId").platform
    else:
        platform = next((crm.name for crm in bindings.roles.get(CRM, ())), None)
    if platform is None:
        raise refused(RefusalCode.UNSUPPORTED, "No CRM is connected that could own a client.")
    return platform


async def _billing(run: Process, given: Billing | None) -> tuple[Entity | None, Billed | None]:
    """The company that bills the client, and how; Refused with everything that is missing."""
    if given is None:
        return None, None
    if not isinstance(given.legal_entity_id, str):
        message = "Say which legal entity bills the client, or leave billing out for now."
        raise refused(RefusalCode.INVALID, message, "billing", "legalEntityId")
    record_id = given.legal_entity_id

    async def look() -> Entity:
        return await entity_of(run.firm, record_id, None, "billing", "legalEntityId")

    entity = await run.fact("legal entity", Entity, look)
    return entity, billed_as(given, entity)


def billed_as(given: Billing, entity: Entity) -> Billed:
    """How a new customer of the company is billed; Refused with everything that is missing or can't be."""
    legal_name, tax_id, bill_to = _text(given.legal_name), _text(given.tax_id), given.bill_to
    address = bill_to if isinstance(bill_to, Address) else None
    currency = _text(given.currency) or entity.currency
    problems: list[Refusal] = list(missing_billing(legal_name, tax_id, address, "billing"))
    mismatch = currency_problem(entity, currency, "billing")
    if mismatch is not None:
        problems.append(mismatch)
    if problems:
        raise Refused(*problems)
    check_terms_days(given.payment_terms_days, "billing")
    assert legal_name is not None
    assert tax_id is not None
    assert address is not None
    assert currency is not None
    return Billed(
        legal_name=legal_name,
        tax_id=tax_id,
        currency=currency,
        payment_terms_days=given.payment_terms_days if isinstance(given.payment_terms_days, int) else None,
        bill_to=address,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


FLOW = Flow(
    name="createAccount",
    version=1,
    wish=CreateAccount,
    process=create_account,
    subject=lambda _: None,
    queue=Queue.SALES_OPS,
)
