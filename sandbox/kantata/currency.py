"""Currencies as records show them: code, symbol, and how many minor units make one (`currency_base_unit`)."""

from decimal import Decimal

from sandbox.kantata.account import Account
from sandbox.kantata.attributes import Attribute, derived, stored
from sandbox.store import Record

ACCOUNT_CURRENCY = "USD"
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CHF": "CHF", "SEK": "kr", "CAD": "$", "AUD": "$"}
WITHOUT_MINOR_UNITS = frozenset({"JPY", "KRW", "CLP", "ISK", "VND"})


def base_unit(currency: str) -> int:
    return 1 if currency in WITHOUT_MINOR_UNITS else 100


def symbol(currency: str) -> str:
    return SYMBOLS.get(currency, currency)


def minor_units(amount: Decimal, currency: str) -> int:
    """A price in main units, such as 1200.5, as an integer of minor units; half units are rounded to even."""
    return int((amount * base_unit(currency)).quantize(Decimal(1)))


def formatted(amount: int | None, currency: str) -> str:
    """The text that `price` and `budget_used` show: `$1,200`, `€12.50`, or `TBD` where there is no amount."""
    if amount is None:
        return "TBD"
    main, minor = divmod(amount, base_unit(currency))
    return f"{symbol(currency)}{main:,}" + (f".{minor:02d}" if minor else "")


def of(record: Record) -> str:
    return str(record.get("currency") or ACCOUNT_CURRENCY)


def currency_attributes() -> tuple[Attribute, ...]:
    def read_symbol(_account: Account, record: Record) -> str:
        return symbol(of(record))

    def read_base_unit(_account: Account, record: Record) -> int:
        return base_unit(of(record))

    return (
        stored("currency", default=ACCOUNT_CURRENCY),
        derived("currency_symbol", read_symbol),
        derived("currency_base_unit", read_base_unit),
    )
