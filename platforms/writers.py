"""The port through which governed writes change a platform: what a vendor lets us write, and the writing.

A vendor declares *writables*: one per type and role, each with the canonical paths that can be set. Values are
canonical (text, Decimal, date, enums of `schema.enums`, tuples); the vendor's own mapping makes its wire values of
them, and reads them back by the same rows, so that what was asked and what is there can be compared.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from schema.roles import PlatformRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Settable:
    """One canonical path that can be written.

    `kind` is the type of its value: str, int, bool, Decimal, date, an enum of `schema.enums`, tuple[str, ...], or
    tuple[Line, ...]. None clears a value unless it is `required`. `told` False: the platform takes the value, and tells
    it nowhere, so that a read-back can't compare it.
    """

    kind: Any
    create: bool = True
    update: bool = True
    required: bool = False
    told: bool = True


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an invoice or of a billing schedule. `amount` is in main units of the document's currency.

    `project` is the ERP's own id of the project, `milestone` the key of a contract milestone, `bill_on` the day on
    which a line of a schedule falls due for billing.
    """

    description: str
    amount: Decimal
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    project: str | None = None
    milestone: str | None = None
    bill_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Writable:
    """What a vendor lets us write of `type`, in one role.

    `type` is a canonical type, or one of those that exist for writes alone: InvoiceSummary (what a CRM shows of an
    invoice), ResourceDemand, ProjectInvoice (what a PSA has billed), BillingSchedule.

    `unique`: the platform itself holds that a key names one record, so that creating twice with one key makes one
    record (an upsert). Elsewhere a record is searched by its key before it is created.
    """

    type: str
    role: PlatformRole
    entity: str
    paths: Mapping[str, Settable]
    unique: bool
    creatable: bool = True
    removable: bool = True
    """Whether `remove` takes a created record back: deletes, archives or cancels it, as the vendor allows."""

    def settable(self, path: str, *, creating: bool) -> bool:
        found = self.paths.get(path)
        return found is not None and (found.create if creating else found.update)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record as it is on the platform. `values` holds every `told` path of its writable, missing ones as None.

    `version` is the vendor's concurrency token, or its modification stamp where it has none.
    """

    external_id: str
    values: Mapping[str, Any]
    version: str | None = None
    modified_at: datetime | None = None
    url: str | None = None


def one_call(_: Writable, values: Mapping[str, Any], creating: bool) -> int:
    """The cost of writing where a record takes a single call."""
    return int(creating or bool(values))


Cost = Callable[[Writable, Mapping[str, Any], bool], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterTraits:
    """What governed writes have to know of a vendor.

    `settle_seconds`: how long after a call whose answer was lost its record may still appear, where keys aren't unique:
    the longest that the vendor works on a call. Only then is a record that can't be found held for not written.
    """

    settle_seconds: float = 0.0
    cost: Cost = one_call
    """The most calls that an update (a creation where that is True) with these values makes when all goes well: the
    write itself, and what is looked up for it or for reading the record back. What is remembered costs nothing again.
    """


class Writer(Protocol):
    """Writes to one configured platform; every call goes through its gate as a governed write.

    Each method may raise the errors of `schema.errors`. `PlatformError.landed` says whether a failed write may have
    been done. Nothing here repeats a write by itself.
    """

    writables: Mapping[tuple[str, PlatformRole], Writable]
    traits: WriterTraits

    async def find(self, writable: Writable, key: str) -> tuple[Found, ...]:
        """The records that bear the key, oldest first: read from where a write shows at once, never from a cache."""
        ...

    async def fetch(self, writable: Writable, external_id: str) -> Found | None:
        """The record as it is now; None where there is none (deleted, or taken back by `remove`)."""
        ...

    async def create(self, writable: Writable, key: str, values: Mapping[str, Any]) -> str:
        """Makes the record and answers its id. It bears the key from its first moment.

        What needs further calls (references, custom fields) is set after it; where that fails the record is there
        without, and `update` completes it.
        """
        ...

    async def update(
        self, writable: Writable, external_id: str, values: Mapping[str, Any], *, version: str | None = None
    ) -> None:
        """Sets just these values. With a `version`, UpstreamConflict where the record has another by now, if the vendor
        can hold that itself; else it is ignored here.
        """
        ...

    async def remove(self, writable: Writable, external_id: str) -> None:
        """Takes a created record back; done already is done."""
        ...
