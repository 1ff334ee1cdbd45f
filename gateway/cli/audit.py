"""`crosswalk audit`: whether the audit log is what was written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runtime.settings import Settings

app = typer.Typer(help="The audit log.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """The audit log."""


@app.command()
def verify(
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("crosswalk.yaml"),
) -> None:
    """Walk the audit chain from its first entry to its last.

    Exit code 1 where an entry was changed, removed, added or moved behind Crosswalk's back; the first one is named.
    Keep the hash that is printed somewhere else: a chain made anew as a whole would end with another one.
    """
    import asyncio

    from gateway.cli.refusal import Refusal
    from gateway.cli.settings_source import settings_from

    count, problem, last_hash = asyncio.run(_verified(settings_from(config)))
    if problem is not None:
        whole = (f"it is whole up to entry {count}",) if count else ()
        raise Refusal(f"the audit chain is broken: {problem}", *whole)
    typer.echo(f"The audit chain is whole: {count} entries, the last one's hash is {last_hash}")


async def _verified(settings: "Settings") -> tuple[int, str | None, str]:
    from gateway.cli.ledgers import existing_ledger

    async with existing_ledger(settings) as ledger:
        count, problem = await ledger.verify_audit()
        last = await ledger.audit_log(record_id=None, correlation_id=None, first=1, after=count - 1)
    return count, problem, last[0].hash if last else "none"
