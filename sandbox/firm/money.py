"""Amounts between the firm's minor units and the decimals that systems show, exact in both directions."""

from decimal import Decimal

DECIMALS = {"EUR": 2, "GBP": 2, "USD": 2, "CHF": 2, "SEK": 2, "JPY": 0}
"""The currencies of the firm, with the decimals of ISO 4217: the yen has no smaller unit."""


def as_decimal(minor: int, currency: str) -> Decimal:
    """1250 is 12.50 in euros and 1250 in yen."""
    return Decimal(minor).scaleb(-DECIMALS[currency])


def as_minor(amount: Decimal, currency: str) -> int:
    """The inverse of `as_decimal`; raises ValueError for an amount finer than the currency."""
    scaled = amount.scaleb(DECIMALS[currency])
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} is finer than {currency} allows")
    return int(scaled)


def share(amount: int, numerator: int, denominator: int) -> int:
    """`amount * numerator / denominator` to the minor unit, half away from zero, as accounts are rounded."""
    doubled = 2 * amount * numerator
    rounded = (abs(doubled) + denominator) // (2 * denominator)
    return rounded if doubled >= 0 else -rounded


def worth(minutes: int, rate: int) -> int:
    """What a time entry is worth at `rate` per hour."""
    return share(rate, minutes, 60)
