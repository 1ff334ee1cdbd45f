"""Reads a NetSuite account through SuiteQL: one statement per facet and page, whatever it joins."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from platforms.copies import Copies
from platforms.netsuite.client import Page, SuiteQl
from platforms.netsuite.facets import Told
from platforms.netsuite.ids import internal_number
from platforms.netsuite.suiteql import Selected, count, select, selected
from platforms.predicates import Predicate
from platforms.readers import Facet, Projection, ReadPage, ReadQuery, project
from schema.errors import BadUserInput
from schema.roles import PlatformRole

MOST_ROWS = 100_000
"""What SuiteQL gives of one statement over REST, over all pages."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Prepared(Projection):
    """A projection with all that doesn't change from read to read: SELECT and the answer's decoder."""

    columns: Selected
    decoder: "msgspec.json.Decoder[Page[Any]]"


class _Total(msgspec.Struct):
    total: str


class NetSuiteReader:
    """`today` is the ISO date of the day at the account."""

    def __init__(
        self, suiteql: SuiteQl, told: Iterable[Told], today: Callable[[], str], copies: Iterable[Told] = ()
    ) -> None:
        self._suiteql = suiteql
        self._told = {(item.facet.type, item.facet.role): item for item in told}
        self._today = today
        self._totals = msgspec.json.Decoder(Page[_Total])
        self.facets: Mapping[tuple[str, PlatformRole], Facet] = {key: item.facet for key, item in self._told.items()}
        kept = {(item.facet.type, item.facet.role): item for item in copies}
        self.copies: Copies = {key: item.facet for key, item in kept.items()}
        self._told |= kept

    def project(self, facet: Facet, paths: Iterable[str]) -> Prepared:
        plain = project(facet, paths)
        row: Any = plain.row.struct
        return Prepared(
            facet=facet,
            paths=plain.paths,
            row=plain.row,
            sources=plain.sources,
            names=plain.names,
            columns=selected(self._told[facet.type, facet.role], plain.fields),
            decoder=msgspec.json.Decoder(Page[row]),
        )

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage:
        """Without an order the next page goes on behind the last id; with one, or where ids repeat, by position."""
        assert isinstance(projection, Prepared)
        told = self._told[projection.facet.type, projection.facet.role]
        place = _Place.of(query)
        statement = select(told, projection.columns, query, self._today(), behind=place.behind)
        if statement is None:
            return ReadPage([], total=0)
        by_id = not query.order and not told.source.repeats
        size = projection.facet.page_size
        left = size if query.limit is None else query.limit - place.read
        if left <= 0:
            return ReadPage([])
        limit = min(size, left) if by_id or place.read == 0 else size  # a position must be a multiple of the limit
        page = await self._suiteql.page(statement, projection.decoder, limit=limit, offset=0 if by_id else place.read)
        rows = page.items[:left]
        first = place.read == 0 and page.total < MOST_ROWS
        return ReadPage(rows, self._more(projection, query, page, place, by_id=by_id), page.total if first else None)

    def _more(self, projection: Projection, query: ReadQuery, page: Page[Any], place: "_Place", *, by_id: bool) -> Any:
        read = place.read + len(page.items)
        if not page.more or not page.items or (query.limit is not None and read >= query.limit):
            return None
        return {"read": read, "behind": projection.getter("id")(page.items[-1])} if by_id else {"read": read}

    async def count(self, facet: Facet, where: Predicate | None) -> int | None:
        statement = count(self._told[facet.type, facet.role], where, self._today())
        if statement is None:
            return 0
        page = await self._suiteql.page(statement, self._totals, limit=1)
        return int(page.items[0].total) if page.items else None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: how many rows were read before it, and behind which id."""

    read: int = 0
    behind: str | None = None

    @classmethod
    def of(cls, query: ReadQuery) -> "_Place":
        if query.resume is None:
            return cls()
        read, behind = query.resume.get("read", 0), query.resume.get("behind")
        if not isinstance(read, int) or (behind is not None and internal_number(behind) is None):
            raise BadUserInput("This page doesn't exist: start again without `after`.")
        return cls(read, behind)
