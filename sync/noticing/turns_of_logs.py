"""A turn of a log's feed: what a platform tells of its own changes, page by page."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from platforms.feeds import PositionForgottenError
from platforms.slots import Priority
from platforms.urgency import urgent
from runtime.clock import Clock
from sync.ledger.port_of_changes import Feed, Feeds
from sync.noticing.logs import LogRounds
from sync.noticing.positions import Backfill, written
from sync.noticing.progress import Progress

PAGES = 10
"""Of one turn."""


class LogTurn:
    """Meets `progress.Turn`. `facets`: the feeds of the facets that the log may speak of."""

    def __init__(self, rounds: LogRounds, feeds: Feeds, clock: Clock, *, facets: Sequence[str]) -> None:
        self._rounds = rounds
        self._feeds = feeds
        self._clock = clock
        self._facets = facets

    async def go(self, feed: Feed, progress: Progress) -> None:
        """Begins with now: what was there before is told by the rows."""
        progress.asked = True
        position = feed.position
        if position is None:
            position = progress.position = self._rounds.start()
        with urgent(Priority.SYNC):
            for _ in range(PAGES):
                began = self._clock.now()
                try:
                    step = await self._rounds.step(position)
                except PositionForgottenError as error:
                    await self._begin_anew(feed, error.since, progress)
                    return
                position = progress.position = step.position
                progress.add(step.tally)
                progress.news += step.tally.changes
                if step.ended:
                    progress.reached_at, progress.rounds = began, 1
                    return
        # Pages that concern nobody, one after the other, may be as many as there are: they have time.
        progress.more = progress.tally.rows > 0

    async def _begin_anew(self, feed: Feed, since: datetime | None, progress: Progress) -> None:
        """What the platform doesn't remember is looked for in the rows; what it deleted, by looking at all in turn."""
        structlog.get_logger().warning("a log doesn't reach back to where it was read", feed=feed.name, since=since)
        position = self._rounds.start()
        missed = Backfill(since=since, baseline=since is None)
        for name in self._facets:
            await self._feeds.start_backfill(name, written(missed))
        progress.position = position
        progress.more = True
