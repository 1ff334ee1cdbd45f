"""What the ledger knows of one correlation id, in the order of time: from the request to the last posting."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sync.ledger.port import Ledger, RunQuery
from sync.ledger.records import Approval, AuditEntry, BusinessException, Run, Step

_PAGE = 500


class Happened(StrEnum):
    """What a moment of a story is. Moments of one instant stand in this order."""

    REQUESTED = "requested"
    AUDITED = "audited"
    BEGUN = "begun"
    APPROVAL = "approval"
    RAISED = "raised"
    SETTLED = "settled"
    ENDED = "ended"


_RANK = {happened: rank for rank, happened in enumerate(Happened)}


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    happened: Happened
    about: Run | Step | AuditEntry | Approval | BusinessException


async def story(ledger: Ledger, correlation_id: str) -> tuple[Moment, ...]:
    """Empty where nothing is known of it. A run's id will do in its place."""
    by_id = await ledger.run(correlation_id)
    wanted = correlation_id if by_id is None else by_id.correlation_id
    moments = [Moment(entry.at, Happened.AUDITED, entry) for entry in await _entries(ledger, wanted)]
    for run in await _runs(ledger, wanted):
        moments += await _of_run(ledger, run)
    return tuple(sorted(moments, key=lambda moment: (moment.at, _RANK[moment.happened])))


async def _of_run(ledger: Ledger, run: Run) -> list[Moment]:
    moments = [Moment(run.created_at, Happened.REQUESTED, run)]
    if run.finished_at is not None:
        moments.append(Moment(run.finished_at, Happened.ENDED, run))
    moments += [Moment(step.started_at, Happened.BEGUN, step) for step in await ledger.steps(run.id) if step.started_at]
    approval = await ledger.approval(run.id)
    if approval is not None:
        moments.append(Moment(approval.requested_at, Happened.APPROVAL, approval))
    for problem in await _exceptions(ledger, run):
        moments.append(Moment(problem.raised_at, Happened.RAISED, problem))
        if problem.resolved_at is not None:
            moments.append(Moment(problem.resolved_at, Happened.SETTLED, problem))
    return moments


async def _runs(ledger: Ledger, correlation_id: str) -> list[Run]:
    query = RunQuery(correlation_ids=(correlation_id,))
    found: list[Run] = []
    while page := await ledger.runs(query, first=_PAGE, before=found[-1].sequence if found else None):
        found += page
    return found


async def _entries(ledger: Ledger, correlation_id: str) -> list[AuditEntry]:
    found: list[AuditEntry] = []
    while page := await ledger.audit_log(
        record_id=None, correlation_id=correlation_id, first=_PAGE, after=found[-1].sequence if found else None
    ):
        found += page
    return found


async def _exceptions(ledger: Ledger, run: Run) -> list[BusinessException]:
    found: list[tuple[int, BusinessException]] = []
    while page := await ledger.exceptions(run_id=run.id, first=_PAGE, after=found[-1][0] if found else None):
        found += page
    return [problem for _, problem in found]
