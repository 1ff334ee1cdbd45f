"""One look of a rule at one record: whether everything holds on the platforms now, and what comes of it.

Nothing of an event counts but that it happened. So events may come in any order, twice, or late, and what is requested
is the same: once for each time that something new holds.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from traceback import extract_tb
from typing import Any

import structlog

from runtime.clock import Clock
from schema.errors import CrosswalkError, DeadlineExceeded, LedgerUnavailable, RetryLater
from schema.ids import decode_id, encode_id
from sync.acting.metrics import METRICS
from sync.acting.modes import Modes
from sync.acting.refusals import broken, digest_of, failed, refused
from sync.acting.rule import Rule
from sync.acting.rules import Rules
from sync.desk import Caller, Desk, Refusal, Request
from sync.doors import plain_words
from sync.firm import Firm
from sync.ledger.port import Ledger, NewException
from sync.ledger.port_of_acting import Fired, Looked, Trigger, Woken
from sync.ledger.records import ACTIVE, RunStatus
from sync.process import Refused
from sync.values import digest

SECONDS = 60.0
"""That a look may take, the rehearsal of what it requests included."""
MOST_TRIES = 5
"""Looks that fail by a bug before a person is told."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
"""Before a platform that is away is asked again, or it is seen whether another run has ended."""
SHORTEST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
"""Before something that was refused is looked at again without any event."""
_UNDER_WAY = ACTIVE | {RunStatus.AWAITING_APPROVAL}


class Looking:
    """Several may look at the same record at once: the desk knows by its key what was requested already."""

    def __init__(self, ledger: Ledger, firm: Firm, desk: Desk, rules: Rules, modes: Modes, clock: Clock) -> None:
        self._ledger = ledger
        self._firm = firm
        self._desk = desk
        self._rules = rules
        self._modes = modes
        self._clock = clock

    async def look(self, trigger: Trigger) -> None:
        """Raises LedgerUnavailable only: then it is looked at again once its time is over."""
        rule = self._rules.get(trigger.rule)
        if rule is None or self._modes[rule.name] == "off":
            settled = None if rule is None else rule.cause(trigger.subject)
            await self._ledger.triggers.give_back(trigger, Looked(settled=settled, forgotten=trigger.generation == 0))
            return
        outcome, looked = await self._guarded(rule, trigger)
        METRICS.looks.labels(rule.name, outcome).inc()
        await self._ledger.triggers.give_back(trigger, looked)

    async def _guarded(self, rule: Rule[Any], trigger: Trigger) -> tuple[str, Looked]:
        """Every way in which a look can end ends in the ledger."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._looked(rule, trigger)
        except LedgerUnavailable:
            raise
        except (RetryLater, DeadlineExceeded, TimeoutError) as error:
            return "parked", self._parked(trigger, error)
        except Refused as refusal:
            return "refused", self._refused(rule, trigger, refusal.refusals)
        except CrosswalkError as error:
            return "failed", self._troubled(trigger, (failed(rule, trigger.subject, error, self._clock.now()),))
        except Exception as error:  # noqa: BLE001 - an edge: a bug over one record must not keep others waiting
            return "failed", self._broken(rule, trigger, error)

    async def _looked(self, rule: Rule[Any], trigger: Trigger) -> tuple[str, Looked]:
        key = decode_id(trigger.subject)
        if not rule.is_about(self._firm, key):
            lead = rule.way_from(self._firm, key)
            subjects = () if lead is None else await lead(self._firm, key)
            return "led", Looked(woken=_woken(trigger, [encode_id(subject) for subject in subjects]), forgotten=True)
        if rule.one_at_a_time or self._modes[rule.name] == "propose":
            run = await self._ledger.triggers.latest_run(rule.flow, trigger.subject)
            if run is not None and run.status in _UNDER_WAY:
                return "parked", self._later(trigger, f"the run {run.id} is under way")
        seen = await rule.look(self._firm, key)
        if seen is None:
            return "gone", self._nothing(rule, trigger)
        if rule.open(seen):
            return "open", self._nothing(rule, trigger)
        identity = digest(rule.identity(seen))
        if identity == trigger.identity:
            return "same", self._nothing(rule, trigger)
        return await self._requested(rule, trigger, identity)

    async def _requested(self, rule: Rule[Any], trigger: Trigger, identity: str) -> tuple[str, Looked]:
        generation = trigger.generation + 1
        request = Request(
            workflow=rule.flow,
            wish=rule.wish(trigger.subject),
            idempotency_key=f"{rule.name}-{generation}-{digest([trigger.subject, identity])}",
            reason=rule.says,
            approver=rule.approver if self._modes[rule.name] == "propose" else None,
        )
        caller = Caller(name=rule.caller, role="service", correlation_id=trigger.correlation_id)
        reply = await self._desk.request(caller, request)
        if reply.run is None:
            return "refused", self._refused(rule, trigger, reply.refusals)
        fired = Fired(identity=identity, generation=generation, run_id=reply.run.id)
        return "fired", Looked(fired=fired, settled=rule.cause(trigger.subject))

    # ----------------------------------------------------------------------------------------------- what comes of it

    def _nothing(self, rule: Rule[Any], trigger: Trigger) -> Looked:
        """There is nothing to start, nor anything in the way of it."""
        never = trigger.generation == 0
        return Looked(settled=rule.cause(trigger.subject) if trigger.refused else None, forgotten=never)

    def _refused(self, rule: Rule[Any], trigger: Trigger, refusals: Sequence[Refusal]) -> Looked:
        return self._troubled(
            trigger, refused(rule, trigger.subject, refusals, self._clock.now()), rule.cause(trigger.subject)
        )

    def _troubled(self, trigger: Trigger, problems: tuple[NewException, ...], settled: str | None = None) -> Looked:
        """Its owners are told, once; it is looked at again now and then."""
        told = digest_of(problems)
        return Looked(
            next_at=self._clock.now() + _pause(trigger.tries, SHORTEST_WAIT, LONGEST_WAIT),
            tries=trigger.tries + 1,
            refused=told,
            raised=() if told == trigger.refused else problems,
            settled=settled,
            kept=frozenset(problem.cause for problem in problems),
        )

    def _later(self, trigger: Trigger, why: str) -> Looked:
        return self._again(trigger, _pause(trigger.tries, SHORTEST_PAUSE, LONGEST_PAUSE), why)

    def _parked(self, trigger: Trigger, error: CrosswalkError | TimeoutError) -> Looked:
        """A platform is away: nobody is told of it here, its health is shown elsewhere."""
        named = getattr(error, "retry_after", None)
        pause = _pause(trigger.tries, SHORTEST_PAUSE, LONGEST_PAUSE)
        if named is not None:
            pause = max(SHORTEST_PAUSE, min(timedelta(seconds=named), LONGEST_WAIT))
        why = plain_words(error) if isinstance(error, CrosswalkError) else "it took too long"
        return self._again(trigger, pause, why)

    def _again(self, trigger: Trigger, pause: timedelta, why: str) -> Looked:
        return Looked(next_at=self._clock.now() + pause, tries=trigger.tries + 1, parked=why, refused=trigger.refused)

    def _broken(self, rule: Rule[Any], trigger: Trigger, error: Exception) -> Looked:
        frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(error.__traceback__)[-8:]]
        structlog.get_logger().error(
            "a rule failed by a bug", rule=rule.name, subject=trigger.subject, error=type(error).__name__, frames=frames
        )
        if trigger.tries + 1 < MOST_TRIES:
            pause = _pause(trigger.tries, SHORTEST_PAUSE, LONGEST_PAUSE)
            return self._again(trigger, pause, type(error).__name__)
        problem = broken(rule, trigger.subject, type(error).__name__, self._clock.now())
        return Looked(refused=digest_of((problem,)), raised=(problem,))


def _pause(tries: int, shortest: timedelta, longest: timedelta) -> timedelta:
    doubled: timedelta = shortest * 2 ** min(tries, 16)
    return min(longest, doubled)


def _woken(trigger: Trigger, subjects: Sequence[str]) -> tuple[Woken, ...]:
    return tuple(
        Woken(rule=trigger.rule, subject=subject, cursor=trigger.cursor, correlation_id=trigger.correlation_id)
        for subject in subjects
    )
