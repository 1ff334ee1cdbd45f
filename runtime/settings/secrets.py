"""Secrets stand in the environment or in files; the settings file only says where."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WHERE = "write {env: NAME} for an environment variable or {file: PATH} for a file that holds it"


class SecretMissingError(Exception):
    """A secret is not where the settings say, or stands where it must not; the message never holds a value."""


def resolve(reference: Any, *, environ: Mapping[str, str], folder: Path) -> str:
    """The secret that `{env: NAME}` or `{file: PATH}` points to; relative paths start at `folder`.

    A final line break of a file is not part of the secret.
    """
    if not isinstance(reference, dict):
        raise SecretMissingError(f"a credential never stands in the settings file itself; {WHERE}")
    match reference:
        case {"env": str(name)} if len(reference) == 1:
            if not environ.get(name):
                raise SecretMissingError(f"the environment variable {name} is not set; set it, or point elsewhere")
            return environ[name]
        case {"file": str(path)} if len(reference) == 1:
            return _read(folder / Path(path).expanduser())
        case _:
            raise SecretMissingError(f"not understood; {WHERE}")


def resolve_url(value: Any, *, environ: Mapping[str, str], folder: Path) -> str:
    """A URL that may stand in the settings file as long as no password stands in it."""
    if isinstance(value, str):
        try:
            password = urlsplit(value).password
        except ValueError:
            raise SecretMissingError("not a URL") from None
        if password:
            raise SecretMissingError(f"holds a password, which never stands in the settings file; {WHERE}")
        return value
    return resolve(value, environ=environ, folder=folder)


def _read(path: Path) -> str:
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except FileNotFoundError:
        raise SecretMissingError(f"there is no file {path}; create it with the secret as its only content") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SecretMissingError(f"the file {path} can't be read: {reason}") from None
    if not secret:
        raise SecretMissingError(f"the file {path} is empty; put the secret into it")
    return secret
