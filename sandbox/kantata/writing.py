"""Create, update and delete: reads a request's values, checks them, lets the collection's rules have their say.

https://developer.kantata.com/section/schema ; validation: https://developer.kantata.com/section/errors
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandbox.kantata import custom_fields, references, spoiling
from sandbox.kantata.account import Account
from sandbox.kantata.attributes import Attribute, Kind, UnreadableError, coerce
from sandbox.kantata.collection import Association, Collection
from sandbox.kantata.errors import BadRequestError, InvalidError, NotFoundError, Problem
from sandbox.kantata.parameters import listed
from sandbox.store import Record
from sandbox.write_faults import WriteFault


def create(account: Account, collection: Collection, fields: Mapping[str, Any]) -> Record:
    """One new record with its embedded reference and custom fields; nothing is written where any part is invalid."""
    fields, struck = spoiling.spoilt(account, collection, fields, None)
    columns = _checked(account, collection, None, fields)
    riding = embedded(account, collection, fields, None)
    record = account.insert(collection.name, _stored(collection, columns))
    _follow_up(account, collection, record, columns, riding)
    automate(account, collection, record, struck)
    return record


def create_all(account: Account, collection: Collection, items: Sequence[Any]) -> list[Record]:
    """A bulk create: all of the items or, where one is invalid, none. Problems carry the item's `index`."""
    if len(items) > collection.bulk:
        raise BadRequestError(f"At most {collection.bulk} {collection.name} can be created in one request")
    problems: list[Problem] = []
    for index, item in enumerate(items):
        try:
            if not isinstance(item, dict):
                raise InvalidError(Problem("base", "is invalid"))
            _checked(account, collection, None, item)
            embedded(account, collection, item, None)
        except InvalidError as refusal:
            problems += [replace(problem, index=index) for problem in refusal.problems]
    if problems:
        raise InvalidError(*problems)
    created: list[Record] = []
    for index, item in enumerate(items):
        try:
            created.append(create(account, collection, item))
        except InvalidError as refusal:  # two items that are each valid may still exclude each other
            for record in created:
                account.delete(collection.name, record["id"])
            raise InvalidError(*(replace(problem, index=index) for problem in refusal.problems)) from None
    return created


def change(account: Account, collection: Collection, record_id: str, fields: Mapping[str, Any]) -> Record:
    """A partial update. There is no version to check: the last write wins. Raises NotFoundError and InvalidError."""
    record = account.tables[collection.name].get(record_id)
    if record is None:
        raise NotFoundError
    fields, struck = spoiling.spoilt(account, collection, fields, record)
    columns = _checked(account, collection, record, fields)
    riding = embedded(account, collection, fields, record)
    account.update(collection.name, record_id, _stored(collection, columns))
    _follow_up(account, collection, record, columns, riding)
    automate(account, collection, record, struck)
    return record


def automate(account: Account, collection: Collection, record: Record, struck: Sequence[WriteFault]) -> None:
    """What the account's own automation does behind a write; counts the faults that the write met."""
    done = list(struck)
    for fault in account.write_faults.automations(collection.name):
        with account.write_faults.asleep():
            try:
                change(account, collection, record["id"], {fault.spot.field: fault.value})
            except InvalidError:  # what the rules refuse to an automation, it leaves undone: the write stands
                continue
        done.append(fault)
    account.write_faults.count(done)


def remove(account: Account, collection: Collection, record_ids: Sequence[str]) -> None:
    """All or nothing. Raises NotFoundError where one is missing, InvalidError where one may not go."""
    table = account.tables[collection.name]
    found = [table.get(record_id) for record_id in dict.fromkeys(record_ids)]
    if not found or None in found:
        raise NotFoundError
    for record in found:
        if record is not None and collection.rules.part is not None:
            collection.rules.part(account, record)
    for record in found:
        if record is not None and record["id"] in table.rows:
            account.delete(collection.name, record["id"])


def embedded(
    account: Account, collection: Collection, fields: Mapping[str, Any], record: Record | None
) -> tuple[Record | None, list[Record]]:
    """The external reference and the custom field values that ride along, checked."""
    link = fields.get("external_reference")
    values = fields.get("custom_fields") or []
    checked_link = references.checked(link, collection.subject, record) if link else None
    return checked_link, custom_fields.checked(account, collection, values, record)


def _follow_up(
    account: Account,
    collection: Collection,
    record: Record,
    columns: Record,
    riding: tuple[Record | None, list[Record]],
) -> None:
    link, values = riding
    if link is not None:
        references.put(account, collection.subject, record["id"], link)
    for value in values:
        custom_fields.put(account, collection.values_subject, record["id"], value)
    if collection.rules.settle is not None:
        collection.rules.settle(account, record, columns)


def _checked(account: Account, collection: Collection, record: Record | None, fields: Mapping[str, Any]) -> Record:
    """The columns that the request sets. Attributes that can't be written are ignored, as Rails does."""
    problems: list[Problem] = []
    columns: Record = {}
    for attribute in collection.attributes:
        if attribute.writable:
            _take(attribute, fields, record, columns, problems)
    for association in collection.associations:
        if association.writable:
            _take_key(account, association, fields, record, columns=columns, problems=problems)
    if problems:
        raise InvalidError(*problems)
    return collection.rules.prepare(account, record, columns) if collection.rules.prepare is not None else columns


def _take(
    attribute: Attribute, fields: Mapping[str, Any], record: Record | None, columns: Record, problems: list[Problem]
) -> None:
    name = attribute.name
    if name not in fields:
        if attribute.required and record is None:
            problems.append(Problem(name, "can't be blank"))
        return
    try:
        value = coerce(attribute.kind, fields[name])
    except UnreadableError as problem:
        problems.append(Problem(name, str(problem)))
        return
    if attribute.required and (value is None or (attribute.kind is Kind.TEXT and not value.strip())):
        problems.append(Problem(name, "can't be blank"))
    elif value is not None and attribute.choices and value not in attribute.choices:
        problems.append(Problem(name, "is not included in the list"))
    else:
        columns[name] = attribute.default if value is None and attribute.kind is Kind.BOOLEAN else value


def _take_key(
    account: Account,
    association: Association,
    fields: Mapping[str, Any],
    record: Record | None,
    *,
    columns: Record,
    problems: list[Problem],
) -> None:
    assert association.column is not None
    assert association.target is not None
    name = f"{association.name}_id"
    value = fields.get(name)
    if name not in fields or value in (None, ""):
        if association.required and (record is None or name in fields):
            problems.append(Problem(name, "can't be blank"))
        elif name in fields:
            columns[association.column] = None
        return
    if account.tables[association.target].get(str(value)) is None:
        problems.append(Problem(name, "is invalid"))
    else:
        columns[association.column] = str(value)


def _stored(collection: Collection, columns: Record) -> Record:
    passing = {attribute.name for attribute in collection.attributes if attribute.transient}
    return {name: value for name, value in columns.items() if name not in passing}


def ids_of(value: Any) -> list[str]:
    """The ids of a comma list that are numbers."""
    return [text for text in listed(value) if text.isascii() and text.isdigit()]
