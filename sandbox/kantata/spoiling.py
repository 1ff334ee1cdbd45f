"""Requests spoilt as the sandbox was told: fields that are dropped or rounded before anything reads them."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.kantata import currency
from sandbox.kantata.account import Account
from sandbox.kantata.attributes import Kind, UnreadableError, coerce
from sandbox.kantata.collection import Collection
from sandbox.platform import RefusedChange
from sandbox.store import Record
from sandbox.write_faults import IGNORE, OVERWRITE, ROUND, Spot, WriteFault

EMBEDDED = ("external_reference", "custom_fields")
_NUMBERS = (Kind.INTEGER, Kind.NUMBER, Kind.ANY)


def spoilt(
    account: Account, collection: Collection, fields: Mapping[str, Any], record: Record | None
) -> tuple[Record, list[WriteFault]]:
    """The fields that are left to write, and the faults that struck them."""
    left = dict(fields)

    def whole(name: str, value: Any) -> Any:
        code = currency.of(record) if record is not None else _currency(account, left)
        return _whole(value, 1 if not name.endswith("_in_cents") else currency.base_unit(code))

    needed = {attribute.name for attribute in collection.attributes if attribute.required}
    needed |= {f"{association.name}_id" for association in collection.associations if association.required}
    struck = account.write_faults.spoil(collection.name, left, whole=whole, needed=needed if record is None else ())
    return left, struck


def _currency(account: Account, fields: Mapping[str, Any]) -> str:
    workspace = account.tables["workspaces"].get(str(fields.get("workspace_id")))
    return currency.of(workspace if workspace is not None and "currency" not in fields else dict(fields))


def _whole(value: Any, unit: int) -> Any:
    """A number rounded to whole units; an amount `[998, "USD"]` of a custom field to whole units of its currency."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
        return [_whole(value[0], currency.base_unit(value[1])), value[1]]
    try:
        number = coerce(Kind.NUMBER, value)
    except UnreadableError:
        return value  # refused further on, in the API's own words
    if not isinstance(number, Decimal):
        return value
    units = (number / unit).quantize(Decimal(1), ROUND_HALF_UP)
    return int(units) * unit


def spot(account: Account, kind: str, entity: str, field: str, value: Any) -> Spot:
    """The attribute, foreign key or embedded part of that name in a request. Raises RefusedChange."""
    collection = account.named(entity)
    kinds = {attribute.name: attribute.kind for attribute in collection.attributes if attribute.writable}
    kinds |= {f"{association.name}_id": Kind.ID for association in collection.associations if association.writable}
    if field not in kinds and not (field in EMBEDDED and kind == IGNORE):
        raise RefusedChange(f"{field} can't be written on {collection.name}")
    if kind == ROUND and kinds[field] not in _NUMBERS:
        raise RefusedChange(f"{field} of {collection.name} holds no number")
    if kind == OVERWRITE:
        try:
            coerce(kinds[field], value)
        except UnreadableError as problem:
            raise RefusedChange(f"{field} {problem}") from problem
    return Spot(collection.name, field)
