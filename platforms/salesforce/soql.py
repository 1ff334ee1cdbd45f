"""SOQL statements for reads of a facet.

The reference: https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from platforms.predicates import And, Compare, Constant, Missing, Not, Or, Predicate
from platforms.readers import Facet, ReadQuery
from platforms.salesforce.columns import Column, Condition, both, either
from platforms.salesforce.ids import is_record_id


@dataclass(frozen=True, slots=True, kw_only=True)
class SoqlFacet(Facet):
    """A facet that knows how SOQL compares its paths."""

    columns: Mapping[str, Column]


def select(facet: Facet, fields: Iterable[str]) -> str:
    return f"SELECT {','.join(dict.fromkeys(('Id', *fields)))} FROM {facet.entity}"  # noqa: S608 - declared names only


def rest(facet: SoqlFacet, query: ReadQuery) -> str | None:
    """What follows the FROM of a read; None where no record can be meant, so that nothing needs to be asked."""
    wanted: list[Condition] = []
    if query.by is not None:
        keys = [f"'{key}'" for key in query.keys if is_record_id(key)]
        if not keys:
            return None
        wanted.append(f"{facet.row(query.by).fields[0].name} IN ({','.join(keys)})")
    if query.where is not None:
        wanted.append(condition(facet, query.where))
    where = both(wanted)
    if where is False:
        return None
    limit = "" if query.limit is None else f" LIMIT {query.limit}"
    return f"{_clause(where)} ORDER BY {_order(facet, query)}{limit}"


def count(facet: SoqlFacet, where: Predicate | None) -> str | None:
    """Counts; None where no record can be meant."""
    held = True if where is None else condition(facet, where)
    return None if held is False else f"SELECT COUNT() FROM {facet.entity}{_clause(held)}"  # noqa: S608 - see literals


def condition(facet: SoqlFacet, predicate: Predicate) -> Condition:
    match predicate:
        case Constant(value):
            return value
        case Compare(path):
            return facet.columns[path].condition(predicate)
        case Missing(path, negated):
            return facet.columns[path].missing(negated=negated)
        case And(parts):
            return both(condition(facet, part) for part in parts)
        case Or(parts):
            return either(condition(facet, part) for part in parts)
        case Not():
            raise TypeError("a connector only sees normalised predicates")


def _clause(where: Condition) -> str:
    return f" WHERE {where}" if isinstance(where, str) else ""


def _order(facet: SoqlFacet, query: ReadQuery) -> str:
    """Missing values first when ascending and last when descending, ties by id: said, not left to the vendor."""
    orderings: list[str] = []
    for item in query.order:
        field = facet.columns[item.path].order
        assert field is not None, f"{item.path} is not among the facet's orders"
        orderings.append(f"{field} {'DESC NULLS LAST' if item.descending else 'ASC NULLS FIRST'}")
        if item.path == "id":
            return ", ".join(orderings)
    return ", ".join([*orderings, "Id ASC"])
