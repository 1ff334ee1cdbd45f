"""NetSuite for the contract suite."""

import re
from typing import Any

from platforms.netsuite.options import AccountOptions
from platforms.netsuite.platform import facets
from platforms.netsuite.tables import Source
from platforms.readers import Facet
from sandbox.netsuite import NetSuite
from sandbox.netsuite.analytics import Analytics

CREDENTIALS = ("account", "consumer_key", "consumer_secret", "token_key", "token_secret")
OPTIONS: dict[str, Any] = {"page_size": 48}
PAGE_ROWS = 48


def strangers(_type_name: str, count: int) -> list[str]:
    return [str(7_000_000_000 + number) for number in range(count)]


def fields(platform: NetSuite, facet: Facet) -> set[str]:
    """The columns of the facet's table in the Records Catalog that its statements don't speak of."""
    source = next(told.source for told in facets(AccountOptions()) if told.facet.type == facet.type)
    table, alias = source.table.split()
    catalogued = Analytics(platform.books).source(table)
    assert catalogued is not None
    return set(catalogued.columns) - spoken_of(source, alias)


def spoken_of(source: Source, alias: str) -> set[str]:
    """The columns of one alias that a source's expressions, joins and conditions name."""
    pieces = [source.id, source.always, *(join.on for join in source.joins)]
    pieces += [column.sql for column in source.columns.values()]
    return {name for piece in pieces for name in re.findall(rf"\b{alias}\.(\w+)", piece)}
