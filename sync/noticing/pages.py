"""Reads a facet's ids and stamps, page by page, so that no row is passed over whatever the platform does meanwhile.

Where the platform compares stamps and ids exactly a page begins behind the last row by value. Where it doesn't, a page
begins at the last stamp, and what has been told is left out. Where it can't order by stamps it is asked to go on by its
own place. A platform that tells the same again and again is found out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec

from platforms.predicates import And, Compare, Or, Predicate
from platforms.readers import Order, Projection, ReadPage, ReadQuery
from schema.errors import UpstreamInvalidResponse
from sync.noticing.followed import FacetFeed
from sync.noticing.positions import Walk

STAMP = "modifiedAt"
ROWS = 500
"""Rows that are asked for at once: as many as are looked at before the next place is kept."""
DEEP = 50
"""Pages in which nothing new comes before the platform is taken to tell the same for ever."""
MOST_PAGES = 50_000
"""Pages of one walk."""


@dataclass(frozen=True, slots=True)
class Row:
    """`parents`: ids or keys of the records whose values this one decides, by the path that names them."""

    id: str
    stamp: datetime | None
    parents: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """`walk`: where to go on; None at the end."""

    rows: Sequence[Row]
    walk: Walk | None


class Rows:
    """One facet's rows. Raises the platform's errors; UpstreamInvalidResponse also for answers that can't be meant."""

    def __init__(self, feed: FacetFeed) -> None:
        facet = feed.facet
        self._platform = feed.platform
        self._facet = facet
        self._parents = tuple(dict.fromkeys(feed.parents.values()))
        told = facet.by_path()
        self.stamped = STAMP in told
        asked = facet.pushable.get(STAMP)
        operators = asked.operators if asked is not None else frozenset()
        self._lower: Any = "gt" if "gt" in operators else "gte"
        self._exact = asked is not None and asked.exact
        self._ordered = STAMP in facet.orders
        self.askable = self.stamped and bool(operators & {"gt", "gte"})
        """Whether the platform can be asked for what changed since."""
        behind_id = facet.keyset and "id" in facet.pushable and "gt" in facet.pushable["id"].operators
        self._by_id = behind_id
        self._keyed = behind_id and self._ordered and self._exact and {"gt", "eq"} <= operators
        self.tells_newest = self.askable and self._ordered
        self._projection: Projection | None = None

    async def page(self, walk: Walk) -> Page:
        if walk.pages >= MOST_PAGES:
            raise self._endless()
        walk = msgspec.structs.replace(walk, pages=walk.pages + 1)
        if walk.since is None:
            return await (self._behind_id(walk) if self._by_id else self._by_place(walk))
        if self._keyed:
            return await self._behind_row(walk)
        return await (self._at_stamp(walk) if self._ordered else self._by_place(walk))

    async def newest(self) -> datetime | None:
        """The newest stamp there is; None where there is none, or where the platform can't tell."""
        if not self.tells_newest:
            return None
        page = await self._read(ReadQuery(order=(Order(STAMP, descending=True),), limit=1))
        return max((row.stamp for row in self._rows(page) if row.stamp is not None), default=None)

    async def stamped_between(self, since: datetime, until: datetime, most: int) -> Sequence[Row] | None:
        """All rows stamped after `since` and up to `until`; None where they are more than `most`."""
        found: dict[str, Row] = {}
        walk: Walk | None = Walk(since=since, until=until, began_at=since)
        while walk is not None:
            page = await self.page(walk)
            found |= {row.id: row for row in page.rows}
            walk = page.walk
            if len(found) > most:
                return None
        return tuple(found.values())

    # --------------------------------------------------------------------------------------------- ways to go on

    async def _behind_row(self, walk: Walk) -> Page:
        """By value, behind the last row's stamp and id."""
        where: Predicate = Compare(STAMP, "gt", walk.at or walk.since)
        if walk.at is not None:
            where = Or((where, And((Compare(STAMP, "eq", walk.at), Compare("id", "gt", walk.ids[0])))))
        size = min(self._facet.page_size, ROWS)
        found, more = await self._some(ReadQuery(where=where, order=(Order(STAMP),), limit=size))
        rows = self._ascending(found, walk.at or walk.since)
        ended = not more and len(found) < size
        if not rows:
            return Page((), None)
        if walk.at is not None and any(row.stamp == walk.at and row.id == walk.ids[0] for row in rows):
            raise self._endless()
        kept = _up_to(rows, walk.until)
        if ended or len(kept) < len(rows):
            return Page(kept, None)
        return Page(kept, _moved(walk, at=rows[-1].stamp, ids=(rows[-1].id,)))

    async def _at_stamp(self, walk: Walk) -> Page:
        """From the last stamp on once more, without those that are known to bear it."""
        bound = walk.at or walk.since
        assert bound is not None
        query = ReadQuery(where=Compare(STAMP, "gte" if walk.at else self._lower, bound), order=(Order(STAMP),))
        told = frozenset(walk.ids)
        page = await self._read(query)
        for _ in range(DEEP):
            rows = self._ascending(self._rows(page), None)
            later = [row for row in rows if row.stamp is not None and row.stamp >= bound]
            fresh = [row for row in later if row.stamp != bound or (walk.at is not None and row.id not in told)]
            if fresh or page.more is None:
                return self._from_stamp(walk, later, fresh, ended=page.more is None)
            page = await self._read(replace(query, resume=page.more))
        raise self._endless()

    @staticmethod
    def _from_stamp(walk: Walk, later: Sequence[Row], fresh: Sequence[Row], *, ended: bool) -> Page:
        kept = _up_to(fresh, walk.until)
        if ended or not fresh or len(kept) < len(fresh):
            return Page(kept, None)
        at = fresh[-1].stamp
        bearing = {row.id for row in later if row.stamp == at} | (set(walk.ids) if at == walk.at else set())
        return Page(kept, _moved(walk, at=at, ids=tuple(sorted(bearing))))

    async def _behind_id(self, walk: Walk) -> Page:
        """All rows, by id."""
        where = Compare("id", "gt", walk.ids[0]) if walk.ids else None
        size = min(self._facet.page_size, ROWS)
        rows, more = await self._some(ReadQuery(where=where, limit=size))
        if not rows:
            return Page((), None)
        if walk.ids and any(row.id == walk.ids[0] for row in rows):
            raise self._endless()
        ended = not more and len(rows) < size
        return Page(rows, None if ended else _moved(walk, ids=(rows[-1].id,)))

    async def _by_place(self, walk: Walk) -> Page:
        """By a place that the platform names, within one question."""
        where = None if walk.since is None else Compare(STAMP, self._lower, walk.since)
        page = await self._read(ReadQuery(where=where, resume=walk.resume))
        found = self._rows(page)
        ids = tuple(row.id for row in found)
        if page.more is not None and (page.more == walk.resume or (ids and ids == walk.ids)):
            raise self._endless()
        since, until = walk.since, walk.until
        rows = [row for row in found if since is None or (row.stamp is not None and row.stamp > since)]
        rows = [row for row in rows if until is None or row.stamp is None or row.stamp <= until]
        return Page(rows, None if page.more is None else _moved(walk, ids=ids, resume=page.more))

    # --------------------------------------------------------------------------------------------------- answers

    async def _some(self, query: ReadQuery) -> tuple[list[Row], bool]:
        """The first rows of an answer, and whether it has more; a platform may tell pages without any row."""
        page = await self._read(query)
        for _ in range(DEEP):
            if page.rows or page.more is None:
                return self._rows(page), page.more is not None
            page = await self._read(replace(query, resume=page.more))
        raise self._endless()

    async def _read(self, query: ReadQuery) -> ReadPage:
        if self._projection is None:
            stamp = (STAMP,) if self.stamped else ()
            self._projection = self._platform.reader.project(self._facet, ("id", *stamp, *self._parents))
        return await self._platform.reader.read(self._projection, query)

    def _rows(self, page: ReadPage) -> list[Row]:
        assert self._projection is not None
        id_of = self._projection.getter("id")
        stamp_of = self._projection.getter(STAMP) if self.stamped else None
        parents = [(path, self._projection.getter(path)) for path in self._parents]
        found: list[Row] = []
        for raw in page.rows:
            try:
                external_id = id_of(raw)
                stamp = None if stamp_of is None else stamp_of(raw)
                named = {path: str(key) for path, of in parents if (key := of(raw)) is not None}
            except (ValueError, TypeError, ArithmeticError):
                raise self._invalid("a row's id or stamp can't be read") from None
            if not isinstance(external_id, str) or not external_id:
                raise self._invalid("a row has no id")
            found.append(Row(external_id, None if stamp is None else stamp.astimezone(UTC), named))
        return found

    def _ascending(self, rows: list[Row], since: datetime | None) -> list[Row]:
        """The rows that have a stamp, which come in its order."""
        rows = [row for row in rows if row.stamp is not None]
        stamps = [row.stamp for row in rows if row.stamp is not None]
        if any(one > other for one, other in pairwise(stamps)):
            raise self._invalid("rows don't come in the order that was asked for")
        if since is not None and stamps and stamps[0] < since:
            raise self._invalid("rows came that are older than asked for")
        return rows

    def _endless(self) -> UpstreamInvalidResponse:
        return self._invalid("the list has no end: the same rows come again and again")

    def _invalid(self, why: str) -> UpstreamInvalidResponse:
        return UpstreamInvalidResponse(f"{self._facet.entity}: {why}", platform=self._platform.name)


def _up_to(rows: Iterable[Row], until: datetime | None) -> list[Row]:
    return [row for row in rows if until is None or row.stamp is None or row.stamp <= until]


def _moved(walk: Walk, **changed: Any) -> Walk:
    return msgspec.structs.replace(walk, **changed)
