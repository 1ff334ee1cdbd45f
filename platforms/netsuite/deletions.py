"""What was deleted in an account, as its table `deletedrecord` tells.

The integrators' notes speak of the table, Oracle's pages for REST don't: where the account refuses the question,
nothing is told, and it is asked again a day later. Deletions are then found by those who count and look.
Source: NetSuite's Records Catalog, DeletedRecord.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from platforms.feeds import Hint, HintPage, PositionForgottenError
from platforms.netsuite.client import Page, SuiteQl
from platforms.netsuite.ids import internal_number
from platforms.netsuite.suiteql import Statement
from schema.errors import UpstreamForbidden, UpstreamInvalidResponse, UpstreamRejected
from schema.roles import PlatformRole

MOST = 500
"""Deletions of one page."""
MOST_KEPT = 2_000
"""How many that were told lately a position keeps, so that none is told in every round."""
_DAY = timedelta(days=1)
_BEHIND = timedelta(hours=1)
_TYPES = {
    "customer": "Account", "job": "Project", "subsidiary": "LegalEntity", "invoice": "Invoice",
    "custinvc": "Invoice", "customerpayment": "Payment", "custpymt": "Payment", "creditmemo": "CreditMemo",
    "custcred": "CreditMemo",
}  # fmt: skip
"""By the table's word for the record type, and by its code, whichever an account uses."""
_SELECT = (
    "SELECT d.type AS type, d.recordid AS id, TO_CHAR(d.deleteddate, 'YYYY-MM-DD\"T\"HH24:MI:SS') AS deleted"
    " FROM deletedrecord d WHERE d.deleteddate >= TO_DATE(?, 'YYYY-MM-DD HH24:MI:SS')"
)
_ORDER = " ORDER BY d.deleteddate, d.recordid"
_GOING_ON = " AND (d.deleteddate > TO_DATE(?, 'YYYY-MM-DD HH24:MI:SS') OR d.recordid >= ?)"


class _Deleted(msgspec.Struct, frozen=True):
    """`deleted`: as the account's clocks showed it."""

    id: str
    deleted: datetime
    type: str = ""


class _Place(msgspec.Struct, frozen=True):
    """`since`: deletions from then on are told, but for those in `told`, which were. `last`: where the page before
    ended, while there is more. `refused_at`: when the account refused to tell.
    """

    since: datetime
    told: tuple[_Deleted, ...] = ()
    last: _Deleted | None = None
    refused_at: datetime | None = None


class Deletions:
    """A `ChangeLog`. `now` is what the account's clocks show; `overlap` is how late a deletion may become visible."""

    name = "deletions"

    def __init__(self, suiteql: SuiteQl, platform: str, now: Callable[[], datetime], overlap: timedelta) -> None:
        self._suiteql = suiteql
        self._platform = platform
        self._now = now
        self._overlap = overlap
        self._pages = msgspec.json.Decoder(Page[_Deleted])

    def start(self) -> object:
        return msgspec.to_builtins(_Place(since=self._now() - _BEHIND))

    async def read(self, position: object) -> HintPage:
        place = self._place(position)
        if place.refused_at is not None and place.refused_at <= self._now() < place.refused_at + _DAY:
            return HintPage((), position, more=False)
        try:
            page = await self._suiteql.page(_statement(place), self._pages, limit=MOST)
        except (UpstreamRejected, UpstreamForbidden):
            refused = _Place(since=place.since, told=place.told, refused_at=self._now())
            return HintPage((), msgspec.to_builtins(refused), more=False)
        told = frozenset(place.told)
        hints = [hint for each in page.items if each not in told and (hint := self._hint(each)) is not None]
        more = page.more and bool(page.items)
        return HintPage(hints, msgspec.to_builtins(self._behind(place, page.items, more=more)), more=more)

    def _place(self, position: object) -> _Place:
        try:
            place = msgspec.convert(position, _Place)
        except msgspec.ValidationError:
            place = None
        if place is None or (place.last is not None and internal_number(place.last.id) is None):
            detail = "the position of its deletions isn't one of this version"
            raise PositionForgottenError(detail, since=None, platform=self._platform)
        return place

    def _behind(self, place: _Place, rows: list[_Deleted], *, more: bool) -> _Place:
        """Behind the last row while there is more; then as far back as a deletion may still become visible."""
        told = tuple(dict.fromkeys((*place.told, *rows)))
        if more:
            return _Place(since=place.since, told=told[-MOST_KEPT:], last=rows[-1])
        newest = max((each.deleted for each in told), default=place.since)
        since = max(place.since, newest - self._overlap)
        return _Place(since=since, told=tuple(each for each in told if each.deleted >= since)[-MOST_KEPT:])

    def _hint(self, deleted: _Deleted) -> Hint | None:
        """None for a record of no type that is read here."""
        type_name = _TYPES.get(deleted.type.lower())
        if type_name is None:
            return None
        if internal_number(deleted.id) is None:
            raise UpstreamInvalidResponse("a deleted record has no id", platform=self._platform)
        return Hint(type=type_name, role=PlatformRole.ERP, external_id=deleted.id, gone=True)


def _statement(place: _Place) -> Statement:
    if place.last is None:
        return Statement(_SELECT + _ORDER, (_written(place.since),))
    at = _written(place.last.deleted)
    return Statement(_SELECT + _GOING_ON + _ORDER, (at, at, internal_number(place.last.id)))


def _written(shown: datetime) -> str:
    return f"{shown:%Y-%m-%d %H:%M:%S}"
