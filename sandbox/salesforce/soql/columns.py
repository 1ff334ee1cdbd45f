"""Field paths of a query, resolved against the objects: what they are, and how a row gives their value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.objects import OBJECTS
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql import syntax
from sandbox.salesforce.soql.faults import at_position
from sandbox.store import Record

MAX_PARENT_LEVELS = 5


@dataclass(frozen=True, slots=True)
class Column:
    """`hops` are the references that lead to the field; empty when the row itself holds it."""

    owner: SObject
    field: Field
    hops: tuple[Field, ...]
    read: Callable[[Record], Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a query reads from: its object and the name that stands for it."""

    org: Org
    sobject: SObject
    alias: str | None
    text: str

    def path(self, path: syntax.Path) -> tuple[str, ...]:
        """The path without the alias, or the object's own name, before it."""
        parts = path.parts
        if len(parts) > 1 and parts[0].lower() in {(self.alias or "").lower(), self.sobject.name.lower()}:
            own_parent = self.sobject.parent(parts[0])
            if self.alias or own_parent is None:
                return parts[1:]
        return parts

    def column(self, path: syntax.Path) -> Column:
        parts = self.path(path)
        if len(parts) - 1 > MAX_PARENT_LEVELS:
            raise at_position(
                self.text, path.at, f"SOQL relationship path exceeds {MAX_PARENT_LEVELS} levels", "INVALID_FIELD"
            )
        owner = self.sobject
        hops = []
        for name in parts[:-1]:
            hop = owner.parent(name)
            if hop is None:
                raise self._unknown_relationship(path, name)
            hops.append(hop)
            owner = OBJECTS[str(hop.refers_to)]
        field = owner.field(parts[-1])
        if field is None:
            raise self._unknown_column(path, parts[-1], owner)
        return Column(owner, field, tuple(hops), reader(self.org, tuple(hops), field))

    def _unknown_column(self, path: syntax.Path, name: str, owner: SObject) -> Exception:
        message = (
            f"No such column '{name}' on entity '{owner.name}'. If you are attempting to use a custom field, be sure "
            "to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
            "appropriate names."
        )
        return at_position(self.text, path.at, message, "INVALID_FIELD")

    def _unknown_relationship(self, path: syntax.Path, name: str) -> Exception:
        message = (
            f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
            "relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL "
            "or the describe call for the appropriate names."
        )
        return at_position(self.text, path.at, message, "INVALID_FIELD")


def reader(org: Org, hops: tuple[Field, ...], field: Field) -> Callable[[Record], Any]:
    """How a row gives the field's value: null where a parent is missing."""
    name, absent = field.name, field.absent
    if field.kind == "address":
        last: Callable[[Record], Any] = address_reader(name)
    else:
        last = lambda record: record.get(name, absent)  # noqa: E731  # a closure, bound to this field
    if not hops:
        return last
    steps = [(hop.name, org.tables[str(hop.refers_to)].rows) for hop in hops]

    def follow(record: Record) -> Any:
        for key, rows in steps:
            parent = rows.get(record.get(key) or "")
            if parent is None:
                return None
            record = parent
        return last(record)

    return follow


def address_reader(name: str) -> Callable[[Record], Any]:
    """The compound address over its parts; null when all are empty."""
    prefix = name.removesuffix("Address")
    parts = {
        "city": "City", "country": "Country", "geocodeAccuracy": "GeocodeAccuracy", "latitude": "Latitude",
        "longitude": "Longitude", "postalCode": "PostalCode", "state": "State", "street": "Street",
    }  # fmt: skip

    def compound(record: Record) -> Any:
        found = {key: record.get(prefix + part) for key, part in parts.items()}
        return found if any(value is not None for value in found.values()) else None

    return compound
