"""One page of a walk: what it holds is looked up on the other side, and what differs is noted for a second look."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from platforms.predicates import Predicate
from runtime.clock import Clock
from sync.ledger.port_of_reconciliations import Reconciliation
from sync.reconciling.comparison import Comparison, Walk
from sync.reconciling.judging import Found, judged, mark
from sync.reconciling.position import Position, Suspect
from sync.reconciling.rereading import about, remembered
from sync.reconciling.scoping import in_scope
from sync.reconciling.seen import Page, Reading, Scope, Seen, ShortAnswer, Unit, units_of

PAGE = 200
"""Records of one page, and so the most that are compared at a time."""
MOST_AGAIN = 3
"""How often a platform's list is read from its beginning before too few records are held for a short answer."""
MOST_WAITING = 2_000
"""Suspects that wait until the side that they lack was read."""
_FEW = 3
_SHARE = 100
"""A list that moves while it is read may lack a few records, or one in so many."""
_HAD = 20
"""Records from which on a platform that has lost many of them since the last time isn't believed."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What a page made of the position, and what it adds to the counts."""

    position: Position
    counts: dict[str, int]


class Walking:
    """The walks of one reconciliation. `last`: the last whole one with the same scope."""

    def __init__(
        self, reading: Reading, comparison: Comparison, scope: Scope, last: Reconciliation | None, clock: Clock
    ) -> None:
        self._reading = reading
        self._comparison = comparison
        self._scope = scope
        self._last = last
        self._clock = clock

    def is_over(self, position: Position) -> bool:
        return position.walk >= len(self._comparison.walks)

    def ready(self, position: Position) -> tuple[Suspect, ...]:
        """Those that may have their second look: what a side lacks only once it has been read to its end, and was
        whole. Of thousands that lack the same side, what else speaks for its answers has to do.
        """
        walks = self._comparison.walks
        unread = frozenset(walk.which for walk in walks[position.walk :])
        if len(position.suspects) >= MOST_WAITING:
            return position.suspects
        return tuple(each for each in position.suspects if each.lacks is None or each.lacks not in unread)

    async def page(self, position: Position) -> Walked:
        walk = self._comparison.walks[position.walk]
        platforms = walk.side.platforms(self._reading.firm)
        if position.platform >= len(platforms):
            return Walked(_next_walk(position), {})
        platform = platforms[position.platform]
        where = walk.side.where(self._reading.firm, platform, walk.dated, self._scope)
        had = position.had
        if position.after is None and position.seen == 0:
            had = await walk.side.count(self._reading, platform, where)
        page = await walk.side.page(self._reading, platform, position.after, most=PAGE, where=where)
        looked, counts = await self._compared(walk, position, page)
        read = position.seen + len(page.seen)
        looked = msgspec.structs.replace(looked, after=page.after, seen=read, had=had)
        if page.after is not None:
            return Walked(looked, counts)
        ended, more = await self._ended(walk, platform, where, looked)
        return Walked(ended, counts | more)

    # ---------------------------------------------------------------------------------------------------------- pieces

    async def _compared(self, walk: Walk, position: Position, page: Page) -> tuple[Position, dict[str, int]]:
        lefts, rights = await self._both(walk, page.seen)
        known = msgspec.structs.replace(position, known=remembered(position, "left", lefts))
        known = msgspec.structs.replace(known, known=remembered(known, "right", rights))
        units = units_of(lefts, rights)
        units = await in_scope(self._reading, self._comparison, walk, self._scope, units)
        suspects = {about(each): each for each in known.suspects}
        unsettled = 0
        for unit in units:
            found = self._judged(walk, unit)
            if not found:
                continue
            if self._comparison.settled is not None and not self._comparison.settled(unit):
                unsettled += 1
                continue
            suspects[unit.about] = _suspect(unit, found)
        since = self._clock.now() if len(suspects) > len(known.suspects) else known.suspected_at
        counts = {walk.which: len(page.seen), "compared": len(units)}
        if unsettled:
            counts["changed"] = unsettled
        return msgspec.structs.replace(known, suspects=tuple(suspects.values()), suspected_at=since), counts

    async def _both(self, walk: Walk, seen: Sequence[Seen]) -> tuple[Sequence[Seen], Sequence[Seen]]:
        keys = list(dict.fromkeys(each.key for each in seen if each.key is not None))
        if walk.which == "left":
            return seen, await self._comparison.right.of(self._reading, keys)
        lefts = await self._comparison.left.of(self._reading, keys)
        if self._comparison.rules.one_per is None or self._is_walked("left"):
            return lefts, seen
        alone = [each for each in seen if each.key is None]
        return lefts, [*await self._comparison.right.of(self._reading, keys), *alone]

    def _judged(self, walk: Walk, unit: Unit) -> tuple[Found, ...]:
        """Where both sides are walked, each difference is the matter of one of the walks."""
        if walk.which == "right" and unit.lefts and self._is_walked("left"):
            return ()
        return judged(self._comparison.rules, unit)

    def _is_walked(self, which: str) -> bool:
        return any(walk.which == which for walk in self._comparison.walks)

    async def _ended(
        self, walk: Walk, platform: str, where: Predicate | None, position: Position
    ) -> tuple[Position, dict[str, int]]:
        """The platform's list has come to its end; if it was a short one, it is read again."""
        place = f"{walk.which}:{platform}"
        has = await walk.side.count(self._reading, platform, where)
        counted = [count for count in (position.had, has) if count is not None]
        short = max(0, min(counted) - position.seen) if counted else 0
        if short and position.again + 1 < MOST_AGAIN:
            anew = msgspec.structs.replace(position, after=None, seen=0, had=None, again=position.again + 1)
            return anew, {}
        if short > max(_FEW, min(counted, default=0) // _SHARE):
            raise ShortAnswer(
                f"{platform} says that it has {min(counted)} records and told {position.seen}: what it left out can't "
                "be compared.",
                platform=platform,
            )
        if not position.accept_fewer:
            self._hold_against_last(place, platform, position.seen, counted=has is not None)
        following = msgspec.structs.replace(
            position, platform=position.platform + 1, after=None, seen=0, had=None, again=0
        )
        return following, {place: position.seen}

    def _hold_against_last(self, place: str, platform: str, seen: int, *, counted: bool) -> None:
        before = 0 if self._last is None else self._last.counts.get(place, 0)
        least = before / 2 if counted else before * 0.9  # its own count speaks for what it tells
        if before >= _HAD and seen < least:
            raise ShortAnswer(
                f"{platform} has {seen} records where it had {before} when it was compared last. If they were removed "
                "on purpose, ask for this comparison with acceptFewer.",
                platform=platform,
            )


def _next_walk(position: Position) -> Position:
    return msgspec.structs.replace(position, walk=position.walk + 1, platform=0, after=None, seen=0, had=None, again=0)


def _suspect(unit: Unit, found: Sequence[Found]) -> Suspect:
    which, first = ("left", unit.lefts[0]) if unit.lefts else ("right", unit.rights[0])
    return Suspect(
        key=unit.key,
        which="left" if which == "left" else "right",
        platform=first.platform,
        external_id=first.external_id,
        mark=mark(found),
        lacks=None if unit.key is None or (unit.lefts and unit.rights) else "right" if unit.lefts else "left",
    )
