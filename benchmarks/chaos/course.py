"""One course: an installation under load and trouble, calm after it, and the verdict."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.chaos import trouble
from benchmarks.chaos.evidence import Evidence
from benchmarks.chaos.stage import Plan, Stage
from benchmarks.chaos.trouble import Troublemaker
from benchmarks.chaos.verdict import Verdict, overtaken
from benchmarks.chaos.wishes import Firm
from schema.errors import CrosswalkError
from sync.ledger.records import ApprovalState, RunStatus

END_SECONDS = 600.0
"""After the trouble; a run that hasn't ended by then counts as lost."""
AT_ONCE = 12
_WORKED_ON = (RunStatus.PENDING, RunStatus.RUNNING, RunStatus.COMPENSATING)
_OPEN = (*_WORKED_ON, RunStatus.AWAITING_APPROVAL)
Say = Callable[[str], None]


@dataclass
class Figures:
    """What came of a course."""

    plan: Plan
    runs: int = 0
    kills: int = 0
    drops: int = 0
    took: float = 0.0
    settled: float = 0.0
    """Seconds from the last kill until every run had ended."""
    happened: Counter[str] = field(default_factory=Counter)
    resent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    verdict: Verdict = field(default_factory=Verdict)
    repaired: Verdict = field(default_factory=Verdict)
    """After people have retried what waited for them."""
    audit_entries: int = 0
    audit_problem: str | None = None
    slowest: float = 0.0
    """Seconds that the slowest acknowledgement took."""

    @property
    def lost(self) -> int:
        return len(self.verdict.lost) + len(self.repaired.lost)

    @property
    def duplicated(self) -> int:
        return len(self.verdict.duplicated) + len(self.repaired.duplicated)

    @property
    def good(self) -> bool:
        return not self.lost and not self.duplicated and self.audit_problem is None


class Course:
    """`run` it once."""

    def __init__(self, plan: Plan, stage: Stage, say: Say) -> None:
        self._plan = plan
        self._stage = stage
        self._say = say
        self._evidence: Evidence
        self.figures = Figures(plan)

    async def run(self) -> Figures:
        stage, plan, figures = self._stage, self._plan, self.figures
        firm = await asyncio.to_thread(Firm.of, stage.world, seed=plan.seed, prefix="Chaos")
        self._evidence = await Evidence.begun(stage.world, stage.ledger)
        maker = Troublemaker(stage.mishaps, stage.dice, 2 * plan.wishes / max(1, plan.mishaps), self._so_far)
        began = time.monotonic()
        approving = asyncio.create_task(self._approve())
        try:
            await self._under_load(firm, maker)
            self._say(
                f"{len(stage.clients.acknowledged)} acknowledged after {time.monotonic() - began:.0f} s; calm now"
            )
            figures.drops = await asyncio.to_thread(trouble.drops, stage.world)
            await asyncio.to_thread(stage.world.no_faults)
            await self._all_ended()
            ended = time.monotonic()
            figures.took, figures.settled = ended - began, ended - (maker.last_kill or ended)
            figures.verdict = await self._evidence.verdict(stage.clients.acknowledged)
            tell(figures.verdict, self._say)
            await self._repair()
            figures.repaired = await self._evidence.verdict(stage.clients.acknowledged)
        finally:
            approving.cancel()
        figures.runs = sum(figures.verdict.ended.values())
        figures.kills, figures.happened = maker.kills, maker.happened
        figures.resent = stage.clients.resent
        figures.refused = Counter(why.partition(":")[0] for why in stage.clients.refused.values())
        figures.slowest = max(stage.clients.seconds, default=0.0)
        figures.audit_entries, figures.audit_problem = await self._evidence.audit()
        return figures

    # ------------------------------------------------------------------------------------------------------- parts

    async def _under_load(self, firm: Firm, maker: Troublemaker) -> None:
        """Two waves, since some wishes need what others have made; trouble goes on until most runs have ended."""
        plan, stage = self._plan, self._stage
        await asyncio.to_thread(trouble.brew, stage.world, plan.weather)
        busy = [asyncio.create_task(self._progress(maker))]
        if plan.mishaps:
            busy.append(asyncio.create_task(maker.run()))
        if plan.outage is not None:
            busy.append(asyncio.create_task(self._outage(*plan.outage)))
        try:
            await stage.clients.send_all(firm.wishes(plan.wishes, only=plan.workflows), at_once=AT_ONCE)
            if not plan.workflows:
                await self._until_few_are_left(0.4)
                invoices = await self._evidence.new_invoices()
                late = firm.of_invoices(invoices, plan.wishes - Firm.first_wave(plan.wishes))
                await stage.clients.send_all(late, at_once=AT_ONCE)
            await self._until_few_are_left(0.1)
            if plan.outage is not None:
                await asyncio.wait(busy[-1:])
        finally:
            for task in busy:
                task.cancel()
            await asyncio.wait(busy)
        for task in busy:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _outage(self, platform: str, seconds: float) -> None:
        await asyncio.sleep(seconds / 4)
        await asyncio.to_thread(self._stage.world.fault, platform, "down")
        self._say(f"{platform} is down")
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._stage.world.no_faults)
        self._say(f"{platform} is back")

    async def _until_few_are_left(self, share: float) -> None:
        until = time.monotonic() + END_SECONDS
        while time.monotonic() < until:
            if await self._evidence.count(*_WORKED_ON) <= share * self._plan.wishes:
                return
            await asyncio.sleep(0.2)

    async def _all_ended(self) -> None:
        until = time.monotonic() + END_SECONDS
        while await self._evidence.count(*_OPEN):
            if time.monotonic() > until:
                self._say(f"not all has ended {END_SECONDS:g} s after the trouble")
                return
            await asyncio.sleep(0.1)

    async def _progress(self, maker: Troublemaker) -> None:
        while True:
            await asyncio.sleep(10.0)
            clients = self._stage.clients
            self._say(
                f"{len(clients.acknowledged)} acknowledged, {len(clients.refused)} refused, "
                f"{await self._evidence.count(*_OPEN)} not ended, {maker.kills} kills"
            )

    async def _approve(self) -> None:
        """A person in finance who agrees to everything that waits."""
        while True:
            await asyncio.sleep(0.3)
            try:
                waiting = await self._stage.ledger.approvals(
                    state=ApprovalState.SUBMITTED, role="finance", first=50, after=None
                )
            except CrosswalkError:  # the database was killed just then
                continue
            for _, approval in waiting:
                await self._stage.clients.approve(approval.run_id)

    async def _repair(self) -> None:
        """People retry what waits for them, twice, unless that would put an older value over a newer one; what still
        fails waits on.
        """
        for _ in range(2):
            runs = await self._evidence.runs()
            for run in reversed(runs):
                if run.status is RunStatus.FAILED and not overtaken(run, runs, wholly=False):
                    await self._stage.clients.retry(run.id)
            await self._all_ended()

    async def _so_far(self) -> int:
        return 2 * len(self._stage.clients.acknowledged) - await self._evidence.count(*_OPEN)


def tell(verdict: Verdict, say: Say) -> None:
    say(f"ended: {dict(verdict.ended)}; in queues: {dict(verdict.queued)}")
    for name, wrongs in (("LOST", verdict.lost), ("DUPLICATED", verdict.duplicated)):
        for wrong in wrongs:
            say(f"{name} {wrong}")
