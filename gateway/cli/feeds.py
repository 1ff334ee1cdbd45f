"""`crosswalk feeds`: how far each feed of changes has come, and what a person may do about it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from runtime.settings import Settings
    from sync.ledger.database import DatabaseLedger
    from sync.ledger.port_of_changes import Feed

app = typer.Typer(help="How changes on the platforms are noticed.", rich_markup_mode=None)
Result = TypeVar("Result")
Config = Annotated[Path, typer.Option(help="The settings file.")]
_CONFIG = Path("crosswalk.yaml")


@app.callback(invoke_without_command=True)
def feeds(
    ctx: typer.Context,
    config: Config = _CONFIG,
    as_json: Annotated[bool, typer.Option("--json", help="For a program: one JSON document.")] = False,
) -> None:
    """Tell of each feed whether it goes on, how far it is behind, and what it has found.

    The feeds themselves are followed by the processes that work on runs: the gateway, or `crosswalk worker` where jobs
    go over Redis.
    """
    if ctx.invoked_subcommand is not None:
        return
    import asyncio

    from gateway.cli.settings_source import settings_from

    settings = settings_from(config)

    async def all_of(ledger: "DatabaseLedger") -> "Sequence[Feed]":
        return await ledger.feeds.all()

    found = asyncio.run(_with_ledger(settings, all_of))
    from gateway.cli.feeds_told import as_document, lines

    now = datetime.now(UTC)
    if as_json:
        typer.echo(as_document(found, now))
        return
    if not settings.feeds.enabled:
        typer.echo("Feeds are off: feeds.enabled is false.")
    for line in lines(found, now):
        typer.echo(line)


@app.command()
def pause(
    platform: Annotated[str, typer.Argument(help="The platform's name in the settings.")], config: Config = _CONFIG
) -> None:
    """Leave a platform alone until `resume`. What changes there meanwhile is noticed then."""
    _paused(config, platform, paused=True)
    typer.echo(f"The feeds of {platform} are paused; rounds under way go on to their end.")


@app.command()
def resume(
    platform: Annotated[str, typer.Argument(help="The platform's name in the settings.")], config: Config = _CONFIG
) -> None:
    """Follow a paused platform again, from where it was left."""
    _paused(config, platform, paused=False)
    typer.echo(f"The feeds of {platform} go on.")


@app.command()
def backfill(
    name: Annotated[str, typer.Argument(help="The feed's name, such as netsuite:Invoice:ERP.")],
    since: Annotated[
        str | None,
        typer.Option(
            "--from", help="Only what was changed since, such as 2026-11-01T00:00:00Z; without it everything."
        ),
    ] = None,
    config: Config = _CONFIG,
) -> None:
    """Look at older records once more, in the background, beside the feed itself.

    Differences from what was last seen become events; records that were never seen are only remembered.
    """
    import asyncio

    from gateway.cli.refusal import Refusal
    from gateway.cli.settings_source import settings_from

    if ":log:" in name:
        raise Refusal(f"{name} is a list that the platform keeps: only feeds of records can be filled")
    settings = settings_from(config)
    start = None if since is None else _instant(since)

    async def begun(ledger: "DatabaseLedger") -> "tuple[Feed | None, Sequence[Feed]]":
        from sync.noticing.positions import Backfill, written

        asked = written(Backfill(since=start))
        return await ledger.feeds.start_backfill(name, asked), await ledger.feeds.all()

    feed, known = asyncio.run(_with_ledger(settings, begun))
    if feed is None:
        raise Refusal(f"there is no feed {name}; {_known(sorted(each.name for each in known))}")
    reach = "everything" if start is None else f"what was changed since {start:%Y-%m-%d %H:%M:%S} UTC"
    typer.echo(f"{name} looks at {reach} once more; `crosswalk feeds` tells when it is done.")


def _paused(config: Path, platform: str, *, paused: bool) -> None:
    import asyncio

    from gateway.cli.refusal import Refusal
    from gateway.cli.settings_source import settings_from

    async def done(ledger: "DatabaseLedger") -> "tuple[int, Sequence[Feed]]":
        return await ledger.feeds.pause(platform, paused=paused), await ledger.feeds.all()

    number, known = asyncio.run(_with_ledger(settings_from(config), done))
    if not number:
        raise Refusal(f"no feed of a platform {platform}; {_known(sorted({each.platform for each in known}))}")


async def _with_ledger(settings: "Settings", work: "Callable[[DatabaseLedger], Awaitable[Result]]") -> "Result":
    from gateway.cli.ledgers import existing_ledger

    async with existing_ledger(settings) as ledger:
        return await work(ledger)


def _known(names: "Sequence[str]") -> str:
    return f"there are {', '.join(names)}" if names else "none has begun yet: start the gateway or a worker first"


def _instant(text: str) -> datetime:
    from gateway.cli.refusal import Refusal

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"--from: {text!r} is no instant; write it like 2026-11-01T00:00:00Z") from None
    if found.tzinfo is None:
        raise Refusal(f"--from: {text!r} has no zone; write it like {text}Z for UTC") from None
    return found.astimezone(UTC)
