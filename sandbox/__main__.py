"""Runs the sandbox from the command line: `python -m sandbox --help`."""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path

from sandbox.command_line import parser
from sandbox.serve import Ready, require_ports, run_loop, serving
from sandbox.world import PlatformSpec, SandboxError, World, build_world, vendors


def main() -> int:
    asked = parser().parse_args()
    try:
        if asked.ready_file is not None:
            _require_writable(asked.ready_file)
        world = _build(asked)
        try:
            run_loop(_serve(world, asked))
        finally:
            world.stop()
    except SandboxError as refused:
        _say(f"error: {refused}")
        return 1
    except OSError as failed:
        _say(f"error: can't write {failed.filename}: {failed.strerror}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _build(asked: argparse.Namespace) -> World:
    """A large world takes a minute: what would keep it from being served is known before."""
    specs = _platforms(asked)
    require_ports([spec.name for spec in specs if spec.vendor in vendors()], asked.port_base)
    return build_world(
        platforms=specs, accounts=asked.accounts, seed=asked.seed, as_of=asked.as_of, progress=_say, alone=True
    )


async def _serve(world: World, asked: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(sign, lambda *_: loop.call_soon_threadsafe(stop.set))
        else:
            loop.add_signal_handler(sign, stop.set)
    if asked.stop_on_eof:
        threading.Thread(target=_wait_for_eof, args=(loop, stop), daemon=True).start()
    async with serving(world, port_base=asked.port_base) as ready:
        if asked.ready_file is not None:
            _write(asked.ready_file, ready)
        _tell(ready, credentials=asked.ready_file is None)
        await stop.wait()
        _say("stopping")


def _tell(ready: Ready, *, credentials: bool) -> None:
    """Where everything is; `credentials` as well for somebody who has no ready file to look them up in."""
    _say(f"control API: {ready['control']}")
    for name, platform in ready["platforms"].items():
        _say(f"{name} ({platform['role']}): {platform['url']}")
        for credential, value in platform["credentials"].items() if credentials else ():
            many = len(value.splitlines()) > 1
            _say(f"    {credential}: {'told in the ready file only, see --ready-file' if many else value}")
    _say("ready; Ctrl-C stops")


def _wait_for_eof(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """A parent that dies without a word closes its end of the pipe."""
    while os.read(0, 4_096):
        pass
    loop.call_soon_threadsafe(stop.set)


def _require_writable(path: Path) -> None:
    """Refuses a place without a folder. A file of an earlier start goes: it would tell ports that are gone."""
    if path.is_dir() or not path.parent.is_dir():
        raise SandboxError(f"can't write {path}: {'it is a folder' if path.is_dir() else f'no folder {path.parent}'}")
    path.unlink(missing_ok=True)


def _write(path: Path, ready: Ready) -> None:
    """In one step, so that a reader never sees half of it; for the owner alone, since it holds credentials."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(ready, out, indent=2)
    partial.replace(path)


def _platforms(asked: argparse.Namespace) -> list[PlatformSpec]:
    """What was asked for with --platform, and beside it what has no such name: --only, or one of every vendor."""
    more = [PlatformSpec.parse(text) for text in asked.platform]
    named = {spec.name for spec in more}
    only = [name.strip() for name in (asked.only or "").split(",") if name.strip()]
    usual = [PlatformSpec.parse(name) for name in only or vendors()]
    return [spec for spec in usual if spec.name not in named] + more


def _say(line: str) -> None:
    sys.stderr.write(f"sandbox: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
