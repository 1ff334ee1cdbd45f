"""An office for tests: the sandbox's firm, a ledger, the desk and a runner, all in one hand, with a clock that is held.

Nothing waits here: where a run is to be taken up later, the clock is moved to that time.
"""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from gateway.cli.demo_settings import write_settings
from platforms.bindings import Bindings
from platforms.connected import Connected
from platforms.http import Transport
from platforms.registry import connect
from resolvers.assembly import bindings_of
from runtime.clock import SystemClock
from runtime.settings import Settings, read_settings
from schema.ids import RecordKey, encode_id
from sync.desk import Caller, Reply, Request
from sync.firm import Firm
from sync.flows import flows
from sync.ledger.port import Ledger
from sync.ledger.records import ENDED, BusinessException, Run, RunStatus, Step
from sync.process import Flow
from sync.reception import FrontDesk
from sync.runner import Runner
from sync.services import templates_of
from tests.sync.conftest import HeldClock

APPROVAL_SECONDS = 3600.0
_ANCHORS = {
    "Account": "salesforce",
    "Opportunity": "salesforce",
    "Contract": "salesforce",
    "Project": "kantata",
    "Milestone": "kantata",
    "Resource": "kantata",
    "Invoice": "netsuite",
    "LegalEntity": "netsuite",
}


class Control:
    """The sandbox's control API: the truth inside the platforms, changed as their users would, and their faults."""

    def __init__(self, url: str) -> None:
        self._url = url

    def firm(self, type_name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/firm?type={type_name}")[type_name]
        return found

    def record(self, platform: str, entity: str, record_id: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.get(f"/records/{platform}/{entity}/{record_id}")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        return found

    def records(self, platform: str, entity: str, **equal: str) -> list[dict[str, Any]]:
        query = urlencode({**equal, "limit": "1000"})
        found: list[dict[str, Any]] = self.get(f"/records/{platform}/{entity}?{query}")["records"]
        return found

    def change(self, platform: str, entity: str, record_id: str, **fields: Any) -> None:
        self.send("PATCH", f"/records/{platform}/{entity}/{record_id}", fields)

    def add(self, platform: str, entity: str, **fields: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.send("POST", f"/records/{platform}/{entity}", fields)
        return found

    def remove(self, platform: str, entity: str, record_id: str) -> None:
        self.send("DELETE", f"/records/{platform}/{entity}/{record_id}")

    def fault(self, platform: str, kind: str, **more: Any) -> str:
        found: str = self.send("POST", "/faults", {"platform": platform, "kind": kind, **more})["id"]
        return found

    def calm(self) -> None:
        """No faults any more, and calls counted from zero."""
        self.send("DELETE", "/faults")
        self.send("DELETE", "/calls")

    def calls(self, platform: str) -> dict[str, int]:
        """By method and route."""
        found: dict[str, int] = self.get("/calls")["platforms"][platform]["routes"]
        return found

    def writes(self, platform: str) -> int:
        """Calls that were to change something."""
        reads = ("GET ", "POST /services/oauth2/token", "POST /services/rest/query", "POST /services/rest/auth")
        return sum(count for route, count in self.calls(platform).items() if not route.startswith(reads))

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, content, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@dataclass
class Office:
    """`caller` names who asks: each role has one person, called like it."""

    control: Control
    settings: Settings
    platforms: Mapping[str, Connected]
    bindings: Bindings
    ledger: Ledger
    clock: HeldClock
    firm: Firm
    desk: FrontDesk
    flows: Mapping[str, Flow]
    rung: list[int] = field(default_factory=list)

    def runner(self, owner: str = "worker-1", *, lease_seconds: float = 30.0) -> Runner:
        return Runner(
            self.ledger,
            self.firm,
            self.flows,
            self.clock,
            owner=owner,
            approval_seconds=APPROVAL_SECONDS,
            lease_seconds=lease_seconds,
            jitter=lambda: 0.5,
        )

    async def ask(
        self,
        workflow: str,
        *,
        role: str = "admin",
        asker: str | None = None,
        key: str | None = None,
        dry_run: bool = False,
        if_version: str | None = None,
        reason: str | None = None,
        **wish: Any,
    ) -> Reply:
        """A mutation as the graph hands it in; names of the wish are the GraphQL input's. `asker`: who, if not the
        person who is called like the role.
        """
        request = Request(
            workflow=workflow,
            wish=wish,
            idempotency_key=key or uuid4().hex,
            reason=reason,
            dry_run=dry_run,
            if_version=if_version,
        )
        return await self.desk.request(self.caller(role, asker), request)

    @staticmethod
    def caller(role: str, name: str | None = None) -> Caller:
        return Caller(name=name or role, role=role, correlation_id=f"corr-{uuid4().hex[:12]}")

    async def accepted(self, workflow: str, **wish: Any) -> Run:
        """The run of a request that must be accepted."""
        reply = await self.ask(workflow, **wish)
        assert reply.run is not None, reply.refusals
        return reply.run

    async def worked(self, run_id: str, *, rounds: int = 60, runner: Runner | None = None) -> Run:
        """The run once there is nothing more for a worker to do on it; the clock moves to each time it waits for."""
        worker = runner or self.runner()
        for _ in range(rounds):
            while await worker.take(run_id):
                pass
            run = await self.ledger.run(run_id)
            assert run is not None
            if run.status in ENDED or run.status is RunStatus.AWAITING_APPROVAL:
                return run
            if run.next_at is not None and run.next_at > self.clock.now():
                self.clock.advance((run.next_at - self.clock.now()).total_seconds() + 0.001)
            elif run.lease_until is not None and run.lease_until > self.clock.now():
                self.clock.advance((run.lease_until - self.clock.now()).total_seconds() + 0.001)
        raise AssertionError(f"{run_id} has not come to an end: {await self.ledger.run(run_id)}")

    async def carried_out(self, workflow: str, **wish: Any) -> Run:
        """Accepted and worked on to its end."""
        return await self.worked((await self.accepted(workflow, **wish)).id)

    async def steps(self, run: Run) -> dict[str, Step]:
        return {step.name: step for step in await self.ledger.steps(run.id)}

    async def problems(self, run: Run) -> list[BusinessException]:
        return [found for _, found in await self.ledger.exceptions(run_id=run.id, first=50)]

    def of_firm(self, type_name: str, **equal: Any) -> list[dict[str, Any]]:
        """Records of the answer key with these values."""
        return [
            record
            for record in self.control.firm(type_name)
            if all(record.get(name) == value for name, value in equal.items())
        ]

    def id_of(self, type_name: str, record: Mapping[str, Any]) -> str:
        """The global id of a record of the answer key."""
        platform = _ANCHORS[type_name]
        return encode_id(RecordKey(type_name, platform, record["records"][platform]["id"]))

    @staticmethod
    def external(record: Mapping[str, Any], platform: str) -> str:
        found: str = record["records"][platform]["id"]
        return found

    def advance(self, delta: timedelta) -> None:
        self.clock.advance(delta.total_seconds())

    async def close(self) -> None:
        for platform in self.platforms.values():
            await platform.close()


class _PlatformClock:
    """Signatures need the machine's time; pauses and breakers go by the held one."""

    def __init__(self, held: HeldClock) -> None:
        self._held = held
        self._real = SystemClock()

    def now(self) -> datetime:
        return self._real.now()

    def monotonic(self) -> float:
        return self._held.monotonic()


def open_office(
    document: Mapping[str, Any],
    folder: Path,
    ledger: Ledger,
    clock: HeldClock,
    *,
    transport: Transport | None = None,
    timeout_seconds: float | None = None,
    **changed: Any,
) -> Office:
    """`document` is the sandbox's ready document; `changed` are top-level settings in place of the demo's."""
    folder.chmod(0o700)
    path = write_settings(folder, document["platforms"], [])
    settings = read_settings(path, environ={})
    if changed:
        settings = settings.model_copy(update=changed)
    if timeout_seconds is not None:
        hurried = {
            name: platform.model_copy(update={"timeout_seconds": timeout_seconds})
            for name, platform in settings.platforms.items()
        }
        settings = settings.model_copy(update={"platforms": hurried})
    platforms = connect(settings, clock=_PlatformClock(clock), transport=transport)
    bindings = bindings_of(settings, platforms)
    firm = Firm(bindings, templates_of(settings))
    known = flows()
    rung: list[int] = []
    desk = FrontDesk(ledger, firm, known, clock, ring=lambda: rung.append(1), approval_seconds=APPROVAL_SECONDS)
    return Office(
        control=Control(document["control"]),
        settings=settings,
        platforms=platforms,
        bindings=bindings,
        ledger=ledger,
        clock=clock,
        firm=firm,
        desk=desk,
        flows=known,
        rung=rung,
    )
