"""Looks for what a feed has missed: some records at random, and how many there are by the day of their stamps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from platforms.predicates import And, Compare
from sync.ledger.port_of_changes import Snapshots
from sync.noticing.checking import Checking
from sync.noticing.followed import FacetFeed
from sync.noticing.looking import Tally
from sync.noticing.pages import STAMP, Rows
from sync.noticing.positions import Position

SAMPLE = 20
"""Records that are looked at at random."""
LOOKED_INTO = 1_000
"""Records of a span whose numbers differ that are compared one by one; a larger span is halved."""
HALVINGS = 12
MOST_CHECKED = 300
DAY = timedelta(days=1)
OLDEST = 90
"""Days back that numbers are compared."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Stamps from `start` up to, and without, `end`."""

    start: datetime
    end: datetime


class Probes:
    """One facet's hole detector. Its work is bounded, and what it finds is repaired."""

    def __init__(self, feed: FacetFeed, rows: Rows, checking: Checking, snapshots: Snapshots, random: Random) -> None:
        self._feed = feed
        self._rows = rows
        self._checking = checking
        self._snapshots = snapshots
        self._random = random
        told = feed.facet.pushable.get(STAMP)
        self._counts = told is not None and told.exact and {"gte", "lt"} <= told.operators

    async def probe(self, position: Position) -> Tally:
        """Raises the platform's errors."""
        tally = await self._checking.check(position, await self._sample())
        for span in self._spans(position):
            narrowed = await self._differing(span)
            if narrowed is not None:
                found = await self._checking.check(position, await self._suspects(narrowed))
                tally.looks += found.looks
                tally.changes += found.changes
                tally.deletions += found.deletions
                tally.holes += found.holes
        return tally

    async def _sample(self) -> Sequence[str]:
        known = await self._known(None)
        if not known:
            return ()
        skip = self._random.randrange(max(1, known - SAMPLE + 1))
        feed = self._feed
        found = await self._snapshots.some(feed.platform.name, feed.type, feed.role.value, skip=skip, most=SAMPLE)
        return [each.external_id for each in found]

    def _spans(self, position: Position) -> Sequence[_Span]:
        """The running day and the one before, up to what is settled, and one day at random."""
        live = position.live
        if not self._counts or live is None or live.settled is None:
            return ()
        today = live.settled.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        some = today - self._random.randrange(2, OLDEST) * DAY
        spans = [_Span(today, live.settled), _Span(today - DAY, today), _Span(some, some + DAY)]
        if not position.whole:  # of what is older not everything is known
            start = position.start or live.settled
            spans = [_Span(max(each.start, start + self._feed.traits.precision), each.end) for each in spans]
        return [each for each in spans if each.start < each.end]

    async def _differing(self, span: _Span) -> _Span | None:
        """A part of the span, small enough to be looked into, in which the numbers differ; None where they don't."""
        for _ in range(HALVINGS):
            theirs, ours = await self._told(span), await self._known(span)
            if theirs is None or theirs == ours:
                return None
            if max(theirs, ours) <= LOOKED_INTO:
                return span
            middle = span.start + (span.end - span.start) / 2
            half = _Span(span.start, middle)
            same = await self._told(half) == await self._known(half)
            span = _Span(middle, span.end) if same else half
        return None

    async def _told(self, span: _Span) -> int | None:
        where = And((Compare(STAMP, "gte", span.start), Compare(STAMP, "lt", span.end)))
        return await self._feed.platform.reader.count(self._feed.facet, where)

    async def _known(self, span: _Span | None) -> int:
        feed = self._feed
        since, until = (None, None) if span is None else (span.start, span.end)
        return await self._snapshots.count(feed.platform.name, feed.type, feed.role.value, since=since, until=until)

    async def _suspects(self, span: _Span) -> Sequence[str]:
        """Records that only one side has there, or that bear different stamps."""
        feed = self._feed
        rows = await self._rows.stamped_between(span.start - feed.traits.precision, span.end, LOOKED_INTO * 2)
        if rows is None:
            return ()
        theirs = {row.id: row.stamp for row in rows if row.stamp is not None and span.start <= row.stamp < span.end}
        known = await self._snapshots.between(
            feed.platform.name, feed.type, feed.role.value, since=span.start, until=span.end, most=LOOKED_INTO
        )
        ours = {each.external_id: each.modified_at for each in known}
        differing = [each for each in {**theirs, **ours} if theirs.get(each) != ours.get(each)]
        return sorted(differing)[:MOST_CHECKED]
