"""How Salesforce's fields and the firm's words are each other's picture, and how each path is compared there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from platforms.mapping import Mapped, choice, day, derived, instant, money, number, same, text
from platforms.rows import Field
from platforms.salesforce.columns import ChoiceColumn, Column, KeyColumn, ScaleColumn, TextColumn
from platforms.salesforce.literals import day as on_days
from platforms.salesforce.literals import instant as on_instants
from platforms.salesforce.literals import number as on_numbers
from platforms.salesforce.soql import SoqlFacet
from schema.enums import BillingModel
from schema.money import exact
from schema.roles import PlatformRole

PAGE = 2_000
"""Rows of a page: the most that `Sforce-Query-Options: batchSize` grants."""
BATCH = 400
"""Ids in one query. A quoted id costs 21 bytes of the 16,384 for URL and headers: this leaves room for the rest."""

BILLING_MODELS = {
    "Fixed Fee": BillingModel.FIXED_FEE,
    "Time and Materials": BillingModel.TIME_AND_MATERIALS,
    "Milestone": BillingModel.MILESTONE,
    "Retainer": BillingModel.RETAINER,
    "Subscription": BillingModel.SUBSCRIPTION,
}

Rows = tuple["Row", ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A mapped path and how SOQL compares it; None where the graph never asks that of the vendor."""

    mapped: Mapped
    column: Column | None = None


# ------------------------------------------------------------------------------------------------ kinds of rows


def key_row(path: str, field: str, *, writable: bool = True) -> Row:
    """The record's own id, or a related record's."""
    return Row(same(path, field, writable=writable), KeyColumn(field))


def text_row(path: str, field: str, *, writable: bool = True) -> Row:
    return Row(text(path, field, writable=writable), TextColumn(field))


def day_row(path: str, field: str, *, writable: bool = True) -> Row:
    return Row(day(path, field, writable=writable), ScaleColumn(field, on_days))


def instant_row(path: str, field: str) -> Row:
    """A stamp that the vendor sets."""
    return Row(instant(path, field), ScaleColumn(field, on_instants))


def number_row(path: str, field: str) -> Row:
    return Row(number(path, field), ScaleColumn(field, on_numbers))


def choice_rows(path: str, field: str, names: Mapping[str, Enum], *, writable: bool = True) -> Rows:
    """The canonical value, and beside it the org's own word for it."""
    return (
        Row(choice(path, field, names, writable=writable), ChoiceColumn(field, names)),
        Row(text(native(path), field, writable=False)),
    )


def native(path: str) -> str:
    """Where the vendor's own word for an enum stands: `nativeStatus` beside `status`."""
    return f"native{path[:1].upper()}{path[1:]}"


def money_rows(path: str, amount: str, currency: str | None) -> Rows:
    """An amount with its record's currency; `currency` is the org's one where it has but one.

    A comparison without currency code compares the plain numbers. An order, though, goes by amounts converted to the
    org's currency, so that it is ours only where there is no other:
    https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_querying_currency_fields.htm
    """
    column = ScaleColumn(amount, on_numbers, sorts=currency is not None)
    if currency is None:
        in_units, code = money(path, amount, "CurrencyIsoCode")
        return Row(in_units, column), Row(code)

    def in_currency(value: Any) -> Any:
        return exact(value, currency)

    def of_currency(value: Any) -> str | None:
        return None if value is None else currency

    field = number(path, amount).fields[0]
    return (
        Row(derived(f"{path}.amount", (field,), in_currency, lambda value: (value,)), column),
        Row(derived(f"{path}.currency", (field,), of_currency)),
    )


STAMPS: Rows = (
    instant_row("modifiedAt", "SystemModstamp"),
    # If-Unmodified-Since compares with it; the ETag that accounts have besides isn't told by queries.
    Row(same("version", "LastModifiedDate", writable=False)),
)
SYSTEM = frozenset({"IsDeleted", "CreatedById", "LastModifiedById", "CurrencyIsoCode"})
"""Of every object: read in no row of their own. Deleted records don't show in queries."""


def facet(
    type_name: str,
    entity: str,
    rows: Iterable[Row],
    *,
    relations: Iterable[str],
    ignored: Iterable[str],
) -> SoqlFacet:
    """A CRM facet. Its `relations` may be asked for in bulk, as may its ids."""
    declared = (key_row("id", "Id", writable=False), *rows, *STAMPS)
    columns = {row.mapped.path: row.column for row in declared if row.column is not None}
    used = {item.name.split(".")[0] for row in declared for item in row.mapped.fields}
    return SoqlFacet(
        type=type_name,
        role=PlatformRole.CRM,
        entity=entity,
        rows=tuple(row.mapped for row in declared),
        ignored=(frozenset(ignored) | SYSTEM) - used,
        batch=dict.fromkeys(("id", *relations), BATCH),
        pushable={path: column.pushable for path, column in columns.items()},
        orders=frozenset(path for path, column in columns.items() if column.order is not None),
        page_size=PAGE,
        url="{base}/{id}",
        columns=columns,
    )


def owner_name(field: str = "Owner.Name") -> Row:
    """The owner's name, which belongs to the user: read along, never written."""
    return Row(Mapped(path="ownerName", fields=(Field(field),)), TextColumn(field))


def address(prefix: str) -> frozenset[str]:
    """The fields of a compound address."""
    parts = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy", "Address")
    return frozenset(prefix + part for part in parts)
