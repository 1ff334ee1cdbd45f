"""OAuth 2.0 client credentials: tokens for assertions signed with a registered certificate's key.

Source: docs.oracle.com, OAuth 2.0 Client Credentials Flow (section_162755359851, section_162790605110).
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.netsuite.errors import login_failed

ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
SCOPES = frozenset({"restlets", "rest_webservices", "suite_analytics"})
LIFETIME = 3600
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SIGNATURES = JWSRegistry(algorithms=ALGORITHMS)

Reason = Literal["invalid_request", "invalid_client", "invalid_grant"]


class NoToken(Exception):  # noqa: N818  # an answer of the protocol, no fault
    def __init__(self, reason: Reason, description: str) -> None:
        super().__init__(description)
        self.reason, self.description = reason, description

    def response(self) -> Response:
        status = 401 if self.reason == "invalid_client" else 400
        return JSONResponse({"error": self.reason, "error_description": self.description}, status)


class Assertions:
    """Registered certificates of one integration, and the access tokens given out for them."""

    def __init__(self, client_id: str, wall: Callable[[], datetime]) -> None:
        self._client_id = client_id
        self._wall = wall
        self._certificates: dict[str, RSAKey | ECKey] = {}
        self._tokens: dict[str, datetime] = {}

    def register(self, public_key: bytes) -> str:
        """Maps a public key (PEM) to the integration, as Setup > OAuth 2.0 Client Credentials does; its id is `kid`."""
        key: RSAKey | ECKey
        if isinstance(serialization.load_pem_public_key(public_key), ec.EllipticCurvePublicKey):
            key = ECKey.import_key(public_key)
        else:
            key = RSAKey.import_key(public_key)
        certificate_id = key.thumbprint()
        self._certificates[certificate_id] = key
        return certificate_id

    def expire(self) -> None:
        """Ends every access token, as an administrator's revocation does."""
        self._tokens.clear()

    async def token(self, request: Request) -> Response:
        """POST /services/rest/auth/oauth2/v1/token. No refresh token: an expired token means a new assertion.

        Source: docs.oracle.com, OAuth 2.0 Client Credentials Flow (section_162790605110).
        """
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        audience = str(request.url.replace(query=None))
        try:
            self._verify(form, audience)
        except NoToken as refused:
            return refused.response()
        token = secrets.token_urlsafe(48)
        self._tokens[token] = self._wall() + timedelta(seconds=LIFETIME)
        return JSONResponse({"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"})

    def check(self, request: Request) -> None:
        """Raises the 401 for a bearer token that is unknown or has expired."""
        token = request.headers["authorization"].partition(" ")[2]
        expires = self._tokens.get(token)
        if expires is None or expires <= self._wall():
            raise login_failed()

    def _verify(self, form: dict[str, str], audience: str) -> None:
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != _ASSERTION:
            raise NoToken("invalid_request", "grant_type and client_assertion_type are not as documented")
        claims = self._claims(form.get("client_assertion", ""))
        if claims.get("iss") != self._client_id:
            raise NoToken("invalid_client", "unknown integration")
        if claims.get("aud") != audience:
            raise NoToken("invalid_grant", "aud is not the token URL")
        scope = claims.get("scope")
        scopes = scope if isinstance(scope, list) else str(scope or "").replace(",", " ").split()
        if not scopes or not SCOPES.issuperset(scopes):
            raise NoToken("invalid_grant", "scope is missing or unknown")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(expires, int):
            raise NoToken("invalid_grant", "iat and exp are required")
        now = self._wall().timestamp()
        if expires - issued > LIFETIME or expires <= now or issued > now + 60:
            raise NoToken("invalid_grant", "the assertion is expired, or lives for more than an hour")

    def _claims(self, assertion: str) -> dict[str, Any]:
        if not assertion:
            raise NoToken("invalid_request", "client_assertion is missing")

        def key_of(signed: Any) -> RSAKey | ECKey:
            key = self._certificates.get(str(signed.headers().get("kid")))
            if key is None:
                raise NoToken("invalid_client", "unknown certificate")
            return key

        try:
            return dict(jwt.decode(assertion, key_of, algorithms=ALGORITHMS, registry=_SIGNATURES).claims)
        except (JoseError, ValueError) as wrong:
            raise NoToken("invalid_client", "the assertion's signature does not verify") from wrong


def new_key_pair() -> tuple[str, bytes]:
    """A private key (PEM) for ES256 and its public part (PEM)."""
    private = ec.generate_private_key(ec.SECP256R1())
    return (
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    )
