"""Two platforms' automations that write against each other: noticed by how a value goes back each time we carry it on.

A round is a governed write that changes a path, and a change that nobody here made which takes it back, on the same
platform or on the one that the value came from. Three in a row, and no rule acts upon that path of that record any
more until a person says so.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from schema.errors import Queue
from sync.calendar import due_at
from sync.ledger.port import NewException
from sync.ledger.port_of_acting import Move, Tug

MOST_ROUNDS = 3
ROUND = timedelta(days=1)
"""How long after a governed write its reversal still counts as an answer to it."""
MOST_MOVES = 24
"""That are kept of one path: enough for three rounds in which a value is carried to several platforms."""
CODE = "PING_PONG"

Round = tuple[Move, Move]
"""A governed write, and what took it back."""


def rounds_of(moves: Sequence[Move]) -> list[Round]:
    """The rounds at the end of some moves, whatever the order in which these were noticed."""
    found: list[Round] = []
    ours: list[Move] = []
    for move in sorted(moves, key=lambda each: (each.at, each.run is None, each.cursor)):
        if move.run is not None:
            ours.append(move)
            continue
        taken_back = next((mine for mine in reversed(ours) if _takes_back(move, mine)), None)
        if taken_back is not None:
            found.append((taken_back, move))
        elif any(move.after not in (mine.before, mine.after) for mine in ours):
            found = []  # somebody has set another value: whatever it was, it is over
        ours = []
    return found


def _takes_back(move: Move, ours: Move) -> bool:
    return (move.before, move.after) == (ours.after, ours.before) and move.at - ours.at <= ROUND


def moved(tug: Tug, move: Move, *, resumed: bool) -> Tug:
    """With one more move. `resumed`: a person has ended its pause, and what was before that doesn't count any more."""
    if any(each.cursor == move.cursor and each.platform == move.platform for each in tug.moves):
        return tug
    kept = () if resumed else tug.moves
    cause = None if resumed else tug.cause
    return msgspec.structs.replace(tug, moves=(*kept, move)[-MOST_MOVES:], cause=cause)


def cause_of(tug: Tug) -> str:
    return f"ping-pong:{tug.subject}:{tug.path}"


def exception_of(tug: Tug, rounds: Sequence[Round], now: datetime) -> NewException:
    """What a person is told: who wrote what, and when."""
    ours, theirs = rounds[-1]
    platforms = " and ".join(dict.fromkeys((ours.platform, theirs.platform, *(mine.platform for mine, _ in rounds))))
    first, last = rounds[0][0].at, theirs.at
    message = (
        f"{tug.path} goes back and forth between {theirs.before!r} and {theirs.after!r} on {platforms}: "
        f"{len(rounds)} times from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC a governed write was "
        "taken back by something there. No rule acts upon this path of this record any more. Look for the automation, "
        "decide which value holds, and resolve this: then rules go on."
    )
    return NewException(
        queue=Queue.INTEGRATION,
        code=CODE,
        message=message,
        cause=cause_of(tug),
        due_at=due_at(Queue.INTEGRATION, now),
        record_id=tug.subject,
        detail={"path": tug.path, "rounds": [[_told(ours), _told(theirs)] for ours, theirs in rounds]},
    )


def _told(move: Move) -> dict[str, object]:
    return {
        "platform": move.platform,
        "at": move.at.isoformat().replace("+00:00", "Z"),
        "before": move.before,
        "after": move.after,
        "run": move.run,
    }
