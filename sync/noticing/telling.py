"""Makes observations of what was found: a new snapshot of each record that differs, and the events that tell of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from platforms.bindings import Bindings
from platforms.feeds import Hint
from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import Observation, RecordChange, Snapshot, Told
from sync.ledger.records import Json, Step
from sync.noticing.echo import LATE, MADE, MAKING, Difference, Part, changes_between, echoes_after, parts, removal
from sync.noticing.sight import Seen
from sync.noticing.subjects import Subjects
from sync.noticing.tracked import Tracked


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Why some records of one facet are looked at. `given`: whoever hinted at them has given the correlation id."""

    tracked: Tracked
    hints: Mapping[str, Hint]
    noticed_by: str
    baseline: bool
    correlation_id: str
    given: bool


@dataclass(slots=True)
class Findings:
    """What there is to write down. `unchanged`: the others, each with its stamp; `undecided`: those that a step may be
    making just now.
    """

    observations: list[Observation] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    first: set[str] = field(default_factory=set)
    unchanged: dict[str, datetime | None] = field(default_factory=dict)
    undecided: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Case:
    """One record that differs. `seen` None: it is gone; `was` None: it was never seen."""

    external_id: str
    was: Snapshot | None
    seen: Seen | None

    @property
    def before(self) -> Mapping[str, Json]:
        return {} if self.was is None else self.was.values

    @property
    def values(self) -> Mapping[str, Json]:
        return {} if self.seen is None else self.seen.values


class Teller:
    """Finds causes and subjects in the ledger."""

    def __init__(self, ledger: Ledger, bindings: Bindings) -> None:
        self._ledger = ledger
        self._subjects = Subjects(ledger, bindings)

    async def tell(
        self,
        look: Look,
        noted: Mapping[str, Snapshot],
        seen: Mapping[str, Seen],
        gone: Collection[str],
        *,
        began: datetime,
        patient: bool,
    ) -> Findings:
        """`noted`: the snapshots before the platform was asked, which was when it `began`."""
        findings = Findings()
        cases: list[_Case] = []
        for external_id, found in seen.items():
            was = noted.get(external_id)
            if was is None or was.gone_at is not None or changes_between(was.values, found.values):
                cases.append(_Case(external_id, was, found))
            else:
                findings.unchanged[external_id] = found.modified_at
        cases += [_Case(external_id, noted.get(external_id), None) for external_id in sorted(gone)]
        # In this order: a step that isn't under way any more has written down by now what it made.
        making = patient and await self._is_making(look, cases, began)
        causes = await self._causes(look, cases, began)
        for case in cases:
            steps = causes.get(case.external_id, ())
            if making and case.was is None and case.seen is not None and not steps:
                findings.undecided.append(case.external_id)
                continue
            findings.observations.append(await self._observation(look, case, steps, began))
            if case.seen is not None:
                (findings.first if case.was is None else findings.changed).add(case.external_id)
        return findings

    async def _is_making(self, look: Look, cases: Sequence[_Case], began: datetime) -> bool:
        tracked = look.tracked
        if look.baseline or not any(case.was is None and case.seen is not None for case in cases):
            return False
        return await self._ledger.snapshots.being_created(
            tracked.platform, tracked.type, tracked.role.value, since=began - MAKING
        )

    async def _causes(self, look: Look, cases: Sequence[_Case], began: datetime) -> Mapping[str, list[Step]]:
        """The governed steps that may be behind each record's change, by external id."""
        tracked = look.tracked
        if not cases:
            return {}
        since = min(began - MADE if case.was is None else case.was.seen_at - LATE for case in cases)
        ids = [case.external_id for case in cases]
        earliest = {case.external_id: began - MADE if case.was is None else case.was.seen_at - LATE for case in cases}
        found: dict[str, list[Step]] = {}
        for step in await self._ledger.snapshots.written(tracked.platform, ids, since=since):
            assert step.external_id is not None
            of_it = (step.type, step.role) == (tracked.type, tracked.role.value)
            if of_it and (step.finished_at is None or step.finished_at >= earliest[step.external_id]):
                found.setdefault(step.external_id, []).append(step)
        return found

    # ------------------------------------------------------------------------------------------------- one record

    async def _observation(self, look: Look, case: _Case, steps: Sequence[Step], began: datetime) -> Observation:
        tracked, seen = look.tracked, case.seen
        difference = Difference(
            before=case.before,
            values=case.values,
            modified_at=None if seen is None else seen.modified_at,
            first=case.was is None,
            keys=tracked.keys,
            echoes={} if case.was is None else case.was.echoes,
        )
        told: tuple[Told, ...] = ()
        if not (look.baseline and case.was is None):
            told = await self._told(look, case, _parts(case, difference, steps), began)
        return Observation(
            platform=tracked.platform,
            type=tracked.type,
            role=tracked.role.value,
            external_id=case.external_id,
            expected=0 if case.was is None else case.was.version,
            values=None if seen is None else seen.values,
            modified_at=None if seen is None else seen.modified_at,
            read_at=began,
            echoes=echoes_after(difference, steps),
            told=told,
        )

    async def _told(self, look: Look, case: _Case, found: Sequence[Part], began: datetime) -> tuple[Told, ...]:
        known = case.before if case.seen is None else case.values
        subject = await self._subjects.of(look.tracked, case.external_id, known)
        values = await self._subjects.told(look.tracked, known)
        return tuple(
            [
                await self._event(look, case, part, subject, values, began, first=case.was is None and part is found[0])
                for part in found
            ]
        )

    async def _event(
        self,
        look: Look,
        case: _Case,
        part: Part,
        subject: str,
        values: Mapping[str, Json],
        began: datetime,
        *,
        first: bool,
    ) -> Told:
        tracked = look.tracked
        run = None if part.step is None else await self._ledger.run(part.step.run_id)
        change = RecordChange(
            type=tracked.type,
            role=tracked.role.value,
            platform=tracked.platform,
            entity=tracked.facet.entity,
            external_id=case.external_id,
            changes=part.changes,
            first=first,
            gone=case.seen is None,
            into=look.hints[case.external_id].into if case.seen is None else None,
            run=None if run is None else run.id,
            occurred_at=_occurred_at(tracked, case, began),
            observed_at=began,
            noticed_by=look.noticed_by,
            values=values,
        )
        hinted = look.hints[case.external_id].correlation_id or look.correlation_id
        return Told(subject=subject, correlation_id=hinted if run is None else run.correlation_id, change=change)


def _parts(case: _Case, difference: Difference, steps: Sequence[Step]) -> Sequence[Part]:
    if case.seen is None:
        return [Part(removal(steps), changes_between(case.before, {}))]
    return parts(difference, steps)


def _occurred_at(tracked: Tracked, case: _Case, began: datetime) -> datetime:
    """What the platform says, unless it can't mean this change: its stamp is the one that was there before."""
    stamp = None if case.seen is None else case.seen.modified_at
    if stamp is None or stamp > began:
        return began
    known = case.was is not None and case.was.modified_at == stamp
    return began if known and began >= stamp + tracked.precision else stamp
