"""Records that somebody made inactive, or replaced by another: reads show them no more, though nothing was deleted.

Source: trytond's ModelSQL and DeactivableMixin, and the module party, whose wizard "Replace" names the other party.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from platforms.feeds import Hint, HintPage, PositionForgottenError
from platforms.tryton.client import Client
from platforms.tryton.domains import Domain
from platforms.tryton.facets import TrytonFacet
from platforms.tryton.wire import Moment, as_instant, said_instant
from runtime.clock import Clock
from schema.errors import UpstreamInvalidResponse

MOST = 200
"""Records of one page."""
OVERLAP = timedelta(minutes=5)
_BEHIND = timedelta(hours=1)
_MOST_KEPT = 1_000
_REPLACED = "replaced_by"
_Zoned = Annotated[datetime, msgspec.Meta(tz=True)]


class _Record(msgspec.Struct):
    id: int
    last_modified_at: Moment
    replaced_by: int | None = None


class _Answer(msgspec.Struct):
    result: list[_Record]


class _Place(msgspec.Struct, frozen=True):
    """Of one model: what was written from `since` on is told, but for `told`, which was. `last`: the stamp and id of
    the last one of the page before, while there is more.
    """

    since: _Zoned
    told: tuple[str, ...] = ()
    last: tuple[_Zoned, int] | None = None


class Inactive:
    """A `ChangeLog` of all models whose records can be inactive."""

    name = "inactive"

    def __init__(self, facets: Iterable[TrytonFacet], client: Client, platform: str, clock: Clock) -> None:
        self._facets = {each.entity: each for each in facets if "active" in each.ignored}
        self._client = client
        self._platform = platform
        self._clock = clock
        self._answers = msgspec.json.Decoder(_Answer)

    def start(self) -> object:
        since = self._clock.now() - _BEHIND
        return msgspec.to_builtins({model: _Place(since=since) for model in self._facets})

    async def read(self, position: object) -> HintPage:
        places = self._places(position)
        hints: list[Hint] = []
        more = False
        for model, facet in self._facets.items():
            place = places[model]
            found = await self._found(facet, place)
            told = frozenset(place.told)
            hints += [self._hint(facet, each) for each in found if _key(each) not in told]
            going_on = len(found) == MOST
            places[model] = _behind(place, found, more=going_on)
            more = more or going_on
        return HintPage(hints, msgspec.to_builtins(places), more=more)

    def _places(self, position: object) -> dict[str, _Place]:
        try:
            places = msgspec.convert(position, dict[str, _Place])
        except msgspec.ValidationError:
            places = {}
        if places.keys() != self._facets.keys():
            detail = "the position in its inactive records isn't one of this version"
            raise PositionForgottenError(detail, since=None, platform=self._platform)
        return places

    async def _found(self, facet: TrytonFacet, place: _Place) -> Sequence[_Record]:
        domain: Domain = [["active", "=", False]]
        if place.last is None:
            domain.append(["last_modified_at", ">=", said_instant(place.since)])
        else:
            at, behind = said_instant(place.last[0]), ["id", ">", place.last[1]]
            domain.append(["OR", ["last_modified_at", ">", at], [["last_modified_at", "=", at], behind]])
        fields = ["last_modified_at", *([_REPLACED] if _REPLACED in facet.ignored else [])]
        order = [["last_modified_at", "ASC"], ["id", "ASC"]]
        body = await self._client.search_read(facet.entity, domain, fields, order=order, limit=MOST)
        try:
            return self._answers.decode(body).result
        except (msgspec.MsgspecError, UnicodeDecodeError):
            detail = "the answer doesn't have the documented form"
            raise UpstreamInvalidResponse(detail, platform=self._platform) from None

    @staticmethod
    def _hint(facet: TrytonFacet, record: _Record) -> Hint:
        into = None if record.replaced_by is None else str(record.replaced_by)
        return Hint(type=facet.type, role=facet.role, external_id=str(record.id), gone=True, into=into)


def _behind(place: _Place, found: Sequence[_Record], *, more: bool) -> _Place:
    """Behind the last one while there is more; then as far back as a transaction may still become visible."""
    told = tuple(dict.fromkeys((*place.told, *map(_key, found))))[-_MOST_KEPT:]
    if more:
        return _Place(since=place.since, told=told, last=(_stamp(found[-1]), found[-1].id))
    newest = _stamp(found[-1]) if found else place.last[0] if place.last is not None else place.since
    since = max(place.since, newest - OVERLAP)
    if place.last is None:
        told = tuple(_key(each) for each in found if _stamp(each) >= since)
    return _Place(since=since, told=told)


def _stamp(record: _Record) -> datetime:
    found = as_instant(record.last_modified_at)
    return found if found is not None else datetime.min.replace(tzinfo=UTC)


def _key(record: _Record) -> str:
    return f"{record.id}:{_stamp(record).isoformat()}"
