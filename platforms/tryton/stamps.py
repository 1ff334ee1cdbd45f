"""When a record was changed last, as Tryton compares it."""

from dataclasses import dataclass
from datetime import datetime

from platforms.predicates import Compare
from platforms.readers import COMPARISONS, Pushable
from platforms.tryton.domains import EQUALITY, SIGNS, Condition, among, clause, not_a_cursor, wanted
from platforms.tryton.wire import said_instant


@dataclass(frozen=True, slots=True)
class StampColumn:
    """When a record was written last, or made; every record has it."""

    field: str

    @property
    def pushable(self) -> Pushable:
        return Pushable(COMPARISONS)

    @property
    def order(self) -> str:
        return self.field

    def condition(self, leaf: Compare) -> Condition:
        if not all(isinstance(value, datetime) for value in (leaf.value if leaf.operator == "in" else [leaf.value])):
            raise not_a_cursor()
        if leaf.operator in EQUALITY:
            return among(self.field, [said_instant(value) for value in wanted(leaf)], negated=leaf.negated)
        return clause(self.field, SIGNS[leaf.operator], said_instant(leaf.value), negated=leaf.negated)

    def missing(self, *, negated: bool) -> Condition:
        return negated
