"""Settings from environment variables: `CROSSWALK_SERVER__PORT=9000` sets `server.port`."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from runtime.settings.model import Settings
from runtime.settings.problems import nearest, section_at

PREFIX = "CROSSWALK_"


def overrides(environ: Mapping[str, str], platforms: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The settings that the environment names, and one line per name that leads nowhere.

    Only names with a double underscore are ours (and `CROSSWALK_KEYS_FILE`): Kubernetes adds names such as
    `CROSSWALK_PORT` and `CROSSWALK_SERVICE_HOST` to every pod beside a service called crosswalk. A platform whose name
    has a dash is written with an underscore, which shells allow.
    """
    found: dict[str, Any] = {}
    problems: list[str] = []
    for name in sorted(environ):
        steps = name.removeprefix(PREFIX).split("__")
        if not name.startswith(PREFIX) or (len(steps) == 1 and steps[0] != "KEYS_FILE"):
            continue
        try:
            path = _path(steps, platforms)
            _put(found, path, _value(path, environ[name]))
        except ValueError as error:
            problems.append(f"{name}: {error}")
    return found, problems


def _path(steps: list[str], platforms: Mapping[str, Any]) -> list[str]:
    path: list[str] = []
    for step in steps:
        section = section_at(Settings, path)
        if section is not None:
            path.append(_field(section, step))
        elif path == ["platforms"]:
            path.append(_platform(step, platforms))
        elif path == ["roles"] or path[-1] == "peers":
            path.append(step.upper())
        elif path[-1] in ("credentials", "options"):
            path.append(step.lower())
        else:
            raise ValueError(f"{'.'.join(path)} has no parts that the environment can set; use the settings file")
    return path


def _field(section: type[BaseModel], step: str) -> str:
    if step.lower() not in section.model_fields:
        raise ValueError(f"there is no such setting ({step.lower()}){nearest(step, section.model_fields)}")
    return step.lower()


def _platform(step: str, platforms: Mapping[str, Any]) -> str:
    wanted = step.lower().replace("_", "-")
    return next((name for name in platforms if name.lower().replace("_", "-") == wanted), wanted)


def _value(path: list[str], text: str) -> Any:
    """Lists and mappings come as JSON; anything else is converted by the setting's own type."""
    if "credentials" in path or text[:1] not in ("[", "{"):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise ValueError("starts like JSON and is none") from None


def _put(settings: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        settings = settings.setdefault(step, {})
        if not isinstance(settings, dict):
            raise ValueError(f"{step} is set as a whole by another variable")  # noqa: TRY004 - a mistake in the settings
    settings[path[-1]] = value
