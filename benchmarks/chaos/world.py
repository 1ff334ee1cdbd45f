"""The invented platforms, in a process that outlives every kill: what they hold at the end is the truth."""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START_SECONDS = 300.0
Record = dict[str, Any]


class World:
    """The sandbox's control API."""

    def __init__(self, ready: Mapping[str, Any]) -> None:
        self.platforms: Mapping[str, Mapping[str, Any]] = ready["platforms"]
        self.control: str = ready["control"]

    def firm(self, *types: str) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = self.send("GET", f"/firm?type={','.join(types)}")
        return found

    def records(self, platform: str, entity: str) -> list[Record]:
        found: list[Record] = self.send("GET", f"/records/{platform}/{entity}")["records"]
        return found

    def reset(self) -> None:
        self.send("POST", "/reset")

    def fault(self, platform: str, kind: str, **how: Any) -> None:
        self.send("POST", "/faults", {"platform": platform, "kind": kind, **how})

    def faults(self) -> list[Record]:
        found: list[Record] = self.send("GET", "/faults")["faults"]
        return found

    def no_faults(self) -> None:
        self.send("DELETE", "/faults")

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Asks the control API; its answer."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.control + path, content, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def running_world(folder: Path, *, accounts: int) -> Iterator[World]:
    """From its first answer until the block is left."""
    ready_file = folder / "sandbox.json"
    command = [sys.executable, "-m", "sandbox", "--port-base", "0", "--accounts", str(accounts), "--stop-on-eof"]
    with (folder / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready_file)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + START_SECONDS
        while not ready_file.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the sandbox did not start; see {folder / 'sandbox.log'}")
            time.sleep(0.05)
        yield World(json.loads(ready_file.read_text(encoding="utf-8")))
    finally:
        process.terminate()
        process.wait()


async def truth_of(world: World, entities: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, str], list[Record]]:
    """Every record of these entities, by platform and entity."""
    places = [(platform, entity) for platform, names in entities.items() for entity in names]
    found = await asyncio.gather(*(asyncio.to_thread(world.records, *place) for place in places))
    return dict(zip(places, found, strict=True))
