"""`crosswalk trace`: the story of one correlation id, from the request to the last posting."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from runtime.settings import Settings
    from sync.story import Moment


def trace(
    correlation_id: Annotated[
        str, typer.Argument(help="From an answer's extensions, a log line or the audit log; a run's id will do.")
    ],
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("crosswalk.yaml"),
    as_json: Annotated[bool, typer.Option("--json", help="For a program: one JSON document.")] = False,
) -> None:
    """Tell the story of one correlation id, as the ledger knows it.

    In the order of time: the request, plans, approvals, steps with the calls that they made to platforms, problems and
    what became of them.
    """
    import asyncio

    from gateway.cli.refusal import Refusal
    from gateway.cli.settings_source import settings_from

    moments = asyncio.run(_told(settings_from(config), correlation_id))
    if not moments:
        raise Refusal(f"the ledger knows nothing of {correlation_id}; reads leave no trace in it, see the log")
    from gateway.cli.telling import as_document, lines

    if as_json:
        typer.echo(as_document(moments))
        return
    for line in lines(moments):
        typer.echo(line)


async def _told(settings: "Settings", correlation_id: str) -> "tuple[Moment, ...]":
    from gateway.cli.ledgers import existing_ledger
    from sync.story import story

    async with existing_ledger(settings) as ledger:
        return await story(ledger, correlation_id)
