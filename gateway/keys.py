"""API keys: made once, shown once, kept only as a hash."""

import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
    """The keys that open this gateway, at present."""

    __slots__ = ("_holders", "_watched")

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._holders = _by_digest(keys)
        self._watched: dict[str, dict[Callable[[], None], None]] = {}

    def __len__(self) -> int:
        return len(self._holders)

    def holder(self, presented: str) -> Viewer | None:
        if not presented or len(presented) > LONGEST_KEY:
            return None
        digest = _digest(presented)
        found = None
        # Every key is compared, each in constant time: neither the place of a match nor its length can be timed.
        for stored, viewer in self._holders.items():
            if hmac.compare_digest(stored, digest):
                found = viewer
        return found

    def replace(self, keys: Iterable[ApiKey]) -> None:
        """From now on these open it. Whoever goes on with a key that is gone, or somebody else's now, is told."""
        before, self._holders = self._holders, _by_digest(keys)
        for digest, watching in tuple(self._watched.items()):
            if self._holders.get(digest) != before.get(digest):
                for lost in tuple(watching):
                    lost()

    def watch(self, presented: str, lost: Callable[[], None]) -> Callable[[], None]:
        """`lost` is called where the key opens nothing any more, or not for the same holder; until what comes back is
        called.
        """
        digest = _digest(presented)
        self._watched.setdefault(digest, {})[lost] = None

        def leave() -> None:
            watching = self._watched.get(digest, {})
            watching.pop(lost, None)
            if not watching:
                self._watched.pop(digest, None)

        return leave


def _by_digest(keys: Iterable[ApiKey]) -> Mapping[str, Viewer]:
    return {key.sha256.lower(): Viewer(name=key.name, role=key.role) for key in keys}


def _digest(presented: str) -> str:
    return sha256(presented.encode()).hexdigest()


def presented_key(headers: Mapping[bytes, bytes]) -> str:
    """The key of a request from `X-API-Key` or `Authorization: Bearer`; empty where there is none.

    Never from the URL, which ends in logs and histories.
    """
    key = headers.get(b"x-api-key")
    if key is None:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        key = token if scheme.lower() == b"bearer" else b""
    return key.strip().decode("latin-1")
