"""Whether the record API can carry a canonical value exactly, asked before anything is sent."""

from decimal import Decimal
from typing import Any

from platforms.netsuite.ids import internal_number
from platforms.writers import Line, Settable
from schema.errors import Landed, UpstreamRejected
from schema.money import decimals

MOST_LINES = 3
"""An address's lines: addr1 to addr3."""
_MOST_DIGITS = 15
"""Of a number: NetSuite's REST API Browser declares amounts as double, which keeps no more."""


def wire_value(path: str, settable: Settable, value: Any) -> Any:
    """The value as the rows write it, an empty text or list being None; UpstreamRejected where it can't be carried."""
    if value in ("", ()):
        value = None
    if value is None:
        if settable.required:
            raise _unsayable(path, "can't be empty")
        return None
    match value:
        case str():
            _check_text(path, value)
        case Decimal():
            return plain_number(path, value)
        case tuple() if settable.kind == tuple[str, ...]:
            _check_address_lines(path, value)
        case _:
            pass
    return value


def reference(path: str, value: str) -> str:
    """An internal id of another record."""
    if internal_number(value) is None:
        raise _unsayable(path, "must be an internal id of NetSuite, which is a number")
    return value


def plain_line(path: str, line: Line, currency: str | None) -> dict[str, Any]:
    """A line's values by name, those that weren't given left out."""
    told = {name: found for name in line.__struct_fields__ if (found := getattr(line, name)) not in (None, "")}
    for name, found in told.items():
        where = f"{path}.{name}"
        if isinstance(found, Decimal):
            told[name] = plain_number(where, found)
        elif name == "project":
            reference(where, found)
        elif isinstance(found, str):
            _check_text(where, found)
    if currency is not None and told["amount"] % Decimal(1).scaleb(-decimals(currency)):
        raise _unsayable(f"{path}.amount", f"has more decimals than {currency}")
    return told


def plain_number(path: str, value: Decimal) -> Decimal:
    """Written out without an exponent."""
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    if not value.is_finite() or len(digits) > _MOST_DIGITS or (value and abs(value.adjusted()) > _MOST_DIGITS):
        raise _unsayable(path, f"must be a number of at most {_MOST_DIGITS} digits")
    return Decimal(f"{value:f}")


def _check_text(path: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _unsayable(path, "isn't valid Unicode") from None
    if "\0" in value:
        raise _unsayable(path, "holds a NUL, which no text of NetSuite's does")


def _check_address_lines(path: str, lines: tuple[str, ...]) -> None:
    if len(lines) > MOST_LINES:
        raise _unsayable(path, f"has at most {MOST_LINES} lines in NetSuite")
    for line in lines:
        _check_text(path, line)
        if not line:
            raise _unsayable(path, "can't hold an empty line")


def _unsayable(path: str, what: str) -> UpstreamRejected:
    return UpstreamRejected(f"{path} {what}", landed=Landed.NO)
