"""What is asked of a collection for a query: which lists hold its rows, and the parameters of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from platforms.kantata.client import Parameters, encoded
from platforms.kantata.conditions import FieldId, compared
from platforms.kantata.endpoints import KantataFacet
from platforms.kantata.envelope import Shape
from platforms.kantata.keys import MOST_KEYS, OWN
from platforms.predicates import FALSE, Compare
from platforms.readers import Order, ReadQuery

_FOR_THE_REST = 800  # bytes of the URL: what is always asked, includes, order, page


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The lists that hold the rows of a query: one, or one for each two hundred of its keys.

    `path` and `keys` say which rows count, where keys were asked for. `apart`: no order or page of the API's helps, so
    that all rows have to be brought together and ordered here.
    """

    parameters: Sequence[Parameters]
    path: str | None = None
    keys: frozenset[str] = frozenset()
    apart: bool = False


async def lists_of(facet: KantataFacet, query: ReadQuery, field_id: FieldId, room: int) -> Lists | None:
    """None where no record can be meant, so that nothing needs to be asked. `room`: bytes of a URL's query."""
    if query.where == FALSE:
        return None
    comparisons = dict(compared(query.where))
    path, keys = query.by, query.keys
    if path is None:
        path = next((each for each in facet.keys if each in comparisons), None)
        keys = _keys(comparisons.pop(path)) if path is not None else ()
    conditions = await _conditions(facet, comparisons, field_id)
    several = len(query.order) > 1
    if path is None:
        return Lists(parameters=(_fitting((), conditions, room),), apart=several)
    kind = facet.keys[path]
    usable = kind.usable(keys)
    if not usable:
        return None
    chunks = [usable[start : start + MOST_KEYS] for start in range(0, len(usable), MOST_KEYS)]
    return Lists(
        parameters=[_fitting(kind.parameters(chunk), conditions, room) for chunk in chunks],
        path=path,
        keys=frozenset(usable),
        apart=several or len(chunks) > 1 or kind is OWN,  # lists of ids aren't cut into pages
    )


def parameters_of(facet: KantataFacet, shape: Shape, found: Parameters, order: tuple[Order, ...]) -> Parameters:
    """All parameters of a list but for its page; only what the projection needs is included."""
    by = facet.endpoint.steady
    if len(order) == 1:
        by = f"{facet.sorts[order[0].path]}:{'desc' if order[0].descending else 'asc'}"
    asked = [*facet.endpoint.always, *found, ("order", by)]
    if shape.include:
        asked.append(("include", ",".join(shape.include)))
    if shape.optional:
        asked.append(("optional_fields", ",".join(shape.optional)))
    return asked


def window(start: int, size: int) -> Parameters:
    """A page by its number where that is what it is; any other stretch by position.

    Positions are what the framework behind the API takes, but its documentation names pages alone.
    https://github.com/mavenlink/brainstem
    """
    if start % size == 0:
        return (("per_page", str(size)), ("page", str(start // size + 1)))
    return (("limit", str(size)), ("offset", str(start)))


async def _conditions(
    facet: KantataFacet, comparisons: Mapping[str, list[Compare]], field_id: FieldId
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path, leaves in comparisons.items():
        condition = facet.conditions.get(path)
        if condition is not None:
            found += await condition.parameters(leaves, field_id)
    return found


def _fitting(needed: Parameters, conditions: Parameters, room: int) -> Parameters:
    """What is needed, and as many conditions as the URL has room for: each only narrows."""
    fitting = list(needed)
    for condition in conditions:
        if len(encoded((*fitting, condition))) < room - _FOR_THE_REST:
            fitting.append(condition)
    return fitting


def _keys(leaves: list[Compare]) -> tuple[str, ...]:
    """The values that all comparisons with `eq` and `in` allow."""
    allowed = [leaf.value if leaf.operator == "in" else (leaf.value,) for leaf in leaves]
    return tuple(value for value in allowed[0] if all(value in others for others in allowed[1:]))
