"""`crosswalk demo`: invented platforms and the gateway on this machine, in one go."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Erp(Enum):
    """Which ERP the demo shows."""

    NETSUITE = "netsuite"
    TRYTON = "tryton"


def demo(
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="Port of the gateway; 0 picks a free one. The platforms always get free ones."
        ),
    ] = 8000,
    accounts: Annotated[int, typer.Option(min=1, max=100_000, help="How many clients the invented firm has.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same firm, to the cent.")] = 7,
    erp: Annotated[
        Erp,
        typer.Option(help="The ERP: an emulated NetSuite, or a real Tryton (installed at first start, some minutes)."),
    ] = Erp.NETSUITE,
    ready_file: Annotated[
        Path | None, typer.Option(help="JSON file written once everything answers: addresses, keys, credentials.")
    ] = None,
) -> None:
    """Try Crosswalk with nothing to install: CRM, PSA and ERP of an invented firm, and one graph over them.

    Prints where to look, a key per role, and a sample query with its real answer. Runs until Ctrl-C and keeps
    nothing but the ready file.
    """
    from gateway.cli.demo_platforms import Firm
    from gateway.cli.demo_run import DemoWishes, run_demo
    from gateway.cli.until_stopped import run_until_stopped
    from runtime.log import configure_logging

    configure_logging(level="error", style="console")
    firm = Firm(accounts=accounts, seed=seed, tryton=erp is Erp.TRYTON)
    run_until_stopped(run_demo(DemoWishes(port=port, firm=firm, ready_file=ready_file)))
