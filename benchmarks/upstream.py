"""A fast fake platform: REST over raw HTTP/1.1, bodies prepared once, with a settable latency and a call counter.

GET  /accounts?fields=id,name&after=A000049&limit=51     a page of the list
GET  /accounts?fields=...&ids=A000001,A000002            by key, 100 at most
GET  /invoices?fields=...&account_id=A000001,A000002     by parent's key, 100 at most; also /projects, /contracts
GET  /projects?fields=...&id=P00000100,P00000101         by their own, 100 at most
GET  /calls        calls since the last DELETE, by entity
PUT  /latency/50   milliseconds that every answer waits from now on
"""

import asyncio
import json
import sys
from collections import Counter, OrderedDict
from urllib.parse import parse_qsl

import httptools
import uvloop

from benchmarks import firm
from benchmarks.processes import listening, ready

MOST_KEYS = 100
LARGEST_PAGE = 2_000
PREPARED = 4_000
"""Answers kept ready; a few hundred are in use while anything is measured."""


class Platform:
    """The records, and what is told about them."""

    def __init__(self, accounts: int) -> None:
        self.accounts = accounts
        self.seconds = 0.0
        self.calls: Counter[str] = Counter()
        self._prepared: OrderedDict[bytes, tuple[str, bytes]] = OrderedDict()

    def answer(self, method: bytes, target: bytes) -> tuple[bytes, float]:
        """The whole HTTP answer, and the seconds to wait before it goes out."""
        known = self._prepared.get(target)
        if known is None:
            path, _, query = target.decode().partition("?")
            if path in ("/calls", "/latency") or path.startswith("/latency/"):
                return self._control(method.decode(), path), 0.0
            known = self._prepared[target] = (path[1:], _http(200, self._body(path[1:], dict(parse_qsl(query)))))
            if len(self._prepared) > PREPARED:
                self._prepared.popitem(last=False)
        self.calls[known[0]] += 1
        return known[1], self.seconds

    def _control(self, method: str, path: str) -> bytes:
        if path.startswith("/latency/"):
            self.seconds = int(path.rpartition("/")[2]) / 1000
        told = _http(200, json.dumps(self.calls).encode())
        if method == "DELETE":
            self.calls.clear()
        return told

    def _body(self, entity: str, asked: dict[str, str]) -> bytes:
        rows, following = self._rows(entity, asked)
        fields = asked["fields"].split(",")
        told = [{name: row[name] for name in fields} for row in rows]
        return json.dumps({"rows": told, "next": following}, separators=(",", ":")).encode()

    def _rows(self, entity: str, asked: dict[str, str]) -> tuple[list[firm.Row], str | None]:
        limit = min(int(asked.get("limit", LARGEST_PAGE)), LARGEST_PAGE)
        if entity == "accounts" and "ids" not in asked:
            start = firm.number_of(asked["after"]) + 1 if "after" in asked else 0
            stop = min(start + limit, self.accounts)
            following = firm.account_id(stop - 1) if stop < self.accounts else None
            return [firm.account(number) for number in range(start, stop)], following
        if "id" in asked:
            wanted = asked["id"].split(",")
            assert len(wanted) <= MOST_KEYS, "more keys than this platform takes"
            return [row for key in wanted for row in firm.children(entity, int(key[1:7])) if row["id"] == key], None
        keys = [firm.number_of(key) for key in asked["ids" if entity == "accounts" else "account_id"].split(",")]
        assert len(keys) <= MOST_KEYS, "more keys than this platform takes"
        known = [number for number in keys if 0 <= number < self.accounts]
        if entity == "accounts":
            return [firm.account(number) for number in known], None
        return [row for number in known for row in firm.children(entity, number)][:limit], None


class Exchange(asyncio.Protocol):
    """One connection."""

    def __init__(self, platform: Platform, loop: asyncio.AbstractEventLoop) -> None:
        self._platform = platform
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._target = url

    def on_message_complete(self) -> None:
        answer, seconds = self._platform.answer(self._parser.get_method(), self._target)
        if seconds:
            self._loop.call_later(seconds, self._transport.write, answer)  # type: ignore[attr-defined]
        else:
            self._transport.write(answer)  # type: ignore[attr-defined]


def _http(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(accounts: int) -> None:
    loop = asyncio.get_running_loop()
    platform = Platform(accounts)
    listener = listening()
    await loop.create_server(lambda: Exchange(platform, loop), sock=listener)
    ready(listener)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
