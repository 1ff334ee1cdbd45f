"""What a comparison sees: records of both sides, brought together by the key that joins them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, Protocol, runtime_checkable

import msgspec

from platforms.predicates import Predicate
from schema.errors import UpstreamInvalidResponse
from schema.roles import PlatformRole
from sync.firm import Firm
from sync.ledger.port import Ledger
from sync.ledger.records import Json

Key = tuple[str, str]
"""The platform whose record both sides mean, and its id there."""


class Untold(Enum):
    """Stands for a value that nobody can say just now: it differs from nothing."""

    UNTOLD = "UNTOLD"


UNTOLD = Untold.UNTOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One record of one side, by canonical paths. `key` None: nothing says which record it belongs to. `hollow`: it is
    the sum of nothing, which a platform that leaves records out would say as well.
    """

    platform: str
    external_id: str
    key: Key | None
    values: Mapping[str, Any]
    modified_at: datetime | None = None
    hollow: bool = False

    def __getitem__(self, path: str) -> Any:
        return self.values[path]


@dataclass(slots=True, kw_only=True)
class Unit:
    """All that both sides have of one key; without a key, one record that is linked to nothing."""

    key: Key | None
    lefts: list[Seen] = field(default_factory=list)
    rights: list[Seen] = field(default_factory=list)

    @property
    def about(self) -> str:
        """The same for the same unit, whoever reads it when."""
        if self.key is not None:
            return ":".join(self.key)
        alone = [*self.lefts, *self.rights][0]
        return f"unlinked:{alone.platform}:{alone.external_id}"


class Scope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a reconciliation is bounded to. `legal_entity`: platform and id of one of the firm's companies. `since` and
    `until` are days, both included.
    """

    legal_entity: tuple[str, str] | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of one platform; `after` is where to go on, None at the end."""

    seen: Sequence[Seen]
    after: Json


class Reading:
    """One comparer's reads, with what it need not ask twice within a stretch of work."""

    def __init__(self, firm: Firm, ledger: Ledger) -> None:
        self.firm = firm
        self.ledger = ledger
        self._entities: dict[str, tuple[str, ...]] = {}

    async def entities(self, platform: str) -> tuple[str, ...]:
        """The ids of the firm's own companies in one ERP."""
        if platform not in self._entities:
            known = self.firm.bindings.platforms[platform].reader.facets
            rows = (
                await self.firm.rows(platform, "LegalEntity", PlatformRole.ERP, ("id",))
                if ("LegalEntity", PlatformRole.ERP) in known
                else []
            )
            self._entities[platform] = tuple(row.external_id for row in rows)
        return self._entities[platform]


class Looked(Protocol):
    """A side of a comparison, asked for by keys. Methods raise the errors of `schema.errors`."""

    def platforms(self, firm: Firm) -> list[str]:
        """Those that have such records."""
        ...

    async def of(self, reading: Reading, keys: Iterable[Key]) -> list[Seen]:
        """All records of these keys, on every platform."""
        ...

    async def again(self, reading: Reading, platform: str, external_ids: Iterable[str]) -> list[Seen]:
        """These very records, as they are now."""
        ...


@runtime_checkable
class Walked(Looked, Protocol):
    """A side that is also read from its beginning to its end."""

    async def page(
        self, reading: Reading, platform: str, after: Json, *, most: int, where: Predicate | None
    ) -> Page: ...

    async def count(self, reading: Reading, platform: str, where: Predicate | None) -> int | None:
        """How many there are, where the platform tells it cheaply."""
        ...

    def where(self, firm: Firm, platform: str, path: str, scope: Scope) -> Predicate | None:
        """As much of the scope as the platform can narrow its list to by itself."""
        ...


class ShortAnswer(UpstreamInvalidResponse):
    """A platform has left out records that it has: what it says is missing may be there."""


def units_of(lefts: Iterable[Seen], rights: Iterable[Seen]) -> list[Unit]:
    """By key; records without one each for itself."""
    by_key: dict[Key, Unit] = {}
    alone: list[Unit] = []

    def unit(seen: Seen) -> Unit:
        if seen.key is None:
            alone.append(Unit(key=None))
            return alone[-1]
        return by_key.setdefault(seen.key, Unit(key=seen.key))

    for seen in lefts:
        unit(seen).lefts.append(seen)
    for seen in rights:
        unit(seen).rights.append(seen)
    return [*by_key.values(), *alone]
