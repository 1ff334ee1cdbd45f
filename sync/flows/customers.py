"""A client as an ERP's customer: which one it is there already, and what a new one needs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

import msgspec

from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import Refusal, RefusalCode
from sync.effects import Create, Done, Undo, Update
from sync.firm import Firm, Row, further_link
from sync.flows.accounts import Address, address_problems, tax_id_problems
from sync.flows.given import named
from sync.process import Process, refused

ERP = PlatformRole.ERP
_CUSTOMER_PATHS = (
    "billing.legalName", "billing.legalEntity", "billing.taxId", "billing.currency", "billing.paymentTermsDays",
    "anchor",
)  # fmt: skip


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One of the firm's own companies, as its ERP knows it."""

    platform: str
    external_id: str
    name: str | None
    currency: str | None
    country: str | None


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer that an ERP has. `anchor` is what links it to a client of the CRM, where it is linked."""

    platform: str
    external_id: str
    legal_name: str | None
    entity: str | None
    tax_id: str | None
    currency: str | None
    terms_days: int | None
    anchor: str | None


class Billed(msgspec.Struct, frozen=True, kw_only=True):
    """How a new customer is billed, complete and checked."""

    legal_name: str
    tax_id: str
    currency: str
    payment_terms_days: int | None
    bill_to: Address


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Who the client is in an ERP already; `customer` None: it has none that could be the client."""

    customer: Customer | None


async def entity_of(firm: Firm, record_id: str, account_platform: str | None, *path: str) -> Entity:
    """The legal entity of a global id; Refused where its ERP has none such, or serves another CRM than the account's.
    `account_platform` None: the account isn't there yet.
    """
    key = named(firm, "LegalEntity", record_id, *path)
    row = await firm.one("LegalEntity", key, ("name", "currency", "country"))
    if row is None:
        raise refused(RefusalCode.NOT_FOUND, f"{key.platform} has no such legal entity.", *path)
    if account_platform is not None and key.platform not in firm.tellers("Account", ERP, account_platform):
        message = f"{key.platform} bills no accounts of {account_platform}."
        raise refused(RefusalCode.INVALID, message, *path)
    return Entity(
        platform=key.platform,
        external_id=key.external_id,
        name=row["name"],
        currency=row["currency"],
        country=row["country"],
    )


async def customers_of(firm: Firm, account: RecordKey) -> tuple[Customer, ...]:
    """The customers that are linked to a client, in every ERP and for each of the firm's companies."""
    return tuple(_customer(row) for row in await firm.facets_of("Account", ERP, account, _CUSTOMER_PATHS))


async def look_alikes(firm: Firm, entity: Entity, billed: Billed) -> tuple[Customer, ...]:
    """Customers of one company that may be the same client, by keys in strict order: the tax id, then legal name and
    country. Only the first key that finds any counts; likeness is never guessed.
    """
    keys: tuple[dict[str, str | None], ...] = (
        {"billing.taxId": billed.tax_id},
        {"billing.legalName": billed.legal_name, "billing.billTo.country": billed.bill_to.country},
    )
    for key in keys:
        rows = await firm.matching(entity.platform, "Account", ERP, _CUSTOMER_PATHS, key)
        found = tuple(_customer(row) for row in rows if row["billing.legalEntity"] in (None, entity.external_id))
        if found:
            return found
    return ()


def customer_key(account: RecordKey, entity: Entity, linked: Iterable[Customer]) -> str:
    """What links a new customer to its client: the CRM's id; for further legal entities of one ERP with theirs."""
    further = any(found.platform == entity.platform for found in linked)
    return further_link(account.external_id, entity.external_id) if further else account.external_id


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
    run: Process, account_id: str, account: RecordKey, entity: Entity, billed: Billed, *, linked: Sequence[Customer]
) -> Done:
    """The client's customer for one legal entity: a new one, or the one look-alike that nobody else is linked to.

    `linked` are the customers that the client has already. Where it isn't clear which one it is, finance says so on
    the platform; then the run is retried, and looks again.
    """
    where = f"{entity.platform}, {entity.name or entity.external_id}"
    key = customer_key(account, entity, linked)
    if run.firm.door(entity.platform, "Account", ERP) is None:
        message = f"{entity.platform} doesn't let Crosswalk write customers: make this one there."
        raise refused(RefusalCode.UNSUPPORTED, message)

    async def look() -> Match:
        return _match(run, account, entity, key, await look_alikes(run.firm, entity, billed))

    there = (await run.fact(f"match in {where}", Match, look)).customer
    if there is not None and there.anchor is None:
        link = Update(
            platform=entity.platform,
            type="Account",
            role=ERP,
            external_id=there.external_id,
            values={"anchor": key},
            of=account_id,
        )
        return await run.step(f"link customer in {where}", link, undo=Undo.RESTORE)
    bears = key if there is None or there.anchor is None else there.anchor
    done = await run.step(f"customer in {where}", new_customer(account_id, bears, entity, billed), undo=Undo.REMOVE)
    if there is None and not done.created:
        await _check_taken(run, entity, done, key, where)
    return done


def _match(run: Process, account: RecordKey, entity: Entity, key: str, alike: tuple[Customer, ...]) -> Match:
    """Asks a person, so that nothing of it is kept and a retry looks again, where more than one may be meant."""
    ours = [found for found in alike if found.anchor in (key, account.external_id)]
    if ours:
        return Match(customer=ours[0])
    if len(alike) > 1 or (alike and alike[0].anchor is not None):
        _ask_finance(run, entity, key, alike)
    return Match(customer=alike[0] if alike else None)


def _ask_finance(run: Process, entity: Entity, key: str, candidates: Sequence[Customer]) -> NoReturn:
    linked = ", ".join(f"{found.external_id} is linked to {found.anchor}" for found in candidates if found.anchor)
    what = "a customer" if len(candidates) == 1 else f"{len(candidates)} customers"
    run.needs_person(
        "AMBIGUOUS_MATCH",
        f"{entity.platform} has {what} that may be this client{f' ({linked})' if linked else ''}. Link the right one "
        f"there to {key}, or change what makes them alike; then retry the run.",
        queue=Queue.FINANCE,
        detail={"candidates": [msgspec.to_builtins(found, str_keys=True) for found in candidates], "key": key},
    )


async def _check_taken(run: Process, entity: Entity, done: Done, key: str, where: str) -> None:
    """A customer that bore the key already must be one of this company: else somebody linked another one meanwhile."""

    async def look() -> bool:
        rows = await run.firm.rows(entity.platform, "Account", ERP, _CUSTOMER_PATHS, by="id", keys=(done.external_id,))
        others = [_customer(row) for row in rows if row["billing.legalEntity"] not in (None, entity.external_id)]
        if others:
            _ask_finance(run, entity, key, others)
        return True

    await run.fact(f"customer taken in {where}", bool, look)


def missing_billing(
    legal_name: str | None, tax_id: str | None, bill_to: Address | None, *path: str
) -> Iterator[Refusal]:
    """Everything that a customer can't be without, and isn't there or can't be right."""
    needed = {"legalName": (legal_name or "").strip(), "taxId": tax_id, "billTo": bill_to}
    for name, value in needed.items():
        if not value:
            yield Refusal(RefusalCode.INVALID, f"A customer needs a {_WORDS[name]}.", ("input", *path, name))
    if tax_id:
        yield from tax_id_problems(tax_id, *path)
    if bill_to:
        yield from address_problems(bill_to, *path)


def currency_problem(entity: Entity, currency: str | None, *path: str) -> Refusal | None:
    """Why a customer of this company can't be billed in that currency."""
    if currency is None and entity.currency is None:
        message = f"{entity.name} tells no currency: give the customer's."
        return Refusal(RefusalCode.INVALID, message, ("input", *path, "currency"))
    if currency is None or entity.currency in (None, currency):
        return None
    message = f"{entity.name} keeps its books in {entity.currency}; a customer of it can't be billed in {currency}."
    return Refusal(RefusalCode.INVALID, message, ("input", *path, "currency"))


_WORDS = {"legalName": "legal name", "taxId": "tax id", "billTo": "bill-to address"}


def _customer(row: Row) -> Customer:
    return Customer(
        platform=row.platform,
        external_id=row.external_id,
        legal_name=row["billing.legalName"],
        entity=row["billing.legalEntity"],
        tax_id=row["billing.taxId"],
        currency=row["billing.currency"],
        terms_days=row["billing.paymentTermsDays"],
        anchor=row["anchor"],
    )
