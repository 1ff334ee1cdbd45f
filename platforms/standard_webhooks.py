"""Messages signed as Standard Webhooks says, with a body of our own, for whatever can send them: a Flow, a script.

Signature: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. Body: see
docs/webhooks.md.
"""

import binascii
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

import msgspec

from platforms.feeds import Hint
from platforms.inbound import Fault, Post, UnacceptableError
from platforms.readers import Facet
from runtime.settings.problems import nearest
from schema.roles import PlatformRole

PREFIX = "whsec_"
FEWEST_BYTES = 24
"""Of a secret, as the specification says."""
MOST_SIGNATURES = 16
MOST_RECORDS = 1_000
_EVENT_ID = re.compile(r"[!-~]{1,200}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_RECORD_ID = re.compile(r"[!-~]{1,200}")

Named = tuple[str, PlatformRole]
"""A facet: canonical type and role."""


def signature(key: bytes, *, event_id: str, timestamp: str, body: bytes) -> str:
    """As it stands in the header: with its version, for one key."""
    signed = b"%s.%s.%s" % (event_id.encode(), timestamp.encode(), body)
    return "v1," + b64encode(hmac.digest(key, signed, sha256)).decode()


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: base64, with or without `whsec_` before it. Raises ValueError."""
    try:
        return b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("must be base64") from None


class _Record(msgspec.Struct):
    id: str | int
    type: str | None = None
    role: str | None = None
    entity: str | None = None
    change: Literal["created", "changed", "deleted", "merged"] = "changed"
    into: str | int | None = None


class _One(_Record):
    """A body that is a record itself, or holds several."""

    id: str | int = ""
    records: list[_Record] | None = None


_BODY = msgspec.json.Decoder(_One)


class StandardInbound:
    """Meets `platforms.inbound.Inbound`.

    `names`: what the vendor calls its records, in lower case, each with the facets that such a record has. `tame`:
    makes the platform's id what its reader calls it; None for a text that can't be one.
    """

    def __init__(
        self, names: Mapping[str, Sequence[Named]], *, tame: Callable[[str], str | None] | None = None
    ) -> None:
        self._names = {name.lower(): tuple(facets) for name, facets in names.items()}
        self._facets = tuple(dict.fromkeys(facet for facets in names.values() for facet in facets))
        self._tame = tame or _plain

    def problem_with(self, secret: str) -> str | None:
        try:
            key = key_of(secret)
        except ValueError:
            return f"must be {FEWEST_BYTES} random bytes or more in base64, with or without {PREFIX} before them"
        if len(key) < FEWEST_BYTES:
            return f"has {len(key)} bytes; {FEWEST_BYTES} are the fewest, in base64"
        return None

    def event_id(self, post: Post, *, secrets: Sequence[str], now: datetime, tolerance: timedelta) -> str:
        event_id, timestamp, signatures = (post.headers.get(f"webhook-{name}", "") for name in _HEADERS)
        if not (event_id and timestamp and signatures):
            raise UnacceptableError(
                Fault.UNSIGNED, "Send the headers webhook-id, webhook-timestamp and webhook-signature."
            )
        if _EVENT_ID.fullmatch(event_id) is None or _SECONDS.fullmatch(timestamp) is None:
            raise UnacceptableError(
                Fault.UNSIGNED,
                "webhook-id has at most 200 characters of ASCII, no spaces; webhook-timestamp is seconds since 1970.",
            )
        if not _is_signed(signatures, secrets, event_id, timestamp, post.body):
            raise UnacceptableError(
                Fault.FORGED,
                "No signature in webhook-signature is v1 of this very id, time and body with a secret known here.",
            )
        off = int(timestamp) - now.timestamp()
        if abs(off) > tolerance.total_seconds():
            side = "ahead of" if off > 0 else "behind"
            raise UnacceptableError(
                Fault.STALE,
                f"webhook-timestamp is {abs(off):.0f} s {side} this gateway's clock; {tolerance.total_seconds():g} s "
                "are the most. Sign it anew each time it is sent, and check the clocks.",
            )
        return event_id

    def hints(self, body: bytes) -> tuple[Hint, ...]:
        try:
            found = _BODY.decode(body)
        except msgspec.ValidationError as error:
            raise _malformed(f"The body isn't what is expected here: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise _malformed("The body isn't a JSON object in UTF-8") from None
        except RecursionError:
            raise _malformed("The body is nested too deep") from None
        records: Sequence[_Record] = [found] if found.records is None else found.records
        if len(records) > MOST_RECORDS:
            raise _malformed(f"The body names {len(records)} records; {MOST_RECORDS} are the most")
        named = (hint for record in records for hint in self._hints(record))
        return tuple({(hint.type, hint.role, hint.external_id): hint for hint in named}.values())

    def _hints(self, record: _Record) -> Iterable[Hint]:
        external_id = self._id(record.id, "id")
        into = None if record.into is None else self._id(record.into, "into")
        if (record.change == "merged") is not (into is not None):
            raise _malformed("`into` belongs to `change: merged`, and to no other change")
        for type_name, role in self._meant(record):
            yield Hint(type=type_name, role=role, external_id=external_id, gone=record.change in _GONE, into=into)

    def _id(self, given: str | int, name: str) -> str:
        text = str(given)
        tamed = self._tame(text) if _RECORD_ID.fullmatch(text) else None
        if tamed is None:
            raise _malformed(f"`{name}` of a record isn't an id of this platform")
        return tamed

    def _meant(self, record: _Record) -> Sequence[Named]:
        if (record.type is None) is (record.entity is None):
            raise _malformed("A record has either `type` or `entity`")
        if record.entity is not None:
            facets = self._names.get(record.entity.lower(), ())
            if not facets:
                known = nearest(record.entity, self._names)
                raise _malformed(f"No entity {record.entity[:80]!r} of this platform is known here{known}")
            return facets
        meant = [facet for facet in self._facets if facet[0] == record.type]
        if record.role is not None:
            meant = [facet for facet in meant if facet[1].value == record.role]
        if not meant:
            known = nearest(str(record.type), {name for name, _ in self._facets})
            where = "" if record.role is None else f" in the role {record.role[:20]!r}"
            raise _malformed(f"This platform has no {str(record.type)[:80]!r}{where}{known}")
        return meant


def names_of(facets: Mapping[Named, Facet], also: Mapping[str, str] | None = None) -> Mapping[str, Sequence[Named]]:
    """What `StandardInbound` needs of a reader's facets. `also`: further names, each with the entity it stands for."""
    names: dict[str, list[Named]] = {}
    for named, facet in facets.items():
        names.setdefault(facet.entity.lower(), []).append(named)
    for name, entity in (also or {}).items():
        if entity.lower() in names:
            names[name.lower()] = names[entity.lower()]
    return names


def _is_signed(signatures: str, secrets: Sequence[str], event_id: str, timestamp: str, body: bytes) -> bool:
    given = [text.encode() for text in signatures.split(" ")[:MOST_SIGNATURES]]
    fits = False
    # All are compared, each in constant time: how long it takes tells nothing of where they differ.
    for secret in secrets:
        wanted = signature(key_of(secret), event_id=event_id, timestamp=timestamp, body=body).encode()
        for text in given:
            fits |= hmac.compare_digest(text, wanted)
    return fits


def _malformed(what: str) -> UnacceptableError:
    return UnacceptableError(Fault.MALFORMED, f"{what}; docs/webhooks.md shows the body.")


def _plain(external_id: str) -> str:
    return external_id


_HEADERS = ("id", "timestamp", "signature")
_GONE = frozenset({"deleted", "merged"})
