"""Who is sent what, and how badly: the body of `POST /webhooks`, or why it can't be done."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import urlsplit

from sandbox.platform import EmulatedPlatform
from sandbox.refusals import RefusedRequest, unknown
from sandbox.store import Record
from sandbox.webhooks.signing import read_secret

_KEYS = (
    "platform", "url", "secret", "entities", "duplicates", "reorderMs", "delayMs", "drop", "skewSeconds", "tries",
)  # fmt: skip
_HERE = ("127.0.0.1", "localhost", "::1")


@dataclass(slots=True, kw_only=True)
class Subscription:
    """One receiver of one platform's changes. Times are in seconds.

    `duplicates`: how often each message is sent once more. `reorder`: each is held back for some time up to this, by
    dice, so that they overtake one another; without it they leave one after the other. `drop`: which part of them is
    never sent. `skew`: how far the sender's clock is ahead. `tries`: how often one is sent that isn't answered by 2xx.
    `counts`: messages that were taken, that were given up (`failed`) and that weren't sent (`dropped`); `sent`:
    attempts; `pending`: what will still be sent.
    """

    id: str
    platform: str
    url: str
    key: bytes = field(repr=False)
    entities: frozenset[str]
    duplicates: int = 0
    reorder: float = 0.0
    delay: float = 0.0
    drop: float = 0.0
    skew: float = 0.0
    tries: int = 6
    counts: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> Record:
        """For whoever asks; the secret is told to nobody."""
        told = ("sent", "taken", "failed", "dropped", "pending")
        return {
            "id": self.id,
            "platform": self.platform,
            "url": self.url,
            "entities": sorted(self.entities),
            "counts": {name: self.counts[name] for name in told},
        }


def read_subscription(asked: Record, platforms: Mapping[str, EmulatedPlatform], new_id: str) -> Subscription:
    """Raises RefusedRequest for a platform that sends nothing, a key or a value that there isn't."""
    for name in asked:
        if name not in _KEYS:
            raise RefusedRequest(422, "UNKNOWN_KEY", unknown("key of a webhook", name, _KEYS))
    senders = {name: platform for name, platform in platforms.items() if platform.scripted}
    platform = senders.get(str(asked.get("platform")))
    if platform is None:
        known = unknown("platform that sends webhooks", asked.get("platform"), senders)
        raise RefusedRequest(404, "UNKNOWN_PLATFORM", known)
    return Subscription(
        id=new_id,
        platform=platform.name,
        url=_url(asked.get("url")),
        key=_key(asked.get("secret")),
        entities=_entities(asked.get("entities"), platform),
        duplicates=int(_number(asked, "duplicates", 0, 100)),
        reorder=_number(asked, "reorderMs", 0, 3_600_000) / 1_000,
        delay=_number(asked, "delayMs", 0, 3_600_000) / 1_000,
        drop=_number(asked, "drop", 0, 1),
        skew=_number(asked, "skewSeconds", -1_000_000, 1_000_000),
        tries=int(_number(asked, "tries", 1, 100, usual=6)),
    )


def _url(given: object) -> str:
    parts = urlsplit(given) if isinstance(given, str) else None
    if parts is None or parts.scheme != "http" or parts.hostname not in _HERE:
        raise RefusedRequest(422, "INVALID", f"url must be http:// and on this machine ({', '.join(_HERE)})")
    return parts.geturl()


def _key(given: object) -> bytes:
    try:
        return read_secret(given if isinstance(given, str) else "")
    except ValueError:
        raise RefusedRequest(
            422, "INVALID", "secret must be 24 to 64 bytes in base64, with or without whsec_ before them"
        ) from None


def _entities(given: object, platform: EmulatedPlatform) -> frozenset[str]:
    if given is None:
        return platform.scripted
    if not isinstance(given, list):
        raise RefusedRequest(422, "INVALID", "entities must be a list of names")
    for name in given:
        if name not in platform.tables:
            raise RefusedRequest(422, "UNKNOWN_ENTITY", unknown(f"entity of {platform.name}", name, platform.tables))
    return frozenset(given)


def _number(asked: Record, name: str, low: float, high: float, *, usual: float = 0) -> float:
    value = asked.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not low <= value <= high:
        raise RefusedRequest(422, "INVALID", f"{name} must be a number from {low} to {high}, not {value!r}")
    return float(value)
