"""Reads the ledger's events of changed records: which rules have to look at what, and where platforms contradict."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from runtime.clock import Clock
from schema.errors import BadUserInput, Queue
from schema.ids import RecordKey, decode_id, encode_id
from sync.acting.metrics import METRICS
from sync.acting.modes import Modes
from sync.acting.rule import Rule, Wake
from sync.acting.rules import Rules
from sync.acting.tugs import MOST_ROUNDS, ROUND, cause_of, exception_of, moved, rounds_of, writes_of
from sync.calendar import due_at
from sync.firm import Firm
from sync.ledger.port import Ledger, NewException
from sync.ledger.port_of_acting import Move, Noted, Place, Tug, Woken
from sync.ledger.port_of_changes import RecordChange, change_kind
from sync.ledger.records import Event, Step

CURSOR = "triggers"
PAGE = 500
"""Events of one transaction."""


@dataclass(frozen=True, slots=True)
class _Told:
    event: Event
    change: RecordChange


@dataclass(slots=True)
class _Page:
    """What a page of events comes to."""

    tugs: dict[Place, Tug]
    writes: Mapping[str, Sequence[Step]]
    touched: set[Place] = field(default_factory=set)
    woken: list[Woken] = field(default_factory=list)
    raised: list[tuple[NewException, str]] = field(default_factory=list)


class Following:
    """Each event has its effect once, whoever of several processes reads it: with how far they were read."""

    def __init__(self, ledger: Ledger, firm: Firm, rules: Rules, modes: Modes, clock: Clock) -> None:
        self._ledger = ledger
        self._firm = firm
        self._rules = {name: rule for name, rule in rules.items() if modes[name] != "off"}
        self._clock = clock
        # Also those of rules that are off: one that is turned on acts upon what happens from then on.
        self._kinds = sorted({change_kind(wake.type) for rule in rules.values() for wake in rule.wakes})

    async def follow(self) -> bool:
        """Until there is nothing more to read; whether there was anything."""
        found = False
        while await self._page():
            found = True
        return found

    async def tell_gap(self) -> None:
        """Where events were forgotten before anybody read them, a person has to know."""
        cursor = await self._ledger.cursors.get(CURSOR)
        oldest, _ = await self._ledger.event_span()
        if cursor.position is None or cursor.position >= oldest - 1:
            return
        message = (
            f"Rules have read the events up to {cursor.position}, and the oldest that is kept is {oldest}: nobody "
            "followed them for longer than `retention.events_days`. What happened in between started nothing. Compare "
            "the platforms (crosswalk reconcile), and bring into line what differs."
        )
        now = self._clock.now()
        gap = NewException(
            queue=Queue.INTEGRATION,
            code="EVENTS_GONE",
            message=message,
            cause=f"{CURSOR}:gap:{cursor.position}",
            due_at=due_at(Queue.INTEGRATION, now),
            detail={"readUntil": cursor.position, "oldest": oldest},
        )
        await self._ledger.report(gap, correlation_id=f"{CURSOR}-{cursor.position}")
        await self._ledger.cursors.move(CURSOR, version=cursor.version, position=oldest - 1)

    async def mark(self) -> None:
        """Notes that all is read, also where nothing of it was for rules: else forgetting it would look like a gap."""
        cursor = await self._ledger.cursors.get(CURSOR)
        after: int = cursor.position or 0
        _, newest = await self._ledger.event_span()
        if newest > after and not await self._ledger.events(after=after, kinds=self._kinds, most=1):
            await self._ledger.cursors.move(CURSOR, version=cursor.version, position=newest)

    async def _page(self) -> bool:
        """Whether there may be more."""
        cursor = await self._ledger.cursors.get(CURSOR)
        after: int = cursor.position or 0
        events = await self._ledger.events(after=after, kinds=self._kinds, most=PAGE)
        if not events:
            return False
        told = [found for event in events if (found := _told(event)) is not None]
        tugs = await self._ledger.triggers.tugs({*self._places(told)})
        page = _Page(dict(tugs), await self._writes(told, tugs))
        for each in told:
            self._take(page, each)
        noted = Noted(
            position=events[-1].cursor,
            woken=tuple(page.woken),
            tugs=tuple(page.tugs[place] for place in sorted(page.touched)),
            raised=tuple(page.raised),
        )
        await self._ledger.triggers.note(CURSOR, cursor, noted)  # somebody else may have read them meanwhile
        return True

    async def _writes(self, told: Sequence[_Told], tugs: Mapping[Place, Tug]) -> Mapping[str, Sequence[Step]]:
        """What was written to the records of which a path has changed before: only that can be taken back."""
        times = Counter(self._places(told))
        again = {subject for (subject, path), count in times.items() if count > 1 or (subject, path) in tugs}
        return await self._ledger.triggers.writes(again, since=self._clock.now() - MOST_ROUNDS * ROUND)

    def _places(self, told: Sequence[_Told]) -> Iterator[Place]:
        for each in told:
            for path in self._followed(each.change):
                yield each.event.subject, path

    def _followed(self, change: RecordChange) -> list[str]:
        """The paths whose back and forth is watched: all that we write, and all that rules act upon."""
        if change.first:
            return []  # nobody knows what was before
        paths = list(change.changes)
        if change.run is not None:
            return paths
        wakes = [wake for rule in self._rules.values() for wake in _woken(rule, change)]
        return [path for path in paths if any(wake.touched([path]) for wake in wakes)]

    def _take(self, page: _Page, told: _Told) -> None:
        event, change = told.event, told.change
        paused = {path for path in self._followed(change) if self._moved(page, told, path)}
        if change.run is not None:
            return  # our own write: whoever wished for it knows
        paths = [path for path in change.changes if path not in paused]
        if change.changes and not paths:
            METRICS.paused.inc()
            return
        for rule in self._rules.values():
            for wake in _woken(rule, change):
                if wake.touched(paths) or (change.gone and wake.by is not None):
                    page.woken += [
                        Woken(rule=rule.name, subject=subject, cursor=event.cursor, correlation_id=event.correlation_id)
                        for subject in self._subjects(rule, wake, told)
                    ]

    def _moved(self, page: _Page, told: _Told, path: str) -> bool:
        """Notes a change of a path; whether that path is paused."""
        event, change = told.event, told.change
        place = (event.subject, path)
        known = page.tugs.get(place) or Tug(subject=event.subject, path=path)
        before, after = change.changes[path]
        move = Move(
            platform=change.platform,
            before=before,
            after=after,
            run=change.run,
            at=change.occurred_at,
            cursor=event.cursor,
        )
        tug = moved(known, move, resumed=known.cause is not None and not known.paused)
        page.touched.add(place)
        rounds = rounds_of(tug.moves, writes_of(path, page.writes.get(event.subject, ()), tug.moves))
        if len(rounds) >= MOST_ROUNDS and not tug.paused:
            tug = msgspec.structs.replace(tug, cause=cause_of(tug), paused=True)
            page.raised.append((exception_of(tug, rounds, self._clock.now()), event.correlation_id))
        page.tugs[place] = tug
        return tug.paused

    def _subjects(self, rule: Rule[Any], wake: Wake, told: _Told) -> Iterator[str]:
        """The records that the rule has to look at: its subjects, and what leads to them."""
        change = told.change
        if wake.leads is None:
            if self._is_about(rule, told.event.subject):
                yield told.event.subject
            return
        yield encode_id(RecordKey(change.type, change.platform, change.external_id))
        anchor = self._firm.anchor(rule.subject)
        home = None if anchor is None else self._firm.bindings.peer(change.platform, anchor)
        if wake.by is None or home is None:
            return
        named = (*change.changes.get(wake.by, ()), change.values.get(wake.by))
        yield from (encode_id(RecordKey(rule.subject, home, key)) for key in named if isinstance(key, str) and key)

    def _is_about(self, rule: Rule[Any], subject: str) -> bool:
        try:
            return rule.is_about(self._firm, decode_id(subject))
        except BadUserInput:
            return False


def _told(event: Event) -> _Told | None:
    """None for an event that nobody can read: it must not keep others from being read."""
    try:
        return _Told(event, msgspec.convert(event.payload, RecordChange))
    except msgspec.ValidationError as error:
        METRICS.unreadable.inc()
        structlog.get_logger().error("an event of a changed record can't be read", cursor=event.cursor, why=str(error))
        return None


def _woken(rule: Rule[Any], change: RecordChange) -> Iterator[Wake]:
    for wake in rule.wakes:
        if wake.type == change.type and (wake.role is None or wake.role.value == change.role):
            yield wake
