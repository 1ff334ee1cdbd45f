"""`crosswalk doctor`: what is wrong with an installation, and what to do about it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway.cli.findings import Finding
    from runtime.settings import Settings


def doctor(
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("crosswalk.yaml"),
) -> None:
    """Check the settings, the secrets, every platform (reachable, authorised, quota left) and Redis.

    Exit code 1 when anything needs attention; each line that does says what to do.
    """
    import asyncio
    import os

    from gateway.cli.findings import Finding, table
    from runtime.settings import SettingsError, read_settings

    try:
        settings = read_settings(config, environ=os.environ)
    except SettingsError as error:
        findings = [Finding.bad(f"settings {config}", problem) for problem in error.problems]
    else:
        valid = Finding.good(f"settings {config}", "valid, every secret is there")
        findings = [valid, *asyncio.run(_examined(settings))]
    for line in table(findings):
        typer.echo(line)
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)


async def _examined(settings: "Settings") -> "list[Finding]":
    from gateway.cli.examination import examine
    from gateway.cli.findings import Finding
    from gateway.cli.refusal import Refusal
    from gateway.cli.wiring import connected

    try:
        platforms = connected(settings)
    except Refusal as refusal:
        return [Finding.bad("settings", problem) for problem in refusal.lines]
    return await examine(settings, platforms.values())
