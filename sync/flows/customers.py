"""A client as an ERP's customer: which one it is there already, and what a new one needs."""

from collections.abc import Iterable
from typing import Any

import msgspec

from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import Refusal, RefusalCode
from sync.effects import Create, Done, Undo, Update
from sync.firm import Firm, Row
from sync.flows.accounts import Address
from sync.process import Process

ERP = PlatformRole.ERP
_CUSTOMER_PATHS = ("billing.legalName", "billing.legalEntity", "billing.taxId", "billing.currency", "anchor")


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One of the firm's own companies, as its ERP knows it."""

    platform: str
    external_id: str
    name: str | None
    currency: str | None
    country: str | None


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer that an ERP has. `anchor` is the client's id in the CRM, where it is linked."""

    platform: str
    external_id: str
    legal_name: str | None
    entity: str | None
    tax_id: str | None
    currency: str | None
    anchor: str | None


class Billed(msgspec.Struct, frozen=True, kw_only=True):
    """How a new customer is billed, complete and checked."""

    legal_name: str
    tax_id: str
    currency: str
    payment_terms_days: int | None
    bill_to: Address


async def entity_of(firm: Firm, record_id: str) -> Entity | None:
    """The legal entity of a global id; None where its ERP has none such."""
    key = firm.key("LegalEntity", record_id)
    row = await firm.one("LegalEntity", key, ("name", "currency", "country"))
    if row is None:
        return None
    return Entity(
        platform=key.platform,
        external_id=key.external_id,
        name=row["name"],
        currency=row["currency"],
        country=row["country"],
    )


async def customers_of(firm: Firm, account: RecordKey) -> tuple[Customer, ...]:
    """The customers that are linked to a client, in every ERP."""
    return tuple(_customer(row) for row in await firm.facets_of("Account", ERP, account, _CUSTOMER_PATHS))


async def look_alikes(firm: Firm, platform: str, billed: Billed) -> tuple[Customer, ...]:
    """Customers of one ERP that may be the same client, by keys in strict order: the tax id, then legal name and
    country. Only the first key that finds any counts; likeness is never guessed.
    """
    keys: tuple[dict[str, str | None], ...] = (
        {"billing.taxId": billed.tax_id},
        {"billing.legalName": billed.legal_name, "billing.billTo.country": billed.bill_to.country},
    )
    for key in keys:
        found = await firm.matching(platform, "Account", ERP, (*_CUSTOMER_PATHS, "billing.billTo.country"), key)
        if found:
            return tuple(_customer(row) for row in found)
    return ()


def customer_key(account: RecordKey, entity: Entity, *, first: bool) -> str:
    """What links a new customer to its client: the CRM's id; for further legal entities of one ERP with theirs."""
    return account.external_id if first else f"{account.external_id}_{entity.external_id}"


def new_customer(account_id: str, key: str, entity: Entity, billed: Billed) -> Create:
    return Create(
        platform=entity.platform,
        type="Account",
        role=ERP,
        key=key,
        of=account_id,
        values={
            "billing.legalName": billed.legal_name,
            "billing.legalEntity": entity.external_id,
            "billing.taxId": billed.tax_id,
            "billing.currency": billed.currency,
            "billing.paymentTermsDays": billed.payment_terms_days,
            **address_values(billed.bill_to),
        },
    )


def address_values(given: Address) -> dict[str, Any]:
    return {
        "billing.billTo.lines": given.lines or None,
        "billing.billTo.city": given.city,
        "billing.billTo.region": given.region,
        "billing.billTo.postalCode": given.postal_code,
        "billing.billTo.country": given.country,
    }


async def settled_customer(
    run: Process, account_id: str, account: RecordKey, entity: Entity, billed: Billed, *, first: bool
) -> Done:
    """The client's customer for one legal entity: a new one, or the one look-alike that nobody else is linked to."""
    where = f"{entity.platform}, {entity.name or entity.external_id}"

    async def look() -> tuple[Customer, ...]:
        return await look_alikes(run.firm, entity.platform, billed)

    alike = await run.fact(f"look-alikes in {where}", tuple[Customer, ...], look)
    same = [found for found in alike if found.entity == entity.external_id]
    key = customer_key(account, entity, first=first)
    ours = [found for found in same if found.anchor in (key, account.external_id)]
    if ours:
        same = ours
    if len(same) > 1 or (same and same[0].anchor not in (None, key, account.external_id)):
        run.needs_person(
            "AMBIGUOUS_MATCH",
            f"{entity.platform} has {len(same)} customers that may be this client. Link the right one there to the "
            f"CRM's id {key}, or change what makes them alike; then retry.",
            queue=Queue.FINANCE,
            detail={"candidates": [msgspec.to_builtins(found, str_keys=True) for found in same], "key": key},
        )
    if same and same[0].anchor is None:
        link = Update(
            platform=entity.platform,
            type="Account",
            role=ERP,
            external_id=same[0].external_id,
            values={"anchor": key},
            of=account_id,
        )
        return await run.step(f"link customer in {where}", link, undo=Undo.RESTORE)
    return await run.step(f"customer in {where}", new_customer(account_id, key, entity, billed), undo=Undo.REMOVE)


def missing_billing(  # one line per thing that a customer can't be without
    legal_name: str | None, tax_id: str | None, bill_to: Address | None, *path: str
) -> Iterable[Refusal]:
    needed = {"legalName": legal_name, "taxId": tax_id, "billTo": bill_to}
    for name, value in needed.items():
        if not value:
            yield Refusal(RefusalCode.INVALID, f"A customer needs a {_WORDS[name]}.", ("input", *path, name))
    if tax_id and not (5 <= len(tax_id) <= 20 and tax_id.isascii() and tax_id.isalnum()):
        message = "A tax id is 5 to 20 letters and digits without blanks or signs, such as DE811907980."
        yield Refusal(RefusalCode.INVALID, message, ("input", *path, "taxId"))
    if bill_to and not (bill_to.lines and all(line.strip() for line in bill_to.lines)):
        yield Refusal(
            RefusalCode.INVALID, "A bill-to address has at least one line.", ("input", *path, "billTo", "lines")
        )
    if bill_to and not (bill_to.country and len(bill_to.country) == 2 and bill_to.country.isalpha()):
        message = "A bill-to address names its country by two letters, such as DE."
        yield Refusal(RefusalCode.INVALID, message, ("input", *path, "billTo", "country"))


_WORDS = {"legalName": "legal name", "taxId": "tax id", "billTo": "bill-to address"}


def _customer(row: Row) -> Customer:
    return Customer(
        platform=row.platform,
        external_id=row.external_id,
        legal_name=row["billing.legalName"],
        entity=row["billing.legalEntity"],
        tax_id=row["billing.taxId"],
        currency=row["billing.currency"],
        anchor=row["anchor"],
    )
