"""A facet and the rows of SuiteQL behind it, with what the vendor compares derived from the columns' kinds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from platforms.mapping import Mapped
from platforms.netsuite.options import AccountOptions
from platforms.netsuite.tables import Column, Kind, Source
from platforms.predicates import Operator
from platforms.readers import COMPARISONS, TEXT, Facet, Pushable
from schema.roles import PlatformRole

STAMP = "modifiedAt"
"""What every record that has a stamp is compared and ordered by, so that its changes can be followed."""
MOST_KEYS = 1000
"""Values that SuiteQL takes in one IN (...)."""
_EQUALITY: frozenset[Operator] = frozenset({"eq", "in"})
_OPERATORS: Mapping[Kind, frozenset[Operator]] = {
    Kind.TEXT: TEXT,
    Kind.ID: _EQUALITY,
    Kind.KEY: _EQUALITY,
    Kind.NUMBER: COMPARISONS,
    Kind.DAY: COMPARISONS,
    Kind.MOMENT: COMPARISONS,
    Kind.FLAG: _EQUALITY,
}


@dataclass(frozen=True, slots=True)
class Told:
    """A facet with its source; `zone` is that of the account's clocks, in which SuiteQL tells instants."""

    facet: Facet
    source: Source
    zone: tzinfo = UTC

    def column(self, path: str) -> Column:
        """The column that a canonical path is compared and ordered by: the first that it is made of."""
        if path == "id":
            return Column(self.source.id, Kind.ID)
        return self.source.column(self.facet.row(path).fields[0].name)


def told(
    type_name: str,
    entity: str,
    source: Source,
    rows: Iterable[Mapped],
    options: AccountOptions,
    *,
    batch: Iterable[str],
    compared: Iterable[str] = (),
    orders: Iterable[str] = (),
    ignored: Iterable[str] = (),
    page: str = "",
) -> Told:
    """`compared` are the paths that the vendor compares beside the stamp; Oracle compares text exactly, by code point,
    case and all. `page` is the path of the page where people look at such a record.
    """
    facet = Facet(
        type=type_name,
        role=PlatformRole.ERP,
        entity=entity,
        rows=tuple(rows),
        ignored=frozenset(ignored),
        batch=dict.fromkeys(batch, MOST_KEYS),
        orders=frozenset(orders),
        page_size=options.page_size,
        url=f"{options.pages}{page}?id={{id}}" if page else None,
    )
    made = Told(facet, source, options.zone)
    stamps = {STAMP} & facet.by_path().keys()
    pushable = {path: Pushable(_operators(facet.row(path), made.column(path))) for path in (*compared, *stamps)}
    pushable["id"] = Pushable(frozenset({"eq", "in", "gt"}))
    return replace(made, facet=replace(facet, pushable=pushable, orders=facet.orders | stamps))


def _operators(row: Mapped, column: Column) -> frozenset[Operator]:
    return _EQUALITY if row.names is not None else _OPERATORS[column.kind]
