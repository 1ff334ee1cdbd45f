"""`crosswalk query`: sends one operation and shows the answer."""

from pathlib import Path
from typing import Annotated

import typer


def query(
    file: Annotated[str, typer.Argument(help="File with the operation; - reads standard input.")],
    variables: Annotated[
        str | None, typer.Option(help="The operation's variables as JSON, such as '{\"first\": 10}'.")
    ] = None,
    operation: Annotated[str | None, typer.Option(help="Which operation, where the file has several.")] = None,
    url: Annotated[str, typer.Option(envvar="CROSSWALK_URL", help="Where the gateway answers.")] = (
        "http://127.0.0.1:8000/graphql"
    ),
    key: Annotated[
        str | None,
        typer.Option(envvar="CROSSWALK_KEY", help="API key. Better in the environment, where `ps` shows none."),
    ] = None,
) -> None:
    """Send one GraphQL operation to a gateway and print the answer as JSON.

    Exit code 1 when the answer has errors.
    """
    import json

    from gateway.cli.ask import ask

    answer = ask(url, key=key, document=_document(file), variables=_variables(variables), operation=operation)
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    if answer.get("errors"):
        raise typer.Exit(1)


def _document(file: str) -> str:
    import sys

    from gateway.cli.refusal import Refusal

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Refusal(f"there is no file {file}; write - to read the operation from standard input") from None
    except (OSError, UnicodeDecodeError):
        raise Refusal(f"{file} can't be read as text") from None
    if not text.strip():
        raise Refusal(f"{'standard input' if file == '-' else file} holds no operation")
    return text


def _variables(text: str | None) -> dict[str, object] | None:
    import json

    from gateway.cli.refusal import Refusal

    if text is None:
        return None
    try:
        variables = json.loads(text)
    except json.JSONDecodeError as error:
        raise Refusal(f"--variables is not JSON: {error.msg} at character {error.pos + 1}") from None
    if not isinstance(variables, dict):
        raise Refusal('--variables must be a JSON object, such as {"first": 10}')
    return variables
