"""Compares records with what was last seen of them, and tells what the feed missed from what it can't see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from platforms.feeds import Hint
from sync.ledger.port_of_changes import Snapshot, Snapshots
from sync.noticing.followed import FacetFeed
from sync.noticing.looking import Looking, Tally, Wanted
from sync.noticing.positions import Position

NOTICED_BY = "probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A change that the feed should have noticed. `paths`: what had changed; none where the record wasn't known."""

    external_id: str
    stamp: str | None
    paths: tuple[str, ...]


class Checking:
    """One facet's. What it finds is repaired by the look itself. `holes` are those that were found since `taken`."""

    def __init__(self, feed: FacetFeed, looking: Looking, snapshots: Snapshots) -> None:
        self._feed = feed
        self._looking = looking
        self._snapshots = snapshots
        self._found: list[Hole] = []

    def taken(self) -> tuple[Hole, ...]:
        """What was found since the last time."""
        found, self._found = tuple(self._found), []
        return found

    async def check(self, position: Position, external_ids: Sequence[str]) -> Tally:
        """Looks at records. Raises the platform's errors."""
        if not external_ids:
            return Tally()
        feed = self._feed
        before = await self._snapshots.get(feed.platform.name, feed.type, feed.role.value, external_ids)
        hints = [Hint(type=feed.type, role=feed.role, external_id=each) for each in external_ids]
        tally = await self._looking.look(feed.platform, Wanted(hints=hints), noticed_by=NOTICED_BY)
        after = await self._snapshots.get(feed.platform.name, feed.type, feed.role.value, external_ids)
        holes = [hole for each in external_ids if (hole := self._hole(position, before.get(each), after.get(each)))]
        self._found += holes
        tally.holes = len(holes)
        return tally

    def _hole(self, position: Position, before: Snapshot | None, after: Snapshot | None) -> Hole | None:
        """What is stamped later than the feed has settled it will still notice: that is none, as is a deletion."""
        settled = None if position.live is None else position.live.settled
        if after is None or after.gone_at is not None or after.modified_at is None or settled is None:
            return None
        if after.modified_at > settled or (not position.whole and _is_old(position, after)):
            return None
        if before is not None and before.gone_at is None:
            paths = tuple(sorted(_differences(before, after)))
            if not paths or (before.modified_at == after.modified_at and self._explained(paths)):
                return None
        else:
            paths = ()
        return Hole(external_id=after.external_id, stamp=after.modified_at.isoformat(), paths=paths)

    def _explained(self, paths: Iterable[str]) -> bool:
        """Whether the values change without a stamp by what is declared of them."""
        restamps = self._feed.traits.restamps
        declared = all(path in restamps or path.split(".", 1)[0] in restamps for path in paths)
        return declared or bool(self._feed.traits.children)


def _is_old(position: Position, after: Snapshot) -> bool:
    """Whether it was there before anybody followed the facet."""
    assert after.modified_at is not None
    return position.start is not None and after.modified_at <= position.start


def _differences(before: Snapshot, after: Snapshot) -> set[str]:
    """What is compared only since a later version of ours was never missed."""
    return {path for path, value in before.values.items() if path in after.values and value != after.values[path]}
