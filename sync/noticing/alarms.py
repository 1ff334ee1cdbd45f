"""Tells people what is wrong with a feed: that it missed changes, or that it can't go on; one exception for each."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from schema.errors import Queue
from sync.ledger.port import Ledger, NewException
from sync.ledger.records import Json
from sync.noticing.checking import Hole
from sync.noticing.followed import FacetFeed

MISSED = "FEED_MISSED_CHANGES"
FAILING = "FEED_FAILING"
_SHOWN = 50
_BY = "feeds"


class Alarms:
    """Each closes itself."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def missed(self, feed: FacetFeed, holes: Sequence[Hole]) -> None:
        unstamped = sorted({path for hole in holes for path in hole.paths})
        what = f" ({', '.join(unstamped[:5])})" if unstamped else ""
        message = (
            f"The feed {feed.name} has missed changes of {len(holes)} records, such as {holes[0].external_id}{what}. "
            "They are known now. Look whether the platform stamps such changes at all, and how late it shows them; "
            "this closes when several probes in a row have found nothing more."
        )
        detail = {
            "feed": feed.name,
            "platform": feed.platform.name,
            "type": feed.type,
            "role": feed.role.value,
            "missed": len(holes),
            "records": [
                {"externalId": hole.external_id, "modifiedAt": hole.stamp, "paths": list(hole.paths)}
                for hole in holes[:_SHOWN]
            ],
        }
        await self._report(MISSED, feed.name, message, detail)

    async def mended(self, feed: FacetFeed) -> None:
        await self._ledger.is_over(_cause(MISSED, feed.name), by=_BY, why="Probes find nothing missed any more.")

    async def failing(self, name: str, platform: str, why: str, failures: int) -> None:
        message = (
            f"The feed {name} has failed {failures} times in a row: {why} What changes there isn't noticed until it "
            "goes on; it tries again by itself, and loses nothing."
        )
        detail = {"feed": name, "platform": platform, "failures": failures}
        await self._report(FAILING, name, message, detail)

    async def going_on(self, name: str) -> None:
        await self._ledger.is_over(_cause(FAILING, name), by=_BY, why="The feed goes on.")

    async def _report(self, code: str, name: str, message: str, detail: Mapping[str, Json]) -> None:
        problem = NewException(
            queue=Queue.INTEGRATION, code=code, message=message, cause=_cause(code, name), detail=detail
        )
        await self._ledger.report(problem, correlation_id=uuid4().hex)


def _cause(code: str, name: str) -> str:
    return f"{code}:{name}"
