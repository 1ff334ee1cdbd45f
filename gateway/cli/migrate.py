"""`crosswalk migrate`: makes the ledger's tables, or brings them up to this version."""

from pathlib import Path
from typing import Annotated

import typer


def migrate(
    config: Annotated[Path, typer.Option(help="The settings file.")] = Path("crosswalk.yaml"),
) -> None:
    """Make the ledger's tables, or bring them up to date.

    Run it after installing a new version and before starting that, with a backup at hand. Running it again does
    nothing; several at once wait for each other.
    """
    import asyncio

    from gateway.cli.refusal import Refusal
    from gateway.cli.settings_source import settings_from

    settings = settings_from(config)
    from runtime.database import DatabaseUrlError
    from schema.errors import LedgerUnavailable
    from sync.ledger.migrating import LedgerVersionError
    from sync.ledger.migrating import migrate as migrate_ledger

    try:
        migrated = asyncio.run(migrate_ledger(settings.ledger.url.get_secret_value()))
    except (DatabaseUrlError, LedgerVersionError) as error:
        raise Refusal(f"ledger: {error}") from None
    except LedgerUnavailable as error:
        raise Refusal(f"ledger: {error.detail}", "is the database running, and ledger.url right?") from None
    if migrated.before == migrated.after:
        typer.echo(f"The ledger is at revision {migrated.after} already.")
    elif migrated.before is None:
        typer.echo(f"The ledger's tables are made, at revision {migrated.after}.")
    else:
        typer.echo(f"The ledger went from revision {migrated.before} to {migrated.after}.")
