"""What was deleted or merged in an org, object by object, as the org itself lists it.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_get_deleted.htm
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from platforms.feeds import Hint, HintPage, PositionForgottenError
from platforms.readers import Facet
from platforms.salesforce.client import Client, is_page_path
from platforms.salesforce.errors import ReplicationDateRefusedError
from platforms.salesforce.ids import full_id
from runtime.clock import Clock
from schema.errors import UpstreamInvalidResponse, UpstreamTooLarge

MOST = 500
"""Deletions of one page."""
OVERLAP = timedelta(minutes=5)
"""How late a deletion may become visible."""
_MERGED = "MasterRecordId"
_BATCH = 200  # ids of one query
_MOST_KEPT = 2_000
_MINUTE, _BEHIND = timedelta(minutes=1), timedelta(hours=1)
_REACH = timedelta(days=14)  # the documented fifteen days, and a day for what a clock may be wrong


class Deleted(msgspec.Struct, frozen=True, array_like=True):
    id: str
    at: datetime


class _Listed(msgspec.Struct):
    id: str
    deletedDate: datetime  # noqa: N815 - the vendor's name


class _List(msgspec.Struct, rename="camel"):
    deleted_records: list[_Listed]
    earliest_date_available: datetime
    latest_date_covered: datetime


class _Merged(msgspec.Struct):
    Id: str
    MasterRecordId: str | None = None


class _Page(msgspec.Struct, rename="camel"):
    records: list[_Merged]
    done: bool
    next_records_url: str | None = None


class _Place(msgspec.Struct, frozen=True):
    """`since`: deletions from then on are told, but for those in `told`, which were. `last`: where the page before
    ended, while there is more. `until`: a nearer end, where the whole answer was too large. `read_at`: by our clock.
    """

    since: datetime
    read_at: datetime
    told: tuple[Deleted, ...] = ()
    last: Deleted | None = None
    until: datetime | None = None


class Deletions:
    """A `ChangeLog` of one object."""

    def __init__(self, client: Client, facet: Facet, platform: str, clock: Clock) -> None:
        self.name = f"deletions-{facet.entity}"
        self._client = client
        self._facet = facet
        self._platform = platform
        self._clock = clock
        self._lists = msgspec.json.Decoder(_List)
        self._pages = msgspec.json.Decoder(_Page)

    def start(self) -> object:
        now = self._clock.now()
        return msgspec.to_builtins(_Place(since=now - _BEHIND, read_at=now))

    async def read(self, position: object) -> HintPage:
        place = self._place(position)
        until = place.until or _ahead(self._clock.now())
        try:
            listed = await self._listed(place, until)
        except UpstreamTooLarge:
            middle = _floor(place.since + (until - place.since) / 2)
            if middle <= _floor(place.since):
                raise
            return self._page((), msgspec.structs.replace(place, until=middle), more=True)
        new = sorted(set(listed.deleted) - set(place.told), key=lambda each: (each.at, each.id))
        behind = [each for each in new if place.last is None or (each.at, each.id) > (place.last.at, place.last.id)]
        page, more = behind[:MOST], len(behind) > MOST
        hints = await self._hints(page)
        if more:
            return self._page(hints, msgspec.structs.replace(place, last=page[-1]), more=True)
        return self._page(hints, self._behind(place, listed, until), more=place.until is not None)

    # ------------------------------------------------------------------------------------------------- places

    def _place(self, position: object) -> _Place:
        try:
            place = msgspec.convert(position, _Place)
        except msgspec.ValidationError:
            detail = f"the position in the deletions of {self._facet.entity} isn't one of this version"
            raise PositionForgottenError(detail, since=None, platform=self._platform) from None
        if self._clock.now() - place.read_at > _REACH:
            raise self._forgotten(place)
        return place

    def _forgotten(self, place: _Place) -> PositionForgottenError:
        detail = f"the org no longer tells which {self._facet.entity} were deleted since {place.since:%Y-%m-%d %H:%M}"
        return PositionForgottenError(detail, since=place.since, platform=self._platform)

    def _behind(self, place: _Place, listed: "_Found", until: datetime) -> _Place:
        """As far back as a deletion may still become visible, by the org's own clock."""
        since = max(place.since, min(listed.covered, until) - OVERLAP)
        told = tuple(each for each in sorted(listed.deleted, key=lambda each: each.at) if each.at >= _floor(since))
        return _Place(since=since, read_at=self._clock.now(), told=told[-_MOST_KEPT:])

    @staticmethod
    def _page(hints: Sequence[Hint], place: _Place, *, more: bool) -> HintPage:
        return HintPage(hints, msgspec.to_builtins(place), more=more)

    # ------------------------------------------------------------------------------------------------- answers

    async def _listed(self, place: _Place, until: datetime) -> "_Found":
        start = min(_floor(place.since), _floor(until) - _MINUTE)  # a minute is the least that may be asked for
        try:
            body = await self._client.deleted(self._facet.entity, start, _floor(until))
        except ReplicationDateRefusedError:
            raise self._forgotten(place) from None
        try:
            told = self._lists.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._invalid() from None
        if told.earliest_date_available > place.since:
            raise self._forgotten(place)
        deleted = {Deleted(self._id(each.id), each.deletedDate) for each in told.deleted_records}
        return _Found(deleted, told.latest_date_covered)

    async def _hints(self, deleted: Sequence[Deleted]) -> list[Hint]:
        facet, masters = self._facet, dict[str, str]()
        if _MERGED in facet.ignored:
            ids = list(dict.fromkeys(each.id for each in deleted))
            for start in range(0, len(ids), _BATCH):
                masters |= await self._masters(ids[start : start + _BATCH])
        return [
            Hint(type=facet.type, role=facet.role, external_id=each.id, gone=True, into=masters.get(each.id))
            for each in deleted
        ]

    async def _masters(self, ids: Sequence[str]) -> Mapping[str, str]:
        """What those that were merged went into; what has left the recycle bin tells it no more."""
        among = ",".join(f"'{each}'" for each in ids)
        statement = (
            f"SELECT Id,{_MERGED} FROM {self._facet.entity}"  # noqa: S608 - ids of the vendor's own form
            f" WHERE IsDeleted = true AND {_MERGED} != null AND Id IN ({among})"
        )
        found: dict[str, str] = {}
        body = await self._client.query_all(statement)
        for _ in range(_BATCH):
            page = self._decoded(body)
            found |= {self._id(each.Id): self._id(each.MasterRecordId) for each in page.records if each.MasterRecordId}
            if page.done:
                return found
            if page.next_records_url is None or not is_page_path(page.next_records_url):
                break
            body = await self._client.next_page(page.next_records_url, self._facet.entity)
        raise self._invalid()

    def _decoded(self, body: bytes) -> _Page:
        try:
            return self._pages.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._invalid() from None

    def _id(self, told: str) -> str:
        found = full_id(told)
        if found is None:
            raise self._invalid()
        return found

    def _invalid(self) -> UpstreamInvalidResponse:
        detail = f"the list of deleted {self._facet.entity} doesn't have the documented form"
        return UpstreamInvalidResponse(detail, platform=self._platform)


class _Found(msgspec.Struct, frozen=True):
    deleted: set[Deleted]
    covered: datetime


def _floor(moment: datetime) -> datetime:
    """The vendor ignores seconds."""
    return moment.replace(second=0, microsecond=0)


def _ahead(now: datetime) -> datetime:
    """An end behind which nothing can have happened yet, by whoever's clock: what it covers, the org says itself."""
    return _floor(now) + 2 * _MINUTE
