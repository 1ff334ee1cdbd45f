"""The command line `crosswalk`: one file per command, each loading what it needs only when it runs."""

import sys

import typer

from gateway.cli import (
    audit,
    demo,
    doctor,
    events,
    feeds,
    keys,
    migrate,
    query,
    reconcile,
    sandbox,
    schema,
    serve,
    settings,
    trace,
    worker,
)
from gateway.cli.refusal import Refusal

app = typer.Typer(
    name="crosswalk",
    help="One live graph over CRM, PSA and ERP. Start with `crosswalk demo`.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("sandbox")(sandbox.sandbox)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("migrate")(migrate.migrate)
app.command("query")(query.query)
app.command("trace")(trace.trace)
app.add_typer(feeds.app, name="feeds")
app.command("events")(events.events)
app.command("reconcile")(reconcile.reconcile)
app.add_typer(audit.app, name="audit")
app.add_typer(schema.app, name="schema")
app.command("doctor")(doctor.doctor)
app.add_typer(keys.app, name="keys")
app.add_typer(settings.app, name="settings")


def main() -> None:
    """Runs a command; what stops it is told in plain lines on standard error, never as a stack trace."""
    try:
        app()
    except Refusal as refusal:
        for line in refusal.lines:
            typer.echo(f"crosswalk: {line}", err=True)
        sys.exit(refusal.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe (`crosswalk schema print | head`) has left; Python would complain once more at exit.
        sys.stdout = None
        sys.exit(0)
