"""A client of the CRM becomes a customer in the ERP, for one or several of the firm's companies."""

import msgspec

from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import Refusal, RefusalCode
from sync.effects import Undo, Update
from sync.flows.accounts import Address
from sync.flows.customers import (
    Billed,
    Customer,
    Entity,
    customers_of,
    entity_of,
    missing_billing,
    settled_customer,
)
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
    account = run.firm.key("Account", wish.account_id)

    async def look() -> Standing:
        return await _standing(run, wish, account)

    standing = await run.fact("standing", Standing, look)
    billed = _billed(wish, standing)
    run.concerns(wish.account_id)
    known = {(customer.platform, customer.entity): customer for customer in standing.customers}
    told: list[str] = []
    for entity in standing.entities:
        there = known.get((entity.platform, entity.external_id))
        if there is None:
            first = not any(platform == entity.platform for platform, _ in known)
            done = await settled_customer(run, wish.account_id, account, entity, billed, first=first)
            told.append(f"{entity.platform}:{done.external_id}")
            known[entity.platform, entity.external_id] = Customer(
                platform=entity.platform,
                external_id=done.external_id,
                legal_name=billed.legal_name,
                entity=entity.external_id,
                tax_id=billed.tax_id,
                currency=billed.currency,
                anchor=account.external_id,
            )
        else:
            told.append(f"{there.platform}:{there.external_id}")
    await tell_crm(run, account, wish.account_id, ", ".join(told))


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
    entities = [await entity_of(run.firm, record_id) for record_id in ids]
    missing = [
        Refusal(RefusalCode.NOT_FOUND, "The ERP has no such legal entity.", ("input", "legalEntityIds", str(place)))
        for place, entity in enumerate(entities)
        if entity is None
    ]
    if missing:
        raise Refused(*missing)
    return Standing(
        name=row["name"] or "",
        entities=tuple(entity for entity in entities if entity is not None),
        customers=await customers_of(run.firm, account),
    )


def _billed(wish: OnboardCustomer, standing: Standing) -> Billed:
    """How the customer is billed; Refused with everything that is missing or can't be."""
    known = next(iter(standing.customers), None)
    legal_name = wish.legal_name or (known.legal_name if known else None) or standing.name or None
    tax_id = wish.tax_id or (known.tax_id if known else None)
    problems = list(missing_billing(legal_name, tax_id, wish.bill_to))
    currency = wish.currency or standing.entities[0].currency
    problems += [
        Refusal(
            RefusalCode.INVALID,
            f"{entity.name} keeps its books in {entity.currency}; a customer of it can't be billed in {currency}.",
            ("input", "currency"),
        )
        for entity in standing.entities
        if entity.currency is not None and entity.currency != currency
    ]
    if wish.payment_terms_days is not None and not 0 <= wish.payment_terms_days <= 365:
        message = "Payment terms are from 0 to 365 days."
        problems.append(Refusal(RefusalCode.INVALID, message, ("input", "paymentTermsDays")))
    if problems:
        raise Refused(*problems)
    assert legal_name is not None
    assert tax_id is not None
    assert wish.bill_to is not None
    assert currency is not None, "no legal entity tells its currency"
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
)
