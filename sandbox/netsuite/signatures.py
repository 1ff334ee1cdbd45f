"""Token-based authentication: OAuth 1.0a requests signed with HMAC-SHA256.

Source: docs.oracle.com, The Authorization Header for Token-based Authentication; RFC 5849 section 3.4.
"""

import hmac
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import datetime
from hashlib import sha256
from urllib.parse import parse_qsl, quote, unquote

from starlette.requests import Request

from sandbox.netsuite.errors import Refused, login_failed

TOLERANCE = 300
"""Seconds that a request's timestamp may be away from the platform's clock."""


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")


def base_string(method: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """What is signed: `parameters` are the oauth_* ones without the signature, and those of the query string."""
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in parameters)
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    return "&".join(_encoded(part) for part in (method.upper(), url, joined))


def signature(text: str, consumer_secret: str, token_secret: str) -> str:
    key = f"{_encoded(consumer_secret)}&{_encoded(token_secret)}"
    return b64encode(hmac.new(key.encode(), text.encode(), sha256).digest()).decode()


def header_parameters(header: str) -> dict[str, str]:
    """The parameters of an `Authorization: OAuth ...` header, decoded."""
    parameters = {}
    for part in header.removeprefix("OAuth").split(","):
        name, _, value = part.strip().partition("=")
        parameters[unquote(name)] = unquote(value.strip('"'))
    return parameters


class TokenSignatures:
    """Checks signed requests of one integration and one token, and remembers the nonces it has seen."""

    def __init__(
        self, account: str, consumer: tuple[str, str], token: tuple[str, str], wall: Callable[[], datetime]
    ) -> None:
        self._account = account
        self._consumer = consumer
        self._token = token
        self._wall = wall
        self._seen: dict[tuple[str, str], int] = {}

    def forget(self) -> None:
        self._seen.clear()

    def check(self, request: Request) -> None:
        """Raises the 401 that NetSuite gives; its login audit trail would hold the reason told here."""
        sent = header_parameters(request.headers["authorization"])
        self._known(sent)
        scope = request.scope
        path = scope.get("raw_path", scope["path"].encode()).split(b"?")[0].decode()
        url = f"{scope['scheme']}://{request.headers['host'].lower()}{path}"
        own = [(name, value) for name, value in sent.items() if name not in ("realm", "oauth_signature")]
        query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
        expected = signature(base_string(request.method, url, own + query), self._consumer[1], self._token[1])
        if not hmac.compare_digest(expected, sent.get("oauth_signature", "")):
            raise login_failed("InvalidSignature")
        self._fresh(sent)

    def _known(self, sent: dict[str, str]) -> None:
        reasons = {
            "realm": (self._account, "AccountMismatch"),  # in its original form, upper case
            "oauth_signature_method": ("HMAC-SHA256", "UnknownAlgorithm"),
            "oauth_consumer_key": (self._consumer[0], "ConsumerKeyUnknown"),
            "oauth_token": (self._token[0], "TokenUnknown"),
        }
        for name, (expected, reason) in reasons.items():
            if sent.get(name) != expected:
                raise login_failed(reason)
        if sent.get("oauth_version", "1.0") != "1.0":
            raise login_failed("VersionRejected")

    def _fresh(self, sent: dict[str, str]) -> None:
        now = int(self._wall().timestamp())
        stamp = sent.get("oauth_timestamp", "")
        if not stamp.isdigit() or abs(now - int(stamp)) > TOLERANCE:
            raise login_failed("InvalidTimestamp")
        nonce = sent.get("oauth_nonce", "")
        key = (nonce, stamp)
        if not nonce or key in self._seen:
            raise _replayed()
        self._seen[key] = int(stamp)
        if len(self._seen) > 10_000:
            self._seen = {seen: at for seen, at in self._seen.items() if now - at <= TOLERANCE}


def _replayed() -> Refused:
    return login_failed("NonceUsed")
