"""Amounts as callers give them, checked before anything is planned."""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from schema.money import decimals
from sync.desk import RefusalCode
from sync.process import refused

MOST = Decimal(10) ** 12
"""No engagement is worth more; a platform's own fields hold little more than that."""


class Money(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    amount: Decimal
    currency: str


def amount_of(money: Money, *path: str) -> Decimal:
    """The amount, where it can be one: not negative, with no more decimals than its currency has."""
    return checked(money.amount, money.currency, *path, "amount")


def checked(amount: Decimal, currency: str | None, *path: str) -> Decimal:
    if amount < 0:
        raise refused(RefusalCode.INVALID, "An amount is not negative here.", *path)
    if amount >= MOST:
        raise refused(RefusalCode.INVALID, f"An amount is below {MOST:,f} here.", *path)
    places = decimals(currency)
    if amount != amount.quantize(Decimal(1).scaleb(-places)):
        unit = currency or "this currency"
        raise refused(RefusalCode.INVALID, f"{amount:f} has more decimals than {unit} has ({places}).", *path)
    return amount


def rounded(amount: Decimal, currency: str | None) -> Decimal:
    """To the currency's smallest unit, halves away from zero, as invoices are."""
    return amount.quantize(Decimal(1).scaleb(-decimals(currency)), ROUND_HALF_UP)


def instalments(total: Decimal, count: int, currency: str | None) -> list[Decimal]:
    """`total` in so many equal parts; what doesn't come out even is in the last one."""
    unit = Decimal(1).scaleb(-decimals(currency))
    part = (total / count // unit) * unit
    return [*[part] * (count - 1), total - part * (count - 1)]
