"""Two platforms' automations that write against each other: noticed by how a value goes back each time we carry it on.

A round is a governed write, and a change that nobody here made which takes back what the write did: on the same
platform, or on the one that the value came from. Three in a row, and no rule acts upon this path of this record any
more until a person says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from schema.errors import Queue
from sync.calendar import due_at
from sync.ledger.port import NewException
from sync.ledger.port_of_acting import Move, Tug
from sync.ledger.records import Json, Step

MOST_ROUNDS = 3
ROUND = timedelta(days=1)
"""How long after a governed write its reversal still counts as an answer to it."""
SKEW = timedelta(seconds=5)
"""How far the clocks of a platform and of our machines may be apart, the coarseness of its stamps included."""
MOST_MOVES = 24
"""That are kept of one path: enough for three rounds in which a value is carried to several platforms."""
CODE = "PING_PONG"


@dataclass(frozen=True, slots=True)
class Write:
    """A governed write of one path, whether its echo was seen or not: a value may go back before anybody looks."""

    platform: str
    before: Json
    after: Json
    run: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Round:
    """A governed write, and what took it back."""

    ours: Write
    theirs: Move


def writes_of(path: str, steps: Sequence[Step], moves: Sequence[Move]) -> list[Write]:
    """What governed runs wrote of a path, by their steps and by the echoes of these."""
    found = {
        (step.run_id, step.platform): Write(
            platform=step.platform,
            before=(step.before or {}).get(path),
            after=step.asked[path],
            run=step.run_id,
            at=step.finished_at,
        )
        for step in steps
        if path in step.asked and step.finished_at is not None
    }
    for move in moves:
        if move.run is not None:
            echo = Write(platform=move.platform, before=move.before, after=move.after, run=move.run, at=move.at)
            found.setdefault((move.run, move.platform), echo)
    return sorted(found.values(), key=lambda write: write.at)


def rounds_of(moves: Sequence[Move], writes: Sequence[Write]) -> list[Round]:
    """The rounds at the end of what happened to a path, in the order in which it was noticed."""
    found: list[Round] = []
    left = list(writes)
    last: dict[str, Move] = {}
    for move in moves:
        before = last.get(move.platform)
        last[move.platform] = move
        if move.run is not None:
            continue
        ours = None if before is None else _carried(before, move, left)
        if ours is not None:
            left.remove(ours)
            found.append(Round(ours, move))
        elif found and move.after not in (found[-1].theirs.before, found[-1].theirs.after):
            found = []  # somebody has set another value: whatever it was, it is over
    return found


def _carried(before: Move, move: Move, writes: Sequence[Write]) -> Write | None:
    """The governed write that a move answers, where it takes back the one before it on its platform."""
    if (move.before, move.after) != (before.after, before.before):
        return None
    for write in writes:
        mine = write.run == before.run and write.platform == before.platform
        carried = before.run is None and write.platform != move.platform and write.after == before.after
        if (mine or carried) and before.at - SKEW <= write.at <= move.at + SKEW and move.at - write.at <= ROUND:
            return write
    return None


def moved(tug: Tug, move: Move, *, resumed: bool) -> Tug:
    """With one more move. `resumed`: a person has ended its pause, and what was before that doesn't count any more."""
    kept = () if resumed else tug.moves
    return msgspec.structs.replace(tug, moves=(*kept, move)[-MOST_MOVES:], cause=None if resumed else tug.cause)


def cause_of(tug: Tug) -> str:
    return f"ping-pong:{tug.subject}:{tug.path}"


def exception_of(tug: Tug, rounds: Sequence[Round], now: datetime) -> NewException:
    """What a person is told: who wrote what, and when."""
    last = rounds[-1].theirs
    platforms = dict.fromkeys(name for each in rounds for name in (each.ours.platform, each.theirs.platform))
    message = (
        f"{tug.path} goes back and forth between {last.before!r} and {last.after!r} on {' and '.join(platforms)}: "
        f"{len(rounds)} times from {rounds[0].ours.at:%Y-%m-%d %H:%M:%S} to {last.at:%Y-%m-%d %H:%M:%S} UTC what a "
        "governed write brought there was taken back by something else. No rule acts upon this path of this record any "
        "more. Look for the automation, decide which value holds, and resolve this: then rules go on."
    )
    return NewException(
        queue=Queue.INTEGRATION,
        code=CODE,
        message=message,
        cause=cause_of(tug),
        due_at=due_at(Queue.INTEGRATION, now),
        record_id=tug.subject,
        detail={"path": tug.path, "rounds": [[_told(each.ours), _told(each.theirs)] for each in rounds]},
    )


def _told(move: Move | Write) -> dict[str, Json]:
    return {
        "platform": move.platform,
        "at": move.at.isoformat().replace("+00:00", "Z"),
        "before": move.before,
        "after": move.after,
        "run": move.run,
    }
