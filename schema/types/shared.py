"""What canonical types have in common: node, connection, money, address, source."""

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

import strawberry

from schema.declare import identity, part
from schema.enums import Freshness
from schema.roles import PlatformRole
from schema.scalars import CountryCode, CurrencyCode

NodeT = TypeVar("NodeT")


@strawberry.interface
class Node:
    id: strawberry.ID = identity()


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Edge(Generic[NodeT]):
    cursor: str
    node: NodeT


@strawberry.type
class Connection(Generic[NodeT]):
    edges: list[Edge[NodeT]]
    nodes: list[NodeT]
    page_info: PageInfo
    total_count: int | None = strawberry.field(description="Null where a platform can't count cheaply.")


@strawberry.type
class Money:
    amount: Decimal = part()
    currency: CurrencyCode = part()


@strawberry.type
class Address:
    lines: list[str] = part()
    city: str | None = part()
    region: str | None = part()
    postal_code: str | None = part()
    country: CountryCode | None = part()


@strawberry.type(description="Where (a part of) a canonical record comes from.")
class Source:
    platform: str = strawberry.field(description="The platform's configured name, such as `salesforce`.")
    role: PlatformRole
    entity: str = strawberry.field(
        description="The vendor's own name of the record type, such as `Account` or `customer`."
    )
    external_id: str
    url: str | None = strawberry.field(description="A deep link for a person.")
    freshness: Freshness
    fetched_at: datetime
    modified_at: datetime | None
    version: str | None = strawberry.field(description="The vendor's concurrency token, where it has one.")
