"""Writes down what a vendor's facets declare, for the vendor's page."""

from collections.abc import Iterable

from platforms.mapping import Mapped
from platforms.readers import Facet

_SIGNS = {
    "eq": "=",
    "in": "in",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "startsWith": "starts",
    "contains": "has",
}


def facet_tables(facets: Iterable[Facet]) -> str:
    """In Markdown, per facet: each path with its vendor fields, what the vendor compares and orders, and the rest."""
    return "\n".join(_table(facet) for facet in facets)


def _table(facet: Facet) -> str:
    lines = [
        f"### {facet.type} from `{facet.entity}` as {facet.role.value}",
        "",
        "| canonical | vendor's fields | compared there | ordered there | keys a call |",
        "|---|---|---|---|---|",
        *(_line(facet, row) for row in facet.rows),
        "",
        f"Ignored on purpose: {', '.join(f'`{name}`' for name in sorted(facet.ignored)) or 'nothing'}.",
        "",
    ]
    return "\n".join(lines)


def _line(facet: Facet, row: Mapped) -> str:
    fields = ", ".join(f"`{item.name}`" for item in row.fields)
    order = "yes" if row.path in facet.orders else ""
    return f"| `{row.path}` | {fields} | {_compared(facet, row.path)} | {order} | {facet.batch.get(row.path, '')} |"


def _compared(facet: Facet, path: str) -> str:
    pushable = facet.pushable.get(path)
    if pushable is None:
        return ""
    signs = " ".join(sign for operator, sign in _SIGNS.items() if operator in pushable.operators)
    return f"`{signs}`" + ("" if pushable.exact else " (roughly)")
