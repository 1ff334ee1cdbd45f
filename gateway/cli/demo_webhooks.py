"""Lets the demo's platforms send to its gateway what changes in them, as an installation's scripts and flows would."""

import json
import secrets
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

_SECONDS = 10.0
_BYTES = 32


def new_secrets(control: str) -> dict[str, str]:
    """One for each platform of the sandbox at this address that can send webhooks."""
    senders = _ask(control, "GET")["senders"]
    return {name: f"whsec_{b64encode(secrets.token_bytes(_BYTES)).decode()}" for name in senders}


def subscribe(control: str, gateway: str, webhooks: Mapping[str, str]) -> None:
    """`gateway`: its address, without a path; `webhooks`: the secrets by platform."""
    for name, secret in webhooks.items():
        _ask(control, "POST", {"platform": name, "url": f"{gateway}/webhooks/{name}", "secret": secret})


def _ask(control: str, method: str, body: Mapping[str, Any] | None = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - the address is the sandbox's own
        f"{control}/webhooks", content, {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        return json.load(answer)
