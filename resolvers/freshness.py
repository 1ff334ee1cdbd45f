"""Earlier reads, for those who allow data that is not live: the port behind which a memory stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

from platforms.readers import Projection
from schema.enums import Freshness


@dataclass(frozen=True, slots=True)
class Origin:
    """How and when rows came: what `sources` tells of them."""

    freshness: Freshness
    fetched_at: datetime


_LESSER = (Freshness.LIVE, Freshness.CACHED, Freshness.STALE)


def lesser(one: Origin | None, other: Origin) -> Origin:
    """What is true of rows of both: the lesser freshness and the earlier moment."""
    if one is None:
        return other
    freshness = max(one.freshness, other.freshness, key=_LESSER.index)
    return Origin(freshness, min(one.fetched_at, other.fetched_at))


class Shelf(msgspec.Struct, frozen=True, cache_hash=True):
    """Which reads are interchangeable: the same platform, record type, key path, condition and fields.

    What a viewer may not see is never asked for, so that the fields tell viewers apart as well.
    """

    platform: str
    projection: Projection
    by: str
    condition: str

    @property
    def name(self) -> str:
        facet = self.projection.facet
        fields = ",".join(sorted(self.projection.paths))
        return f"{self.platform}|{facet.type}|{facet.role.value}|{self.by}|{self.condition}|{fields}"


class Kept(msgspec.Struct, frozen=True, gc=False):
    """The rows under one key, whole; for a page of a list without keys (key: empty) its `total` and `more` as well.

    `more` is the platform's own mark for going on: plain JSON values.
    """

    rows: list[Any]
    fetched_at: datetime
    total: int | None = None
    more: Any = None


class Memory(Protocol):
    """Keeps reads for a while. Losing them costs calls, never correctness."""

    async def recall(self, shelf: Shelf, keys: Sequence[str], seconds: int) -> Mapping[str, Kept]:
        """What is kept under these keys and not older than `seconds`. A memory that fails recalls nothing."""
        ...

    def keep(self, shelf: Shelf, found: Mapping[str, Kept]) -> None:
        """Remembers without making anybody wait."""
        ...

    def forget(self, platform: str, entity: str, external_id: str) -> None:
        """The record changed: whatever holds it is dropped."""
        ...

    async def close(self) -> None: ...
