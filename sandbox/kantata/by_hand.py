"""What people change in Kantata's own screens, which take more fields than the API does."""

from typing import Any

from sandbox.kantata.attributes import Kind, UnreadableError, coerce
from sandbox.kantata.collection import Collection
from sandbox.kantata.errors import InvalidError, Problem
from sandbox.kantata.spoiling import EMBEDDED
from sandbox.store import Record

BEYOND_THE_API = {
    "approved",
    "disabled",
    "estimated_minutes",
    "is_invoiced",
    "percentage_complete",
    "price_in_cents",
}
"""Columns that screens and computations change although requests can't set them, in some collections."""

READ_AS = {"status": "status_key", "is_billable": "billable"}
"""Answered names that requests know by another."""


def by_hand(collection: Collection, fields: Record) -> tuple[Record, Record]:
    """The fields as a request would give them, and the columns beyond. InvalidError names a field there is none of."""
    requestable = {attribute.name for attribute in collection.attributes if attribute.writable}
    requestable |= {f"{association.name}_id" for association in collection.associations if association.writable}
    requestable |= set(EMBEDDED)
    stored = {attribute.name: attribute for attribute in collection.attributes if attribute.read is None}
    asked: Record = {}
    beyond: Record = {}
    for given_name, given_value in fields.items():
        name, value = given_name, given_value
        if name not in requestable and READ_AS.get(name) in requestable:
            name, value = READ_AS[name], value.get("key") if isinstance(value, dict) else value
        if name in requestable:
            asked[name] = value
        elif name in BEYOND_THE_API and name in stored:
            beyond[name] = _read(stored[name].kind, name, value)
        else:
            raise InvalidError(Problem(name, f"can't be set on {collection.name}"))
    return asked, beyond


def _read(kind: Kind, name: str, value: Any) -> Any:
    try:
        return coerce(kind, value)
    except UnreadableError as problem:
        raise InvalidError(Problem(name, str(problem))) from None
