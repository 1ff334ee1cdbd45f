"""What a caller says of a client, by canonical path: shared by the processes that write clients."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from schema.enums import AccountStatus
from schema.ids import RecordKey
from sync.desk import Refusal, RefusalCode
from sync.firm import Firm
from sync.flows.given import named
from sync.process import Process, Refused, refused

Given = str | None | UnsetType
MOST_DAYS = 365
"""Days of payment terms."""


class Address(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    lines: tuple[str, ...]
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Billing(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a client is billed; absent parts stay as they are, null ones are cleared."""

    legal_name: Given = UNSET
    legal_entity_id: Given = UNSET
    tax_id: Given = UNSET
    currency: Given = UNSET
    payment_terms_days: int | UnsetType | None = UNSET
    bill_to: Address | UnsetType | None = UNSET
    credit_hold: bool | UnsetType | None = UNSET


class Described(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who a client is."""

    name: Given = UNSET
    number: Given = UNSET
    status: AccountStatus | UnsetType | None = UNSET
    industry: Given = UNSET
    website: Given = UNSET
    owner_name: Given = UNSET
    parent_id: Given = UNSET


def described(firm: Firm, given: Described) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """The given values by canonical path, and by path where they stand in the input."""
    parent = given.parent_id
    if isinstance(parent, str):
        parent = named(firm, "Account", parent, "parentId").external_id
    pairs: dict[str, Any] = {
        "name": given.name,
        "number": given.number,
        "status": given.status,
        "industry": given.industry,
        "website": given.website,
        "ownerName": given.owner_name,
        "parent": parent,
    }
    values = {path: value for path, value in pairs.items() if value is not UNSET}
    if not (values.get("name", "given") or "").strip():
        raise refused(RefusalCode.INVALID, "A client has a name.", "name")
    return values, {path: ("parentId",) if path == "parent" else (path,) for path in values}


async def check_parent(run: Process, given: Described, platform: str, *, child: str | None = None) -> None:
    """Refused where the parent isn't there, is the client itself, or is another CRM's; `platform` is the client's."""
    if not isinstance(given.parent_id, str):
        return
    parent = named(run.firm, "Account", given.parent_id, "parentId")
    if parent.platform != platform:
        message = f"The parent is an account of {parent.platform}, and the client is one of {platform}."
        raise refused(RefusalCode.INVALID, message, "parentId")
    if parent.external_id == child:
        raise refused(RefusalCode.INVALID, "A client can't be its own parent.", "parentId")

    async def look() -> bool:
        return await run.firm.one("Account", parent, ("id",)) is not None

    if not await run.fact("parent is there", bool, look):
        raise refused(RefusalCode.NOT_FOUND, f"{platform} has no such account.", "parentId")


def billed(given: Billing) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """The same for how the client is billed, but for the legal entity: that says which customer is meant."""
    pairs: dict[str, Any] = {
        "billing.legalName": given.legal_name,
        "billing.taxId": given.tax_id,
        "billing.currency": given.currency,
        "billing.paymentTermsDays": given.payment_terms_days,
        "billing.creditHold": given.credit_hold,
    }
    inputs = {path: tuple(path.split(".")) for path in pairs}
    if given.bill_to is not UNSET:
        pairs |= _address(given.bill_to)
        inputs |= {path: ("billing", "billTo") for path in pairs if path.startswith("billing.billTo.")}
    check_terms_days(given.payment_terms_days, "billing")
    problems = [
        *(tax_id_problems(given.tax_id, "billing") if isinstance(given.tax_id, str) else ()),
        *(address_problems(given.bill_to, "billing") if isinstance(given.bill_to, Address) else ()),
    ]
    if problems:
        raise Refused(*problems)
    values = {path: value for path, value in pairs.items() if value is not UNSET}
    if not (values.get("billing.legalName", "given") or "").strip():
        raise refused(RefusalCode.INVALID, "A customer has a legal name.", "billing", "legalName")
    return values, inputs


def check_terms_days(days: object, *path: str) -> None:
    if isinstance(days, int) and not 0 <= days <= MOST_DAYS:
        message = f"Payment terms are from 0 to {MOST_DAYS} days."
        raise refused(RefusalCode.INVALID, message, *path, "paymentTermsDays")


def tax_id_problems(tax_id: str, *path: str) -> Iterator[Refusal]:
    if not (5 <= len(tax_id) <= 20 and tax_id.isascii() and tax_id.isalnum()):
        message = "A tax id is 5 to 20 letters and digits without blanks or signs, such as DE811907980."
        yield Refusal(RefusalCode.INVALID, message, ("input", *path, "taxId"))


def address_problems(given: Address, *path: str) -> Iterator[Refusal]:
    where = ("input", *path, "billTo")
    if not (given.lines and all(line.strip() for line in given.lines)):
        yield Refusal(RefusalCode.INVALID, "A bill-to address has at least one line.", (*where, "lines"))
    country = given.country
    if not (country and len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
        message = "A bill-to address names its country by two capital letters, such as DE."
        yield Refusal(RefusalCode.INVALID, message, (*where, "country"))


def meant_entity(firm: Firm, given: Billing) -> RecordKey | None:
    """The legal entity whose customer is to be changed; None where the caller doesn't say."""
    if given.legal_entity_id is UNSET:
        return None
    if given.legal_entity_id is None:
        raise refused(RefusalCode.INVALID, "A customer always has a legal entity.", "billing", "legalEntityId")
    return named(firm, "LegalEntity", given.legal_entity_id, "billing", "legalEntityId")


def _address(given: Address | None) -> dict[str, Any]:
    whole = Address(lines=()) if given is None else given
    return {
        "billing.billTo.lines": whole.lines or None,
        "billing.billTo.city": whole.city,
        "billing.billTo.region": whole.region,
        "billing.billTo.postalCode": whole.postal_code,
        "billing.billTo.country": whole.country,
    }
