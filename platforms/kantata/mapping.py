"""How Kantata's values and the firm's words are each other's picture: the kinds of rows that facets are made of."""

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum

from platforms.kantata.conditions import Condition, Instants
from platforms.kantata.endpoints import Endpoint, KantataFacet
from platforms.kantata.envelope import part
from platforms.kantata.keys import MOST_KEYS, Keys
from platforms.kantata.options import MOST_ROWS
from platforms.mapping import Mapped, derived, instant, same, text
from platforms.readers import Pushable
from platforms.rows import Field
from schema.enums import ApprovalStatus, BillingState
from schema.money import exact, from_minor
from schema.roles import PlatformRole

_BY_KEY = Pushable(frozenset({"eq", "in"}), exact=False)
_FOUR_PLACES = Decimal("0.0001")
STAMP = "modifiedAt"
"""By which every record that has a stamp is found and ordered, so that its changes can be followed."""

Rows = tuple[Mapped, ...]


def facet(
    type_name: str,
    entity: str,
    endpoint: Endpoint,
    rows: Rows,
    *,
    keys: Mapping[str, Keys],
    ignored: frozenset[str],
    conditions: Mapping[str, Condition] | None = None,
    sorts: Mapping[str, str] | None = None,
    kinds: tuple[Field, frozenset[object]] | None = None,
    url: str | None = None,
) -> KantataFacet:
    """A PSA facet; `entity` is the record's name in the singular, as the API's request bodies have it."""
    conditions, sorts = dict(conditions or {}), dict(sorts or {})
    if any(row.path == STAMP for row in rows):
        conditions[STAMP], sorts[STAMP] = Instants("updated_after", "updated_before"), "updated_at"
    return KantataFacet(
        type=type_name,
        role=PlatformRole.PSA,
        entity=entity,
        rows=(same("id", "id", writable=False), *rows),
        ignored=ignored,
        batch=dict.fromkeys(keys, MOST_KEYS),
        pushable=dict.fromkeys(keys, _BY_KEY) | {path: each.pushable for path, each in conditions.items()},
        orders=frozenset(sorts),
        keyset=False,
        page_size=MOST_ROWS,
        url=url,
        endpoint=endpoint,
        keys=keys,
        conditions=conditions,
        sorts=sorts,
        kinds=kinds,
    )


STAMPS: Rows = (instant(STAMP, "updated_at"),)


def reference(path: str, service: str) -> Mapped:
    """The id that another system has for the record, from the external reference to that service."""
    return text(path, part("external_references", service), writable=False)


def custom(path: str, field: str) -> Mapped:
    """The value of a custom field, as people read it."""
    return text(path, part("custom_field_values", field), writable=False)


def meaning(path: str, field: Field, names: Mapping[str, Enum], *, writable: bool = False) -> Mapped:
    """What one of the account's own keys or choices means; one that nobody explained reads as missing."""
    native: dict[Enum, str] = {}
    for key, value in names.items():
        native.setdefault(value, key)

    def read(key: int | str | None) -> Enum | None:
        return names.get(str(key))

    return Mapped(
        path=path,
        fields=(field,),
        read=read,
        write=(lambda value: (native.get(value),)) if writable else None,
        names=names,
    )


def minor_units(path: str, amount: str, prefix: str = "", *, currency: str | None = None) -> Rows:
    """Money in minor units, of which `currency_base_unit` make one: rows for `path.amount` and `path.currency`.

    `prefix` is the record that holds all of it, `currency` what counts where the record names none. An attribute that
    the token's user may not see is absent, and reads as missing.
    """
    fields = (
        Field(f"{prefix}{amount}", int),
        Field(f"{prefix}currency"),
        Field(f"{prefix}currency_base_unit", int),
    )

    def in_main_units(minor: int | None, code: str | None, base: int | None) -> Decimal | None:
        code = code or currency
        if minor is None or code is None:
            return None
        if base is None or base <= 0:
            return from_minor(minor, code)
        return exact(Decimal(minor) / base, code)

    def in_currency(minor: int | None, code: str | None) -> str | None:
        return None if minor is None else code or currency

    return (
        derived(f"{path}.amount", fields, in_main_units),
        derived(f"{path}.currency", fields[:2], in_currency),
    )


def hours(path: str, minutes: str) -> Mapped:
    """Whole minutes as hours, to four places where they don't come out even."""
    return derived(path, (Field(minutes, int),), _hours)


def approval(path: str = "approval") -> Rows:
    """Where a time entry or expense stands, by its own flag and the submission that it was last part of."""
    submitted = Field("recent_submission.status")
    return (
        derived(path, (Field("approved", bool), submitted), _approval),
        text(f"native{path[:1].upper()}{path[1:]}", submitted.name, writable=False),
    )


def billing_state(billable: str) -> Mapped:
    return derived("billingState", (Field(billable, bool), Field("is_invoiced", bool)), _billing_state)


def _hours(minutes: int | None) -> Decimal | None:
    if minutes is None:
        return None
    found = Decimal(minutes) / 60
    rounded = found.quantize(_FOUR_PLACES)
    return found if found == rounded else rounded


_SUBMISSIONS = {"pending": ApprovalStatus.SUBMITTED, "rejected": ApprovalStatus.REJECTED}


def _approval(approved: bool | None, submission: str | None) -> ApprovalStatus | None:
    if approved is None:
        return None
    if approved:
        return ApprovalStatus.APPROVED
    return _SUBMISSIONS.get(submission or "", ApprovalStatus.DRAFT)  # a cancelled submission leaves a draft


def _billing_state(billable: bool | None, invoiced: bool | None) -> BillingState | None:
    if invoiced:
        return BillingState.BILLED
    if billable is None:
        return None
    return BillingState.UNBILLED if billable else BillingState.NOT_BILLABLE
