"""`crosswalk serve`: the gateway against the platforms that the settings name."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("crosswalk.yaml"),
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of the settings'.")] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port to listen on, instead of the settings'. 0 picks a free one."),
    ] = None,
) -> None:
    """Run the gateway.

    It starts whatever state the platforms are in; `crosswalk doctor` tells which of them answer. Stops on Ctrl-C or
    SIGTERM after the operations in flight.
    """
    from gateway.cli.ports import listen, url_of
    from gateway.cli.settings_source import settings_from
    from runtime.log import configure_logging

    settings = settings_from(config)
    configure_logging(level=settings.log.level, style=settings.log.format)
    listener = listen(host or settings.server.host, settings.server.port if port is None else port)
    from gateway.cli.wiring import run_gateway  # the slow import, after all that can be told without it

    run_gateway(settings, listener, announce=lambda: typer.echo(f"GraphQL: {url_of(listener)}/graphql", err=True))
