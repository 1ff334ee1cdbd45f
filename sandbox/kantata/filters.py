"""Filters that many collections share."""

from typing import Any

from sandbox.kantata.account import Account
from sandbox.kantata.attributes import UnreadableError, read_datetime
from sandbox.kantata.collection import Collection, Filter, Given, Keep, subject_of
from sandbox.kantata.errors import BadRequestError
from sandbox.kantata.parameters import listed
from sandbox.store import Record

MAX_REFERENCES = 200
REFERENCE_COLUMNS = {
    "external_reference_service_name": "service_name",
    "external_reference_service_model": "service_model",
    "external_reference_service_model_ref": "service_model_ref",
    "external_reference_status": "status",
    "external_reference_external_status": "external_status",
}
REFERENCE_LIST = "external_reference_service_model_refs"


def by_ids(column: str) -> Filter:
    """Records whose foreign key is one of a comma list of ids; found through the column's index."""

    def rows(account: Account, table: str, value: Any) -> list[Record]:
        return account.tables[table].where(column, listed(value))

    return Filter(rows=rows)


def one_of(column: str) -> Filter:
    """Records whose column is one of a comma list of texts."""

    def rows(account: Account, table: str, value: Any) -> list[Record]:
        return account.tables[table].where(column, listed(value))

    return Filter(rows=rows)


def equal(column: str) -> Filter:
    """Records whose column has exactly this boolean (or text)."""
    return Filter(keep=lambda _account, value, _given: lambda row: row.get(column) == value)


def always(test: Keep) -> Filter:
    """A filter that narrows whatever its value is, as `approved` does."""
    return Filter(keep=lambda _account, _value, _given: test)


def when_true(test: Keep) -> Filter:
    return Filter(keep=lambda _account, value, _given: test if value is True else None)


def accepted(default: Any = None) -> Filter:
    """A filter that narrows nothing for an account administrator of a firm with one account."""
    return Filter(default=default)


def between(column: str) -> Filter:
    """`2026-06-01:2026-08-01`, both days included; either side may be left out."""

    def keep(_account: Account, value: Any, _given: Given) -> Keep:
        start, _, end = str(value).partition(":")
        return lambda row: (
            (day := row.get(column)) is not None and (not start or day >= start) and (not end or day <= end)
        )

    return Filter(keep=keep)


def on_or_after(column: str) -> Filter:
    return Filter(keep=lambda _a, value, _g: lambda row: (day := row.get(column)) is not None and day > str(value))


def on_or_before(column: str) -> Filter:
    return Filter(keep=lambda _a, value, _g: lambda row: (day := row.get(column)) is not None and day < str(value))


def after(column: str) -> Filter:
    """Stamps later than the given ISO 8601 datetime, to the second."""

    def keep(_account: Account, value: Any, _given: Given) -> Keep:
        bound = _moment(value)
        return lambda row: (stamp := row.get(column)) is not None and stamp > bound

    return Filter(keep=keep)


def before(column: str) -> Filter:
    def keep(_account: Account, value: Any, _given: Given) -> Keep:
        bound = _moment(value)
        return lambda row: (stamp := row.get(column)) is not None and stamp < bound

    return Filter(keep=keep)


def _moment(value: Any) -> Any:
    try:
        return read_datetime(value)
    except UnreadableError as problem:
        raise BadRequestError(f"{value} {problem}") from None


def matching(*columns: str) -> Filter:
    """Text that stands anywhere in one of the columns, without regard to case."""

    def keep(_account: Account, value: Any, _given: Given) -> Keep:
        sought = str(value).casefold()
        return lambda row: any(sought in str(row.get(column) or "").casefold() for column in columns)

    return Filter(keep=keep)


def excluding() -> Filter:
    def keep(_account: Account, value: Any, _given: Given) -> Keep:
        unwanted = frozenset(listed(value))
        return lambda row: row["id"] not in unwanted

    return Filter(keep=keep)


def from_archived_workspaces() -> Filter:
    """Hides what belongs to archived projects unless it is true."""

    def keep(account: Account, value: Any, _given: Given) -> Keep | None:
        archived = {row["id"] for row in account.tables["workspaces"].where("archived", [True])}
        if value is True or not archived:
            return None
        return lambda row: row.get("workspace_id") not in archived

    return Filter(keep=keep, default=False)


def stamped() -> dict[str, Filter]:
    return {
        "created_after": after("created_at"),
        "created_before": before("created_at"),
        "updated_after": after("updated_at"),
        "updated_before": before("updated_at"),
    }


def referenced(account: Account, collection: Collection, given: Given) -> list[Record] | None:
    """The records with one external reference that meets all the reference filters; None where none was given.

    At most 200 `external_reference_service_model_refs`: https://developer.kantata.com/tag/External-References
    """
    tests = {column: str(given[name]) for name, column in REFERENCE_COLUMNS.items() if given.get(name) is not None}
    references = account.tables["external_references"]
    if given.get(REFERENCE_LIST) is not None:
        wanted = listed(given[REFERENCE_LIST])
        if len(wanted) > MAX_REFERENCES:
            raise BadRequestError(f"{REFERENCE_LIST} takes up to {MAX_REFERENCES} ids")
        found = references.where("service_model_ref", wanted)
    elif tests:
        column = "service_model_ref" if "service_model_ref" in tests else next(iter(tests))
        found = references.where(column, [tests[column]])
    else:
        return None
    owners = dict.fromkeys(
        str(reference["subject_id"])
        for reference in found
        if reference["subject_type"] == collection.subject
        and all(reference.get(column) == text for column, text in tests.items())
    )
    return account.tables[collection.name].where("id", owners)


def reference_presence(collection: Collection) -> dict[str, Filter]:
    """`has_external_references`, and what has not been exported to a service yet."""

    def names(account: Account, row: Record) -> set[str]:
        subject = subject_of(collection.subject, row["id"])
        return {link["service_name"] for link in account.tables["external_references"].where("_subject", [subject])}

    return {
        "has_external_references": Filter(
            keep=lambda account, value, _given: lambda row: bool(names(account, row)) is (value is True)
        ),
        "without_external_reference_service_name": Filter(
            keep=lambda account, value, _given: lambda row: str(value) not in names(account, row)
        ),
    }
