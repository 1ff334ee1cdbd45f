"""What a caller says of a client, by canonical path: shared by the processes that write clients."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from schema.enums import AccountStatus
from sync.desk import RefusalCode
from sync.firm import Firm
from sync.process import refused

Given = str | None | UnsetType


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
    pairs: dict[str, Any] = {
        "name": given.name,
        "number": given.number,
        "status": given.status,
        "industry": given.industry,
        "website": given.website,
        "ownerName": given.owner_name,
        "parent": firm.key("Account", parent).external_id if isinstance(parent, str) else parent,
    }
    values = {path: value for path, value in pairs.items() if value is not UNSET}
    if values.get("name", "given") in (None, ""):
        raise refused(RefusalCode.INVALID, "A client has a name.", "name")
    return values, {path: ("parentId",) if path == "parent" else (path,) for path in values}


def billed(firm: Firm, given: Billing) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """The same for how the client is billed. A legal entity becomes its ERP's own id."""
    pairs: dict[str, Any] = {
        "billing.legalName": given.legal_name,
        "billing.taxId": given.tax_id,
        "billing.currency": given.currency,
        "billing.paymentTermsDays": given.payment_terms_days,
        "billing.creditHold": given.credit_hold,
    }
    inputs = {path: tuple(path.split(".")) for path in pairs}
    if isinstance(given.legal_entity_id, str):
        pairs["billing.legalEntity"] = firm.key("LegalEntity", given.legal_entity_id).external_id
        inputs["billing.legalEntity"] = ("billing", "legalEntityId")
    if given.bill_to is not UNSET:
        pairs |= _address(given.bill_to)
        inputs |= {path: ("billing", "billTo") for path in pairs if path.startswith("billing.billTo.")}
    days = given.payment_terms_days
    if isinstance(days, int) and not 0 <= days <= 365:
        raise refused(RefusalCode.INVALID, "Payment terms are from 0 to 365 days.", "billing", "paymentTermsDays")
    return {path: value for path, value in pairs.items() if value is not UNSET}, inputs


def _address(given: Address | None) -> dict[str, Any]:
    whole = Address(lines=()) if given is None else given
    return {
        "billing.billTo.lines": whole.lines or None,
        "billing.billTo.city": whole.city,
        "billing.billTo.region": whole.region,
        "billing.billTo.postalCode": whole.postal_code,
        "billing.billTo.country": whole.country,
    }
