"""`crosswalk doctor`: what is wrong with an installation, and what to do about it."""

from pathlib import Path
from typing import Annotated

import typer


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
        from gateway.cli.examination import examine
        from gateway.cli.wiring import platforms_of

        async def examined() -> list[Finding]:
            return await examine(settings, platforms_of(settings))

        findings = [Finding.good(f"settings {config}", "valid, every secret is there"), *asyncio.run(examined())]
    for line in table(findings):
        typer.echo(line)
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)
