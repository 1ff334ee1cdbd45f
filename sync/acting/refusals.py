"""What a rule could not start: whose it is, and how it is said to them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from schema.errors import CrosswalkError, NeedsPerson, Queue
from sync.acting.rule import Owner, Rule
from sync.calendar import due_at
from sync.desk import Refusal, RefusalCode
from sync.doors import plain_words
from sync.ledger.port import NewException
from sync.ledger.records import Json
from sync.values import digest

REFUSED = "TRIGGER_REFUSED"
_FAILED = "TRIGGER_FAILED"


def owner_of(rule: Rule[Any], refusal: Refusal) -> Owner:
    """Who can mend it: whose the part of the wish is that is refused."""
    if refusal.code is RefusalCode.UNSUPPORTED:
        return Owner(Queue.INTEGRATION)
    path = refusal.path or ()
    part = path[1] if len(path) > 1 else ""
    return rule.owners.get(part, Owner(rule.queue))


def refused(rule: Rule[Any], subject: str, refusals: Sequence[Refusal], now: datetime) -> tuple[NewException, ...]:
    """One problem for each of those who have something to mend."""
    parts: Mapping[Queue, list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        parts[owner_of(rule, refusal).queue].append(refusal)
    return tuple(
        NewException(
            queue=queue,
            code=REFUSED,
            message=f"{rule.says} Here {rule.flow} can't be started: {_said(part)} It is tried again by itself once "
            "that is mended.",
            cause=f"{rule.cause(subject)}{queue.value}",
            due_at=due_at(queue, now),
            record_id=subject,
            detail={"rule": rule.name, "workflow": rule.flow, "refusals": [_plain(refusal) for refusal in part]},
        )
        for queue, part in parts.items()
    )


def failed(rule: Rule[Any], subject: str, error: CrosswalkError, now: datetime) -> NewException:
    """A platform doesn't let us look."""
    queue = error.queue if isinstance(error, NeedsPerson) else Queue.INTEGRATION
    return NewException(
        queue=queue,
        code=error.code.value,
        message=f"{rule.says} Nobody can look whether that is so here: {plain_words(error)}",
        cause=f"{rule.cause(subject)}{queue.value}",
        due_at=due_at(queue, now),
        record_id=subject,
        detail={"rule": rule.name, "workflow": rule.flow},
    )


def broken(rule: Rule[Any], subject: str, kind: str, now: datetime) -> NewException:
    """A bug of ours."""
    return NewException(
        queue=Queue.INTEGRATION,
        code=_FAILED,
        message=f"The rule {rule.name} failed again and again ({kind}); the log holds it. Another change of the record "
        "lets it try once more.",
        cause=f"{rule.cause(subject)}{Queue.INTEGRATION.value}",
        due_at=due_at(Queue.INTEGRATION, now),
        record_id=subject,
        detail={"rule": rule.name, "workflow": rule.flow},
    )


def digest_of(problems: Sequence[NewException]) -> str:
    """The same for what is refused alike, so that what a person has dismissed doesn't come up again by itself."""
    return digest([[problem.cause, problem.message] for problem in problems])


def _said(refusals: Sequence[Refusal]) -> str:
    return " ".join(dict.fromkeys(refusal.message for refusal in refusals))


def _plain(refusal: Refusal) -> Json:
    path = None if refusal.path is None else list(refusal.path)
    return {"code": refusal.code.value, "message": refusal.message, "path": path}
