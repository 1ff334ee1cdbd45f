"""Tells the moments of a story, to a person or to a program."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from sync.ledger.records import Approval, AuditEntry, BusinessException, Run, Step
from sync.story import Happened, Moment

_TOLD_ELSEWHERE = frozenset({"workflow", "step", "calls", "before", "after", "input", "policy", "reason", "planHash"})
_LONGEST = 100


def as_document(moments: Sequence[Moment]) -> str:
    """A JSON list; each moment says `at`, what `happened`, of which kind of thing, and all that is known of it."""
    told = [
        {
            "at": moment.at,
            "happened": moment.happened,
            "kind": type(moment.about).__name__,
            "about": msgspec.to_builtins(moment.about),
        }
        for moment in moments
    ]
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


def lines(moments: Sequence[Moment]) -> Iterator[str]:
    """A line per moment, with its distance from the first one, and below it what belongs to it."""
    start = moments[0].at
    yield f"{start:%Y-%m-%d %H:%M:%S} UTC"
    for moment in moments:
        title, below = _told(moment)
        yield f"{_since(start, moment.at):>10}  {title}"
        for line in below:
            yield f"{'':>10}    {line}"


def _since(start: datetime, at: datetime) -> str:
    seconds = (at - start).total_seconds()
    if seconds < 60:
        return f"+{seconds:.3f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"+{minutes // 60}h{minutes % 60:02}m{rest:02}s" if minutes >= 60 else f"+{minutes}m{rest:02}s"


def _told(moment: Moment) -> tuple[str, list[str]]:
    match moment.about:
        case Run() as run:
            return _run(run, moment.happened)
        case Step() as step:
            return _step(step)
        case Approval() as approval:
            return _approval(approval)
        case BusinessException() as problem:
            return _problem(problem, moment.happened)
        case AuditEntry() as entry:
            return _entry(entry)


def _run(run: Run, happened: Happened) -> tuple[str, list[str]]:
    if happened is Happened.ENDED:
        return f"run {run.id} {run.status}", []
    below = [f"reason: {run.reason}"] if run.reason else []
    below.append(f"idempotency key {run.idempotency_key}, now {run.status}")
    if run.parked:
        below.append(f"waits: {run.parked}")
    return f"{run.caller} ({run.role}) asked for {run.workflow}: run {run.id}", below


def _step(step: Step) -> tuple[str, list[str]]:
    attempts = f", {step.attempts} attempts" if step.attempts > 1 else ""
    below = [f"{step.error.code}: {step.error.message}"] if step.error else []
    return f"step {step.name}: {step.operation} {step.type} on {step.platform}, now {step.status}{attempts}", below


def _approval(approval: Approval) -> tuple[str, list[str]]:
    below = [f"now {approval.state}"]
    if approval.decided_by:
        below = [f"{approval.state} by {approval.decided_by}"]
    if approval.comment:
        below.append(f"comment: {approval.comment}")
    return f"waits for {approval.required_role} until {approval.expires_at:%Y-%m-%d %H:%M} UTC", below


def _problem(problem: BusinessException, happened: Happened) -> tuple[str, list[str]]:
    if happened is Happened.SETTLED:
        return f"{problem.code} {problem.status} by {problem.resolved_by}: {problem.resolution}", []
    stake = f", {problem.amount} {problem.currency} at stake" if problem.amount is not None else ""
    return f"{problem.code} for {problem.queue}, now {problem.status}{stake}", [problem.message]


def _entry(entry: AuditEntry) -> tuple[str, list[str]]:
    detail: Mapping[str, Any] = entry.detail if isinstance(entry.detail, Mapping) else {}
    step = f" {detail['step']}" if "step" in detail else ""
    where = f" on {entry.platform}" if entry.platform else ""
    plain = {name: value for name, value in detail.items() if name not in _TOLD_ELSEWHERE and value is not None}
    below = [", ".join(f"{name} {_short(value)}" for name, value in plain.items())] if plain else []
    below += [*_changes(detail), *_calls(detail)]
    return f"{entry.action}{step}{where}, by {entry.actor} (audit {entry.sequence})", below


def _changes(detail: Mapping[str, Any]) -> Iterator[str]:
    before, after = detail.get("before"), detail.get("after")
    if isinstance(after, Mapping):
        old = before if isinstance(before, Mapping) else {}
        for path, value in after.items():
            yield f"{path}: {_short(old.get(path))} -> {_short(value)}"


def _calls(detail: Mapping[str, Any]) -> Iterator[str]:
    for call in detail.get("calls") or ():
        outcome = " ".join(str(part) for part in (call.get("status"), call.get("code")) if part is not None)
        yield f"call {call.get('route')}: {outcome or 'no answer'}, {call.get('ms')} ms"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
