"""What it takes to write one type of record: the port's writable, and how the record API holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platforms.mapping import Mapped, same
from platforms.netsuite.shapes import Shape
from platforms.writers import Writable


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """`writable` with its JSON. Paths that a property names are among the writable's.

    `page` is the path of the page where people look at such a record. `references` are the paths whose values are
    internal ids of other records. `fixed` is what a new record gets unless the values say otherwise, as JSON.
    """

    writable: Writable
    shape: Shape
    page: str
    references: frozenset[str] = frozenset()
    currency: str = ""
    """The path of a currency code, which is looked up."""
    terms: str = ""
    """The path of payment terms in days, which are looked up."""
    address: Shape | None = None
    """An entry of the address book, whose paths stand below `ADDRESS`."""
    lines: Shape | None = None
    """A line of the item sublist, which is the path `lines`."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    while_unset: str = ""
    """The path of a flag that must not be set if the record is to be removed."""

    @property
    def expanded(self) -> bool:
        """Whether the record is read with its sublists."""
        return self.address is not None or self.lines is not None


def modified() -> Mapped:
    """When the record was changed last, in UTC; NetSuite has no other token of a version."""
    return same("modifiedAt", "lastModifiedDate", writable=False)


ADDRESS = "billing.billTo."
ITEMS = "item"
"""The sublist of an invoice's or a sales order's lines."""
