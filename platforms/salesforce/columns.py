"""How each kind of field is compared in SOQL: the condition for one comparison, and what the graph may rely on.

A condition is SOQL text, or True or False where the answer doesn't depend on the record.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeAlias

from platforms.predicates import Compare, Operator
from platforms.readers import COMPARISONS, Pushable
from platforms.salesforce.ids import is_record_id
from platforms.salesforce.literals import Point, like, quoted, sayable
from schema.enums import OpportunityStage
from schema.errors import BadUserInput

Condition: TypeAlias = str | bool

_OPPOSITE = {"=": "!=", "!=": "=", ">": "<=", "<=": ">", "<": ">=", ">=": "<", "IN": "NOT IN"}
_SIGNS: Mapping[Operator, str] = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


class Column(Protocol):
    """A canonical path as SOQL compares it. `order` is the field to order by, None where the vendor orders otherwise.

    The vendor's text comparison ignores case, so that text conditions may find more than asked.
    """

    @property
    def pushable(self) -> Pushable: ...

    @property
    def order(self) -> str | None: ...

    def condition(self, leaf: Compare) -> Condition: ...

    def missing(self, *, negated: bool) -> Condition: ...


def test(field: str, sign: str, operand: str, *, negated: bool) -> str:
    """One comparison. A negated one holds for a missing value too, which SOQL is told, not trusted with."""
    if not negated:
        return f"{field} {sign} {operand}"
    opposite = f"{field} {_OPPOSITE[sign]} {operand}"
    return opposite if operand == "null" else f"({opposite} OR {field} = null)"


def among(field: str, literals: Iterable[str], *, negated: bool) -> Condition:
    """Whether the field holds one of the values; the literals are safe already."""
    values = list(literals)
    if not values:
        return negated
    if len(values) == 1:
        return test(field, "=", values[0], negated=negated)
    return test(field, "IN", f"({','.join(values)})", negated=negated)


def wanted(leaf: Compare) -> tuple[Any, ...]:
    """The values of an `eq` or `in`."""
    return tuple(leaf.value) if leaf.operator == "in" else (leaf.value,)


@dataclass(frozen=True, slots=True)
class _Plain:
    """What the columns of a single field have in common."""

    field: str

    @property
    def order(self) -> str | None:
        return self.field

    def missing(self, *, negated: bool) -> Condition:
        return test(self.field, "=", "null", negated=negated)

    def present(self, *, negated: bool) -> Condition:
        return self.missing(negated=not negated)


@dataclass(frozen=True, slots=True)
class KeyColumn(_Plain):
    """A record's id, or the id of a related record. What can't be an id equals none."""

    @property
    def order(self) -> str | None:
        return "Id" if self.field == "Id" else None

    @property
    def pushable(self) -> Pushable:
        return Pushable(frozenset({"eq", "in", "gt"} if self.field == "Id" else {"eq", "in"}))

    def condition(self, leaf: Compare) -> Condition:
        if leaf.operator in ("eq", "in"):
            ids = (value for value in wanted(leaf) if isinstance(value, str) and is_record_id(value))
            return among(self.field, (f"'{value}'" for value in ids), negated=leaf.negated)
        if not is_record_id(leaf.value):
            raise BadUserInput("`after` is not a cursor: use an `endCursor` or `cursor` of an earlier page.")
        return test(self.field, _SIGNS[leaf.operator], f"'{leaf.value}'", negated=leaf.negated)


@dataclass(frozen=True, slots=True)
class TextColumn(_Plain):
    """Text, compared by the vendor without regard to case. Its greater and less serve paging in its own order only."""

    @property
    def pushable(self) -> Pushable:
        return Pushable(frozenset({"eq", "in", "startsWith", "contains"}), exact=False)

    def condition(self, leaf: Compare) -> Condition:
        field, negated = self.field, leaf.negated
        if leaf.operator in ("eq", "in"):
            texts = [quoted(value) for value in wanted(leaf) if value and sayable(value)]
            return among(field, texts, negated=negated)
        if leaf.operator in ("startsWith", "contains"):
            if not sayable(leaf.value):
                return negated
            if not leaf.value:
                return self.present(negated=negated)
            pattern = like(leaf.value, anywhere=leaf.operator == "contains")
            return f"(NOT {field} LIKE {pattern})" if negated else f"{field} LIKE {pattern}"
        if not sayable(leaf.value):
            raise BadUserInput("`after` is not a cursor: use an `endCursor` or `cursor` of an earlier page.")
        return test(field, _SIGNS[leaf.operator], quoted(leaf.value), negated=negated)


@dataclass(frozen=True, slots=True)
class ScaleColumn(_Plain):
    """Numbers, days and instants; `point` places a value on the field's scale. `sorts`: ordered as we order."""

    point: Callable[[Any], Point]
    sorts: bool = True

    @property
    def order(self) -> str | None:
        return self.field if self.sorts else None

    @property
    def pushable(self) -> Pushable:
        return Pushable(COMPARISONS)

    def condition(self, leaf: Compare) -> Condition:
        negated = leaf.negated
        if leaf.operator in ("eq", "in"):
            points = (self.point(value) for value in wanted(leaf))
            literals = (point.literal for point in points if point.exact and not point.side)
            return among(self.field, literals, negated=negated)
        point = self.point(leaf.value)
        upwards = leaf.operator in ("gt", "gte")
        if point.side:
            return self.present(negated=negated) if upwards is (point.side < 0) else negated
        between = ">" if upwards else "<="  # no value of the field lies between the point and the value asked for
        sign = _SIGNS[leaf.operator] if point.exact else between
        return test(self.field, sign, point.literal, negated=negated)


@dataclass(frozen=True, slots=True)
class ChoiceColumn(_Plain):
    """A picklist whose values stand for canonical ones."""

    names: Mapping[str, Enum]

    @property
    def order(self) -> str | None:
        return None

    @property
    def pushable(self) -> Pushable:
        return Pushable(frozenset({"eq", "in"}))

    def condition(self, leaf: Compare) -> Condition:
        native = [quoted(name) for name, value in self.names.items() if value in wanted(leaf)]
        return among(self.field, native, negated=leaf.negated)

    def missing(self, *, negated: bool) -> Condition:
        """A native value that stands for nothing reads as missing too."""
        return among(self.field, [quoted(name) for name in self.names], negated=not negated)


@dataclass(frozen=True, slots=True)
class StageColumn:
    """An opportunity's stage: won and lost are flags of the vendor's, COMMITTED is a matter of the firm's stages."""

    committed: tuple[str, ...]

    @property
    def order(self) -> str | None:
        return None

    @property
    def pushable(self) -> Pushable:
        return Pushable(frozenset({"eq", "in"}))

    def condition(self, leaf: Compare) -> Condition:
        asked = set(wanted(leaf))
        stages = [stage for stage in OpportunityStage if (stage in asked) is not leaf.negated]
        if len(stages) == len(OpportunityStage):
            return True
        return either([self._of(stage) for stage in stages])

    def missing(self, *, negated: bool) -> Condition:
        return negated

    def _of(self, stage: OpportunityStage) -> Condition:
        names = [quoted(name) for name in self.committed]
        match stage:
            case OpportunityStage.WON:
                return "IsWon = true"
            case OpportunityStage.LOST:
                return "(IsClosed = true AND IsWon = false)"
            case OpportunityStage.COMMITTED:
                return both(["IsClosed = false", among("StageName", names, negated=False)])
            case OpportunityStage.OPEN:
                return both(["IsClosed = false", among("StageName", names, negated=True)])


def both(parts: Iterable[Condition]) -> Condition:
    """The conjunction."""
    said = [part for part in parts if part is not True]
    if False in said:
        return False
    texts = [part for part in said if isinstance(part, str)]
    if not texts:
        return True
    return texts[0] if len(texts) == 1 else f"({' AND '.join(texts)})"


def either(parts: Iterable[Condition]) -> Condition:
    """The disjunction."""
    said = [part for part in parts if part is not False]
    if True in said:
        return True
    texts = [part for part in said if isinstance(part, str)]
    if not texts:
        return False
    return texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})"
