"""Starts the platforms of a demo as a process of their own."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.cli.children import Child
from gateway.cli.progress import Progress
from gateway.cli.sandbox import sandbox_command

_SECONDS = 300.0  # the largest firm takes a while
_TRYTON_SECONDS = 1_800.0  # it installs itself from PyPI and fills its books at first start
_LARGE = 2_000  # accounts from which a person wants to see what goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """Which invented firm, and which ERP it has."""

    accounts: int
    seed: int
    tryton: bool
    """A real Tryton as ERP instead of the emulated NetSuite."""


async def start_platforms(
    firm: Firm, folder: Path, stack: AsyncExitStack, progress: Progress
) -> tuple[Child, dict[str, Any]]:
    """The process that runs the platforms, stopped when `stack` closes, and its ready document."""
    ready_file = folder / "sandbox.json"
    command = sandbox_command(
        port_base=0,
        accounts=firm.accounts,
        seed=firm.seed,
        only=f"salesforce,kantata,{'tryton' if firm.tryton else 'netsuite'}",
        ready_file=ready_file,
        stop_on_eof=True,
    )
    task = f"an invented firm with {firm.accounts:,} clients, and its platforms"
    if firm.tryton:
        task += " (a real Tryton takes some minutes at its first start)"
    with progress.step(task):
        slow = firm.tryton or firm.accounts >= _LARGE
        child = await Child.start("sandbox", command, say=progress.detail if slow else None)
        stack.push_async_callback(child.stop)
        document = await child.ready(ready_file, seconds=_TRYTON_SECONDS if firm.tryton else _SECONDS)
    return child, dict(document)
