"""NetSuite's ways of writing values, as rows: everything from SuiteQL is text, and absent where it is null."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from platforms.mapping import Mapped, derived, plain
from platforms.netsuite.clocks import instant_of
from platforms.rows import Field
from schema.enums import InvoiceStatus

_FLAGS = {"T": True, "F": False}
_PLACES = Decimal("0.0001")

STATUSES: Mapping[str, InvoiceStatus] = {
    status.value: status
    for status in (
        InvoiceStatus.DRAFT,
        InvoiceStatus.POSTED,
        InvoiceStatus.PARTIALLY_PAID,
        InvoiceStatus.PAID,
        InvoiceStatus.OVERDUE,
        InvoiceStatus.VOIDED,
    )
}
"""What an invoice's status can come to here: NetSuite's own tells open from paid, other columns tell the rest."""


def flag(path: str, field: str) -> Mapped:
    """`T` or `F`."""
    return derived(path, (Field(field),), lambda raw: _FLAGS.get(raw or ""))


def whole(path: str, field: str) -> Mapped:
    """A whole number, such as days."""
    return derived(path, (Field(field, Decimal),), lambda raw: None if raw is None else int(raw))


def stamp(path: str, field: str, zone: tzinfo) -> Mapped:
    """An instant, told without its zone: in that of the user who asks."""
    return derived(path, (Field(field, datetime),), lambda raw: None if raw is None else instant_of(raw, zone))


def street(path: str, fields: tuple[str, ...]) -> Mapped:
    """An address's lines, the empty ones left out; None without any."""
    return derived(
        path,
        tuple(Field(name) for name in fields),
        lambda *raw: [line for line in raw if line] or None,
    )


def margin(path: str, recognized: str, cost: str) -> Mapped:
    """(recognized - cost) / recognized to four places; None where nothing is recognized."""
    return derived(path, (Field(recognized, Decimal), Field(cost, Decimal)), _margin)


def _margin(recognized: Decimal | None, cost: Decimal | None) -> Decimal | None:
    if not recognized or cost is None:
        return None
    return plain(((recognized - cost) / recognized).quantize(_PLACES, ROUND_HALF_UP))
