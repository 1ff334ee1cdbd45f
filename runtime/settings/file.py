"""Reads `crosswalk.yaml`, lays the environment over it, fetches the secrets and checks the whole."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr, ValidationError

from runtime.settings.environment import overrides
from runtime.settings.model import Settings
from runtime.settings.problems import SettingsError, explain
from runtime.settings.secrets import SecretMissingError, resolve, resolve_url


def read_settings(path: Path, *, environ: Mapping[str, str]) -> Settings:
    """The settings of an installation, complete and checked.

    Raises SettingsError with every problem at once: a missing or broken file, unknown keys (with the nearest right
    name), wrong values, platforms that roles name but nobody configured, secrets that are not where they should be.
    """
    try:
        settings = _mapping(path, _load(path))
    except FileNotFoundError:
        hint = "copy crosswalk.example.yaml and fill it in, name another with --config, or try `crosswalk demo`"
        raise SettingsError([f"there is no settings file {path}; {hint}"]) from None
    folder = path.resolve().parent
    problems = _fetch_secrets(settings, environ=environ, folder=folder)
    platforms = settings.get("platforms")
    from_environment, misnamed = overrides(environ, platforms if isinstance(platforms, dict) else {})
    settings = _laid_over(settings, from_environment)
    unread, of_file = _add_keys(settings, folder)
    problems += [*misnamed, *unread]
    problems = [line for line in problems if line.partition(":")[0] not in _paths(from_environment)]
    try:
        checked = Settings.model_validate(settings)
    except ValidationError as error:
        # A secret that could not be fetched is told once, by its own line.
        told = {line.partition(":")[0] for line in problems}
        problems += [line for line in explain(error, Settings) if line.partition(":")[0] not in told]
        raise SettingsError(problems) from None
    if problems:
        raise SettingsError(problems)
    return _beside_the_file(checked, folder).with_keys(checked.keys, of_file=of_file)


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error, not a silent winner."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key} stands twice", key_node.start_mark)
            seen.add(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def _load(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError([f"{path} is not valid YAML{where}: {error.problem}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise SettingsError([f"{path} is not valid YAML: it holds characters that YAML does not allow"]) from None
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SettingsError([f"{path} can't be read: {error.strerror}"]) from None


def _mapping(path: Path, content: Any) -> dict[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError([f"{path} must hold settings by name, such as `server:`; see crosswalk.example.yaml"])
    return content


def _fetch_secrets(settings: dict[str, Any], *, environ: Mapping[str, str], folder: Path) -> list[str]:
    """Puts the secrets in place of the references to them; one line per secret that is missing or in the open."""
    problems: list[str] = []
    for path, secrets, key in list(_secrets(settings)):
        try:
            secrets[key] = resolve(secrets[key], environ=environ, folder=folder)
        except SecretMissingError as error:
            del secrets[key]
            problems.append(f"{path}.{key}: {error}")
    for name in ("cache", "ledger", "broker"):
        section = settings.get(name)
        if not isinstance(section, dict) or section.get("url") is None:
            continue
        try:
            section["url"] = resolve_url(section["url"], environ=environ, folder=folder)
        except SecretMissingError as error:
            del section["url"]
            problems.append(f"{name}.url: {error}")
    return problems


def _secrets(settings: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Where references to secrets stand: the path of the part that holds one, the part, and the name in it."""
    for section, part in (("platforms", "credentials"), ("webhooks", "secrets")):
        entries = settings.get(section)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            secrets = entry.get(part) if isinstance(entry, dict) else None
            if isinstance(secrets, dict):
                yield from ((f"{section}.{name}.{part}", secrets, key) for key in secrets)
    hooks = settings.get("hooks")
    if isinstance(hooks, dict) and hooks.get("signing_key") is not None:
        yield "hooks", hooks, "signing_key"


def _beside_the_file(settings: Settings, folder: Path) -> Settings:
    """The ledger's file, and the keys', don't depend on where a command is started."""
    if settings.keys_file is not None:
        settings = settings.model_copy(update={"keys_file": str(folder / Path(settings.keys_file).expanduser())})
    start = "sqlite:///"
    url = settings.ledger.url.get_secret_value()
    if not url.startswith(start):
        return settings
    path, mark, query = url.removeprefix(start).partition("?")
    absolute = SecretStr(f"{start}{folder / Path(path).expanduser()}{mark}{query}")
    return settings.model_copy(update={"ledger": settings.ledger.model_copy(update={"url": absolute})})


def reread_keys(settings: Settings) -> Settings:
    """The settings with the keys that `keys_file` holds by now, in the place of those that it held before.

    Raises SettingsError with every problem of the file, as `read_settings` does.
    """
    assert settings.keys_file is not None
    entries = _key_entries(Path(settings.keys_file))
    own = [key.model_dump() for key in settings.own_keys]
    try:
        checked = Settings.model_validate({"keys": [*own, *entries]})
    except ValidationError as error:
        raise SettingsError(list(explain(error, Settings))) from None
    return settings.with_keys(checked.keys, of_file=len(entries))


def _add_keys(settings: dict[str, Any], folder: Path) -> tuple[Sequence[str], int]:
    """Adds the keys of `keys_file` to those of the settings: the problems with it, and how many it holds."""
    keys_file = settings.get("keys_file")
    if not isinstance(keys_file, str):
        return [], 0
    try:
        entries = _key_entries(folder / Path(keys_file).expanduser())
    except SettingsError as error:
        return error.problems, 0
    given = settings.get("keys") or []
    settings["keys"] = [*given, *entries] if isinstance(given, list) else given
    return [], len(entries)


def _key_entries(path: Path) -> list[Any]:
    try:
        entries = _load(path)
    except FileNotFoundError:
        hint = "`crosswalk keys new` prints entries for it"
        raise SettingsError([f"keys_file: there is no file {path}; {hint}"]) from None
    except SettingsError as error:
        raise SettingsError([f"keys_file: {problem}" for problem in error.problems]) from None
    if not isinstance(entries, list):
        raise SettingsError([f"keys_file: {path} must hold a list of entries like those of `keys`"])
    return entries


def _laid_over(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _laid_over(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def _paths(settings: Mapping[str, Any], start: str = "") -> set[str]:
    """The dotted path of every value: what the environment sets needs no secret from the file."""
    found: set[str] = set()
    for key, value in settings.items():
        path = f"{start}{key}"
        found |= _paths(value, f"{path}.") if isinstance(value, dict) else {path}
    return found
