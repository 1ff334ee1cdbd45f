"""Reading both sides of some units by their keys, and noticing where an answer is short of what is there."""

from collections.abc import Sequence

from sync.ledger.port_of_reconciliations import Reconciliation
from sync.reconciling.comparison import Comparison, Which
from sync.reconciling.position import Position, Suspect
from sync.reconciling.seen import Key, Looked, Reading, Seen, ShortAnswer, Unit, Walked, units_of

MOST_KNOWN = 5
"""Records of each platform that are remembered as being there."""


async def read_again(
    reading: Reading,
    comparison: Comparison,
    suspects: Sequence[Suspect],
    position: Position,
    last: Reconciliation | None,
) -> dict[str, Unit]:
    """The units as they are now, by `about`; those of which nothing is there any more are left out.

    ShortAnswer where a platform leaves out what was seen to be there, or tells of nothing although it has something or
    had it the last time: then nothing can be said of what is missing.
    """
    keys = [suspect.key for suspect in suspects if suspect.key is not None]
    known = {which: _known(position, which) for which in _SIDES}
    sides: dict[Which, Looked] = {"left": comparison.left, "right": comparison.right}
    seen: dict[Which, list[Seen]] = {}
    for which, side in sides.items():
        found = await side.of(reading, [*keys, *known[which]])
        await _check(reading, side, known[which], found)
        if keys and not found and not known[which] and not position.accept_fewer:
            await _check_nothing(reading, side, which, last)
        meant = frozenset(keys)
        seen[which] = [each for each in found if each.key in meant]
        alone = [each for each in suspects if each.key is None and each.which == which]
        for platform in dict.fromkeys(each.platform for each in alone):
            ids = [each.external_id for each in alone if each.platform == platform]
            seen[which] += [each for each in await side.again(reading, platform, ids) if each.key is None]
    return {unit.about: unit for unit in units_of(seen["left"], seen["right"])}


def about(suspect: Suspect) -> str:
    """As `Unit.about`."""
    if suspect.key is not None:
        return ":".join(suspect.key)
    return f"unlinked:{suspect.platform}:{suspect.external_id}"


def remembered(position: Position, which: Which, seen: Sequence[Seen]) -> dict[str, dict[str, tuple[Key, ...]]]:
    """The newest of what was seen to be there, in place of older ones."""
    known = {side: dict(platforms) for side, platforms in position.known.items()}
    mine = known.setdefault(which, {})
    for each in seen:
        if each.key is not None:
            mine[each.platform] = (*(key for key in mine.get(each.platform, ()) if key != each.key), each.key)[
                -MOST_KNOWN:
            ]
    return known


async def _check(reading: Reading, side: Looked, known: Sequence[Key], found: Sequence[Seen]) -> None:
    there = {seen.key for seen in found if not seen.hollow}
    lost = [key for key in known if key not in there]
    if not lost:
        return
    again = {seen.key for key in lost for seen in await side.of(reading, [key]) if not seen.hollow}
    # One of them may have been deleted meanwhile; all of them won't.
    if again or len(lost) > 1:
        platforms = ", ".join(side.platforms(reading.firm))
        message = (
            f"{platforms} left out {len(lost)} of {len(known)} records that were there a moment ago: what it says is "
            "missing can't be believed."
        )
        raise ShortAnswer(message, platform=side.platforms(reading.firm)[0])


async def _check_nothing(reading: Reading, side: Looked, which: Which, last: Reconciliation | None) -> None:
    """Not one record of this side was ever seen: is there none?"""
    for platform in side.platforms(reading.firm):
        has = await side.count(reading, platform, None) if isinstance(side, Walked) else None
        had = 0 if last is None or has is not None else last.counts.get(f"{which}:{platform}", 0)
        if has or had:
            told = f"says that it has {has} records" if has else f"had {had} records when it was compared last"
            message = f"{platform} {told}, and told of none: what it says is missing can't be believed."
            raise ShortAnswer(message, platform=platform)


def _known(position: Position, which: Which) -> list[Key]:
    return list(dict.fromkeys(key for keys in position.known.get(which, {}).values() for key in keys))


_SIDES: tuple[Which, ...] = ("left", "right")
