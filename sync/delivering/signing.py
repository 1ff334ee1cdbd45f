"""Secrets of webhooks, which are kept nowhere, and signatures with them, as Standard Webhooks has them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sync.ledger.port_of_webhooks import Hook

PREFIX = "whsec_"
BOTH_SIGN = timedelta(hours=24)
"""How long the secret before the last rotation signs as well."""


class Secrets:
    """A secret is derived from the installation's signing key, the webhook, and how often its secret was rotated: so it
    can be told once and needs to be stored by nobody but the receiver.
    """

    def __init__(self, signing_key: str) -> None:
        self._key = signing_key.encode()

    def of(self, hook_id: str, generation: int) -> str:
        """As receivers are given it: `whsec_` and the base64 of 32 bytes."""
        told = f"crosswalk webhook secret\x1f{hook_id}\x1f{generation}"
        return PREFIX + b64encode(hmac.digest(self._key, told.encode(), hashlib.sha256)).decode()

    def signing(self, hook: Hook, now: datetime) -> tuple[str, ...]:
        """Those that sign now, the newest first."""
        newest = self.of(hook.id, hook.generation)
        return (newest, self.of(hook.id, hook.generation - 1)) if both_sign(hook, now) else (newest,)


def both_sign(hook: Hook, now: datetime) -> bool:
    """Whether the secret before the last rotation is still good."""
    return hook.rotated_at is not None and now < hook.rotated_at + BOTH_SIGN


def signed(secrets: Iterable[str], message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The headers of a message; `at`: when it is sent, which changes with each try."""
    seconds = str(int(at.timestamp()))
    told = f"{message_id}.{seconds}.".encode() + body
    signatures = (hmac.digest(b64decode(secret.removeprefix(PREFIX)), told, hashlib.sha256) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{b64encode(signature).decode()}" for signature in signatures),
    }
