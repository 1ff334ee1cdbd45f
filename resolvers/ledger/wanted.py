"""A filter of runs as the ledger takes it, or the certainty that no run can pass it."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import strawberry

from schema.errors import BadUserInput
from schema.filters import DateTimeFilter, IDFilter, StringFilter, SyncRunFilter
from sync.ledger.port import RunQuery
from sync.ledger.records import RunStatus

MOST_VALUES = 500
"""In one list of a filter."""
_HOLDS: Mapping[str, Callable[[str, Any], bool]] = {
    "eq": lambda found, asked: found == asked,
    "ne": lambda found, asked: found != asked,
    "in": lambda found, asked: found in asked,
    "startsWith": lambda found, asked: found.startswith(asked),
    "contains": lambda found, asked: asked in found,
}


def query_of(wanted: SyncRunFilter | None, *, only: str | None) -> RunQuery | None:
    """None where no run can pass. `only`: the one caller whose runs may be shown. Raises BadUserInput."""
    query = RunQuery() if only is None else RunQuery(requested_by={"eq": only})
    if wanted is None:
        return query
    workflow = _texts(wanted.workflow)
    requested_by = _texts(wanted.requested_by)
    created = _instants(wanted.created_at)
    correlation_ids = _ids(wanted.correlation_id)
    statuses = tuple(RunStatus[status.name] for status in wanted.status) if wanted.status else None
    if workflow is None or requested_by is None or created is None or correlation_ids == () or wanted.status == []:
        return None
    if only is not None and not all(_HOLDS[operator](only, asked) for operator, asked in requested_by.items()):
        return None
    return replace(
        query,
        workflow=workflow,
        statuses=statuses,
        correlation_ids=correlation_ids,
        requested_by=requested_by if only is None else query.requested_by,
        created=created,
    )


def holds(given: Any) -> bool:
    """Whether a database can hold all texts of a JSON value: none takes NUL or half of a surrogate pair."""
    match given:
        case str():
            return "\0" not in given and not any("\ud800" <= sign <= "\udfff" for sign in given)
        case Mapping():
            return all(holds(key) and holds(value) for key, value in given.items())
        case list() | tuple():
            return all(map(holds, given))
        case _:
            return True


def text_of(given: str) -> str:
    """A text to look for; raises BadUserInput for one that can't be anywhere."""
    if not holds(given):
        raise BadUserInput("The filter holds a sign that no text here can hold: NUL, or half of a surrogate pair.")
    return given


def _comparisons(wanted: Any) -> dict[str, Any] | None:
    """What is asked, by its GraphQL names; None where null is asked of what never is."""
    asked: dict[str, Any] = {}
    for field in fields(wanted):
        value = getattr(wanted, field.name)
        if value is strawberry.UNSET:
            continue
        if value is not None:
            asked[_NAMES.get(field.name, field.name)] = value
        elif field.name == "eq":
            return None
    return asked


_NAMES = {"in_": "in", "starts_with": "startsWith"}


def _texts(wanted: StringFilter | None) -> dict[str, Any] | None:
    asked = _comparisons(wanted) if wanted else {}
    for name, value in (asked or {}).items():
        for text in _few(value) if name == "in" else [value]:
            text_of(text)
    return asked


def _instants(wanted: DateTimeFilter | None) -> dict[str, datetime] | None:
    return _comparisons(wanted) if wanted else {}


def _ids(wanted: IDFilter | None) -> tuple[str, ...] | None:
    """None: any."""
    asked = _comparisons(wanted) if wanted else {}
    if asked is None:
        return ()
    found: tuple[str, ...] | None = None
    if "in" in asked:
        found = tuple(text_of(text) for text in _few(asked["in"]))
    if "eq" in asked:
        found = (text_of(asked["eq"]),) if found is None or asked["eq"] in found else ()
    return found


def _few(values: list[str]) -> list[str]:
    if len(values) > MOST_VALUES:
        raise BadUserInput(f"A list of the filter has {len(values)} values; {MOST_VALUES} is the most.")
    return values
