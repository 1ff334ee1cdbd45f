"""Custom fields, their choices and their values; creating a value replaces the one that was there.

https://developer.kantata.com/tag/Custom-Field-Values
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from sandbox.kantata import currency
from sandbox.kantata.account import ACCOUNT_ID, Account
from sandbox.kantata.attributes import STAMPS, Kind, UnreadableError, coerce, derived, stored, writable
from sandbox.kantata.collection import (
    BY_STAMP,
    Association,
    Collection,
    Filter,
    Rules,
    belongs_to,
    has_many,
    subject_of,
)
from sandbox.kantata.errors import InvalidError, Problem
from sandbox.kantata.filters import by_ids, equal, excluding, one_of, stamped
from sandbox.kantata.parameters import listed
from sandbox.store import Record

VALUE_TYPES = ("string", "date", "number", "currency", "single", "multi")
SUBJECT_TYPES = ("Workspace", "Story", "User", "WorkspaceGroup", "Estimate", "Resource")


def checked(account: Account, collection: Collection, values: Any, record: Record | None) -> list[Record]:
    """The columns of the values that a record is created or updated with: `[{custom_field_id, value}]`."""
    if not isinstance(values, list):
        raise InvalidError(Problem("custom_fields", "is invalid"))
    taken = []
    for value in values:
        if not isinstance(value, dict):
            raise InvalidError(Problem("custom_fields", "is invalid"))
        record_id = record["id"] if record is not None else None
        taken.append(_columns(account, collection.values_subject, record_id, value))
    return taken


def put(account: Account, subject_type: str, record_id: str, columns: Record) -> Record:
    """The value in its place: a new id every time, the old value goes."""
    subject = subject_of(subject_type, record_id)
    table = account.tables["custom_field_values"]
    for old in table.where("_subject", [subject]):
        if old["custom_field_id"] == columns["custom_field_id"]:
            account.delete("custom_field_values", old["id"])
    return account.insert("custom_field_values", row(subject_type, record_id, columns))


def row(subject_type: str, record_id: str, columns: Mapping[str, Any]) -> Record:
    return {
        **columns,
        "subject_type": subject_type,
        "subject_id": int(record_id),
        "_subject": subject_of(subject_type, record_id),
        "_match": matching(columns["custom_field_id"], columns["value"]),
    }


def matching(field_id: str, value: Any) -> str:
    """A field's value as one text, for the index of the custom value filters and of the unique constraint."""
    return f"{field_id}:{','.join(map(str, value)) if isinstance(value, list) else value}"


def _columns(account: Account, subject_type: str, record_id: str | None, fields: Mapping[str, Any]) -> Record:
    """Checks the value against its field: type, choices, and the unique constraint."""
    field = account.tables["custom_fields"].get(str(fields.get("custom_field_id")))
    if field is None or field["subject_type"] != subject_type:
        raise InvalidError(Problem("custom_field_id", "is invalid"))
    try:
        value = _typed(account, field, fields.get("value"))
    except UnreadableError as problem:
        raise InvalidError(Problem("value", str(problem))) from None
    if field.get("unique_constraint") and value is not None:
        others = account.tables["custom_field_values"].where("_match", [matching(field["id"], value)])
        if any(str(other["subject_id"]) != record_id for other in others):
            raise InvalidError(Problem("value", "has already been entered"))
    return {"custom_field_id": field["id"], "value": value}


def _typed(account: Account, field: Record, value: Any) -> Any:
    """`"foo"`, `"2026-02-25"`, `12`, `[998, "USD"]` in cents, or `[choice id, ...]`. Raises UnreadableError."""
    if value is None:
        return None
    kind = field["value_type"]
    if kind == "currency":
        if not (isinstance(value, list) and len(value) == 2 and re.fullmatch(r"[A-Z]{3}", str(value[1]))):
            raise UnreadableError("is invalid")
        return [coerce(Kind.INTEGER, value[0]), value[1]]
    if kind in {"single", "multi"}:
        ids = [coerce(Kind.INTEGER, part) for part in (value if isinstance(value, list) else [value])]
        choices = account.tables["custom_field_choices"]
        known = all(
            (choice := choices.get(str(each))) is not None and choice["custom_field_id"] == field["id"] for each in ids
        )
        if not known or (kind == "single" and len(ids) > 1):
            raise UnreadableError("is not included in the list")
        return ids
    return coerce({"date": Kind.DATE, "number": Kind.NUMBER}.get(kind, Kind.TEXT), value)


def display_value(account: Account, value: Record) -> str | None:
    """The value for people: a choice's label, an amount with its currency."""
    kind = _field(account, value)["value_type"]
    if value["value"] is None:
        return None
    if kind in {"single", "multi"}:
        choices = account.tables["custom_field_choices"].where("id", map(str, value["value"]))
        return ", ".join(choice["label"] for choice in choices)
    if kind == "currency":
        amount, code = value["value"]
        return f"{Decimal(amount).scaleb(-2 if currency.base_unit(code) > 1 else 0)} {code}"
    return str(value["value"])


def _field(account: Account, value: Record) -> Record:
    return account.tables["custom_fields"].rows[value["custom_field_id"]]


def _selected(account: Account, value: Record) -> list[str]:
    chosen = _field(account, value)["value_type"] in {"single", "multi"}
    return [str(each) for each in value["value"] or ()] if chosen else []


def _prepare_value(account: Account, record: Record | None, columns: Record) -> Record:
    if record is not None:
        changed = _columns(account, record["subject_type"], str(record["subject_id"]), {**record, **columns})
        return {**changed, "_match": matching(changed["custom_field_id"], changed["value"])}
    collection = account.by_subject.get(columns["subject_type"])
    subject_id = str(columns["subject_id"])
    if collection is None or account.tables[collection.name].get(subject_id) is None:
        raise InvalidError(Problem("subject_id", "is invalid"))
    taken = _columns(account, columns["subject_type"], subject_id, columns)
    return row(columns["subject_type"], subject_id, taken)


def _replace(account: Account, record: Record, _columns: Record) -> None:
    """A new value takes the place of the older one of the same field."""
    for old in account.tables["custom_field_values"].where("_subject", [record["_subject"]]):
        if old["custom_field_id"] == record["custom_field_id"] and old["id"] != record["id"]:
            account.delete("custom_field_values", old["id"])


_PART = re.compile(r"\(?(\d+)(?::([^()]*))?\)?")


def _subjects(account: Account, name: str, wanted: Any, texts: Callable[[str], list[str]]) -> list[Record]:
    """The records that meet every field of a `(field id:value):(field id:value)` filter.

    Several values of one field mean any of them; a bare field id means any value.
    """
    by_field: dict[str, set[str] | None] = {}
    for part in re.findall(r"\([^()]*\)|[^();]+", str(wanted)):
        matched = _PART.fullmatch(part.strip(":"))
        if matched is None:
            continue
        if matched[2] is None:
            by_field[matched[1]] = None
        elif (held := by_field.setdefault(matched[1], set())) is not None:
            held.update(f"{matched[1]}:{text}" for text in texts(matched[2]))
    table = account.tables["custom_field_values"]
    subject_type = account.collections[name].values_subject
    owners: set[int] | None = None
    for field_id, matches in by_field.items():
        values = table.where("custom_field_id", [field_id]) if matches is None else table.where("_match", matches)
        ids = {value["subject_id"] for value in values if value["subject_type"] == subject_type}
        owners = ids if owners is None else owners & ids
    return account.tables[name].where("id", (str(each) for each in sorted(owners or ())))


CUSTOM_FILTERS: dict[str, Filter] = {
    "by_custom_text_value": Filter(
        rows=lambda account, name, value: _subjects(account, name, value, lambda text: [text])
    ),
    "by_custom_choice_value": Filter(rows=lambda account, name, value: _subjects(account, name, value, listed)),
    "has_value_for_custom_field_ids": Filter(
        rows=lambda account, name, value: _subjects(account, name, ";".join(listed(value)), listed)
    ),
}

CUSTOM_FIELDS = Collection(
    name="custom_fields",
    singular="custom_field",
    subject="CustomField",
    page="https://developer.kantata.com/tag/Custom-Fields",
    verbs="LS",
    attributes=(
        stored("name"),
        stored("subject_type"),
        stored("value_type"),
        stored("unique_constraint", Kind.BOOLEAN, default=False),
        stored("default_text"),
        stored("custom_field_set_id"),
        stored("read_access", default="everyone"),
        stored("write_access", default="everyone"),
        derived("choice_ids", lambda account, row: [each["id"] for each in _choices(account, row)]),
        derived(
            "values_count",
            lambda account, row: len(account.tables["custom_field_values"].where("custom_field_id", [row["id"]])),
        ),
        *STAMPS,
    ),
    associations=(has_many("choices", "custom_field_choices", by="custom_field_id"),),
    filters={
        **stamped(),
        "subject_type": equal("subject_type"),
        "value_types": one_of("value_type"),
        "except": excluding(),
    },
    orders={"name": "name", "created_at": "created_at", "updated_at": "updated_at"},
    default_order="name:asc",
)

CUSTOM_FIELD_CHOICES = Collection(
    name="custom_field_choices",
    singular="custom_field_choice",
    subject="CustomFieldChoice",
    page="https://developer.kantata.com/tag/Custom-Field-Choices",
    verbs="LS",
    attributes=(
        stored("label"),
        stored("position", Kind.INTEGER),
        *STAMPS,
    ),
    associations=(belongs_to("custom_field", "custom_fields"),),
    filters={**stamped(), "for_custom_fields": by_ids("custom_field_id"), "custom_field_id": by_ids("custom_field_id")},
    orders={"position": "position", "created_at": "created_at", "updated_at": "updated_at"},
    default_order="position:asc",
)

CUSTOM_FIELD_VALUES = Collection(
    name="custom_field_values",
    singular="custom_field_value",
    subject="CustomFieldValue",
    page="https://developer.kantata.com/tag/Custom-Field-Values",
    verbs="LSCUD",
    attributes=(
        writable("subject_type", required=True, choices=SUBJECT_TYPES),
        writable("subject_id", Kind.INTEGER, required=True),
        writable("value", Kind.ANY),
        derived("type", lambda account, row: _field(account, row)["value_type"]),
        derived("display_value", display_value),
        derived("custom_field_name", lambda account, row: _field(account, row)["name"]),
        derived("account_id", lambda _account, _row: ACCOUNT_ID),
        derived("can_edit", lambda _account, _row: True),
        derived("selected_choice_ids", _selected),
        derived(
            "subject_ref",
            lambda account, row: {"key": account.by_subject[row["subject_type"]].name, "id": str(row["subject_id"])},
        ),
        *STAMPS,
    ),
    associations=(
        belongs_to("custom_field", "custom_fields", writable=True, required=True),
        Association(name="subject", target=None),
    ),
    filters={
        **stamped(),
        "subject_type": equal("subject_type"),
        "with_subject_id": Filter(
            rows=lambda account, _name, value: account.tables["custom_field_values"].where(
                "subject_id", [int(part) for part in listed(value) if part.isdigit()]
            )
        ),
        "with_custom_field_id": by_ids("custom_field_id"),
    },
    orders=BY_STAMP,
    default_order="created_at:asc",
    required_filter="subject_type",
    bulk=100,
    rules=Rules(prepare=_prepare_value, settle=_replace),
)


def _choices(account: Account, field: Record) -> list[Record]:
    return account.tables["custom_field_choices"].where("custom_field_id", [field["id"]])
