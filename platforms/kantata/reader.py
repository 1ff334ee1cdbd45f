"""Reads an account's records for the graph."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec

from platforms import readers
from platforms.copies import Copies
from platforms.kantata import mapping_copies, mapping_projects, mapping_work
from platforms.kantata.client import Client, Parameters
from platforms.kantata.endpoints import KantataFacet
from platforms.kantata.envelope import Meta, Shape, shape
from platforms.kantata.fields import Directory
from platforms.kantata.options import AccountOptions
from platforms.kantata.parameters import Lists, lists_of, parameters_of, window
from platforms.kantata.side_by_side import side_by_side
from platforms.predicates import Predicate
from platforms.readers import Facet, Order, Projection, ReadPage, ReadQuery
from schema.errors import TooWide, UpstreamInvalidResponse
from schema.roles import PlatformRole

MOST_TOGETHER = 10_000
"""How many rows may have to be brought together because the API can't order them as asked."""
PAGES_AT_ONCE = 4
"""How many pages of a list that is wanted whole are asked for at the same time, once its length is known."""


class _Counted(msgspec.Struct):
    meta: Meta


class _Part(NamedTuple):
    """A page of a list: the rows that count, how many rows it had in all, and how many the whole list has."""

    rows: list[Any]
    passed: int
    length: int


_counts = msgspec.json.Decoder(_Counted)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KantataProjection(Projection):
    """A projection with how its answers are read."""

    facet: KantataFacet
    shape: Shape


class KantataReader:
    """The Reader of one account."""

    def __init__(self, client: Client, options: AccountOptions, fields: Directory, *, web: str) -> None:
        self._client = client
        self._fields = fields
        self.facets: Mapping[tuple[str, PlatformRole], Facet] = {
            (facet.type, facet.role): facet for facet in facets(options, web)
        }
        billing = replace(mapping_copies.project_billing(options), page_size=options.page_size)
        self.copies: Copies = {(billing.type, billing.role): billing}

    def project(self, facet: Facet, paths: Iterable[str]) -> Projection:
        assert isinstance(facet, KantataFacet)
        return projected(facet, paths)

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage:
        assert isinstance(projection, KantataProjection)
        if query.limit is not None and query.limit <= 0:
            return ReadPage([])
        facet = projection.facet
        room = self._client.room(facet.endpoint.collection)
        lists = await lists_of(facet, query, self._fields.id_of, room)
        if lists is None:
            return ReadPage([], total=0)
        if lists.apart:
            return await self._together(projection, query, lists)
        return await self._pages(projection, query, lists)

    async def count(self, facet: Facet, where: Predicate | None) -> int | None:
        """Without a condition, one small call; no condition is held exactly by the API."""
        assert isinstance(facet, KantataFacet)
        if where is not None:
            return None
        parameters = (*facet.endpoint.always, ("per_page", "1"))
        body = await self._client.list(facet.endpoint.collection, parameters)
        found: _Counted = self._decoded(_counts, body)
        return found.meta.count

    async def _pages(self, projection: KantataProjection, query: ReadQuery, lists: Lists) -> ReadPage:
        """The next page of a list in the API's own order, or several where the list is wanted whole.

        `more` is where the following one starts, how many rows are left of the limit, and how long the list is.
        """
        start, left, count = (query.offset, query.limit, 0) if query.resume is None else query.resume
        size = projection.facet.page_size if left is None else min(left, projection.facet.page_size)
        starts = [start]
        if left is None and count > start:
            starts = list(range(start, count, size))[:PAGES_AT_ONCE]
        parameters = parameters_of(projection.facet, projection.shape, lists.parameters[0], query.order)
        parts = await side_by_side(self._part(projection, lists, (*parameters, *window(each, size))) for each in starts)
        rows = parts[0].rows if len(parts) == 1 else [row for part in parts for row in part.rows]
        last = parts[-1]
        following = starts[-1] + last.passed
        left = None if left is None else left - len(rows)
        more = [following, left, last.length] if last.passed and following < last.length and left != 0 else None
        exact = query.where is None and lists.path is None and last.passed == len(last.rows)
        return ReadPage(rows, more=more, total=last.length if exact else None)

    async def _together(self, projection: KantataProjection, query: ReadQuery, lists: Lists) -> ReadPage:
        """Every row of all lists, ordered here."""
        parts = await side_by_side(self._whole(projection, lists, each) for each in lists.parameters)
        rows = [row for part in parts for row in part]
        rows.sort(key=_number_of)
        for order in reversed(query.order):
            _sort(rows, projection, order)
        end = None if query.limit is None else query.offset + query.limit
        return ReadPage(rows[query.offset : end], total=len(rows) if query.where is None else None)

    async def _whole(self, projection: KantataProjection, lists: Lists, found: Parameters) -> list[Any]:
        facet = projection.facet
        parameters = parameters_of(facet, projection.shape, found, ())
        rows: list[Any] = []
        start = 0
        while True:
            part = await self._part(projection, lists, (*parameters, *window(start, facet.page_size)))
            rows += part.rows
            start += part.passed
            if not part.passed or start >= part.length:
                return rows
            if part.length > MOST_TOGETHER:
                detail = (
                    f"{facet.type} on {self._client.platform} has {part.length:,} rows to put in this order: "
                    "narrow the filter, or order by one field."
                )
                raise TooWide(detail, part=facet.type, platform=self._client.platform)

    async def _part(self, projection: KantataProjection, lists: Lists, parameters: Parameters) -> _Part:
        facet = projection.facet
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
        return _Part(rows, passed, page.meta.count)

    def _decoded(self, decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
        try:
            return decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._invalid() from None

    def _invalid(self) -> UpstreamInvalidResponse:
        detail = "the list's answer doesn't have the documented form"
        return UpstreamInvalidResponse(detail, platform=self._client.platform)


def projected(facet: KantataFacet, paths: Iterable[str]) -> KantataProjection:
    """The facet cut to some of its paths, with how its answers are read."""
    plain = readers.project(facet, paths)
    by_path = facet.by_path()
    found = shape(
        f"{facet.type}_{facet.role.value}",
        [item for path in sorted(plain.paths) for item in by_path[path].fields],
        collection=facet.endpoint.collection,
        associations=facet.endpoint.associations,
        optional=facet.endpoint.optional,
        listed=facet.endpoint.listed,
        helpers=() if facet.kinds is None else (facet.kinds[0],),
    )
    return KantataProjection(
        facet=facet, paths=plain.paths, row=found.row, sources=plain.sources, names=plain.names, shape=found
    )


def facets(options: AccountOptions, web: str) -> tuple[KantataFacet, ...]:
    """Everything that an account tells of the canonical types; `web` is where people see it."""
    every = (
        mapping_projects.project(options, web),
        mapping_projects.account(options),
        mapping_projects.milestone(options),
        mapping_projects.task(),
        mapping_work.assignment(),
        mapping_work.time_entry(),
        mapping_work.expense(),
        mapping_work.resource(options),
    )
    return tuple(replace(facet, page_size=options.page_size) for facet in every)


def _number_of(row: Any) -> int:
    """The record's id, 0 where it has none."""
    found = row.id
    return int(found) if found is not None and found.isdecimal() else 0


def _sort(rows: list[Any], projection: Projection, order: Order) -> None:
    """Missing values first when ascending, last when descending; equal rows stay as they stood."""
    value_of = projection.getter(order.path)
    there = [row for row in rows if value_of(row) is not None]
    missing = [row for row in rows if value_of(row) is None]
    there.sort(key=value_of, reverse=order.descending)
    rows[:] = [*there, *missing] if order.descending else [*missing, *there]
