"""Writes the settings of a demo as an installation would have them: one YAML file, and secrets in files beside it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from gateway.cli.private_files import write_private

# How the invented firm sets up what it sells, and which of its ERP's items stand for what it bills.
SERVICES: Mapping[str, Mapping[str, Any]] = {
    "ADV": {"kind": "ADVISORY", "tasks": ["Kick-off", "Assessment", "Report"]},
    "CLD": {"tasks": ["Kick-off", "Landing zone", "Migration", "Handover"]},
    "DAT": {"tasks": ["Kick-off", "Model", "Pipelines", "Handover"]},
    "ERP": {"tasks": ["Kick-off", "Design", "Build", "Cutover"]},
    "MSV": {"kind": "MANAGED_SERVICE", "tasks": ["Transition", "Service"]},
    "SEC": {"tasks": ["Kick-off", "Review", "Report"]},
    "UXD": {"tasks": ["Kick-off", "Research", "Design", "Test"]},
}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "netsuite": {"items": {"service": "45", "milestone": "46"}},
    "kantata": {"settle_seconds": 1},  # the emulated one is done with a call as soon as it is gone
}

FEEDS: Mapping[str, Any] = {"shortest_seconds": 1, "longest_seconds": 20}
"""Who waits for a change in a demo waits for seconds; who counts the calls of a question has quiet in between."""
NO_FEEDS: Mapping[str, Any] = {"enabled": False}


def write_settings(
    folder: Path,
    platforms: Mapping[str, Mapping[str, Any]],
    keys: Sequence[Mapping[str, str]],
    *,
    feeds: Mapping[str, Any] = NO_FEEDS,
    webhooks: Mapping[str, str] | None = None,
) -> Path:
    """The settings file for the sandbox's platforms, each in the role that the sandbox gives it.

    `folder` must be readable by nobody else. Changes on the platforms aren't looked for unless `feeds` says how often,
    so that whoever counts the calls to them counts their own. `webhooks`: the secrets that platforms sign with.
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
        options = {**OPTIONS.get(platform["vendor"], {}), **(platform.get("options") or {})}
        if options:
            configured[name]["options"] = options
    signed: dict[str, Any] = {}
    for name, secret in (webhooks or {}).items():
        write_private(folder / f"{name}.webhooks", secret)
        signed[name] = {"secrets": {"demo": {"file": f"{name}.webhooks"}}}
    settings = {
        "keys": [dict(key) for key in keys],
        "platforms": configured,
        "roles": dict(roles),
        "services": {code: dict(template) for code, template in SERVICES.items()},
        "feeds": dict(feeds),
        "webhooks": signed,
        "log": {"level": "error", "format": "console"},
    }
    path = folder / "crosswalk.yaml"
    write_private(path, yaml.safe_dump(settings, sort_keys=False))
    return path
