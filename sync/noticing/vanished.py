"""Records that a platform no longer answers: gone is only what is missed twice, while others are there.

A platform that is ill, a right that was taken away, or an answer cut short look like a deletion of everything. So the
missing are asked for once more, together with witnesses: records that were there when last seen. Where no witness is
answered either, or too much is missing at once without the platform saying that it was deleted, nothing is believed,
and a person is asked. Who resolves the exception says that they are gone; who dismisses it, that they aren't.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from schema.errors import Queue
from sync.ledger.port import Ledger, NewException
from sync.ledger.records import BusinessException, ExceptionState
from sync.noticing.sight import Eye, Sight
from sync.noticing.tracked import Tracked

VANISHED = "RECORDS_VANISHED"
FEW = 3
"""So many may always vanish at once."""
WITNESSES = 5
MOST_NAMED = 1_000
"""Records that one exception names; what a person says of it is said of these."""
_BY = "noticing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """`asked`: how many records were asked for; `ids`: which of those that should be there weren't answered; `said`:
    which of these the platform says to be deleted; `there`: some that were answered by the same read. `seen_at`: when
    those that were ever seen were seen last.
    """

    asked: int
    ids: Sequence[str]
    said: Collection[str]
    there: Sequence[str]
    seen_at: Mapping[str, datetime]


class Vanishing:
    """Decides what is gone."""

    def __init__(self, ledger: Ledger, eye: Eye) -> None:
        self._ledger = ledger
        self._eye = eye
        self._asked_about: dict[str, set[str]] = {}
        """By cause, what this process has told a person of and hasn't seen again since."""

    async def answered(self, tracked: Tracked, external_ids: Collection[str]) -> None:
        """These are there. Once all are that a person was asked about, there is nothing left to ask."""
        cause = _cause(tracked)
        left = self._asked_about.get(cause)
        if left is None:
            return
        left.difference_update(external_ids)
        if not left:
            del self._asked_about[cause]
            await self._ledger.is_over(cause, by=_BY, why="They are answered again.")

    async def believed(self, tracked: Tracked, missing: Missing, correlation_id: str) -> tuple[frozenset[str], Sight]:
        """Which of the missing are gone, and what the second look showed of the others."""
        if not missing.ids:
            return frozenset(), Sight()
        doubted = [each for each in missing.ids if each not in missing.said]
        candidates = list(missing.ids)
        many = len(doubted) > FEW and len(doubted) * 2 > missing.asked
        if many and not await self._confirmed(tracked, missing, doubted, correlation_id):
            candidates = [each for each in missing.ids if each in missing.said]
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

    async def _confirmed(self, tracked: Tracked, missing: Missing, doubted: Sequence[str], correlation_id: str) -> bool:
        """Whether a person has said of all of them that they are gone. Asks one where nobody has said anything yet."""
        said = await self._ledger.problem(_cause(tracked))
        if said is not None and _is_about(said, missing, doubted):
            return said.status is ExceptionState.RESOLVED
        await self._report(tracked, doubted, missing.asked, correlation_id)
        return False

    async def _report(self, tracked: Tracked, ids: Sequence[str], asked: int, correlation_id: str) -> None:
        cause = _cause(tracked)
        before = await self._ledger.problem(cause)
        named = dict.fromkeys(ids)
        if before is not None and before.status is ExceptionState.OPEN:
            named = dict.fromkeys([*before.detail["externalIds"], *ids])
        shown = list(named)[-MOST_NAMED:]
        message = (
            f"{tracked.platform} no longer answers {len(ids)} of {asked} records of {tracked.facet.entity} that were "
            "there before, and doesn't say that they were deleted. They are kept as they were last seen. Look whether "
            "our user there has lost a right, or records were moved where it doesn't see them. If they are deleted, "
            "resolve this, and they are told as gone; to keep them as they are, dismiss it."
        )
        problem = NewException(
            queue=Queue.INTEGRATION,
            code=VANISHED,
            message=message,
            cause=cause,
            detail={
                "platform": tracked.platform,
                "type": tracked.type,
                "role": tracked.role.value,
                "missing": len(ids),
                "asked": asked,
                "externalIds": shown,
            },
        )
        await self._ledger.report(problem, correlation_id=correlation_id)
        self._asked_about[cause] = set(shown)


def _cause(tracked: Tracked) -> str:
    return f"{VANISHED}:{tracked.platform}:{tracked.type}:{tracked.role.value}"


def _is_about(said: BusinessException, missing: Missing, doubted: Sequence[str]) -> bool:
    """Whether a person has settled it, of each of these, and since it was last seen."""
    if said.status is ExceptionState.OPEN or said.resolved_by == _BY or said.resolved_at is None:
        return False
    named = frozenset(said.detail["externalIds"])
    at = said.resolved_at
    return all(each in named and each in missing.seen_at and missing.seen_at[each] < at for each in doubted)
