"""A new client: in the CRM, and where its billing is known, as a customer in the ERP."""

from schema.enums import AccountStatus
from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import RefusalCode
from sync.effects import Create, Undo
from sync.flows.accounts import Address, Billing, Described, described
from sync.flows.customers import Billed, Entity, entity_of, missing_billing, new_customer
from sync.flows.onboard_customer import tell_crm
from sync.process import Flow, Process, Refused, Wish, refused


class CreateAccount(Described, Wish, frozen=True, kw_only=True):
    name: str
    status: AccountStatus | None = AccountStatus.PROSPECT
    billing: Billing | None = None


async def create_account(run: Process, wish: CreateAccount) -> None:
    """The CRM first: its id is what the ERP's record is linked by."""
    crm = run.firm.bindings.roles.get(PlatformRole.CRM, ())
    if not crm:
        raise refused(RefusalCode.UNSUPPORTED, "No CRM is connected that could own a client.")
    platform = crm[0].name
    values, _ = described(run.firm, wish)
    entity, billed = await _billing(run, wish.billing)
    client = await run.step(
        "client in CRM",
        Create(platform=platform, type="Account", role=PlatformRole.CRM, values=values),
        undo=Undo.REMOVE,
    )
    account_id = run.firm.record_id("Account", platform, client.external_id)
    run.concerns(account_id)
    if entity is None or billed is None:
        return
    customer = await run.step(
        f"customer in {entity.platform}",
        new_customer(account_id, client.external_id, entity, billed),
        undo=Undo.REMOVE,
    )
    account = RecordKey("Account", platform, client.external_id)
    await tell_crm(run, account, account_id, f"{entity.platform}:{customer.external_id}")


async def _billing(run: Process, given: Billing | None) -> tuple[Entity | None, Billed | None]:
    """The company that bills the client, and how; Refused with everything that is missing."""
    if given is None:
        return None, None
    if not isinstance(given.legal_entity_id, str):
        message = "Say which legal entity bills the client, or leave billing out for now."
        raise refused(RefusalCode.INVALID, message, "billing", "legalEntityId")
    record_id = given.legal_entity_id

    async def look() -> Entity:
        found = await entity_of(run.firm, record_id)
        if found is None:
            raise refused(RefusalCode.NOT_FOUND, "The ERP has no such legal entity.", "billing", "legalEntityId")
        return found

    entity = await run.fact("legal entity", Entity, look)
    return entity, billed_as(given, entity)


def billed_as(given: Billing, entity: Entity) -> Billed:
    legal_name, tax_id, bill_to = _text(given.legal_name), _text(given.tax_id), given.bill_to
    address = bill_to if isinstance(bill_to, Address) else None
    problems = list(missing_billing(legal_name, tax_id, address, "billing"))
    if problems:
        raise Refused(*problems)
    currency = _text(given.currency) or entity.currency
    if currency is None or (entity.currency is not None and currency != entity.currency):
        message = f"{entity.name} keeps its books in {entity.currency}; a customer of it can't be billed in {currency}."
        raise refused(RefusalCode.INVALID, message, "billing", "currency")
    days = given.payment_terms_days
    if isinstance(days, int) and not 0 <= days <= 365:
        raise refused(RefusalCode.INVALID, "Payment terms are from 0 to 365 days.", "billing", "paymentTermsDays")
    assert legal_name is not None
    assert tax_id is not None
    assert address is not None
    return Billed(
        legal_name=legal_name,
        tax_id=tax_id,
        currency=currency,
        payment_terms_days=days if isinstance(days, int) else None,
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
