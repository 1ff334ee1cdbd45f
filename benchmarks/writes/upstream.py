"""A fast fake platform that can be written to: records in memory, JSON over raw HTTP/1.1, no latency of its own.

GET    /accounts?fields=id,name&ids=A000001,A000002   rows with these fields, as the reader asks for them
GET    /customers?fields=id,name&tax_id=GB000000001   rows with exactly these values
GET    /customers?key=K                               whole rows that bear the key
GET    /accounts/A000001                              one whole row
POST   /accounts         {"key": ..., fields}         makes it and answers its id; once per key
PATCH  /accounts/A000001 {fields}                     sets these fields
DELETE /accounts/A000001                              takes it away
GET    /writes                                        when each record was first written to, in seconds of the machine's
                                                      monotonic clock, and how many writes there were
DELETE /writes                                        forgets them
"""

import asyncio
import time
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qsl

import httptools
import msgspec
import uvloop

from benchmarks import firm
from benchmarks.processes import listening, ready

ACCOUNTS = 20_000
COMPANY = {"id": "L000001", "name": "Consulting Ltd", "currency": "GBP", "country": "GB"}
_MISSING = (404, {"error": "no such record"})

Answer = tuple[int, Any]


class Platform:
    """The records of CRM and ERP, by entity and id, and when they were written to."""

    def __init__(self) -> None:
        self._records: dict[str, dict[str, firm.Row]] = {
            "accounts": {row["id"]: {**row, "version": 1} for row in map(firm.account, range(ACCOUNTS))},
            "customers": {},
            "companies": {COMPANY["id"]: dict(COMPANY)},
        }
        self._keyed: dict[str, dict[str, str]] = defaultdict(dict)
        self._first: dict[str, float] = {}
        self._writes = 0

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        path, _, query = target.partition("?")
        entity, _, record_id = path[1:].partition("/")
        if entity == "writes":
            return self._told(method)
        if method == "GET":
            return self._one(entity, record_id) if record_id else self._rows(entity, dict(parse_qsl(query)))
        self._writes += 1
        self._first.setdefault(record_id, time.perf_counter())
        if method == "POST":
            return self._made(entity, msgspec.json.decode(body))
        if method == "PATCH":
            return self._changed(entity, record_id, msgspec.json.decode(body))
        return (200, {}) if self._records[entity].pop(record_id, None) else _MISSING

    def _told(self, method: str) -> Answer:
        told = {"first": dict(self._first), "count": self._writes}
        if method == "DELETE":
            self._first.clear()
            self._writes = 0
        return 200, told

    def _one(self, entity: str, record_id: str) -> Answer:
        row = self._records[entity].get(record_id)
        return _MISSING if row is None else (200, row)

    def _rows(self, entity: str, asked: dict[str, str]) -> Answer:
        records = self._records[entity]
        if "key" in asked:
            bearer = records.get(self._keyed[entity].get(asked["key"], ""))
            return 200, {"rows": [] if bearer is None else [bearer]}
        fields = asked.pop("fields").split(",")
        asked.pop("limit", None)
        keys = asked.pop("ids", None) or asked.pop("id", None)
        found = records.values() if keys is None else map(records.get, keys.split(","))
        rows = [row for row in found if row and all(row.get(name) == value for name, value in asked.items())]
        return 200, {"rows": [{name: row.get(name) for name in fields} for row in rows], "next": None}

    def _made(self, entity: str, given: dict[str, Any]) -> Answer:
        key = given.pop("key")
        known = self._keyed[entity].get(key)
        if known is None:
            known = self._keyed[entity][key] = f"N{sum(map(len, self._keyed.values())):06}"
            self._records[entity][known] = {**given, "id": known, "version": 1}
        return 201, {"id": known}

    def _changed(self, entity: str, record_id: str, given: dict[str, Any]) -> Answer:
        row = self._records[entity].get(record_id)
        if row is None:
            return _MISSING
        row.update(given, version=row["version"] + 1)
        return 200, {}


class Exchange(asyncio.Protocol):
    """One connection."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._parser = httptools.HttpRequestParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._target = url
        self._body = b""

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode()
        status, told = self._platform.answer(method, self._target.decode(), self._body)
        body = msgspec.json.encode(told)
        head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def _serve() -> None:
    platform = Platform()
    listener = listening()
    await asyncio.get_running_loop().create_server(lambda: Exchange(platform), sock=listener)
    ready(listener)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve())
