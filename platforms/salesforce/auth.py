"""Signing in to an org: client credentials, or an assertion signed with the app's key.

https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_client_credentials_flow.htm
https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from platforms.gate import Gate
from platforms.http import HttpRequest
from platforms.registry import Connection
from platforms.tokens import Grant, TokenSource
from runtime.clock import Clock
from schema.errors import UpstreamInvalidResponse

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
_ASSERTION_SECONDS = 180
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Session(msgspec.Struct, frozen=True):
    """Where the org answers, and the header that opens it. How long it lives isn't told: a 401 ends it."""

    instance_url: str
    authorization: str


class _TokenAnswer(msgspec.Struct):
    access_token: str
    instance_url: str


_answers = msgspec.json.Decoder(_TokenAnswer)


def sessions(gate: Gate, connection: Connection, audience: str, clock: Clock) -> TokenSource[Session]:
    """The org's sessions. Raises SettingsError for a private key that is none."""
    form = _form(connection, audience, clock)

    async def sign_in() -> Grant[Session]:
        request = HttpRequest(
            method="POST",
            url=connection.url + TOKEN_PATH,
            route=TOKEN_PATH,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(form()).encode(),
            statement="sign in",
        )
        response = await gate.send(request, safe=True)
        try:
            answer = _answers.decode(response.body)
        except msgspec.MsgspecError:
            raise UpstreamInvalidResponse("the login's answer has no token", platform=gate.platform) from None
        return Grant(token=_session(answer, connection, gate.platform))

    return TokenSource(sign_in, clock=clock)


def _session(answer: _TokenAnswer, connection: Connection, platform: str) -> Session:
    """Calls go to the instance that the login names, but never with less protection than the login had."""
    instance = answer.instance_url.rstrip("/")
    parts = urlsplit(instance)
    if not parts.hostname or parts.path or parts.scheme not in ("https", urlsplit(connection.url).scheme):
        raise UpstreamInvalidResponse("the login names no instance that can be called", platform=platform)
    if not (answer.access_token.isascii() and answer.access_token.isprintable()):
        raise UpstreamInvalidResponse("the login's token can't be sent", platform=platform)
    return Session(instance, f"Bearer {answer.access_token}")


def _form(connection: Connection, audience: str, clock: Clock) -> Callable[[], Mapping[str, str]]:
    """What is posted to sign in; an assertion is made anew each time."""
    credentials = connection.credentials
    if "client_secret" in credentials:
        client = {name: credentials[name] for name in ("client_id", "client_secret")}
        return lambda: {"grant_type": "client_credentials", **client}
    try:
        key = RSAKey.import_key(credentials["private_key"])
    except (JoseError, ValueError):
        raise connection.problem("credentials.private_key", "must be an RSA private key in PEM form") from None

    def assertion() -> Mapping[str, str]:
        claims = {
            "iss": credentials["client_id"],
            "sub": credentials["username"],
            "aud": audience,
            "exp": int(clock.now().timestamp()) + _ASSERTION_SECONDS,
        }
        return {"grant_type": _JWT_GRANT, "assertion": jwt.encode({"alg": "RS256"}, claims, key)}

    return assertion
