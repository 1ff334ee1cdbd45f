"""Runs the sandbox from the command line: `python -m sandbox --help`."""

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
import threading
from datetime import date
from pathlib import Path

from sandbox.serve import Ready, run_loop, serving
from sandbox.world import PlatformSpec, SandboxError, World, build_world, vendors


def main() -> int:
    asked = _parser().parse_args()
    try:
        if asked.ready_file is not None:
            asked.ready_file.unlink(missing_ok=True)  # one of an earlier start would tell ports that are gone
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
    """Millions of records that stay: to look for garbage among them slows the start by a third and stalls calls."""
    gc.disable()
    world = build_world(
        platforms=_platforms(asked), accounts=asked.accounts, seed=asked.seed, as_of=asked.as_of, progress=_say
    )
    gc.freeze()
    gc.enable()
    return world


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
        _say(f"control API: {ready['control']}")
        for name, platform in ready["platforms"].items():
            _say(f"{name} ({platform['role']}): {platform['url']}")
        _say("ready; Ctrl-C stops")
        await stop.wait()
        _say("stopping")


def _wait_for_eof(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """A parent that dies without a word closes its end of the pipe."""
    while os.read(0, 4_096):
        pass
    loop.call_soon_threadsafe(stop.set)


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
    usual = [PlatformSpec.parse(name) for name in (asked.only.split(",") if asked.only else vendors())]
    return [spec for spec in usual if spec.name not in named] + more


def _say(line: str) -> None:
    sys.stderr.write(f"sandbox: {line}\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Emulated CRM, PSA and ERP platforms on loopback, holding one invented firm, with faults to order.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--port-base",
        type=int,
        default=9400,
        metavar="N",
        help="port of the control API; the platforms take the next ones; 0 takes free ports (default: 9400)",
    )
    parser.add_argument("--accounts", type=int, default=200, metavar="N", help="size of the firm (default: 200)")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="another seed, another firm (default: 7)")
    parser.add_argument(
        "--as-of",
        type=date.fromisoformat,
        metavar="DATE",
        help="the day on whose morning the firm stands as generated (default: today)",
    )
    parser.add_argument(
        "--only", metavar="VENDOR,...", help="run one platform of each of these vendors (default: of every vendor)"
    )
    parser.add_argument(
        "--platform",
        action="append",
        default=[],
        metavar="NAME=VENDOR[:OPTION=VALUE,...]",
        help="run this platform too, or instead of the one of that name; may be repeated;"
        " such as netsuite-emea=netsuite:legal_entities=le-uk+le-de",
    )
    parser.add_argument(
        "--ready-file", type=Path, metavar="PATH", help="write URLs and credentials here as JSON once all answers"
    )
    parser.add_argument(
        "--stop-on-eof", action="store_true", help="stop when standard input ends, as when a parent dies"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
