"""Processes that call the sandbox's NetSuite as they are told over a socket, and write a line there about each call.

`calling_processes.py PORT MANY` forks that many; each connects to the port and tells its `pid`. The first line that it
reads is {"settings", "redis"}; each further one, {"calls", "at_once", "class"}, asks for that many calls, after which
it writes "done". `wait` is what a call took from being wanted to being answered, in milliseconds.
"""

import asyncio
import json
import os
import sys

import structlog

from platforms.budget_redis import redis_budgets
from platforms.gated import GatedPlatform
from platforms.http import HttpRequest, HttpResponse
from platforms.keepalive import KeepAliveTransport
from platforms.registry import connect, vendor
from platforms.slots import Priority
from runtime.settings import Settings
from schema.errors import RetryLater


class Remembering(KeepAliveTransport):
    """Keeps the last request, which signs itself anew whenever it is sent, and tells of each refusal."""

    def __init__(self, caller: "Caller") -> None:
        super().__init__()
        self._caller = caller
        self.last: HttpRequest | None = None

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's word
        self.last = request
        response = await super().send(request, timeout=timeout)
        if response.status == 429:
            self._caller.tell(refused=True)
        return response


class Caller:
    def __init__(self, orders: asyncio.StreamReader, news: asyncio.StreamWriter) -> None:
        self._orders = orders
        self._news = news

    def tell(self, **what: object) -> None:
        self._news.write(json.dumps(what).encode() + b"\n")

    async def live(self) -> None:
        self.tell(pid=os.getpid())
        given = json.loads(await self._orders.readline())
        budgets = redis_budgets(given["redis"])
        transport = Remembering(self)
        settings = Settings.model_validate(given["settings"])
        platform = connect(settings, transport=transport, budgets=budgets)["netsuite"]
        assert isinstance(platform, GatedPlatform)
        assert (await platform.probe()).ok
        assert transport.last is not None
        self.tell(ready=True)
        while line := await self._orders.readline():
            await self._obey(platform, transport.last, json.loads(line))
        await platform.close()
        await budgets.aclose()
        self.tell(bye=True)
        await self._news.drain()

    async def _obey(self, platform: GatedPlatform, request: HttpRequest, order: dict[str, object]) -> None:
        left = [None] * int(order["calls"])

        async def caller() -> None:
            while left:
                left.pop()
                await self._call(platform, request, Priority[order["class"]])

        await asyncio.gather(*(caller() for _ in range(int(order["at_once"]))))
        self.tell(done=True)

    async def _call(self, platform: GatedPlatform, request: HttpRequest, priority: Priority) -> None:
        """A read is repeated by the gate, a write by whoever wants it."""
        wanted = asyncio.get_running_loop().time()
        while True:
            try:
                await platform._gate.send(request, priority=priority, safe=priority is Priority.INTERACTIVE)
            except RetryLater as error:
                await asyncio.sleep(error.retry_after or 0.1)
            else:
                self.tell(wait=(asyncio.get_running_loop().time() - wanted) * 1000)
                return


async def call_from_here(port: int) -> None:
    orders, news = await asyncio.open_connection("127.0.0.1", port)
    await Caller(orders, news).live()


def fork(port: int, many: int) -> None:
    """Forked, they are all there within a second; each importing on its own would take half a minute."""
    vendor("netsuite")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for _ in range(many):
        if os.fork() == 0:
            asyncio.run(call_from_here(port))
            os._exit(0)
    for _ in range(many):
        os.wait()


if __name__ == "__main__":
    fork(int(sys.argv[1]), int(sys.argv[2]))
