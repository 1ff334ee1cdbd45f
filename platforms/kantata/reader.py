"""Reads an account's records for the graph."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from platforms import readers
from platforms.kantata import mapping_projects, mapping_work
from platforms.kantata.client import Client, Parameters, encoded
from platforms.kantata.conditions import compared
from platforms.kantata.endpoints import KantataFacet
from platforms.kantata.envelope import Meta, Shape, shape
from platforms.kantata.fields import CustomFields
from platforms.kantata.keys import MOST_KEYS, OWN
from platforms.kantata.options import AccountOptions
from platforms.predicates import FALSE, Compare, Predicate
from platforms.readers import Facet, Order, Projection, ReadPage, ReadQuery
from schema.errors import TooWide, UpstreamInvalidResponse
from schema.roles import PlatformRole

MOST_TOGETHER = 10_000
"""How many rows may have to be brought together because the API can't order them as asked."""


_FOR_THE_REST = 800  # bytes of the URL: what is always asked, includes, order, page


class _Counted(msgspec.Struct):
    meta: Meta


_counts = msgspec.json.Decoder(_Counted)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KantataProjection(Projection):
    """A projection with how its answers are read."""

    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lists:
    """The lists that hold the rows of a query: one, or one for each two hundred of its keys.

    `path` and `keys` say which rows count, where keys were asked for. `apart`: no order or page of the API's helps,
    so that all rows are brought together and ordered here.
    """

    parameters: Sequence[Parameters]
    path: str | None = None
    keys: frozenset[str] = frozenset()
    apart: bool = False


class KantataReader:
    """The Reader of one account."""

    def __init__(self, client: Client, options: AccountOptions, fields: CustomFields, *, web: str) -> None:
        self._client = client
        self._fields = fields
        self.facets: Mapping[tuple[str, PlatformRole], Facet] = {
            (facet.type, facet.role): facet for facet in facets(options, web)
        }

    def project(self, facet: Facet, paths: Iterable[str]) -> Projection:
        assert isinstance(facet, KantataFacet)
        plain = readers.project(facet, paths)
        by_path = facet.by_path()
        found = shape(
            f"{facet.type}_{facet.role.value}",
            [item for path in sorted(plain.paths) for item in by_path[path].fields],
            collection=facet.endpoint.collection,
            associations=facet.endpoint.associations,
            optional=facet.endpoint.optional,
            helpers=() if facet.kinds is None else (facet.kinds[0],),
        )
        return KantataProjection(
            facet=facet, paths=plain.paths, row=found.row, sources=plain.sources, names=plain.names, shape=found
        )

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage:
        assert isinstance(projection, KantataProjection)
        facet = projection.facet
        assert isinstance(facet, KantataFacet)
        if query.limit is not None and query.limit <= 0:
            return ReadPage([])
        lists = await self._lists(facet, query)
        if lists is None:
            return ReadPage([], total=0)
        if lists.apart:
            return await self._together(projection, query, lists)
        return await self._page(projection, query, lists)

    async def count(self, facet: Facet, where: Predicate | None) -> int | None:
        """Without a condition, one small call; no condition is held exactly by the API."""
        assert isinstance(facet, KantataFacet)
        if where is not None:
            return None
        parameters = (*facet.endpoint.always, ("per_page", "1"))
        body = await self._client.list(facet.endpoint.collection, parameters)
        found: _Counted = self._decoded(_counts, body)
        return found.meta.count

    # ------------------------------------------------------------------------------------------------ what to ask

    async def _lists(self, facet: KantataFacet, query: ReadQuery) -> _Lists | None:
        """None where no record can be meant, so that nothing needs to be asked."""
        if query.where == FALSE:
            return None
        comparisons = dict(compared(query.where))
        path, keys = query.by, query.keys
        if path is None:
            path = next((each for each in facet.keys if each in comparisons), None)
            keys = _keys(comparisons.pop(path)) if path is not None else ()
        conditions = await self._conditions(facet, comparisons)
        several = len(query.order) > 1
        if path is None:
            return _Lists(parameters=(conditions,), apart=several)
        kind = facet.keys[path]
        usable = kind.usable(keys)
        if not usable:
            return None
        chunks = [usable[start : start + MOST_KEYS] for start in range(0, len(usable), MOST_KEYS)]
        return _Lists(
            parameters=[self._fitting(facet, kind.parameters(chunk), conditions) for chunk in chunks],
            path=path,
            keys=frozenset(usable),
            apart=several or len(chunks) > 1 or kind is OWN,  # lists of ids aren't cut into pages
        )

    async def _conditions(self, facet: KantataFacet, comparisons: Mapping[str, list[Compare]]) -> Parameters:
        found: list[tuple[str, str]] = []
        for path, leaves in comparisons.items():
            condition = facet.conditions.get(path)
            if condition is not None:
                found += await condition.parameters(leaves, self._fields.id_of)
        return self._fitting(facet, (), found)

    def _fitting(self, facet: KantataFacet, needed: Parameters, conditions: Parameters) -> Parameters:
        """What is needed, and as many conditions as the URL has room for: each only narrows."""
        fitting = list(needed)
        for condition in conditions:
            if len(encoded((*fitting, condition))) < self._client.room(facet.endpoint.collection) - _FOR_THE_REST:
                fitting.append(condition)
        return fitting

    def _parameters(self, projection: KantataProjection, found: Parameters, order: tuple[Order, ...]) -> Parameters:
        facet = projection.facet
        assert isinstance(facet, KantataFacet)
        parts = projection.shape
        by = facet.endpoint.steady
        if len(order) == 1:
            by = f"{facet.sorts[order[0].path]}:{'desc' if order[0].descending else 'asc'}"
        asked = [*facet.endpoint.always, *found, ("order", by)]
        if parts.include:
            asked.append(("include", ",".join(parts.include)))
        if parts.optional:
            asked.append(("optional_fields", ",".join(parts.optional)))
        return asked

    # ---------------------------------------------------------------------------------------------- page by page

    async def _page(self, projection: KantataProjection, query: ReadQuery, lists: _Lists) -> ReadPage:
        """One page of a list in the API's own order. `more` is where the next one starts, and how many rows are left
        of the limit.
        """
        facet = projection.facet
        start, left = (query.offset, query.limit) if query.resume is None else query.resume
        size = facet.page_size if left is None else min(left, facet.page_size)
        parameters = self._parameters(projection, lists.parameters[0], query.order)
        rows, passed, count = await self._asked(projection, lists, (*parameters, *_window(start, size)))
        following = start + passed
        left = None if left is None else left - len(rows)
        more = [following, left] if passed and following < count and left != 0 else None
        exact = query.where is None and lists.path is None and passed == len(rows)
        return ReadPage(rows, more=more, total=count if exact else None)

    # ----------------------------------------------------------------------------------------------- all together

    async def _together(self, projection: KantataProjection, query: ReadQuery, lists: _Lists) -> ReadPage:
        """Every row of all lists, ordered here."""
        parts = await asyncio.gather(*(self._whole(projection, lists, each) for each in lists.parameters))
        rows = [row for part in parts for row in part]
        rows.sort(key=_number_of)
        for order in reversed(query.order):
            _sort(rows, projection, order)
        end = None if query.limit is None else query.offset + query.limit
        total = len(rows) if query.where is None else None
        return ReadPage(rows[query.offset : end], total=total)

    async def _whole(self, projection: KantataProjection, lists: _Lists, found: Parameters) -> list[Any]:
        parameters = self._parameters(projection, found, ())
        rows: list[Any] = []
        start = 0
        while True:
            kept, passed, count = await self._asked(
                projection, lists, (*parameters, *_window(start, projection.facet.page_size))
            )
            rows += kept
            start += passed
            if not passed or start >= count:
                return rows
            if count > MOST_TOGETHER:
                facet = projection.facet
                detail = f"{facet.type} on {self._client.platform} has {count:,} rows to put in this order: narrow the "
                raise TooWide(
                    f"{detail}filter, or order by one field.", part=facet.type, platform=self._client.platform
                )

    # --------------------------------------------------------------------------------------------------- one call

    async def _asked(
        self, projection: KantataProjection, lists: _Lists, parameters: Parameters
    ) -> tuple[list[Any], int, int]:
        """The rows of one page that count, how many the page had, and how many the whole list has."""
        facet = projection.facet
        assert isinstance(facet, KantataFacet)
        page = self._decoded(projection.shape.pages, await self._client.list(facet.endpoint.collection, parameters))
        try:
            rows = projection.shape.rows(page)
        except KeyError:
            raise self._invalid() from None
        if not all(map(_number_of, rows)):
            raise self._invalid()
        passed = len(rows)
        if facet.kinds is not None:
            field, kinds = facet.kinds
            rows = [row for row in rows if getattr(row, field.name) in kinds]
        if lists.path is not None and lists.path in projection.paths:
            key_of, keys = projection.getter(lists.path), lists.keys
            rows = [row for row in rows if key_of(row) in keys]
        return rows, passed, page.meta.count

    def _decoded(self, decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
        try:
            return decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._invalid() from None

    def _invalid(self) -> UpstreamInvalidResponse:
        detail = "the list's answer doesn't have the documented form"
        return UpstreamInvalidResponse(detail, platform=self._client.platform)


def facets(options: AccountOptions, web: str) -> tuple[KantataFacet, ...]:
    """Everything that an account tells of the canonical types; `web` is where people see it."""
    all_facets = (
        mapping_projects.project(options, web),
        mapping_projects.account(options),
        mapping_projects.milestone(options),
        mapping_projects.task(),
        mapping_work.assignment(),
        mapping_work.time_entry(),
        mapping_work.expense(),
        mapping_work.resource(options),
    )
    return tuple(replace(facet, page_size=options.page_size) for facet in all_facets)


def _keys(leaves: list[Compare]) -> tuple[str, ...]:
    """The values that all comparisons with `eq` and `in` allow."""
    allowed = [leaf.value if leaf.operator == "in" else (leaf.value,) for leaf in leaves]
    return tuple(value for value in allowed[0] if all(value in others for others in allowed[1:]))


def _number_of(row: Any) -> int:
    """The record's id, 0 where it has none."""
    found = row.id
    return int(found) if found is not None and found.isdecimal() else 0


def _window(start: int, size: int) -> Parameters:
    """A page by its number where that is what it is; any other stretch by position.

    Positions are what the framework behind the API takes, but its documentation names pages alone.
    https://github.com/mavenlink/brainstem
    """
    if start % size == 0:
        return (("per_page", str(size)), ("page", str(start // size + 1)))
    return (("limit", str(size)), ("offset", str(start)))


def _sort(rows: list[Any], projection: Projection, order: Order) -> None:
    """Missing values first when ascending, last when descending; equal rows stay as they stood."""
    value_of = projection.getter(order.path)
    there = [row for row in rows if value_of(row) is not None]
    missing = [row for row in rows if value_of(row) is None]
    there.sort(key=value_of, reverse=order.descending)
    rows[:] = [*there, *missing] if order.descending else [*missing, *there]
