"""`crosswalk reconcile`: compares what two platforms say of the same records, and tells what differs."""

import sys
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO


def reconcile(
    comparisons: Annotated[
        list[str] | None,
        typer.Argument(help="Such as `invoices`; all where there are none. See docs/reconciliation.md."),
    ] = None,
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("crosswalk.yaml"),
    legal_entity: Annotated[
        str | None, typer.Option("--legal-entity", help="The id of one of the firm's companies, or PLATFORM:ID.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only from this day on.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only up to this day.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until they have ended, and work on them.")] = False,
    csv: Annotated[
        str | None, typer.Option("--csv", help="Write what differs into this file, `-` for standard output; waits.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program: one JSON document.")] = False,
    accept_fewer: Annotated[
        bool, typer.Option("--accept-fewer", help="A platform may have less than half the records of the last time.")
    ] = False,
) -> None:
    """Compare what two platforms say of the same records.

    Without --wait the processes that work for the gateway do it in the background. Differences are brought into line
    where the settings say so, and are put into somebody's queue elsewhere. Exit code 1 where a comparison failed, or
    something differs that was waited for.
    """
    import asyncio

    from gateway.cli.comparing import Comparing
    from gateway.cli.settings_source import settings_from
    from sync.reconciling.asking import Wanted

    wanted = Wanted(
        comparisons=tuple(comparisons or ()),
        legal_entity=legal_entity,
        since=None if since is None else since.date(),
        until=None if until is None else until.date(),
        accept_fewer=accept_fewer,
    )
    settings = settings_from(config)
    with _sheet(csv) as sheet:
        comparing = Comparing(settings, wait=wait or sheet is not None, sheet=sheet, as_json=as_json)
        fine = asyncio.run(comparing.run(wanted))
    if not fine:
        raise typer.Exit(1)


@contextmanager
def _sheet(csv: str | None) -> "Iterator[TextIO | None]":
    """Where the table goes, if it is asked for."""
    from gateway.cli.refusal import Refusal

    if csv is None or csv == "-":
        yield None if csv is None else sys.stdout
        return
    try:
        file = Path(csv).open("w", encoding="utf-8", newline="")  # noqa: SIM115 - closed below, its own errors told here
    except OSError as error:
        raise Refusal(f"--csv {csv}: {error.strerror}") from None
    with file:
        yield file
