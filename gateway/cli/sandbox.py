"""`crosswalk sandbox`: the emulated platforms alone."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def sandbox(
    port_base: Annotated[
        int,
        typer.Option(min=0, max=65_000, help="Control API's port; platforms take the next ones. 0 picks free ports."),
    ] = 9400,
    accounts: Annotated[int, typer.Option(min=1, max=100_000, help="How many clients the invented firm has.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same firm, to the cent.")] = 7,
    only: Annotated[
        str | None, typer.Option(help="Only these platforms, such as salesforce,netsuite. Default: all.")
    ] = None,
    platform: Annotated[
        list[str] | None,
        typer.Option(
            help="One more platform, NAME=VENDOR[:option=value,...], such as "
            "netsuite-emea=netsuite:legal_entities=le-uk. May be repeated."
        ),
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="JSON file written once all answer: control URL, platforms, credentials.")
    ] = None,
) -> None:
    """Run emulated Salesforce, Kantata and NetSuite on this machine, holding one invented firm.

    They print their addresses and credentials and run until Ctrl-C. The control API counts calls, injects faults and
    shows and changes the records inside.
    """
    arguments = sandbox_command(
        port_base=port_base, accounts=accounts, seed=seed, only=only, platforms=platform or (), ready_file=ready_file
    )
    sys.stdout.flush()
    os.execv(arguments[0], arguments)  # noqa: S606 - our own interpreter; signals reach the sandbox itself


def sandbox_command(
    *,
    port_base: int,
    accounts: int,
    seed: int,
    only: str | None = None,
    platforms: tuple[str, ...] | list[str] = (),
    ready_file: Path | None = None,
    stop_on_eof: bool = False,
) -> list[str]:
    """The command that runs the sandbox as a process of its own: the product never imports it.

    With `stop_on_eof` it ends when its standard input does. `-P` keeps the caller's folder off the import path, where
    a folder called `sandbox` would be found first.
    """
    command = [sys.executable, "-P", "-m", "sandbox"]
    command += ["--port-base", str(port_base), "--accounts", str(accounts), "--seed", str(seed)]
    if only is not None:
        command += ["--only", only]
    for platform in platforms:
        command += ["--platform", platform]
    if ready_file is not None:
        command += ["--ready-file", str(ready_file)]
    if stop_on_eof:
        command.append("--stop-on-eof")
    return command
