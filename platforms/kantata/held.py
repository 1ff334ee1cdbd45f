"""What a single record holds beside its values: its currency, and the ids of its references and custom values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from platforms.kantata.envelope import Result
from platforms.kantata.places import Currency, usual


class _Money(msgspec.Struct):
    currency: str | None = None
    base: int | None = msgspec.field(name="currency_base_unit", default=None)


class _Reference(msgspec.Struct):
    service_name: str | None = None


class _Value(msgspec.Struct):
    custom_field_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """`references` are ids by service, `values` ids by the custom field's name."""

    id: str
    currency: Currency | None
    references: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


INCLUDE = ("include", "external_references,custom_field_values,workspace")
"""An association that a collection doesn't know is left out without a word."""


def decoder(collection: str) -> msgspec.json.Decoder[Any]:
    """Decodes an answer about one record of the collection."""
    members: list[Any] = [
        ("results", list[Result]),
        ("records", dict[str, _Money]),
        ("external_references", dict[str, _Reference], msgspec.field(default_factory=dict)),
        ("custom_field_values", dict[str, _Value], msgspec.field(default_factory=dict)),
    ]
    if collection != "workspaces":
        members.append(("workspaces", dict[str, _Money], msgspec.field(default_factory=dict)))
    return msgspec.json.Decoder(msgspec.defstruct("Answer", members, rename={"records": collection}))


def held(answer: Any) -> Held | None:
    """None where the answer tells of no record, or of one that it doesn't bring."""
    if len(answer.results) != 1 or answer.results[0].id not in answer.records:
        return None
    record_id = answer.results[0].id
    return Held(
        id=record_id,
        currency=_currency(answer.records[record_id]) or _project_currency(answer),
        references={link.service_name: link_id for link_id, link in answer.external_references.items()},
        values={value.custom_field_name: value_id for value_id, value in answer.custom_field_values.items()},
    )


def _project_currency(answer: Any) -> Currency | None:
    """Of a record that has none of its own, and its project beside it."""
    projects = list(getattr(answer, "workspaces", {}).values())
    return _currency(projects[0]) if len(projects) == 1 else None


def _currency(money: _Money) -> Currency | None:
    if money.currency is None:
        return None
    return Currency(money.currency, money.base) if money.base is not None and money.base > 0 else usual(money.currency)
