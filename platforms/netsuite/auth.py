"""Signing in to NetSuite: a signature per request (OAuth 1.0a), or bearer tokens for signed assertions (OAuth 2.0)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from platforms.gate import Gate
from platforms.http import HttpRequest
from platforms.netsuite.signing import TokenSignature
from platforms.tokens import Grant, TokenSource
from runtime.clock import Clock
from schema.errors import UpstreamInvalidResponse

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPE = "rest_webservices"
_LIFETIME = 300  # seconds that an assertion may be used; NetSuite allows an hour
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}

Authorize = Callable[[str, str, Mapping[str, str]], str]
"""From method, URL without query, and query to the Authorization header of one sending."""


class SignedHeaders(Mapping[str, str]):
    """Headers whose Authorization is made anew whenever they are read: the gate may send one request several times."""

    def __init__(self, fixed: Mapping[str, str], authorization: Callable[[], str]) -> None:
        self._fixed = fixed
        self._authorization = authorization

    def __getitem__(self, name: str) -> str:
        return self._authorization() if name == "Authorization" else self._fixed[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._fixed
        yield "Authorization"

    def __len__(self) -> int:
        return len(self._fixed) + 1


def token_based(signature: TokenSignature, clock: Clock) -> TokenSource[Authorize]:
    """Nothing is fetched. A refusal is tried again once, since a nonce may have been seen, and then remembered."""

    async def fetch() -> Grant[Authorize]:
        def authorize(method: str, url: str, query: Mapping[str, str]) -> str:
            return signature.authorization(method, url, query)

        return Grant(token=authorize)

    return TokenSource(fetch, clock=clock)


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int | str = 3600


class Assertions:
    """OAuth 2.0 client credentials: tokens for assertions signed with the key of a certificate mapped in NetSuite.

    Source: docs.oracle.com, OAuth 2.0 Client Credentials Flow (section_162755359851, section_162790605110).
    """

    def __init__(self, gate: Gate, url: str, client_id: str, certificate_id: str, key: "SigningKey", clock: Clock):
        self._gate = gate
        self._url = f"{url}{TOKEN_PATH}"
        self._client_id = client_id
        self._certificate_id = certificate_id
        self._key = key
        self._clock = clock

    def tokens(self) -> TokenSource[Authorize]:
        return TokenSource(self._fetch, clock=self._clock)

    async def _fetch(self) -> Grant[Authorize]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION,
            "client_assertion": self._assertion(),
        }
        response = await self._gate.send(
            HttpRequest(
                method="POST",
                url=self._url,
                route=TOKEN_PATH,
                headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
                body=urlencode(form).encode(),
                statement="sign in",
            ),
            safe=True,
        )
        try:
            found = msgspec.json.decode(response.body, type=_Token)
            lifetime = float(found.expires_in)
        except (msgspec.DecodeError, ValueError):
            raise UpstreamInvalidResponse(
                "NetSuite's token answer can't be read", platform=self._gate.platform
            ) from None
        bearer = f"Bearer {found.access_token}"
        return Grant(token=lambda _method, _url, _query: bearer, lifetime=lifetime)

    def _assertion(self) -> str:
        now = int(self._clock.now().timestamp())
        header = {"alg": self._key.algorithm, "typ": "JWT", "kid": self._certificate_id}
        claims: dict[str, Any] = {
            "iss": self._client_id,
            "scope": [_SCOPE],
            "aud": self._url,
            "iat": now,
            "exp": now + _LIFETIME,
        }
        return self._key.signed(header, claims)


class SigningKey:
    """A private key in PEM form; ValueError where it is none that NetSuite accepts."""

    def __init__(self, pem: str) -> None:
        private = serialization.load_pem_private_key(pem.encode(), password=None)
        self._key: RSAKey | ECKey
        if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
            self.algorithm = _CURVES[private.curve.name]
            self._key = ECKey.import_key(pem)
        elif isinstance(private, rsa.RSAPrivateKey):
            self.algorithm = "PS256"
            self._key = RSAKey.import_key(pem)
        else:
            raise ValueError("an RSA key or one on curve P-256, P-384 or P-521 is needed")
        self._registry = JWSRegistry(algorithms=[self.algorithm])

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        return jwt.encode(header, claims, self._key, algorithms=[self.algorithm], registry=self._registry)
