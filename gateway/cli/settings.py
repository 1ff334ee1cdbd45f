"""`crosswalk settings`: what may be set."""

import typer

app = typer.Typer(help="The settings file.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """The settings file."""


@app.command()
def docs() -> None:
    """Print the page that documents every setting."""
    from runtime.settings.page import settings_page

    typer.echo(settings_page(), nl=False)
