"""Enters the customers with their address, identifiers, terms and credit limit."""

# mypy: disable-error-code="import-not-found,import-untyped"

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from trytond.modules.party.exceptions import InvalidIdentifierCode
from trytond.pool import Pool

from .books import Books
from .ledger import Customer

NAMES = {
    "AT": "Austria",
    "BE": "Belgium",
    "CA": "Canada",
    "CH": "Switzerland",
    "DE": "Germany",
    "DK": "Denmark",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "IT": "Italy",
    "JP": "Japan",
    "NL": "Netherlands",
    "NO": "Norway",
    "SE": "Sweden",
    "US": "United States",
}


def add_countries(codes: Iterable[str]) -> dict[str, int]:
    """Tryton's id by ISO 3166-1 alpha-2 code."""
    rows = [{"code": code, "name": NAMES.get(code, code)} for code in sorted(set(codes))]
    return {record.code: record.id for record in Pool().get("country.country").create(rows)}


def add_regions(customers: Iterable[Customer], countries: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Tryton's id by country and name of the region."""
    named = sorted({(customer.country, customer.region) for customer in customers if customer.region})
    rows = [
        {"country": countries[country], "name": region, "code": f"{country}-{place}", "type": "state"}
        for place, (country, region) in enumerate(named, 1)
    ]
    return dict(zip(named, (record.id for record in Pool().get("country.subdivision").create(rows)), strict=True))


def add_customers(
    customers: Sequence[Customer],
    *,
    books: Books,
    terms: Mapping[int, int],
    countries: Mapping[str, int],
    regions: Mapping[tuple[str, str], int],
) -> dict[str, int]:
    """Tryton's id of each customer's party by the firm's key.

    Parties belong to no company, but what is agreed with them does: call it in the context of the company of `books`,
    so that account, tax rule and credit limit are that company's.
    """
    rows = [_party(customer, books, terms, countries, regions) for customer in customers]
    parties = Pool().get("party.party").create(rows)
    return {customer.key: party.id for customer, party in zip(customers, parties, strict=True)}


def _party(
    customer: Customer,
    books: Books,
    terms: Mapping[int, int],
    countries: Mapping[str, int],
    regions: Mapping[tuple[str, str], int],
) -> dict[str, Any]:
    address = {
        "street_unstructured": customer.street,
        "city": customer.city,
        "postal_code": customer.postal_code,
        "country": countries[customer.country],
        "subdivision": regions[customer.country, customer.region] if customer.region else None,
        "invoice": True,
    }
    return {
        "name": customer.name,
        # The code is Tryton's only unique text of a party: another system's id is safe from being entered twice here.
        "code": customer.crm_id or customer.number,
        "addresses": [("create", [address])],
        "identifiers": [("create", list(_identifiers(customer)))],
        "account_receivable": books.receivable,
        "customer_tax_rule": books.tax_rules[customer.tax_code] if customer.tax_code else None,
        "customer_payment_term": terms[customer.terms_days],
        # Tryton has no switch for a hold: nobody may buy on credit whose limit is nothing.
        "credit_limit_amount": Decimal(0) if customer.credit_hold else None,
    }


def _identifiers(customer: Customer) -> Iterable[dict[str, Any]]:
    if customer.tax_id:
        yield {"type": _tax_type(customer.country, customer.tax_id), "code": customer.tax_id}


def _tax_type(country: str, tax_id: str) -> str | None:
    """The first of Tryton's types of tax number that accepts this one.

    Tryton refuses a number whose check digits don't fit its type; one that fits none is entered without a type, as a
    person would.
    """
    pool = Pool()
    for kind in pool.get("party.party").tax_identifier_types():
        if kind == "eu_vat" or kind.startswith(f"{country.lower()}_"):
            candidate = pool.get("party.identifier")(type=kind, code=tax_id, party=None)
            with suppress(InvalidIdentifierCode):
                candidate.check_code()
                return str(kind)
    return None
