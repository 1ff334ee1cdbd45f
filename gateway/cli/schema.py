"""`crosswalk schema`: the schema as text, and what a change of it would break."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The GraphQL schema.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """The GraphQL schema."""


@app.command("print")
def print_schema() -> None:
    """Print the schema in GraphQL's schema language."""
    typer.echo(_committed(), nl=False)


@app.command()
def check(
    against: Annotated[
        Path, typer.Argument(help="The schema that callers use today, such as a copy of an earlier release.")
    ],
) -> None:
    """Tell what callers of AGAINST would notice if they moved to this schema.

    Breaking: operations that worked fail. Dangerous: they may behave differently. Safe: they notice nothing. Exit
    code 1 when anything is breaking.
    """
    from gateway.cli.refusal import Refusal
    from gateway.cli.schema_changes import compare

    try:
        before = against.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Refusal(f"there is no file {against}") from None
    except (OSError, UnicodeDecodeError):
        raise Refusal(f"{against} can't be read as text") from None
    changes = compare(before, _committed(), name=str(against))
    for change in changes:
        typer.echo(f"{change.weight:<9}  {change.description}")
    count = {weight: sum(change.weight == weight for change in changes) for weight in ("breaking", "dangerous", "safe")}
    typer.echo(f"{count['breaking']} breaking, {count['dangerous']} dangerous, {count['safe']} safe")
    if count["breaking"]:
        raise typer.Exit(1)


def _committed() -> str:
    from importlib.resources import files

    return files("schema").joinpath("schema.graphql").read_text(encoding="utf-8")
