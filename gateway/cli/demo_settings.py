"""Writes the settings of a demo as an installation would have them: one YAML file, and secrets in files beside it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gateway.cli.private_files import write_private


def write_settings(folder: Path, platforms: Mapping[str, Mapping[str, Any]], keys: Sequence[Mapping[str, str]]) -> Path:
    """The settings file for the sandbox's platforms, each in the role that the sandbox gives it.

    `folder` must be readable by nobody else.
    """
    roles: dict[str, list[str]] = defaultdict(list)
    configured: dict[str, Any] = {}
    for name, platform in platforms.items():
        roles[platform["role"]].append(name)
        credentials = {}
        for key, secret in platform["credentials"].items():
            write_private(folder / f"{name}.{key}", str(secret))
            credentials[key] = {"file": f"{name}.{key}"}
        configured[name] = {"vendor": platform["vendor"], "url": platform["url"], "credentials": credentials}
        if platform.get("options"):
            configured[name]["options"] = dict(platform["options"])
    settings = {
        "keys": [dict(key) for key in keys],
        "platforms": configured,
        "roles": dict(roles),
        "log": {"level": "error", "format": "console"},
    }
    path = folder / "crosswalk.yaml"
    write_private(path, yaml.safe_dump(settings, sort_keys=False))
    return path
