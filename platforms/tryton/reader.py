"""Reads a database's records for the graph."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from platforms import readers
from platforms.predicates import Compare, Predicate
from platforms.readers import Facet, Projection, ReadPage, ReadQuery
from platforms.rows import Field, RowType
from platforms.tryton import customers, invoices, projects, settlements
from platforms.tryton.client import Client
from platforms.tryton.domains import Condition, Domain, among, both
from platforms.tryton.facets import Aside, TrytonFacet
from platforms.tryton.options import LinkOptions
from platforms.tryton.wire import asked, wire_row
from runtime.clock import Clock
from schema.errors import CrosswalkError, UpstreamInvalidResponse
from schema.roles import PlatformRole

T = TypeVar("T")
U = TypeVar("U")

_SLOW_PAGE = 200
"""Rows of a page with fields that the server computes: about a second of its time."""


class _Answer(msgspec.Struct, Generic[T], gc=False):
    result: T


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a read goes on: behind the id `last` where rows come by id, else at a position; `rows` came so far."""

    last: int
    rows: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RpcProjection(Projection):
    """A projection with what asking for it again and again needs."""

    asked: list[str]
    page: int
    answers: msgspec.json.Decoder[_Answer[list[Any]]]
    asides: tuple["_AsideRead", ...]


@dataclass(frozen=True, slots=True)
class _AsideRead:
    """An aside that the projection needs, and what reading it needs."""

    told: Aside
    asked: list[str]
    answers: msgspec.json.Decoder[_Answer[list[Any]]]


class TrytonReader:
    """The Reader of one database."""

    def __init__(self, client: Client, platform: str, database: str, options: LinkOptions, clock: Clock) -> None:
        self._client = client
        self._platform = platform
        self._counts = msgspec.json.Decoder(_Answer[int])
        self.own = _facets(options, database, clock)
        self.facets: Mapping[tuple[str, PlatformRole], Facet] = {(one.type, one.role): one for one in self.own}

    def project(self, facet: Facet, paths: Iterable[str]) -> Projection:
        assert isinstance(facet, TrytonFacet)
        plain = readers.project(facet, paths)
        row = RowType(wire_row(plain.row), plain.row.access)
        fields = [field for path in sorted(plain.paths) for field in facet.row(path).fields]
        own = dict.fromkeys(name for field in fields if field.name not in facet.asides for name in asked(field))
        slow = any(field.name in facet.slow for field in fields)
        return RpcProjection(
            facet=facet,
            paths=plain.paths,
            row=row,
            sources=plain.sources,
            names=plain.names,
            asked=list(own),
            page=min(facet.page_size, _SLOW_PAGE) if slow else facet.page_size,
            answers=msgspec.json.Decoder(_Answer[list[row.struct]]),  # type: ignore[name-defined]  # made at run time
            asides=tuple(
                _aside_read(facet.asides[name])
                for name in dict.fromkeys(field.name for field in fields)
                if name in facet.asides
            ),
        )

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage:
        assert isinstance(projection, RpcProjection)
        facet = projection.facet
        assert isinstance(facet, TrytonFacet)
        domain = _domain(facet, query)
        if domain is None or (query.limit is not None and query.limit <= 0):
            return ReadPage([], total=0 if domain is None else None)
        early = [(aside, _by_keys(aside.told, query)) for aside in projection.asides]
        page: ReadPage
        page, *found = await _together(
            self._page(projection, facet, query, domain),
            *(self._beside(aside, sought) for aside, sought in early if sought is not None),
        )
        beside = iter(found)
        for aside, sought in early:
            records = next(beside) if sought is not None else await self._beside(aside, _of_rows(aside.told, page.rows))
            for row in page.rows:
                setattr(row, aside.told.field, records.get(aside.told.mine(row), []))
        return page

    async def count(self, facet: Facet, where: Predicate | None) -> int | None:
        assert isinstance(facet, TrytonFacet)
        condition = True if where is None else facet.condition(where)
        if condition is False:
            return 0
        body = await self._client.search_count(facet.entity, _with(facet.always, condition))
        return self._decoded(self._counts, body).result

    # ------------------------------------------------------------------------------------------------- one page

    async def _page(self, projection: RpcProjection, facet: TrytonFacet, query: ReadQuery, domain: Domain) -> ReadPage:
        place = _Place(0, 0) if query.resume is None else msgspec.convert(query.resume, _Place)
        by_id = not query.order
        if by_id and place.last:
            domain = _with(domain, [["id", ">", place.last]])
        left = None if query.limit is None else query.limit - place.rows
        size = projection.page if left is None else min(left, projection.page)
        # One more than the page, to know whether it is the last.
        body = await self._client.search_read(
            facet.entity,
            domain,
            projection.asked,
            order=_order(facet, query),
            limit=size + 1 if left is None or left > size else size,
            offset=0 if by_id else place.rows,
        )
        rows = self._decoded(projection.answers, body).result
        more = None
        if len(rows) > size:
            rows = rows[:size]
            more = [rows[-1].id, place.rows + size]
        whole = query.resume is None and more is None and (query.limit is None or len(rows) < query.limit)
        return ReadPage(rows, more=more, total=len(rows) if whole else None)

    async def _beside(self, aside: _AsideRead, sought: Condition) -> dict[Any, list[Any]]:
        """The aside's records by key; all at once, since a page of rows has few."""
        told = aside.told
        found: dict[Any, list[Any]] = {}
        if sought is False:
            return found
        domain = _with(told.always, sought)
        body = await self._client.search_read(told.model, domain, aside.asked, order=[["id", "ASC"]], limit=None)
        for record in self._decoded(aside.answers, body).result:
            found.setdefault(told.key(record), []).append(record)
        return found

    def _decoded(self, decoder: msgspec.json.Decoder[U], body: bytes) -> U:
        try:
            return decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise UpstreamInvalidResponse(
                "the answer doesn't have the documented form", platform=self._platform
            ) from None


def _facets(options: LinkOptions, database: str, clock: Clock) -> tuple[TrytonFacet, ...]:
    """Everything that a database tells of the canonical types."""
    return (
        invoices.invoice(options, database, clock),
        invoices.invoice_line(options, database),
        settlements.payment(options, database),
        settlements.credit_memo(options, database),
        customers.account(options, database, clock),
        customers.legal_entity(options, database),
        projects.project(options, database),
    )


# ---------------------------------------------------------------------------------------------------- domains


def _domain(facet: TrytonFacet, query: ReadQuery) -> Domain | None:
    """None where no record can be meant, so that nothing needs to be asked."""
    wanted: list[Condition] = []
    if query.by is not None:
        wanted.append(facet.columns[query.by].condition(Compare(query.by, "in", query.keys)))
    if query.where is not None:
        wanted.append(facet.condition(query.where))
    condition = both(wanted)
    return None if condition is False else _with(facet.always, condition)


def _with(domain: Domain, condition: Condition) -> Domain:
    if condition is True:
        return domain
    assert condition is not False
    return [*domain, condition]


def _order(facet: TrytonFacet, query: ReadQuery) -> list[list[str]]:
    """Missing values first when ascending and last when descending, ties by id: said, not left to the database."""
    orders: list[list[str]] = []
    for item in query.order:
        field = facet.columns[item.path].order
        assert field is not None, f"{item.path} is not among the facet's orders"
        orders.append([field, "DESC NULLS LAST" if item.descending else "ASC NULLS FIRST"])
        if item.path == "id":
            return orders
    return [*orders, ["id", "ASC"]]


# ------------------------------------------------------------------------------------------------------ asides


def _aside_read(told: Aside) -> _AsideRead:
    prefix = f"{told.field}."
    names = [name.removeprefix(prefix) for name in asked(Field(told.field, told.record))]
    return _AsideRead(told, names, msgspec.json.Decoder(_Answer[list[told.record]]))  # type: ignore[name-defined]  # ditto


def _by_keys(told: Aside, query: ReadQuery) -> Condition | None:
    """The records for a read's keys, known before its rows are; None where only the rows can tell."""
    if query.by is None or query.by not in told.by or query.resume is not None:
        return None
    return told.by[query.by].condition(Compare(query.by, "in", query.keys))


def _of_rows(told: Aside, rows: list[Any]) -> Condition:
    keys = dict.fromkeys(told.mine(row) for row in rows)
    return among(told.theirs, (key for key in keys if key is not None), negated=False)


async def _together(first: Coroutine[Any, Any, ReadPage], *others: Coroutine[Any, Any, Any]) -> tuple[Any, ...]:
    """All at the same time; the first error ends the others."""
    if not others:
        return (await first,)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in (first, *others)]
    except* CrosswalkError as failed:
        error = next(iter(leaves_of(failed)))
        raise error from None
    return tuple(task.result() for task in tasks)


def leaves_of(group: BaseExceptionGroup[Any]) -> Iterable[BaseException]:
    for one in group.exceptions:
        yield from leaves_of(one) if isinstance(one, BaseExceptionGroup) else (one,)
