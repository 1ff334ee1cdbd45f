"""A client of the CRM becomes a customer in the ERP, for one or several of the firm's companies."""

import msgspec

from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import Refusal, RefusalCode
from sync.effects import Undo, Update
from sync.flows.accounts import Address, check_terms_days
from sync.flows.customers import (
    Billed,
    Customer,
    Entity,
    currency_problem,
    customers_of,
    entity_of,
    missing_billing,
    settled_customer,
)
from sync.flows.given import named
from sync.process import Flow, Process, Refused, Wish, refused

MOST_ENTITIES = 20


class OnboardCustomer(Wish, frozen=True, kw_only=True):
    account_id: str
    legal_entity_ids: tuple[str, ...]
    legal_name: str | None = None
    tax_id: str | None = None
    currency: str | None = None
    payment_terms_days: int | None = None
    bill_to: Address | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The client and the companies as they are before anything is done; `customers` are linked already."""

    name: str
    entities: tuple[Entity, ...]
    customers: tuple[Customer, ...]


async def onboard_customer(run: Process, wish: OnboardCustomer) -> None:
    """Validated, found or created in each ERP, linked, and told to the CRM."""
    account = named(run.firm, "Account", wish.account_id, "accountId")

    async def look() -> Standing:
        return await _standing(run, wish, account)

    standing = await run.fact("standing", Standing, look)
    linked = list(standing.customers)
    wanted = [entity for entity in standing.entities if not any(_serves(customer, entity) for customer in linked)]
    billed = _billed(wish, standing, wanted)
    run.concerns(wish.account_id)
    for entity, how in zip(wanted, billed, strict=True):
        done = await settled_customer(run, wish.account_id, account, entity, how, linked=linked)
        linked.append(_made(entity, how, done.external_id))
    told = ", ".join(f"{customer.platform}:{customer.external_id}" for customer in linked)
    await tell_crm(run, account, wish.account_id, told)


def _serves(customer: Customer, entity: Entity) -> bool:
    return (customer.platform, customer.entity) == (entity.platform, entity.external_id)


def _made(entity: Entity, billed: Billed, external_id: str) -> Customer:
    return Customer(
        platform=entity.platform,
        external_id=external_id,
        legal_name=billed.legal_name,
        entity=entity.external_id,
        tax_id=billed.tax_id,
        currency=billed.currency,
        terms_days=billed.payment_terms_days,
        anchor=None,
    )


async def tell_crm(run: Process, account: RecordKey, account_id: str, customers: str) -> None:
    """The CRM's people see that their client can be billed, and under which numbers."""
    door = run.firm.door(account.platform, "Account", PlatformRole.CRM)
    if door is None:
        return
    values = {"erpCustomers": customers, "syncStatus": "Customer in ERP"}
    values = {path: value for path, value in values.items() if door.writable.settable(path, creating=False)}
    if not values:
        return
    update = Update(
        platform=account.platform,
        type="Account",
        role=PlatformRole.CRM,
        external_id=account.external_id,
        values=values,
        of=account_id,
    )
    await run.step("status in CRM", update, undo=Undo.RESTORE)


async def _standing(run: Process, wish: OnboardCustomer, account: RecordKey) -> Standing:
    row = await run.firm.one("Account", account, ("name",))
    if row is None:
        raise refused(RefusalCode.NOT_FOUND, f"{account.platform} has no such account.", "accountId")
    ids = tuple(dict.fromkeys(wish.legal_entity_ids))
    if not 1 <= len(ids) <= MOST_ENTITIES:
        message = f"Name 1 to {MOST_ENTITIES} legal entities."
        raise refused(RefusalCode.INVALID, message, "legalEntityIds")
    entities: list[Entity] = []
    problems: list[Refusal] = []
    for record_id in ids:
        place = str(wish.legal_entity_ids.index(record_id))
        try:
            entity = await entity_of(run.firm, record_id, account.platform, "legalEntityIds", place)
        except Refused as refusal:
            problems += refusal.refusals
            continue
        if run.firm.door(entity.platform, "Account", PlatformRole.ERP) is None:
            message = f"{entity.platform} doesn't let Crosswalk write customers: make this one there."
            problems.append(Refusal(RefusalCode.UNSUPPORTED, message, ("input", "legalEntityIds", place)))
        entities.append(entity)
    if problems:
        raise Refused(*problems)
    customers = await customers_of(run.firm, account)
    return Standing(name=row["name"] or "", entities=tuple(entities), customers=customers)


def _billed(wish: OnboardCustomer, standing: Standing, wanted: list[Entity]) -> list[Billed]:
    """How the client is billed by each company that has no customer for it; Refused with everything that is missing
    or can't be. What isn't given is taken from a customer that it is already, the currency from the company.
    """
    known = next(iter(standing.customers), None)
    legal_name = wish.legal_name or (known.legal_name if known else None) or standing.name or None
    tax_id = wish.tax_id or (known.tax_id if known else None)
    needed = bool(wanted)
    problems = list(missing_billing(legal_name, tax_id, wish.bill_to)) if needed else []
    mismatches = [currency_problem(entity, wish.currency or entity.currency) for entity in standing.entities]
    problems += [mismatch for mismatch in mismatches if mismatch is not None]
    if problems:
        raise Refused(*problems)
    check_terms_days(wish.payment_terms_days)
    return [_complete(wish, entity, legal_name, tax_id) for entity in wanted]


def _complete(wish: OnboardCustomer, entity: Entity, legal_name: str | None, tax_id: str | None) -> Billed:
    currency = wish.currency or entity.currency
    assert legal_name is not None
    assert tax_id is not None
    assert wish.bill_to is not None
    assert currency is not None
    return Billed(
        legal_name=legal_name,
        tax_id=tax_id,
        currency=currency,
        payment_terms_days=wish.payment_terms_days,
        bill_to=wish.bill_to,
    )


FLOW = Flow(
    name="onboardCustomer",
    version=1,
    wish=OnboardCustomer,
    process=onboard_customer,
    subject=lambda wish: wish.account_id,
    queue=Queue.FINANCE,
    live=True,
)
