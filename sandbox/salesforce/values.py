"""Values as the org keeps them and as they travel.

Dates, datetimes and ids are kept as the text that the wire shows, in one form each, so that they compare as text;
numbers are Decimal or int, never float.
"""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sandbox.salesforce.errors import ApiError, malformed_json
from sandbox.salesforce.fields import Field
from sandbox.salesforce.identifiers import case_safe

_WIRE_OFFSET = re.compile(r"([+-]\d{2})(\d{2})$")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LABELS = {"int": "int", "currency": "currency", "percent": "percent", "double": "double"}


def instant_on_the_wire(moment: datetime) -> str:
    """`2026-03-31T09:15:22.000+0000`: UTC, milliseconds, an offset without colon."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "+0000"


def instant_from(text: str) -> datetime | None:
    """A datetime that says its zone (`Z`, `+hh:mm` or `+hhmm`), in UTC; None when it is none."""
    try:
        moment = datetime.fromisoformat(_WIRE_OFFSET.sub(r"\1:\2", text))
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.astimezone(UTC)


def decimal_on_the_wire(number: Decimal, scale: int) -> Decimal:
    """Rounded to `scale` and written as a JSON number the way the vendor does: `480000.0`, `1234.56`, `1.5`."""
    digits = f"{number.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP):f}"
    whole, _, fraction = digits.partition(".")
    return Decimal(f"{whole}.{fraction.rstrip('0') or '0'}")


def accepted(field: Field, value: Any) -> Any:
    """The value of a request as the org keeps it; an ApiError in the vendor's words when it can't be kept."""
    if value is None or value == "":
        if field.kind == "boolean":
            raise malformed_json(f"Cannot deserialize instance of boolean from null for field {field.name}")
        return None
    if field.kind == "boolean":
        return _boolean(field, value)
    if field.kind in _LABELS:
        return _number(field, value)
    if not isinstance(value, str):
        raise _cannot_deserialize(field, value)
    if field.kind in {"reference", "id"}:
        return _reference(field, value)
    if field.kind == "date":
        return _date(field, value)
    if field.kind == "datetime":
        moment = instant_from(value)
        if moment is None:
            raise _cannot_deserialize(field, value)
        return instant_on_the_wire(moment)
    return _text(field, value)


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise _cannot_deserialize(field, value)


def _number(field: Field, value: Any) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise _cannot_deserialize(field, value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _cannot_deserialize(field, value) from None
    if not number.is_finite():
        raise _cannot_deserialize(field, value)
    if number.copy_abs() >= _most(field):  # before any conversion: an exponent may name a number of a billion digits
        raise ApiError(
            400,
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {value}",
            fields=(field.name,),
        )
    if field.kind == "int":
        if number != int(number):
            raise _cannot_deserialize(field, value)
        return int(number)
    return decimal_on_the_wire(number, field.scale)


def _most(field: Field) -> Decimal:
    """The smallest number that the field can't hold; a percentage's precision counts its whole digits."""
    if field.kind == "int":
        return Decimal(2**31)
    return Decimal(10) ** (field.precision - (0 if field.kind == "percent" else field.scale))


def _date(field: Field, value: str) -> str:
    try:
        return date.fromisoformat(value[:10] if instant_from(value) else value).isoformat()
    except ValueError:
        raise _cannot_deserialize(field, value) from None


def _reference(field: Field, value: str) -> str:
    record_id = case_safe(value)
    if record_id is None:
        raise ApiError(400, "MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", fields=(field.name,))
    return record_id


def _text(field: Field, value: str) -> str:
    if len(value) > field.length:
        raise ApiError(
            400,
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {value} (max length={field.length})",
            fields=(field.name,),
        )
    if field.restricted and value not in field.values:
        raise ApiError(
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label}: bad value for restricted picklist field: {value}",
            fields=(field.name,),
        )
    if field.kind == "email" and not _EMAIL.fullmatch(value):
        raise ApiError(
            400, "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", fields=(field.name,)
        )
    return value


def _cannot_deserialize(field: Field, value: Any) -> ApiError:
    token = {bool: "VALUE_TRUE", int: "VALUE_NUMBER_INT", Decimal: "VALUE_NUMBER_FLOAT", str: "VALUE_STRING"}
    shape = token.get(type(value), "START_OBJECT")
    return malformed_json(
        f"Cannot deserialize instance of {field.kind} from {shape} value {value} or request may be missing a required "
        f"field at [field:{field.name}]"
    )
