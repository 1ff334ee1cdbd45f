"""Amounts as Tryton has them, and the small records that they are made of."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import msgspec

from platforms.mapping import Mapped, derived, text
from platforms.rows import Field
from platforms.tryton.wire import Number, Record, as_number
from schema.money import exact

Amount = tuple[Decimal, str | None]
"""In main units, with the currency's code."""


class Currency(Record, gc=False):
    code: str | None = None


class Company(Record, gc=False):
    id: int
    currency: Currency | None = msgspec.field(name="currency.", default=None)

    @property
    def code(self) -> str | None:
        return None if self.currency is None else self.currency.code


def money(path: str, amount: str, currency: str, *, writable: bool = False) -> tuple[Mapped, Mapped]:
    """An amount with its currency code: rows for `path.amount` and `path.currency`."""
    return (
        derived(
            f"{path}.amount",
            (Field(amount, Number), Field(currency)),
            lambda told, code: exact(as_number(told), code),
            (lambda value: (Number(value), None)) if writable else None,
        ),
        text(f"{path}.currency", currency, writable=False),
    )


def computed_money(
    path: str, fields: tuple[Field, ...], total: Callable[..., Amount | None], *, currency_field: str | None = None
) -> tuple[Mapped, Mapped]:
    """An amount that a function makes of several fields; `currency_field` where its currency is there for less."""

    def amount(*raw: Any) -> Decimal | None:
        found = total(*raw)
        return None if found is None else exact(*found)

    def currency(*raw: Any) -> str | None:
        found = total(*raw)
        return None if found is None else found[1]

    code = f"{path}.currency"
    return (
        derived(f"{path}.amount", fields, amount),
        derived(code, fields, currency) if currency_field is None else text(code, currency_field, writable=False),
    )


def summed(amounts: Iterable[Amount], home: str | None) -> Amount | None:
    """The sum, where all are of one currency; nothing at all is nothing in the currency `home`."""
    total, codes = Decimal(0), set()
    for value, code in amounts:
        total += value
        codes.add(code)
    if len(codes) > 1:
        return None
    return total, codes.pop() if codes else home
