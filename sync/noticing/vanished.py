"""Records that a platform no longer answers: gone is only what is missed twice, while others are there.

A platform that is ill, a right that was taken away, or an answer cut short look like a deletion of everything. So the
missing are asked for once more, together with witnesses: records that were there when last seen. Where no witness is
answered either, or too much is missing at once without the platform saying that it was deleted, nothing is believed,
and a person is told.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from schema.errors import Queue
from sync.ledger.port import Ledger, NewException
from sync.noticing.sight import Eye, Sight
from sync.noticing.tracked import Tracked

VANISHED = "RECORDS_VANISHED"
FEW = 3
"""So many may always vanish at once."""
WITNESSES = 5
_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """`asked`: how many records were asked for; `ids`: which of those that should be there weren't answered; `said`:
    which of these the platform says to be deleted; `there`: some that were answered by the same read.
    """

    asked: int
    ids: Sequence[str]
    said: Collection[str]
    there: Sequence[str]


class Vanishing:
    """Decides what is gone."""

    def __init__(self, ledger: Ledger, eye: Eye) -> None:
        self._ledger = ledger
        self._eye = eye

    async def believed(self, tracked: Tracked, missing: Missing, correlation_id: str) -> tuple[frozenset[str], Sight]:
        """Which of the missing are gone, and what the second look showed of the others."""
        if not missing.ids:
            return frozenset(), Sight()
        doubted = [each for each in missing.ids if each not in missing.said]
        if len(doubted) > FEW and len(doubted) * 2 > missing.asked:
            await self._report(tracked, doubted, missing.asked, correlation_id)
            candidates = [each for each in missing.ids if each in missing.said]
        else:
            candidates = list(missing.ids)
        if not candidates:
            return frozenset(), Sight()
        witnesses = await self._witnesses(tracked, missing)
        again = await self._eye.look(tracked, [*candidates, *witnesses])
        if not (any(each in again.seen for each in witnesses) if witnesses else await self._anything(tracked, doubted)):
            await self._report(tracked, candidates, missing.asked, correlation_id)
            return frozenset(), Sight()
        found = Sight({each: again.seen[each] for each in candidates if each in again.seen})
        return frozenset(again.missing(candidates)), found

    async def _anything(self, tracked: Tracked, doubted: Sequence[str]) -> bool:
        """Where there are no witnesses: whether the platform shows any record at all, or says itself what is gone."""
        return not doubted or await self._eye.sees_any(tracked)

    async def _witnesses(self, tracked: Tracked, missing: Missing) -> Sequence[str]:
        if missing.there:
            return missing.there[:WITNESSES]
        known = await self._ledger.snapshots.page(
            tracked.platform, tracked.type, tracked.role.value, most=WITNESSES + len(missing.ids)
        )
        return [each.external_id for each in known if each.external_id not in missing.ids][:WITNESSES]

    async def _report(self, tracked: Tracked, ids: Sequence[str], asked: int, correlation_id: str) -> None:
        message = (
            f"{tracked.platform} no longer answers {len(ids)} of {asked} records of {tracked.facet.entity} that were "
            "there before, and doesn't say that they were deleted. They are kept as they were last seen. Look whether "
            "our user there has lost a right, or records were moved where it doesn't see them."
        )
        problem = NewException(
            queue=Queue.INTEGRATION,
            code=VANISHED,
            message=message,
            cause=f"{VANISHED}:{tracked.platform}:{tracked.type}:{tracked.role.value}",
            detail={
                "platform": tracked.platform,
                "type": tracked.type,
                "role": tracked.role.value,
                "missing": len(ids),
                "asked": asked,
                "externalIds": list(ids[:_SHOWN]),
            },
        )
        await self._ledger.report(problem, correlation_id=correlation_id)
