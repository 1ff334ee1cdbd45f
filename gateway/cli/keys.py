"""`crosswalk keys`: makes the API keys that guard the graph."""

from typing import Annotated

import typer

app = typer.Typer(help="API keys.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """API keys."""


@app.command()
def new(
    role: Annotated[str, typer.Option(help="What the holder is: portal, finance, auditor, admin, ...")],
    name: Annotated[str | None, typer.Option(help="Who holds it; shown in logs. Default: the role.")] = None,
) -> None:
    """Make a key, print it once, and print the line that the settings store instead of it."""
    from gateway.cli.key_entries import ROLES, new_entry
    from gateway.cli.refusal import Refusal
    from runtime.settings.problems import nearest

    if role not in ROLES:
        raise Refusal(f"there is no role {role}{nearest(role, ROLES)}")

    key, entry = new_entry(name=name or role, role=role)
    typer.echo("The key, shown this once; hand it over on a safe way:", err=True)
    typer.echo(key)
    typer.echo("\nAdd to `keys:` in the settings file:", err=True)
    typer.echo(
        f"  - {{name: {entry['name']}, role: {entry['role']}, prefix: {entry['prefix']}, sha256: {entry['sha256']}}}"
    )
