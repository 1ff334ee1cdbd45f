"""Reads an org's records for the graph."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from platforms import readers
from platforms.copies import Copies
from platforms.predicates import Predicate
from platforms.readers import Facet, Projection, ReadPage, ReadQuery
from platforms.salesforce import mapping_contracts, mapping_copies, mapping_sales, soql
from platforms.salesforce.client import Client, is_page_path
from platforms.salesforce.options import OrgOptions
from platforms.salesforce.soql import SoqlFacet
from schema.errors import UpstreamInvalidResponse
from schema.roles import PlatformRole

T = TypeVar("T")


class _Page(msgspec.Struct, Generic[T], gc=False, rename="camel"):
    """A page of a query's answer; `next_records_url` is missing on the last one."""

    records: list[T]
    total_size: int
    done: bool
    next_records_url: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SoqlProjection(Projection):
    """A projection with what asking for it again and again needs."""

    select: str
    pages: msgspec.json.Decoder[_Page[Any]]


class SalesforceReader:
    """The Reader of one org."""

    def __init__(self, client: Client, platform: str, options: OrgOptions) -> None:
        self._client = client
        self._platform = platform
        self._counts = msgspec.json.Decoder(_Page[msgspec.Raw])
        self.facets: Mapping[tuple[str, PlatformRole], Facet] = {
            (facet.type, facet.role): facet for facet in facets(options)
        }
        summary = mapping_copies.invoice_summary(options)
        self.copies: Copies = {(summary.type, summary.role): summary}

    def project(self, facet: Facet, paths: Iterable[str]) -> Projection:
        plain = readers.project(facet, paths)
        return SoqlProjection(
            facet=facet,
            paths=plain.paths,
            row=plain.row,
            sources=plain.sources,
            names=plain.names,
            select=soql.select(facet, plain.fields),
            pages=msgspec.json.Decoder(_Page[plain.row.struct]),  # type: ignore[name-defined]  # made at run time
        )

    async def read(self, projection: Projection, query: ReadQuery) -> ReadPage:
        assert isinstance(projection, SoqlProjection)
        assert isinstance(projection.facet, SoqlFacet)
        if query.resume is not None:
            body = await self._client.next_page(query.resume, projection.facet.entity)
        else:
            if query.limit is not None and query.limit <= 0:
                return ReadPage([], total=None)
            rest = soql.rest(projection.facet, query)
            if rest is None:
                return ReadPage([], total=0)
            body = await self._client.query(projection.select + rest)
        page = self._decoded(projection.pages, body)
        limit = query.limit
        total = page.total_size if limit is None or page.total_size < limit else None
        return ReadPage(page.records, more=self._more(page), total=total)

    async def count(self, facet: Facet, where: Predicate | None) -> int | None:
        assert isinstance(facet, SoqlFacet)
        statement = soql.count(facet, where)
        if statement is None:
            return 0
        return self._decoded(self._counts, await self._client.query(statement)).total_size

    def _decoded(self, decoder: msgspec.json.Decoder[_Page[Any]], body: bytes) -> _Page[Any]:
        try:
            return decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise UpstreamInvalidResponse(
                "the query's answer doesn't have the documented form", platform=self._platform
            ) from None

    def _more(self, page: _Page[Any]) -> str | None:
        if page.done:
            return None
        path = page.next_records_url
        if path is None or not is_page_path(path):
            raise UpstreamInvalidResponse("the query's answer names no next page", platform=self._platform)
        return path


def facets(options: OrgOptions) -> tuple[SoqlFacet, ...]:
    """Everything that an org tells of the canonical types."""
    return (
        mapping_sales.account(),
        mapping_sales.contact(),
        mapping_sales.opportunity(options),
        mapping_contracts.contract(options),
        mapping_contracts.contract_milestone(options),
        mapping_contracts.amendment(options),
        mapping_contracts.rate(options),
    )
