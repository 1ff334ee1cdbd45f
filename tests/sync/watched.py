"""An office whose every call to ledger and platforms is seen in its order, and whose worker can be made to die at any.

Runs of flows that a test makes up are accepted straight into the ledger: what is looked at here is how steps are done.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from hypothesis import settings

from platforms.http import HttpRequest, HttpResponse, Transport
from platforms.keepalive import KeepAliveTransport
from platforms.slots import Priority
from platforms.urgency import urgency
from schema.errors import Queue
from schema.roles import PlatformRole
from sync.effects import Create, Effect, Undo, Update
from sync.ledger.port import Ledger, NewRun
from sync.ledger.records import Run
from sync.process import Flow, Process, Wish
from sync.runner import Runner
from tests.sync.conftest import HeldClock
from tests.sync.office import Office, open_office

WORKFLOW = "filing"
_READS = ("GET ", "POST /services/oauth2/token", "POST /services/rest/query", "POST /services/rest/auth")


class WorkerDied(BaseException):
    """As sudden as a SIGKILL: nothing of ours catches it."""


@dataclass(frozen=True)
class Seen:
    """One call. `where` is `ledger` or the platform; `what` the ledger's method or the call's method and path."""

    where: str
    what: str
    step: str = ""
    attempt: int = 0
    urgent: Priority = Priority.INTERACTIVE

    @property
    def writes(self) -> bool:
        """Whether a platform was to change something."""
        return self.where != "ledger" and not self.what.startswith(_READS)


@dataclass
class Witness:
    """`points` counts the moments before and after each call; the worker dies at number `die_at`. `pause` is awaited
    before each call.
    """

    seen: list[Seen] = field(default_factory=list)
    points: int = 0
    die_at: int | None = None
    pause: Callable[[Seen], Awaitable[None]] | None = None

    def anew(self, *, die_at: int | None = None) -> None:
        self.seen.clear()
        self.points = 0
        self.die_at = die_at

    async def call(self, seen: Seen, go: Callable[[], Awaitable[Any]]) -> Any:
        self._point()
        self.seen.append(seen)
        if self.pause is not None:
            await self.pause(seen)
        answer = await go()
        self._point()
        return answer

    def _point(self) -> None:
        self.points += 1
        if self.points == self.die_at:
            raise WorkerDied

    # ------------------------------------------------------------------------------------------------- what it saw

    def of(self, where: str) -> list[str]:
        return [seen.what for seen in self.seen if seen.where == where]

    def steps(self) -> list[str]:
        """In few words: the ledger's writes of steps, and each platform's reads and writes."""
        told = []
        for seen in self.seen:
            if seen.where == "ledger":
                if seen.step:
                    told.append(f"{seen.what} {seen.step}")
            else:
                told.append(f"{'write' if seen.writes else 'read'} {seen.where}")
        return told


class WatchedTransport:
    def __init__(self, inner: Transport, witness: Witness, hosts: Mapping[str, str]) -> None:
        self._inner = inner
        self._witness = witness
        self._hosts = hosts

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's own word
        where = urlsplit(request.url)
        seen = Seen(self._hosts[where.netloc], f"{request.method} {where.path}", urgent=urgency.get())
        answer: HttpResponse = await self._witness.call(seen, lambda: self._inner.send(request, timeout=timeout))
        return answer

    async def close(self) -> None:
        await self._inner.close()


class WatchedLedger:
    """The ledger, with every call of a worker seen."""

    def __init__(self, inner: Ledger, witness: Witness) -> None:
        self._inner = inner
        self._witness = witness

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def watched(*args: Any, **named: Any) -> Any:
            step = args[1] if name in ("begin", "finish", "stumble", "note") else None
            seen = Seen("ledger", name, step.name if step else "", step.attempts if step else 0)
            return await self._witness.call(seen, lambda: method(*args, **named))

        return watched


class Nothing(Wish, frozen=True, kw_only=True):
    """A wish that says nothing: the flow knows what to do."""


Named = tuple[str, Effect, Undo]


def flow_of(*steps: Named, then: Callable[[Process], Awaitable[None]] | None = None, **more: Any) -> Flow:
    """A flow that does these steps, and then something else."""

    async def process(run: Process, _: Nothing) -> None:
        for name, effect, undo in steps:
            await run.step(name, effect, undo=undo)
        if then is not None:
            await then(run)

    usual: dict[str, Any] = {"name": WORKFLOW, "version": 1, "queue": Queue.PMO, "subject": lambda _: None}
    return Flow(wish=Nothing, process=process, **(usual | more))


@dataclass
class Watched:
    """An office with its witness. `flows` are those that its workers know."""

    office: Office
    witness: Witness
    flow: Flow | None = None

    @property
    def flows(self) -> Mapping[str, Flow]:
        return self.office.flows if self.flow is None else {**self.office.flows, self.flow.name: self.flow}

    def worker(self, owner: str = "worker-1", *, lease_seconds: float = 30.0) -> Runner:
        return Runner(
            WatchedLedger(self.office.ledger, self.witness),
            self.office.firm,
            self.flows,
            self.office.clock,
            owner=owner,
            approval_seconds=3600.0,
            lease_seconds=lease_seconds,
            jitter=lambda: 0.5,
        )

    async def accepted(self, *steps: Named, flow: Flow | None = None, order_key: str | None = None) -> Run:
        """A run of a flow that does these steps; planned already, by nobody."""
        self.flow = flow or flow_of(*steps)
        return await self.office.ledger.accept(
            NewRun(
                id=str(uuid4()),
                workflow=self.flow.name,
                version=self.flow.version,
                correlation_id=f"corr-{uuid4().hex[:12]}",
                caller="Ann",
                role="admin",
                idempotency_key=uuid4().hex,
                input_hash="0",
                input={},
                reason=None,
                order_key=order_key,
                plan=(),
                plan_hash="0",
                facts={},
                records=(),
            )
        )

    async def worked(self, run: Run, *, owner: str = "worker-1", rounds: int = 60) -> Run:
        return await self.office.worked(run.id, runner=self.worker(owner), rounds=rounds)

    async def done(self, *steps: Named, **more: Any) -> Run:
        return await self.worked(await self.accepted(*steps, **more))

    async def done_before(self, filing: "Filing") -> None:
        """Signs in, and asks for what a writer asks for once."""
        door = self.office.firm.door(filing.platform, filing.type, filing.role)
        assert door is not None
        await door.writer.find(door.writable, "cwnothing")

    async def dies_at(self, point: int, run_id: str, *, owner: str = "mortal") -> bool:
        """Lets a worker die there; False where it was done before."""
        self.witness.anew(die_at=point)
        worker = self.worker(owner)
        try:
            while await worker.take(run_id):
                pass
        except WorkerDied:
            return True
        finally:
            self.witness.die_at = None
        return False


# ------------------------------------------------------------------------------------------------------- what is filed


@dataclass(frozen=True)
class Filing:
    """One kind of record that is made, changed and taken back, on one vendor. `field`: what a name is called there."""

    platform: str
    type: str
    role: PlatformRole
    entity: str
    path: str
    field: str
    more: Mapping[str, Any] = field(default_factory=dict)

    def create(self, name: str, *, key: str | None = None, **more: Any) -> Create:
        values = {**self.more, self.path: name, **more}
        return Create(platform=self.platform, type=self.type, role=self.role, values=values, key=key)

    def update(self, external_id: str, name: str, **more: Any) -> Update:
        values: dict[str, Any] = {self.path: name, **more}
        return Update(platform=self.platform, type=self.type, role=self.role, external_id=external_id, values=values)

    def with_more(self, **more: Any) -> "Filing":
        return replace(self, more={**self.more, **more})


def filing_on(office: Office, platform: str) -> Filing:
    match platform:
        case "salesforce":
            return Filing(platform, "Account", PlatformRole.CRM, "Account", "name", "Name")
        case "kantata":
            project = next(each for each in office.control.firm("Project") if "kantata" in each["records"])
            more = {"project": office.external(project, "kantata")}
            return Filing(platform, "Milestone", PlatformRole.PSA, "story", "name", "title", more)
        case "netsuite":
            entity = office.control.firm("LegalEntity")[0]
            more = {"billing.legalEntity": office.external(entity, "netsuite")}
            return Filing(platform, "Account", PlatformRole.ERP, "customer", "billing.legalName", "companyName", more)
    raise AssertionError(platform)


def filed(office: Office, filing: Filing, name: str) -> list[dict[str, Any]]:
    """What the platform itself has under the name."""
    return office.control.records(filing.platform, filing.entity, **{filing.field: name})


def thorough() -> bool:
    """Whether the tests were asked to leave nothing out: `--hypothesis-profile thorough`."""
    return settings().max_examples >= 1_000


def new_name() -> str:
    return f"Filed {uuid4().hex[:10]}"


def in_order(seen: Sequence[str], *wanted: str) -> bool:
    """Whether these came one after the other, whatever came between."""
    rest = iter(seen)
    return all(each in rest for each in wanted)


@asynccontextmanager
async def open_watched(
    document: Mapping[str, Any], folder: Path, ledger: Ledger, clock: HeldClock, *, timeout_seconds: float | None = None
) -> AsyncIterator[Watched]:
    witness = Witness()
    hosts = {urlsplit(found["url"]).netloc: name for name, found in document["platforms"].items()}
    transport = WatchedTransport(KeepAliveTransport(), witness, hosts)
    place = folder / "watched"
    place.mkdir()
    opened = open_office(document, place, ledger, clock, transport=transport, timeout_seconds=timeout_seconds)
    opened.control.calm()
    try:
        yield Watched(opened, witness)
    finally:
        opened.control.calm()
        await opened.close()
