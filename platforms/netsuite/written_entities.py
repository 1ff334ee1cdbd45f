"""Customers as accounts and jobs as projects, as the record API takes and tells them.

Source: NetSuite's REST API Browser, records customer and job.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from platforms.mapping import Mapped, day, derived, same, text
from platforms.netsuite.options import AccountOptions
from platforms.netsuite.shapes import Shape
from platforms.netsuite.wire_values import MOST_LINES
from platforms.netsuite.written import ADDRESS, Written, modified
from platforms.rows import Field
from platforms.writers import Settable, Writable
from schema.roles import PlatformRole

# AUTO leaves it to NetSuite, which holds a customer who is over the credit limit or pays late.
_HOLDS = {"ON": True, "OFF": False}
_HELD = {True: "ON", False: "OFF", None: "AUTO"}


def customer(options: AccountOptions) -> Written:
    """Billing of an account. Its address is the default billing one of the address book."""
    address = _address()
    rows = (
        same("id", "id", writable=False),
        text("anchor", "externalId"),
        text("website", "url"),
        text("billing.legalName", "companyName"),
        same("billing.legalEntity", "subsidiary.id"),
        text("billing.taxId", options.fields["Account.billing.taxId"]),
        same("billing.currency", "currency.id"),
        same("billing.paymentTermsDays", "terms.id"),
        derived("billing.creditHold", (Field("creditHoldOverride.id"),), _HOLDS.get, lambda held: (_HELD[held],)),
        same("addresses", "addressBook.items", address.several, writable=False),
        *(_of_default(address, path) for path in _ADDRESS_PATHS),
        modified(),
    )
    paths = {
        "anchor": Settable(kind=str, create=False),
        "website": Settable(kind=str),
        "billing.legalName": Settable(kind=str, required=True),
        "billing.legalEntity": Settable(kind=str, update=False, required=True),
        "billing.taxId": Settable(kind=str),
        "billing.currency": Settable(kind=str, update=False),
        "billing.paymentTermsDays": Settable(kind=int),
        "billing.creditHold": Settable(kind=bool),
        f"{ADDRESS}lines": Settable(kind=tuple[str, ...]),
        **{f"{ADDRESS}{path}": Settable(kind=str) for path in _ADDRESS_PATHS if path != "lines"},
    }
    return Written(
        writable=Writable(type="Account", role=PlatformRole.ERP, entity="customer", paths=paths, unique=True),
        shape=Shape("Account", rows),
        page="/app/common/entity/custjob.nl",
        references=frozenset({"billing.legalEntity"}),
        currency="billing.currency",
        terms="billing.paymentTermsDays",
        address=address,
        fixed={"isPerson": False},
    )


def job(_: AccountOptions) -> Written:
    """Jobs, which the user interface calls projects."""
    rows = (
        same("id", "id", writable=False),
        text("anchor", "externalId"),
        text("name", "companyName"),
        same("customer", "parent.id"),
        same("legalEntity", "subsidiary.id"),
        day("startDate", "startDate"),
        day("endDate", "endDate"),
        modified(),
    )
    paths = {
        "anchor": Settable(kind=str, create=False),
        "name": Settable(kind=str, required=True),
        "customer": Settable(kind=str, update=False, required=True),
        "legalEntity": Settable(kind=str, update=False),
        "startDate": Settable(kind=date),
        "endDate": Settable(kind=date),
    }
    return Written(
        writable=Writable(type="Project", role=PlatformRole.ERP, entity="job", paths=paths, unique=True),
        shape=Shape("Project", rows),
        page="/app/accounting/project/project.nl",
        references=frozenset({"customer", "legalEntity"}),
    )


# ------------------------------------------------------------------------------------------------------- addresses

_ADDRESS_PATHS = ("lines", "city", "region", "postalCode", "country")


def _address() -> Shape:
    """An entry of the address book."""
    inside = "addressBookAddress"
    return Shape(
        "Address",
        (
            same("id", "addressId", writable=False),
            same("default", "defaultBilling", bool, writable=False),
            derived(
                "lines",
                tuple(Field(f"{inside}.addr{number}") for number in range(1, MOST_LINES + 1)),
                lambda *raw: tuple(line for line in raw if line) or None,
                _three,
            ),
            text("city", f"{inside}.city"),
            text("region", f"{inside}.state"),
            text("postalCode", f"{inside}.zip"),
            text("country", f"{inside}.country.id"),
        ),
    )


def _three(lines: Sequence[str] | None) -> tuple[str | None, ...]:
    given = tuple(lines or ())
    return given + (None,) * (MOST_LINES - len(given))


def default_address(address: Shape, entries: Sequence[Any] | None) -> dict[str, Any] | None:
    """The default billing entry's values. Where an account shows several, the last was made so last."""
    told = [address.read(entry) for entry in entries or ()]
    return next((values for values in reversed(told) if values["default"]), None)


def _of_default(address: Shape, path: str) -> Mapped:
    def read(entries: Sequence[Any] | None) -> Any:
        found = default_address(address, entries)
        return None if found is None else found[path]

    return derived(f"{ADDRESS}{path}", (Field("addressBook.items", address.several),), read)
