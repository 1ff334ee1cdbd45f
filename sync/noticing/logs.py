"""Follows a list of changes that a platform keeps by itself: what it deleted, merged, or saw happen."""

from dataclasses import dataclass

from schema.errors import UpstreamInvalidResponse
from sync.ledger.records import Json
from sync.noticing.followed import LogFeed
from sync.noticing.looking import Looking, Tally, Wanted
from sync.noticing.rounds import NOTICED_BY


@dataclass(frozen=True, slots=True)
class LogStep:
    """One page's work. `ended`: nothing is left to be told for now; `idle`: none of it concerned anybody."""

    position: Json
    ended: bool
    idle: bool
    tally: Tally


class LogRounds:
    """One log's feed."""

    def __init__(self, feed: LogFeed, looking: Looking) -> None:
        self._feed = feed
        self._looking = looking

    def start(self) -> Json:
        return self._feed.log.start()

    async def step(self, position: Json) -> LogStep:
        """Reads a page, and looks at what it names. Raises the platform's errors."""
        page = await self._feed.log.read(position)
        if page.more and page.position == position:
            detail = f"its {self._feed.log.name} has no end: the same place is named again and again"
            raise UpstreamInvalidResponse(detail, platform=self._feed.platform.name)
        wanted = Wanted(hints=tuple(dict.fromkeys(page.hints)))
        tally = await self._looking.look(self._feed.platform, wanted, noticed_by=NOTICED_BY)
        tally.rows = len(page.hints)
        return LogStep(page.position, ended=not page.more, idle=not page.hints, tally=tally)
