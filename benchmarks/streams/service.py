"""The gateway as it is served, which also takes word of changed projects, as its own feeds would bring it.

POST /happened?first=17&number=10   the projects 17 to 26 have got another status; 204 when the ledger has the events
"""

import argparse
import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.connector import platforms
from benchmarks.processes import listening, ready
from benchmarks.streams.asked import KEY, STATUSES, project_id
from gateway.app import build_app
from gateway.cli.edge_settings import edge_options
from gateway.cli.ledgers import opened_ledger
from gateway.cli.serving import serving
from gateway.cli.until_stopped import run_until_stopped
from gateway.keys import ApiKey, KeyRing
from gateway.log import operation_log
from gateway.server import calm_collector
from platforms.bindings import Bindings
from platforms.keepalive import KeepAliveTransport
from resolvers.assembly import memory_of
from resolvers.engine import GraphEngine
from runtime.clock import SystemClock
from runtime.log import configure_logging
from runtime.settings import Settings
from schema.ids import id_encoder
from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import Observation, RecordChange, Told
from sync.workshop import Workshop

_project = id_encoder("Project", "psa")


class Noticing:
    """Stands before the gateway, and writes what is said to have happened into its ledger."""

    def __init__(self, app: ASGIApp, ledger: Ledger) -> None:
        self._app = app
        self._ledger = ledger
        self._rounds = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/happened":
            await self._app(scope, receive, send)
            return
        asked = dict(parse_qsl(scope["query_string"].decode()))
        await self._happened(int(asked["first"]), int(asked["number"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def _happened(self, first: int, number: int) -> None:
        now = datetime.now(UTC)
        turn = next(self._rounds)
        before, after = STATUSES[turn % len(STATUSES)], STATUSES[(turn + 1) % len(STATUSES)]
        ids = [project_id(each) for each in range(first, first + number)]
        known = await self._ledger.snapshots.get("psa", "Project", "PSA", ids)
        seen = []
        for external_id in ids:
            change = RecordChange(
                type="Project", role="PSA", platform="psa", entity="projects", external_id=external_id,
                changes={"status": (before, after)}, occurred_at=now, observed_at=now, noticed_by="feed",
                values={"account": f"A{external_id[1:7]}"},
            )  # fmt: skip
            told = Told(subject=_project(external_id), correlation_id=str(uuid4()), change=change)
            version = known[external_id].version if external_id in known else 0
            seen.append(
                Observation(
                    platform="psa", type="Project", role="PSA", external_id=external_id, expected=version,
                    values={"status": after}, modified_at=now, told=(told,),
                )
            )  # fmt: skip
        assert all(await self._ledger.snapshots.observe(seen)), "somebody else writes here"


async def run(upstream: str, settings: Settings) -> None:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(opened_ledger(settings, clock))
        bindings = Bindings(platforms(upstream, KeepAliveTransport()))
        shop = Workshop(settings, bindings, ledger, clock)
        engine = GraphEngine(bindings, memory_of(settings.cache, clock), clock, seconds=9.5, desk=shop.desk)
        keys = KeyRing([ApiKey(name="bench", role="admin", sha256=sha256(KEY.encode()).hexdigest())])
        options = edge_options(settings)
        log = operation_log(level=settings.log.level, style=settings.log.format)
        app = Noticing(build_app(engine, keys=keys, options=options, log=log), ledger)
        listener = listening()
        calm_collector()
        await stack.enter_async_context(serving(app, listener, options))
        ready(listener)
        await asyncio.Event().wait()


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.streams.service", description=__doc__)
    options.add_argument("--upstream", required=True)
    options.add_argument("--ledger", required=True)
    asked = options.parse_args()
    settings = Settings.model_validate({"ledger": {"url": asked.ledger}})
    configure_logging(level=settings.log.level, style=settings.log.format)
    run_until_stopped(run(asked.upstream, settings))


if __name__ == "__main__":
    main()
