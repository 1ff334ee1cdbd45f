"""Where a canonical path is kept on Kantata, and what its value becomes on the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from platforms.kantata.fields import Definition
from platforms.kantata.keys import OWN
from platforms.writers import Line
from schema.money import decimals, exact, from_minor

LONGEST_TITLE = 200
"""Characters of a story's title: https://github.com/mavenlink/mavenlink_gem lib/config/specification.yml"""
_MOST_DIGITS = 15
_NO_CURRENCY = "the project's currency isn't told: its finances have to be open to the token's user"
Wire = Callable[[Any], Any]
"""Makes the wire's value of a canonical one that isn't None; ValueError says why it can't be carried."""


@dataclass(frozen=True, slots=True)
class Currency:
    """A record's currency, of which `base` minor units make one."""

    code: str
    base: int

    def minor(self, amount: Decimal) -> int:
        """Minor units; ValueError where they don't come out even."""
        numerator, denominator = sound(amount).as_integer_ratio()
        minor, rest = divmod(numerator * self.base, denominator)
        if rest:
            raise ValueError(f"{amount} has more decimals than {self.code}")
        return minor

    def main(self, minor: int) -> Decimal:
        amount = exact(Decimal(minor) / self.base, self.code)
        assert amount is not None
        return amount


def sound(amount: Decimal) -> Decimal:
    """An amount that is a number, and none that no account has; ValueError for any other."""
    if not amount.is_finite() or (amount and amount.adjusted() > _MOST_DIGITS):
        raise ValueError("isn't an amount that can be sent")
    return amount


def usual(code: str) -> Currency:
    """The currency with the minor units that ISO 4217 gives it."""
    return Currency(code, 10 ** decimals(code))


def plain_text(value: str) -> str:
    """Any text; ValueError for what no request can carry."""
    if any("\ud800" <= sign <= "\udfff" or sign == "\x00" for sign in value):
        raise ValueError("holds signs that aren't text")
    return value


def title(value: str) -> str:
    if len(value) > LONGEST_TITLE:
        raise ValueError(f"is longer than {LONGEST_TITLE} characters")
    return plain_text(value)


def record_id(value: str) -> int:
    """Ids are whole numbers in requests. ValueError: no record can have this one."""
    if not OWN.usable((value,)):
        raise ValueError("there is no such record")
    return int(value)


def record_ids(values: tuple[str, ...]) -> list[int]:
    return [record_id(value) for value in values]


def as_it_is(value: Any) -> Any:
    return value


def iso_day(value: date) -> str:
    return value.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute of the record; `blank` is what clears it, where that can be."""

    name: str
    wire: Wire = plain_text
    clearable: bool = True
    blank: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """An amount in the record's own currency as an attribute, in minor or in main units.

    `flag`: an attribute that says whether there is an amount.
    """

    name: str
    minor: bool
    flag: str | None = None

    def wire(self, value: Decimal, currency: Currency | None) -> int | Decimal:
        """In main units an amount can be sent before the record has a currency that could be asked for."""
        if currency is None:
            if self.minor:
                raise ValueError(_NO_CURRENCY)
            return sound(value)
        minor = currency.minor(value)
        return minor if self.minor else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The id that another system has for the record, in an external reference to that service."""

    service: str
    model: str

    def wire(self, value: str) -> dict[str, str]:
        if not value.strip():
            raise ValueError("is blank")
        return {
            "service_name": self.service,
            "service_model": self.model,
            "service_model_ref": plain_text(value),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """A custom field, found by its name, which `option` says. `names`: what its choices mean, where it has some.

    `of` is what it is a field of, as the API calls it.
    """

    field: str
    option: str
    kind: str = "string"
    names: Mapping[str, Enum] | None = None
    of: str = "Workspace"

    @property
    def rides(self) -> bool:
        """Whether its value goes in the record's own requests, as only projects take it."""
        return self.of == "Workspace"

    def wire(self, value: Any, definition: Definition, currency: Currency | None) -> Any:
        labelled = self.kind == "string" and definition.kind == "single"  # a choice may stand for its label
        if definition.kind not in (None, self.kind) and not labelled:
            raise ValueError(f"the custom field {self.field!r} is of the type {definition.kind}, not {self.kind}")
        if self.kind == "currency":
            if currency is None:
                raise ValueError(_NO_CURRENCY)
            return [currency.minor(value), currency.code]
        if self.names is not None:
            return [_choice(self.field, [label for label, name in self.names.items() if name is value], definition)]
        return [_choice(self.field, [value], definition)] if labelled else plain_text(value)


def _choice(field: str, labels: list[str], definition: Definition) -> int:
    """The id of the first of the labels that is a choice of the field."""
    for label in labels:
        if label in definition.choices:
            return int(definition.choices[label])
    raise ValueError(f"the custom field {field!r} has no choice {' or '.join(map(repr, labels)) or 'that means it'}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One of the account's roles, found by its name."""

    name: str = "role_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Lines of an invoice that stand for no entry or expense: a text and an amount in main units."""

    name: str

    def wire(self, lines: tuple[Line, ...], currency: Currency | None) -> list[dict[str, Any]]:
        return [self._item(line, currency) for line in lines]

    def _item(self, line: Line, currency: Currency | None) -> dict[str, Any]:
        amount = sound(line.amount)
        if line != Line(description=line.description, amount=line.amount):
            raise ValueError("a line has a description and an amount alone")
        if currency is not None:
            currency.minor(amount)
        return {"notes": plain_text(line.description), "amount": amount}


Place = Attribute | Amount | Reference | Custom | Role | Items


def needs_currency(place: Place, value: Any) -> bool:
    """Whether the record's currency has to be known to write the value."""
    match place:
        case Amount():
            return place.minor or sound(value) != value.to_integral_value()
        case Custom():
            return place.kind == "currency"
        case Items():
            return any(sound(line.amount) != line.amount.to_integral_value() for line in value)
    return False


def kept_amount(kept: list[Any] | None, code: str | None, base: int | None) -> Decimal | None:
    """An amount of a custom field, `[998, "USD"]`; None for what isn't one."""
    match kept:
        case [int(minor), str(own)]:
            if own == code and base is not None and base > 0:
                return Currency(own, base).main(minor)
            return from_minor(minor, own)
    return None
