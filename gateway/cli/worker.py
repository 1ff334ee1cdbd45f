"""`crosswalk worker`: processes that carry out runs, beside the gateway."""

from pathlib import Path
from typing import Annotated

import typer


def worker(
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("crosswalk.yaml"),
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many processes share the work.")] = 1,
    threads: Annotated[
        int, typer.Option(min=1, max=500, help="How many runs each process works on at the same time.")
    ] = 32,
    metrics_port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65_535,
            help="Serve Prometheus metrics, without a key, on this port of server.host; further processes on the ports "
            "behind it. 0: don't.",
        ),
    ] = 0,
    supervised: Annotated[
        bool, typer.Option("--supervised", hidden=True, help="Stop when standard input ends.")
    ] = False,
) -> None:
    """Carry out runs that gateways have accepted.

    Needs `broker.url` in the settings: without a Redis the gateway carries out its runs itself. Several workers may run
    on several machines; any of them may die at any time, and another one goes on where it was. Stops on Ctrl-C or
    SIGTERM after the steps in flight.
    """
    from gateway.cli.refusal import Refusal
    from gateway.cli.settings_source import settings_from
    from runtime.log import configure_logging

    settings = settings_from(config)
    if settings.broker.url is None:
        raise Refusal(
            "broker.url isn't set, so the gateway carries out its runs itself: there is nothing for a worker to do",
            "set broker.url to a Redis or Valkey that gateways and workers share, or leave workers out",
        )
    configure_logging(level=settings.log.level, style=settings.log.format)
    from gateway.cli.working import run_worker, run_workers  # the slow import, after all that can be told without it

    if processes > 1:
        run_workers(config, processes=processes, threads=threads, metrics_port=metrics_port)
    else:
        run_worker(settings, threads=threads, supervised=supervised, metrics_port=metrics_port)
