"""The benchmark's subscribers count what they are told however it is cut into pieces, and judge what was measured."""

import json
import zlib
from typing import Any

import pytest

from benchmarks.streams.listeners import Listener
from benchmarks.streams.measures import Burst, Crowd, Stream
from benchmarks.streams.report import Report
from benchmarks.streams.services import GATEWAY, NODE
from gateway.streams.socket_protocol import text_frame

PING = b"\x89\x041234"


class Wire:
    """What a listener says."""

    def __init__(self) -> None:
        self.said = b""

    def write(self, data: bytes) -> None:
        self.said += data


def message(cursor: str, size: int) -> bytes:
    payload = {"data": {"projectStatusChanged": {"cursor": cursor, "name": "x" * size}}}
    return text_frame(json.dumps({"id": "1", "type": "next", "payload": payload}, separators=(",", ":")).encode())


async def listener() -> tuple[Listener, Wire]:
    found, wire = Listener(), Wire()
    found.connection_made(wire)  # type: ignore[arg-type]
    for part in (b"HTTP/1.1 101 x\r\n\r\n", b'{"type":"connection_ack"}', b'{"type":"pong"}'):
        found.data_received(part)
    await found.opened
    return found, wire


@pytest.mark.parametrize("piece", [1, 7, 100, 1_000_000])
async def test_messages_are_counted_in_their_order_and_pings_answered(piece: int) -> None:
    found, wire = await listener()
    found.cursors = []
    before = len(wire.said)
    data = message("a", 1) + PING + message("b", 200) + message("c", 70_000) + PING + message("d", 5)
    for start in range(0, len(data), piece):
        found.data_received(data[start : start + piece])
    assert (found.count, found.cursors, found.wrong) == (4, [b"a", b"b", b"c", b"d"], b"")
    assert found.sum == zlib.crc32(b"abcd")
    assert wire.said[before:] == b"\x8a\x84\0\0\0\x001234" * 2


async def test_errors_are_no_events() -> None:
    found, _ = await listener()
    found.data_received(text_frame(b'{"id":"1","type":"error","payload":[]}'))
    assert (found.count, found.wrong) == (0, b'{"id":"1","type":"error","payload":[]}')


def report(*, last: float = 80, memory: float = 30, **said: Any) -> Report:
    steady: dict[str, Any] = {
        "subscribers": 200, "seconds": 60, "sent": 12_000, "least": 12_000, "repeated": 0, "alike": True, "behind": 10,
        "after": 0.1, "cpu": 0.5, "broke": "",
    }  # fmt: skip

    def crowds(last: float, memory: float) -> list[Crowd]:
        bursts = [Burst(first=10, last=last, cpu=50)]
        return [Crowd(subscribers=number, memory=memory, opening=1, bursts=bursts) for number in (1_000, 5_000)]

    streams = {GATEWAY: Stream(**steady | said), NODE: Stream(**steady | {"broke": "the process ended"})}
    return Report(crowds={GATEWAY: crowds(last, memory), NODE: crowds(100, 20)}, streams=streams, node="Node", rounds=1)


@pytest.mark.parametrize(
    ("said", "reached"),
    [
        ({}, [True, True, True, True]),
        ({"last": 101}, [False, True, True, True]),
        ({"memory": 40}, [True, False, False, True]),
        ({"least": 11_999}, [True, True, True, False]),
        ({"repeated": 1}, [True, True, True, False]),
        ({"alike": False}, [True, True, True, False]),
    ],
)
def test_goals_are_judged(said: dict[str, Any], reached: list[bool]) -> None:
    judged = report(**said)
    assert [ok for _, _, ok in judged.goals] == reached
    assert "the process ended" in judged.text()
