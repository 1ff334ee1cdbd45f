"""Parties as accounts' billing, and companies as legal entities.

Source: the modules party, account and account_credit_limit; https://docs.tryton.org/latest/modules-party/
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from platforms.mapping import Mapped, derived, text
from platforms.predicates import Compare
from platforms.rows import Field
from platforms.tryton.amounts import Amount, Company, computed_money
from platforms.tryton.domains import (
    EQUALITY,
    Condition,
    ExistsColumn,
    LinkColumn,
    TextColumn,
    WiderColumn,
    among,
    wanted,
)
from platforms.tryton.facets import Row, TrytonFacet, facet, link
from platforms.tryton.open_items import FIELD, OpenItem, balance, open_items, overdue
from platforms.tryton.options import LinkOptions
from platforms.tryton.terms import PaymentTerm, days_to_pay
from platforms.tryton.wire import Number, Record, said_number
from runtime.clock import Clock


class TaxRule(Record, gc=False):
    name: str | None = None


class Agreement(Record, gc=False):
    """What one of the firm's companies has agreed with a party."""

    id: int
    company: Company | None = msgspec.field(name="company.", default=None)
    account_receivable: int | None = None
    customer_tax_rule: TaxRule | None = msgspec.field(name="customer_tax_rule.", default=None)


class Identifier(Record, gc=False):
    id: int
    type: str | None = None
    code: str | None = None


class Limit(Record, gc=False):
    credit_limit_amount: Number | None = None


class Country(Record, gc=False):
    code: str | None = None


class Region(Record, gc=False):
    name: str | None = None


class Address(Record, gc=False):
    id: int
    invoice: bool | int | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    subdivision: Region | None = msgspec.field(name="subdivision.", default=None)
    country: Country | None = msgspec.field(name="country.", default=None)


_AGREEMENTS = Field("accounts", list[Agreement])
_IDENTIFIERS = Field("identifiers", list[Identifier])
_ADDRESSES = Field("addresses", list[Address])
_LIMITS = Field("credit_limit_amounts", list[Limit])
_TERM = Field("customer_payment_term", PaymentTerm)
_OPEN_ITEMS = Field(FIELD, list[OpenItem])

_PARTY_IGNORED = {
    "account_payable", "account_receivable", "active", "categories", "code", "code_alnum", "code_digit",
    "code_readonly", "contact_mechanisms", "credit_amount", "credit_limit_amount", "currency", "customer_tax_rule",
    "distance", "email", "fax", "full_name", "lang", "langs", "mobile", "payable", "payable_today", "payment_terms",
    "phone", "receivable", "receivable_today", "replaced_by", "supplier_payment_term", "supplier_tax_rule",
    "tax_identifier", "website",
}  # fmt: skip
_COMPANY_IGNORED = {
    "cancel_invoice_out", "employees", "footer", "header", "logo", "logo_cache", "payable", "payable_today",
    "purchase_taxes_expense", "receivable", "receivable_today", "tax_identifiers", "timezone",
}  # fmt: skip


def account(options: LinkOptions, database: str, clock: Clock) -> TrytonFacet:
    """What the ERP knows of an account. Tryton keeps no currency with a customer: it is the billing company's."""
    is_id = options.is_crm_id

    def overdue_today(items: Sequence[OpenItem] | None, agreements: Sequence[Agreement] | None) -> Amount | None:
        return overdue(items, _currency(agreements), clock.now().date())

    return facet(
        "Account",
        "party.party",
        (
            Row(link("anchor", options.account_field, is_id), LinkColumn(options.account_field, is_id)),
            Row(text("billing.legalName", "name"), TextColumn("name")),
            Row(derived("billing.legalEntity", (_AGREEMENTS,), _legal_entity)),
            Row(derived("billing.taxId", (_IDENTIFIERS,), _tax_id)),
            Row(derived("billing.taxCode", (_AGREEMENTS,), _tax_code)),
            Row(derived("billing.currency", (_AGREEMENTS,), _currency)),
            Row(derived("billing.paymentTermsDays", (_TERM,), days_to_pay)),
            Row(_address("lines", lambda found: [line for line in (found.street or "").split("\n") if line] or None)),
            Row(_address("city", lambda found: found.city or None)),
            Row(_address("region", lambda found: found.subdivision and found.subdivision.name)),
            Row(_address("postalCode", lambda found: found.postal_code or None)),
            Row(
                _address("country", lambda found: found.country and found.country.code),
                WiderColumn(EQUALITY, _in_country),
            ),
            Row(
                derived("billing.creditHold", (_LIMITS,), _on_hold),
                ExistsColumn("credit_limit_amounts", [["credit_limit_amount", "=", said_number(Decimal(0))]]),
            ),
            *map(
                Row,
                computed_money(
                    "billing.balance", (_OPEN_ITEMS, _AGREEMENTS), lambda items, kept: balance(items, _currency(kept))
                ),
            ),
            *map(Row, computed_money("billing.overdue", (_OPEN_ITEMS, _AGREEMENTS), overdue_today)),
        ),
        batch=("anchor",),
        always=[],
        ignored=_PARTY_IGNORED,
        page_size=options.page_size,
        database=database,
        asides=(open_items(options),),
        slow=("accounts", "addresses", "customer_payment_term"),
    )


def legal_entity(options: LinkOptions, database: str) -> TrytonFacet:
    """The firm's own companies."""
    addresses = Field("party.addresses", list[Address])
    return facet(
        "LegalEntity",
        "company.company",
        (
            Row(text("name", "party.name", writable=False), TextColumn("party.name")),
            Row(derived("country", (addresses,), lambda told: _country(_billed_at(told)))),
            Row(text("currency", "currency.code", writable=False), TextColumn("currency.code")),
        ),
        batch=(),
        always=[],
        ignored=_COMPANY_IGNORED,
        page_size=options.page_size,
        database=database,
    )


# ------------------------------------------------------------------------------------------------ agreements


def _agreed(agreements: Sequence[Agreement] | None) -> Agreement | None:
    """With the first company that sells to the party; Tryton lets several do."""
    found = sorted(agreements or (), key=lambda one: one.company.id if one.company else one.id)
    selling = (one for one in found if one.account_receivable is not None or one.customer_tax_rule is not None)
    return next(selling, found[0] if found else None)


def _legal_entity(agreements: Sequence[Agreement] | None) -> str | None:
    found = _agreed(agreements)
    return None if found is None or found.company is None else str(found.company.id)


def _currency(agreements: Sequence[Agreement] | None) -> str | None:
    found = _agreed(agreements)
    return None if found is None or found.company is None else found.company.code


def _tax_code(agreements: Sequence[Agreement] | None) -> str | None:
    found = _agreed(agreements)
    return None if found is None or found.customer_tax_rule is None else found.customer_tax_rule.name


# ----------------------------------------------------------------------------------------------- fiscal identity


def _tax_id(identifiers: Sequence[Identifier] | None) -> str | None:
    """The first number whose form Tryton has checked, else the first."""
    found = sorted(identifiers or (), key=lambda one: (one.type is None, one.id))
    return found[0].code if found else None


def _on_hold(limits: Sequence[Limit] | None) -> bool:
    """Tryton has no switch for it: nobody may buy on credit whose limit is nothing."""
    amounts = (limit.credit_limit_amount for limit in limits or ())
    return any(amount is not None and amount.decimal == 0 for amount in amounts)


# ------------------------------------------------------------------------------------------------- addresses


def _address(part: str, read: Any) -> Mapped:
    def value(addresses: Sequence[Address] | None) -> Any:
        found = _billed_at(addresses)
        return None if found is None else read(found)

    return derived(f"billing.billTo.{part}", (_ADDRESSES,), value)


def _billed_at(addresses: Sequence[Address] | None) -> Address | None:
    """The first address for invoices, else the first."""
    return min(addresses or (), key=lambda one: (not one.invoice, one.id), default=None)


def _country(found: Address | None) -> str | None:
    return None if found is None or found.country is None else found.country.code


def _in_country(leaf: Compare) -> Condition:
    """Whether any address is there; which of them bills is seen here."""
    return among("addresses.country.code", wanted(leaf), negated=False)
