"""Conditions as the API's filters take them: never fewer rows than asked, often more.

The documentation leaves open whether bounds count and how text compares, so that no filter is taken as exact: each is
as wide as any reading of it needs, and the gateway holds the condition itself.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from platforms.kantata.client import Parameters
from platforms.predicates import And, Compare, Predicate
from platforms.readers import Pushable
from schema.enums import ApprovalStatus

_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
_FIRST, _LAST = date(1000, 1, 1), date(9999, 12, 31)  # of the calendar that databases know
_PLAIN_TEXT = re.compile(r"[^():;,\x00-\x1f\x7f\ud800-\udfff]{1,200}")

FieldId = Callable[[str], Awaitable[str | None]]
"""Finds the id of a custom field by its name."""


@dataclass(frozen=True, slots=True)
class Days:
    """A date between two others, in one parameter (`A:B`) or in one for each side."""

    between: str | None = None
    after: str | None = None
    before: str | None = None

    pushable = Pushable(frozenset({"eq", "lt", "lte", "gt", "gte"}), exact=False)

    async def parameters(self, leaves: list[Compare], _field_id: FieldId) -> Parameters:
        """The smallest span that holds what all comparisons allow, a day wider on each side."""
        first = max((leaf.value for leaf in leaves if leaf.operator in ("eq", "gt", "gte")), default=None)
        last = min((leaf.value for leaf in leaves if leaf.operator in ("eq", "lt", "lte")), default=None)
        low = None if first is None or first <= _FIRST else first - _DAY
        high = None if last is None or last >= _LAST else last + _DAY
        if low is None and high is None:
            return ()
        if self.between is not None:
            return ((self.between, f"{low or _FIRST}:{high or _LAST}"),)
        sides = ((self.after, low), (self.before, high))
        return tuple((name, str(bound)) for name, bound in sides if name is not None and bound is not None)


@dataclass(frozen=True, slots=True)
class Instants:
    """A stamp between two others, each side in a parameter of its own; stamps are whole seconds."""

    after: str
    before: str

    pushable = Pushable(frozenset({"eq", "lt", "lte", "gt", "gte"}), exact=False)

    async def parameters(self, leaves: list[Compare], _field_id: FieldId) -> Parameters:
        """The smallest span that holds what all comparisons allow, a second wider on each side."""
        first = max((leaf.value for leaf in leaves if leaf.operator in ("eq", "gt", "gte")), default=None)
        last = min((leaf.value for leaf in leaves if leaf.operator in ("eq", "lt", "lte")), default=None)
        found: list[tuple[str, str]] = []
        if first is not None and first.year > _FIRST.year:
            found.append((self.after, _said(first - _SECOND)))
        if last is not None and last.year < _LAST.year:
            early = max(last, datetime(_FIRST.year, 1, 1, tzinfo=UTC))
            found.append((self.before, _said(early + 2 * _SECOND)))  # what comes before the second's end
        return tuple(found)


def _said(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class CustomText:
    """A custom field of text. https://developer.kantata.com/tag/Workspaces: `by_custom_text_value=(1:some):(1:other)`.

    A value with one of the filter's own signs can't be written in it, and nothing can be excluded then.
    """

    field: str

    pushable = Pushable(frozenset({"eq", "in"}), exact=False)

    async def parameters(self, leaves: list[Compare], field_id: FieldId) -> Parameters:
        leaf = leaves[0]
        values = leaf.value if leaf.operator == "in" else (leaf.value,)
        if not all(_PLAIN_TEXT.fullmatch(value) and value == value.strip() for value in values):
            return ()
        found = await field_id(self.field)
        if found is None:
            return ()
        return (("by_custom_text_value", ":".join(f"({found}:{value})" for value in values)),)


@dataclass(frozen=True, slots=True)
class Flag:
    parameter: str

    pushable = Pushable(frozenset({"eq"}), exact=False)

    async def parameters(self, leaves: list[Compare], _field_id: FieldId) -> Parameters:
        return ((self.parameter, "true" if leaves[0].value else "false"),)


@dataclass(frozen=True, slots=True)
class Approval:
    """Approved items have a filter of their own, which is always true where it is given.

    Whether an item lies in a submission that is pending or approved (`active`) is a filter of time entries alone.
    """

    approved: str
    active: str | None = None

    pushable = Pushable(frozenset({"eq", "in"}), exact=False)

    async def parameters(self, leaves: list[Compare], _field_id: FieldId) -> Parameters:
        leaf = leaves[0]
        asked = frozenset(leaf.value if leaf.operator == "in" else (leaf.value,))
        if asked == {ApprovalStatus.APPROVED}:
            return ((self.approved, "true"),)
        if self.active is None:
            return ()
        if asked == {ApprovalStatus.SUBMITTED}:
            return ((self.active, "true"),)
        if asked <= {ApprovalStatus.DRAFT, ApprovalStatus.REJECTED}:
            return ((self.active, "false"),)
        return ()


Condition = Days | Instants | CustomText | Flag | Approval


def compared(where: Predicate | None) -> Mapping[str, list[Compare]]:
    """The comparisons that must all hold, by path; what stands in an `or` narrows nothing here."""
    parts: Iterable[Any] = where.parts if isinstance(where, And) else (where,)
    by_path: dict[str, list[Compare]] = {}
    for part in parts:
        if isinstance(part, Compare) and not part.negated:
            by_path.setdefault(part.path, []).append(part)
    return by_path
