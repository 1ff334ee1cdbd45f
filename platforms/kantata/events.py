"""What happened in an account, as its list of subscribed events tells: late, out of order, and for nine days.

https://developer.kantata.com/tag/Events
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from platforms.feeds import Hint, HintPage, PositionForgottenError
from platforms.kantata.client import Client, Parameters
from platforms.kantata.envelope import Meta, Result
from runtime.clock import Clock
from schema.errors import UpstreamInvalidResponse, UpstreamRejected
from schema.roles import PlatformRole

SUBJECTS = {
    "workspace_group": ("Account",), "workspace": ("Project",), "story": ("Milestone", "Task"),
    "workspace_allocation": ("Assignment",), "time_entry": ("TimeEntry",), "expense": ("Expense",),
    "user": ("Resource",),
}  # fmt: skip
"""By the first word of an event's type. An event doesn't say which kind of story it was."""
OVERLAP = timedelta(minutes=15)
"""How late an event may be told: events come minutes later than what they tell of, and in no order."""
RETENTION = timedelta(days=9) - timedelta(hours=6)
"""What is told for nine days is counted on for a little less."""
_PAGE = 200
_MOST_KEPT = 3_000
_MOST_PAGES = 500  # of one second
_SECOND = timedelta(seconds=1)
_GONE = ":deleted"
_USUAL_TYPES = tuple(f"{subject}:{action}" for subject in SUBJECTS for action in ("created", "updated", "deleted"))
_VALUE_TYPES = tuple(f"workspace:custom_field_value_{action}" for action in ("created", "updated", "deleted"))
"""Named in the documentation as `workspace:custom_field_value_*`: left out where an account doesn't know them."""


_Zoned = Annotated[datetime, msgspec.Meta(tz=True)]


class _Event(msgspec.Struct):
    event_type: str
    subject_id: int | str
    created_at: _Zoned


class _Answer(msgspec.Struct):
    results: list[Result]
    meta: Meta
    subscribed_events: dict[str, _Event] = {}


class _Place(msgspec.Struct, frozen=True):
    """`since`: events created from then on are told, but for those in `told`, which were. `at` and `page`: where the
    list goes on, while there is more. `read_at`: when it was last read to its end, by our clock.
    """

    since: _Zoned
    read_at: _Zoned
    told: tuple[str, ...] = ()
    at: _Zoned | None = None
    page: int = 1


class SubscribedEvents:
    """A `ChangeLog`. Raises UpstreamForbidden where the token's user isn't the account's administrator."""

    name = "events"

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._types = (*_USUAL_TYPES, *_VALUE_TYPES)
        self._answers = msgspec.json.Decoder(_Answer)

    def start(self) -> object:
        now = self._clock.now()
        return msgspec.to_builtins(_Place(since=now - OVERLAP, read_at=now))

    async def read(self, position: object) -> HintPage:
        place = self._place(position)
        answer = await self._page(place)
        found = self._events(answer)
        told = frozenset(place.told)
        new = [event for event_id, event in found if event_id not in told]
        more = len(found) > 0 and answer.meta.count > place.page * _PAGE
        following = self._behind(place, found, more=more)
        return HintPage([hint for event in new for hint in self._hints(event)], msgspec.to_builtins(following), more)

    # ------------------------------------------------------------------------------------------------- places

    def _place(self, position: object) -> _Place:
        try:
            place = msgspec.convert(position, _Place)
        except msgspec.ValidationError:
            detail = "the position in its events isn't one of this version"
            raise PositionForgottenError(detail, since=None, platform=self._client.platform) from None
        if self._clock.now() - place.read_at > RETENTION:
            detail = f"events are kept for nine days, and were last read on {place.read_at:%Y-%m-%d}"
            raise PositionForgottenError(detail, since=place.since, platform=self._client.platform)
        return place

    def _behind(self, place: _Place, found: Sequence[tuple[str, _Event]], *, more: bool) -> _Place:
        """At the last event's second while there is more; then as far back as one may still be told.

        Only where a page is of one second its number counts: a page moves when an event is told late.
        """
        at = place.at or place.since
        newest = max((event.created_at for _, event in found), default=at)
        told = (*place.told, *(event_id for event_id, _ in found))
        if more:
            page = 1 if newest > at else place.page + 1
            if page > _MOST_PAGES:
                raise self._invalid()
            kept = tuple(dict.fromkeys(told))[-_MOST_KEPT:]
            return msgspec.structs.replace(place, told=kept, at=newest, page=page)
        since = max(place.since, newest - OVERLAP)
        if place.at is None:  # all that may come again stands in this one page
            told = tuple(event_id for event_id, event in found if event.created_at >= since)
        return _Place(since=since, read_at=self._clock.now(), told=tuple(dict.fromkeys(told))[-_MOST_KEPT:])

    # ------------------------------------------------------------------------------------------------- answers

    async def _page(self, place: _Place) -> _Answer:
        try:
            body = await self._client.list("subscribed_events", self._parameters(place))
        except UpstreamRejected:
            if self._types == _USUAL_TYPES:
                raise
            self._types = _USUAL_TYPES
            body = await self._client.list("subscribed_events", self._parameters(place))
        try:
            return self._answers.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise self._invalid() from None

    def _parameters(self, place: _Place) -> Parameters:
        """It isn't documented whether `created_after` holds for events of that very second."""
        at = (place.at or place.since).astimezone(UTC) - _SECOND
        return (
            ("created_after", f"{at:%Y-%m-%dT%H:%M:%SZ}"),
            ("event_types", ",".join(self._types)),
            ("order", "created_at:asc"),
            ("per_page", str(_PAGE)),
            ("page", str(place.page)),
        )

    def _events(self, answer: _Answer) -> list[tuple[str, _Event]]:
        try:
            return [(result.id, answer.subscribed_events[result.id]) for result in answer.results]
        except KeyError:
            raise self._invalid() from None

    def _hints(self, event: _Event) -> list[Hint]:
        subject, external_id = event.event_type.partition(":")[0], str(event.subject_id)
        if not external_id.isdecimal():
            raise self._invalid()
        gone = event.event_type == f"{subject}{_GONE}"
        return [
            Hint(type=type_name, role=PlatformRole.PSA, external_id=external_id, gone=gone)
            for type_name in SUBJECTS.get(subject, ())
        ]

    def _invalid(self) -> UpstreamInvalidResponse:
        detail = "the list of events doesn't have the documented form"
        return UpstreamInvalidResponse(detail, platform=self._client.platform)
