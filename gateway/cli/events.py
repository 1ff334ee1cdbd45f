"""`crosswalk events`: what has happened, as subscribers, webhooks and triggers are told it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runtime.settings import Settings

_LAST = 50


def events(
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("crosswalk.yaml"),
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens from now on.")] = False,
    kind: Annotated[
        list[str] | None, typer.Option(help="Only this kind, such as record.Invoice; may be said several times.")
    ] = None,
    after: Annotated[
        int | None, typer.Option(min=0, help="Those behind this cursor; without it the latest, or those to come.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program: one JSON document per line.")] = False,
) -> None:
    """Tell the ledger's events, oldest first.

    Stops at the newest, or with `--follow` on Ctrl-C. Each has a cursor, by which `--after` goes on behind it.
    """
    from gateway.cli.refusal import Refusal
    from gateway.cli.settings_source import settings_from
    from gateway.cli.until_stopped import run_until_stopped
    from sync.noticing.kinds import EVENT_KINDS

    unknown = sorted(set(kind or ()) - set(EVENT_KINDS))
    if unknown:
        raise Refusal(f"--kind: there is no kind {unknown[0]}; there are {', '.join(EVENT_KINDS)}")
    settings = settings_from(config)
    run_until_stopped(_tell(settings, kind or EVENT_KINDS, after, follow=follow, as_json=as_json))


async def _tell(
    settings: "Settings", kinds: "Sequence[str]", after: int | None, *, follow: bool, as_json: bool
) -> None:
    from gateway.cli.events_told import as_document, line
    from gateway.cli.ledgers import existing_ledger
    from gateway.cli.refusal import Refusal
    from sync.noticing.kinds import events_behind

    async with existing_ledger(settings) as ledger:
        oldest, newest = await ledger.event_span()
        if after is not None and after > newest:
            raise Refusal(f"--after: {after} is no cursor of this ledger: its newest event has {newest}")
        if after is not None and after < oldest - 1:
            typer.echo(f"crosswalk: events up to {oldest - 1} are kept no more; those after {after} are gone", err=True)
        start = after if after is not None else newest if follow else max(0, newest - _LAST)
        async for event in events_behind(ledger, kinds, start, follow=follow):
            typer.echo(as_document(event) if as_json else line(event))
