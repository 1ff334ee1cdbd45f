"""Looks into hints: reads each record again, and makes one event of what differs from what was last seen.

However many look at once, and whoever was told first: what is written down was read after what it replaces, since the
version of the snapshot is noted before the platform is asked, and counts only as long as it stands. Whoever comes too
late reads again.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from platforms.bindings import Bindings
from platforms.feeds import Hint
from runtime.clock import Clock
from schema.errors import Queue
from schema.roles import PlatformRole
from sync.ledger.port import Ledger, NewException
from sync.ledger.port_of_changes import Observation, Snapshot
from sync.noticing.metrics import NOTICING_METRICS
from sync.noticing.sight import Eye, batches
from sync.noticing.telling import Look, Teller
from sync.noticing.tracked import Follows, Tracked
from sync.noticing.vanished import Missing, Vanishing

PATIENCE_SECONDS = 10.0
"""How long a new record may be one that a step is just making, before it counts as somebody else's."""
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 2.0
KEPT_UP = timedelta(days=1)
"""How old `seen_at` of a record may get that is found unchanged again and again."""
SKEW = timedelta(seconds=5)
"""How far the clocks of a platform and of our machines may be apart."""
UNREADABLE = "RECORDS_UNREADABLE"
_TRUSTED = frozenset({"feed", "webhook", "run"})
"""Who only says of a record that it is gone because its platform said so."""
_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """How many records were read; of these differed, were new, and are gone. `missing`: not answered, and not known or
    not believed to be gone. `unreadable`: answered in a form that nobody can read.
    """

    read: int = 0
    changed: int = 0
    first: int = 0
    gone: int = 0
    missing: int = 0
    unreadable: int = 0

    def __add__(self, other: "Noticed") -> "Noticed":
        return Noticed(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(Noticed)})


class Observer:
    """Any number of them may look at the same records. `pause`: how it waits for a step that is under way."""

    def __init__(
        self,
        ledger: Ledger,
        bindings: Bindings,
        clock: Clock,
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.follows = Follows(bindings)
        self._ledger = ledger
        self._clock = clock
        self._pause = pause
        self._eye = Eye(bindings)
        self._vanishing = Vanishing(ledger, self._eye)
        self._teller = Teller(ledger, bindings)

    async def look(
        self,
        platform: str,
        hints: Sequence[Hint],
        *,
        noticed_by: str,
        baseline: bool = False,
        correlation_id: str | None = None,
    ) -> Noticed:
        """Reads what is hinted at, once each; hints of what nobody follows are passed over.

        `baseline`: what was never seen is only remembered. Raises the platform's error where it can't be read, and
        LedgerUnavailable; then some may have been noticed and others not, and all may be looked at again.
        """
        noticed = Noticed()
        for tracked, wanted in self._by_facet(platform, hints).items():
            look = Look(
                tracked=tracked,
                hints=wanted,
                noticed_by=noticed_by,
                baseline=baseline,
                correlation_id=correlation_id or uuid4().hex,
                given=correlation_id is not None,
            )
            for some in batches(tracked, tuple(wanted)):
                noticed += await self._until_settled(look, some)
        return noticed

    async def known(
        self, platform: str, type_name: str, role: PlatformRole, stamps: Mapping[str, datetime | None]
    ) -> list[str]:
        """Of records with these stamps, the ids of those that must be read.

        Not those whose snapshot is of that very stamp and was read once nothing more could happen within its granule.
        """
        tracked = self.follows.get(platform, type_name, role)
        if tracked is None:
            return []
        found = await self._ledger.snapshots.get(platform, type_name, role.value, tuple(stamps))
        return [each for each, stamp in stamps.items() if not _is_known(tracked, found.get(each), stamp)]

    def _by_facet(self, platform: str, hints: Sequence[Hint]) -> Mapping[Tracked, dict[str, Hint]]:
        found: dict[Tracked, dict[str, Hint]] = {}
        for hint in hints:
            tracked = self.follows.get(platform, hint.type, hint.role)
            if tracked is None:
                continue
            wanted = found.setdefault(tracked, {})
            if not (known := wanted.get(hint.external_id)) or not known.gone:
                wanted[hint.external_id] = hint
            if hint.into is not None:
                wanted.setdefault(hint.into, Hint(type=hint.type, role=hint.role, external_id=hint.into))
        return found

    # ---------------------------------------------------------------------------------------------------- one batch

    async def _until_settled(self, look: Look, external_ids: Sequence[str]) -> Noticed:
        """Whoever was read too late is read again, as is what may be the work of a step that is under way.

        That ends: each time that one comes too late, another has written something down.
        """
        until = self._clock.monotonic() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        noticed, pending = Noticed(), list(external_ids)
        while pending:
            found, late, undecided = await self._once(look, pending, patient=self._clock.monotonic() < until)
            noticed += found
            pending = [*late, *undecided]
            if undecided and not late:
                await self._pause(max(0.0, min(pause, until - self._clock.monotonic())))
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        return noticed

    async def _once(
        self, look: Look, external_ids: Sequence[str], *, patient: bool
    ) -> tuple[Noticed, list[str], list[str]]:
        """What was noticed, who came too late, and of whom it isn't known yet whose work they are."""
        tracked = look.tracked
        noted = await self._ledger.snapshots.get(tracked.platform, tracked.type, tracked.role.value, external_ids)
        began = self._clock.now()
        sight = await self._eye.look(tracked, external_ids)
        missing = Missing(
            asked=len(external_ids),
            ids=[each for each in sight.missing(external_ids) if _should_be_there(look, noted.get(each), each)],
            said=[each for each in external_ids if look.hints[each].gone and look.noticed_by in _TRUSTED],
            there=tuple(sight.seen),
            seen_at={each: found.seen_at for each, found in noted.items()},
        )
        await self._vanishing.answered(tracked, sight.seen.keys())
        gone, again = await self._vanishing.believed(tracked, missing, look.correlation_id)
        sight.seen |= again.seen
        await self._report_unreadable(look, sight.unreadable)
        told = await self._teller.tell(look, noted, sight.seen, gone, began=began, patient=patient)
        kept = [*told.observations, *_kept_up(tracked, noted, told.unchanged, began)]
        written = await self._ledger.snapshots.observe(kept)
        late = [each.external_id for each, stands in zip(kept, written, strict=True) if not stands]
        standing = [each for each, stands in zip(kept, written, strict=True) if stands]
        left = {*late, *told.undecided}
        noticed = Noticed(
            read=len(sight.seen.keys() - left),
            changed=sum(1 for each in standing if each.external_id in told.changed),
            first=sum(1 for each in standing if each.external_id in told.first),
            gone=sum(1 for each in standing if each.external_id in gone),
            missing=len(set(sight.missing(external_ids)) - gone),
            unreadable=len(sight.unreadable),
        )
        _count(look, noticed, standing)
        return noticed, late, list(told.undecided)

    async def _report_unreadable(self, look: Look, unreadable: set[str]) -> None:
        if not unreadable:
            return
        tracked, ids = look.tracked, sorted(unreadable)
        structlog.get_logger().warning(
            "records can't be read", platform=tracked.platform, type=tracked.type, count=len(ids)
        )
        message = (
            f"{len(ids)} records of {tracked.facet.entity} on {tracked.platform}, such as {ids[0]}, hold a value that "
            "can't be read, so that their changes aren't noticed. Look for it there, or whether a field was redefined."
        )
        problem = NewException(
            queue=Queue.INTEGRATION,
            code=UNREADABLE,
            message=message,
            cause=f"{UNREADABLE}:{tracked.platform}:{tracked.type}:{tracked.role.value}",
            detail={"platform": tracked.platform, "type": tracked.type, "externalIds": ids[:_SHOWN]},
        )
        await self._ledger.report(problem, correlation_id=look.correlation_id)


def _should_be_there(look: Look, noted: Snapshot | None, external_id: str) -> bool:
    """Known and not gone; or never seen, and its platform says itself that it was there."""
    return look.hints[external_id].gone if noted is None else noted.gone_at is None


def _kept_up(
    tracked: Tracked, noted: Mapping[str, Snapshot], unchanged: Mapping[str, datetime | None], began: datetime
) -> list[Observation]:
    """Snapshots that are as they were, and need to say that they were seen later than they do."""
    found: list[Observation] = []
    for external_id, stamp in unchanged.items():
        was = noted[external_id]
        sufficed = _is_known(tracked, was, stamp) or not _is_over(tracked, stamp, began)
        if was.modified_at == stamp and sufficed and began - was.seen_at < KEPT_UP:
            continue
        found.append(
            Observation(
                platform=tracked.platform,
                type=tracked.type,
                role=tracked.role.value,
                external_id=external_id,
                expected=was.version,
                values=was.values,
                modified_at=stamp,
                read_at=began,
                echoes=was.echoes,
            )
        )
    return found


def _is_known(tracked: Tracked, snapshot: Snapshot | None, stamp: datetime | None) -> bool:
    return (
        snapshot is not None
        and snapshot.gone_at is None
        and stamp is not None
        and snapshot.modified_at == stamp
        and _is_over(tracked, stamp, snapshot.seen_at)
    )


def _is_over(tracked: Tracked, stamp: datetime | None, at: datetime) -> bool:
    """Whether at that time nothing more could happen that would get this stamp."""
    return stamp is not None and at >= stamp + tracked.precision + SKEW


def _count(look: Look, noticed: Noticed, standing: Sequence[Observation]) -> None:
    tracked = look.tracked
    for name in ("changed", "first", "gone", "missing", "unreadable"):
        if number := getattr(noticed, name):
            NOTICING_METRICS.looks.labels(tracked.platform, tracked.type, name).inc(number)
    unchanged = noticed.read - noticed.changed - noticed.first
    NOTICING_METRICS.looks.labels(tracked.platform, tracked.type, "unchanged").inc(unchanged)
    echoes = Counter(told.change.run is not None for each in standing for told in each.told)
    for echo, number in echoes.items():
        labels = (tracked.platform, tracked.type, look.noticed_by, str(echo).lower())
        NOTICING_METRICS.changes.labels(*labels).inc(number)
