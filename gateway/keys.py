"""API keys: made once, shown once, kept only as a hash."""

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from resolvers.engine_port import Viewer

VISIBLE_CHARACTERS = 8
"""How much of a key's random part its prefix shows: enough to tell keys apart, useless for guessing the rest."""
LONGEST_KEY = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is stored of a key. `sha256` is hexadecimal; a key of 256 random bits needs no slower hash."""

    name: str
    role: str
    sha256: str
    prefix: str = ""


def new_key(*, name: str, role: str) -> tuple[str, ApiKey]:
    """The key to hand over, and what to store of it."""
    secret = secrets.token_hex(32)
    key = f"cw_{role}_{secret}"
    prefix = f"cw_{role}_{secret[:VISIBLE_CHARACTERS]}"
    return key, ApiKey(name=name, role=role, sha256=sha256(key.encode()).hexdigest(), prefix=prefix)


class KeyRing:
    """The keys that open this gateway."""

    __slots__ = ("_holders",)

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._holders = {
            key.sha256: Viewer(name=key.name, role=key.role)
            for key in (replace(key, sha256=key.sha256.lower()) for key in keys)
        }

    def __len__(self) -> int:
        return len(self._holders)

    def holder(self, presented: str) -> Viewer | None:
        if not presented or len(presented) > LONGEST_KEY:
            return None
        digest = sha256(presented.encode()).hexdigest()
        found = None
        # Every key is compared, each in constant time: neither the place of a match nor its length can be timed.
        for stored, viewer in self._holders.items():
            if hmac.compare_digest(stored, digest):
                found = viewer
        return found


def presented_key(headers: Mapping[bytes, bytes]) -> str:
    """The key of a request from `X-API-Key` or `Authorization: Bearer`; empty where there is none.

    Never from the URL, which ends in logs and histories.
    """
    key = headers.get(b"x-api-key")
    if key is None:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        key = token if scheme.lower() == b"bearer" else b""
    return key.strip().decode("latin-1")
