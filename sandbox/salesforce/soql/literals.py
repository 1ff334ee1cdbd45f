"""Literals of a query as values of the field that they are compared with."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import NUMBER_KINDS, Field
from sandbox.salesforce.identifiers import case_safe
from sandbox.salesforce.soql import syntax
from sandbox.salesforce.soql.columns import Scope
from sandbox.salesforce.soql.faults import at_position
from sandbox.salesforce.soql.lexer import unescaped
from sandbox.salesforce.soql.periods import days_of
from sandbox.salesforce.values import instant_from, instant_on_the_wire


@dataclass(frozen=True, slots=True)
class Range:
    """The values of a date literal, from `first` up to but not including `end`, as the wire writes them."""

    first: str
    end: str


def constant(scope: Scope, field: Field, literal: syntax.Constant) -> Any:
    """The literal's value, or INVALID_FIELD when its type is not the field's."""
    if literal.kind == "null":
        return None
    if field.kind == "boolean":
        if literal.kind != "boolean":
            raise _wrong_type(scope, field, literal)
        return literal.text == "TRUE"
    if field.kind in NUMBER_KINDS:
        if literal.kind != "number":
            raise _wrong_type(scope, field, literal)
        return Decimal(literal.text)
    if field.kind in {"date", "datetime"}:
        return _moment(scope, field, literal)
    if literal.kind != "string":
        raise _wrong_type(scope, field, literal)
    text = unescaped(literal.text)
    if field.kind in {"id", "reference"}:
        return _record_id(scope, literal, text)
    return text or None


def _record_id(scope: Scope, literal: syntax.Constant, text: str) -> str | None:
    if not text:
        return None
    record_id = case_safe(text)
    if record_id is None:
        raise at_position(scope.text, literal.at, f"invalid ID field: {text}", "INVALID_QUERY_FILTER_OPERATOR")
    return record_id


def _moment(scope: Scope, field: Field, literal: syntax.Constant) -> str | Range:
    if literal.kind == "period":
        try:
            days = days_of(literal.text, scope.org.clock().date())
        except (OverflowError, ValueError):  # a count that leaves the calendar
            days = None
        if days is None:
            raise at_position(scope.text, literal.at, f"unexpected token: '{literal.text}'")
        return _range(field, days.first, days.end)
    if literal.kind != field.kind:
        raise _wrong_type(scope, field, literal)
    if field.kind == "datetime":
        moment = instant_from(literal.text)
        if moment is None:
            raise at_position(scope.text, literal.at, f"invalid dateTime: {literal.text}")
        return instant_on_the_wire(moment)
    try:
        return date.fromisoformat(literal.text).isoformat()
    except ValueError:
        raise at_position(scope.text, literal.at, f"invalid date: {literal.text}") from None


def _range(field: Field, first: date, end: date) -> Range:
    midnight = "" if field.kind == "date" else "T00:00:00.000+0000"
    return Range(first.isoformat() + midnight, end.isoformat() + midnight)


def _wrong_type(scope: Scope, field: Field, literal: syntax.Constant) -> ApiError:
    kind = {"datetime": "dateTime", "int": "int", "boolean": "boolean"}.get(field.kind, field.kind)
    quoted = field.kind not in NUMBER_KINDS and field.kind not in {"date", "datetime", "boolean"}
    advice = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
    message = f"value of filter criterion for field '{field.name}' must be of type {kind} and {advice}"
    return at_position(scope.text, literal.at, message, "INVALID_FIELD")
