"""Amounts as callers give them, checked before anything is planned."""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from schema.money import decimals
from sync.desk import RefusalCode
from sync.process import refused

MOST = Decimal(10) ** 12
"""No engagement is worth more; a platform's own fields hold little more than that."""
MOST_PLACES = 6
"""Decimals of quantities and of prices for one, which platforms keep finer than money."""


class Money(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    amount: Decimal
    currency: str


def amount_of(money: Money, *path: str) -> Decimal:
    """The amount, where it can be one: not negative, with no more decimals than its currency has."""
    return checked(money.amount, money.currency, *path, "amount")


def checked(amount: Decimal, currency: str | None, *path: str) -> Decimal:
    counted(amount, decimals(currency), currency or "this currency", *path)
    return amount


def counted(number: Decimal, most_places: int, unit: str, *path: str) -> None:
    """Refused for what can't be an amount, or a quantity, counted in such units."""
    if not number.is_finite():
        raise refused(RefusalCode.INVALID, "This isn't a number.", *path)
    if number < 0:
        raise refused(RefusalCode.INVALID, "An amount is not negative here.", *path)
    if number >= MOST:
        raise refused(RefusalCode.INVALID, f"An amount is below {MOST:,f} here.", *path)
    if places(number) > most_places:
        raise refused(RefusalCode.INVALID, f"{number:f} has more decimals than {unit} has ({most_places}).", *path)


def places(number: Decimal) -> int:
    """How many decimals a finite number has, zeros at its end left out: told by its digits, whatever their count."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), "it is finite"
    significant = "".join(map(str, digits)).rstrip("0")
    return max(0, -exponent - (len(digits) - len(significant))) if significant else 0


def rounded(amount: Decimal, currency: str | None) -> Decimal:
    """To the currency's smallest unit, halves away from zero, as invoices are."""
    return amount.quantize(Decimal(1).scaleb(-decimals(currency)), ROUND_HALF_UP)


def instalments(total: Decimal, count: int, currency: str | None) -> list[Decimal]:
    """`total` in so many equal parts; what doesn't come out even is in the last one."""
    unit = Decimal(1).scaleb(-decimals(currency))
    part = (total / count // unit) * unit
    return [*[part] * (count - 1), total - part * (count - 1)]
