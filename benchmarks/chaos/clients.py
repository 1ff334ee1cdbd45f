"""The firm's apps: each sends its wish with its key until somebody has acknowledged it, whatever dies meanwhile."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from benchmarks.chaos.wishes import Wish
from schema.ids import decode_id, ledger_id

PATIENCE_SECONDS = 300.0
PAUSE_SECONDS = 0.25
REQUESTER, APPROVER, REPAIRER = "service", "finance", "admin"


class NobodyAnswersError(Exception):
    """A wish was neither acknowledged nor refused, however long it was sent."""


@dataclass
class Clients:
    """`acknowledged` are ids of runs by key, `refused` the codes of refusals by key."""

    urls: Sequence[str]
    keys: Mapping[str, str]
    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    resent: Counter[str] = field(default_factory=Counter)
    """Why something was sent again."""
    seconds: list[float] = field(default_factory=list)
    """From the first sending to the acknowledgement."""

    def __post_init__(self) -> None:
        self._http = httpx2.AsyncClient(timeout=12.0)
        self._turn: Iterator[str] = itertools.cycle(self.urls)

    async def close(self) -> None:
        await self._http.aclose()

    async def answered(self) -> None:
        """Returns once every gateway has answered."""
        for url in self.urls:
            self._turn = itertools.repeat(url)
            await self._insist(REQUESTER, "{ __typename }", {})
        self._turn = itertools.cycle(self.urls)
        self.resent.clear()

    async def send_all(self, wishes: Iterable[Wish], *, at_once: int) -> None:
        waiting = iter(wishes)

        async def client() -> None:
            for wish in waiting:
                await self._send(wish)

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(client())

    async def _send(self, wish: Wish) -> None:
        began = time.monotonic()
        kind = f"{wish.workflow[0].upper()}{wish.workflow[1:]}Input"
        payload = "{ run { id } errors { code message } }"
        document = f"mutation($input: {kind}!) {{ {wish.workflow}(input: $input) {payload} }}"
        answer = await self._insist(REQUESTER, document, {"input": {**wish.input, "idempotencyKey": wish.key}})
        reply = answer[wish.workflow]
        self.seconds.append(time.monotonic() - began)
        if reply["run"] is None:
            self.refused[wish.key] = f"{reply['errors'][0]['code']}: {reply['errors'][0]['message']}"
            return
        self.acknowledged[wish.key] = decode_id(reply["run"]["id"]).external_id

    async def approve(self, run_id: str) -> None:
        """By somebody else than who asked. That it is decided, or voided, by then is as good."""
        document = "mutation($id: ID!) { approveRun(id: $id) { run { id } errors { code message } } }"
        await self._insist(APPROVER, document, {"id": ledger_id("SyncRun", run_id)})

    async def retry(self, run_id: str) -> None:
        """A person takes up what waits in a queue."""
        document = "mutation($id: ID!) { retryRun(id: $id) { run { id } errors { code message } } }"
        await self._insist(REPAIRER, document, {"id": ledger_id("SyncRun", run_id)})

    async def _insist(self, role: str, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The answer's data; sent to one gateway after the other until there is one."""
        until = time.monotonic() + PATIENCE_SECONDS
        body = {"query": document, "variables": variables}
        while True:
            try:
                sent = await self._http.post(next(self._turn), json=body, headers={"X-API-Key": self.keys[role]})
                answer = sent.json()
            except (httpx2.HTTPError, ValueError) as error:
                why = type(error).__name__
            else:
                if not answer.get("errors"):
                    data: dict[str, Any] = answer["data"]
                    return data
                why = answer["errors"][0].get("extensions", {}).get("code", answer["errors"][0]["message"])
            self.resent[why] += 1
            if time.monotonic() > until:
                raise NobodyAnswersError(f"{variables} after {PATIENCE_SECONDS:g} s: {why}")
            await asyncio.sleep(PAUSE_SECONDS)
