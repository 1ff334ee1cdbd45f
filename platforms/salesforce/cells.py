"""Values that can be written: each kind with its picture on the wire, and what of it the wire can't carry."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from platforms.mapping import Mapped, derived, text
from platforms.salesforce.ids import is_record_id
from platforms.salesforce.literals import day, sayable
from platforms.writers import Settable

Misfit = Callable[[Any], str | None]
"""Why a value of the right kind can't be kept as it is; None where it can."""

# "They can never include leading and trailing whitespace", and an empty one is null; a no-break space stays.
# https://developer.salesforce.com/docs/atlas.en-us.apexcode.meta/apexcode/langCon_apex_primitives.htm
_TRIMMED = "".join(map(chr, range(33)))
_CURRENCY = re.compile(r"[A-Z]{3}")
_CENT = Decimal("0.01")
_MOST = Decimal(10) ** 16  # currency(18,2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One path that can be written. `clears` False: the org puts a value of its own where there is none."""

    mapped: Mapped
    settable: Settable
    misfit: Misfit
    clears: bool = True

    def wire(self, value: Any) -> dict[str, Any]:
        """The fields that stand for the value; ValueError says why it can't be written. Empty text is no value."""
        fields = [field.name for field in self.mapped.fields]
        if value is None or value == "":
            if self.settable.required or not self.clears:
                raise ValueError("can't be empty")
            return dict.fromkeys(fields)
        kind = self.settable.kind
        why = self.misfit(value) if isinstance(value, kind) else f"is {type(value).__name__}, not {kind.__name__}"
        if why is not None:
            raise ValueError(why)
        assert self.mapped.write is not None
        return dict(zip(fields, self.mapped.write(value), strict=True))


def text_cell(mapped: Mapped, longest: int, *, required: bool = False) -> Cell:
    """`longest`: the field's length, in characters."""

    def misfit(value: str) -> str | None:
        if not sayable(value):
            return "holds a character that no record can hold"
        if value != value.strip(_TRIMMED):
            return "begins or ends with white space, which Salesforce takes away"
        return f"is longer than {longest} characters" if len(value) > longest else None

    return Cell(mapped=mapped, settable=Settable(kind=str, required=required), misfit=misfit)


def key_cell(mapped: Mapped, *, required: bool = False) -> Cell:
    """The id of a related record, in the form of 18 characters that reads answer with."""

    def misfit(value: str) -> str | None:
        return None if is_record_id(value) else "is no Salesforce id of 18 characters"

    return Cell(mapped=mapped, settable=Settable(kind=str, required=required), misfit=misfit)


def choice_cell(mapped: Mapped, kind: type[Enum], *, required: bool = False) -> Cell:
    known = frozenset((mapped.names or {}).values())

    def misfit(value: Enum) -> str | None:
        return None if value in known else f"is {value.name}, for which the org has no word"

    return Cell(mapped=mapped, settable=Settable(kind=kind, required=required), misfit=misfit)


def day_cell(mapped: Mapped) -> Cell:
    def misfit(value: date) -> str | None:
        fits = type(value) is date and day(value).side == 0
        return None if fits else "is no day from 1700 to 3999"

    return Cell(mapped=mapped, settable=Settable(kind=date), misfit=misfit)


def amount_cell(mapped: Mapped) -> Cell:
    """A currency field of 18 digits, two of them decimals: further ones would be rounded away."""

    def misfit(value: Decimal) -> str | None:
        if not value.is_finite() or abs(value) >= _MOST:
            return "is no amount of at most 16 digits before the point"
        return None if value == value.quantize(_CENT) else "has more than two decimals, which the org would round"

    return Cell(mapped=mapped, settable=Settable(kind=Decimal), misfit=misfit)


def currency_cell(path: str, only: str | None) -> Cell:
    """The record's currency, said once; `only` is the org's where it has but one, and then no field says it."""
    mapped = text(path, "CurrencyIsoCode") if only is None else derived(path, (), lambda: only, lambda _: ())

    def misfit(value: str) -> str | None:
        if only is not None:
            return None if value == only else f"isn't {only}, the org's only currency"
        return None if _CURRENCY.fullmatch(value) else "is no ISO 4217 code, such as EUR"

    return Cell(mapped=mapped, settable=Settable(kind=str, update=False), misfit=misfit, clears=False)


def by_path(*cells: Cell) -> Mapping[str, Cell]:
    return {cell.mapped.path: cell for cell in cells}
