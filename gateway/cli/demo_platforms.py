"""Starts the platforms of a demo as processes of their own."""

import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.children import Child
from gateway.cli.progress import Progress
from gateway.cli.sandbox import sandbox_command

if TYPE_CHECKING:
    from gateway.cli.demo_run import DemoWishes

SANDBOX_SECONDS = 300.0  # the largest firm takes a while
TRYTON_SECONDS = 1_800.0  # installs itself from PyPI and creates its database at first start


async def start_platforms(
    wishes: "DemoWishes", folder: Path, stack: AsyncExitStack, progress: Progress
) -> tuple[dict[str, Any], list[Child]]:
    """The sandbox's ready document with every platform of the demo in it, and the processes that run them.

    The processes are stopped when `stack` closes.
    """
    with progress.step(f"an invented firm with {wishes.accounts} clients, and its platforms"):
        child, document = await _start(
            "sandbox",
            sandbox_command(
                port_base=0,
                accounts=wishes.accounts,
                seed=wishes.seed,
                only="salesforce,kantata" if wishes.tryton else None,
                ready_file=folder / "sandbox.json",
                stop_on_eof=True,
            ),
            ready_file=folder / "sandbox.json",
            stack=stack,
            seconds=SANDBOX_SECONDS,
        )
    sandbox, children = dict(document), [child]
    if wishes.tryton:
        with progress.step("a real Tryton (its first start installs it and fills its books: some minutes)"):
            child, document = await _start(
                "Tryton server",
                _tryton_command(wishes, folder / "tryton.json"),
                ready_file=folder / "tryton.json",
                stack=stack,
                seconds=TRYTON_SECONDS,
                progress=progress,
            )
        sandbox["platforms"] = {**sandbox["platforms"], **document["platforms"]}
        children.append(child)
    return sandbox, children


async def _start(
    name: str,
    command: list[str],
    *,
    ready_file: Path,
    stack: AsyncExitStack,
    seconds: float,
    progress: Progress | None = None,
) -> tuple[Child, Mapping[str, Any]]:
    child = await Child.start(name, command, say=(lambda line: progress.say(f"    {line}")) if progress else None)
    stack.push_async_callback(child.stop)
    return child, await child.ready(ready_file, seconds=seconds)


def _tryton_command(wishes: "DemoWishes", ready_file: Path) -> list[str]:
    command = [sys.executable, "-P", "-m", "sandbox.tryton", "--port", "0"]
    command += ["--accounts", str(wishes.accounts), "--seed", str(wishes.seed), "--ready-file", str(ready_file)]
    command.append("--stop-on-eof")
    return command
