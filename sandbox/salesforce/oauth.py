"""The OAuth endpoints: client credentials and JWT bearer, introspection, revocation, user info.

Errors are a flat object, not the list of the REST API. Source: help.salesforce.com
`remoteaccess_oauth_client_credentials_flow`, `remoteaccess_oauth_jwt_flow`, `remoteaccess_oauth_tokens_scopes`.
"""

import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.salesforce.call import decoded
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.instance import Instance

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_ASSERTION_SECONDS = 5 * 60
_CLOCK_SKEW_SECONDS = 60
_LOGIN_AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """The app that callers authenticate as; `key` holds what assertions are verified with."""

    client_id: str
    client_secret: str
    username: str
    key: RSAKey


class Refused(Exception):  # noqa: N818  # it is an answer of the protocol
    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.answer = JSONResponse({"error": error, "error_description": description}, status)


class Authorization:
    """Answers the token endpoint and what stands beside it."""

    def __init__(self, instance: Instance, app: ConnectedApp) -> None:
        self._instance = instance
        self._app = app

    async def token(self, request: Request) -> Response:
        """`POST /services/oauth2/token`: a session for the app's run-as user, without refresh token.

        Source: help.salesforce.com, `remoteaccess_oauth_client_credentials_flow` and `remoteaccess_oauth_jwt_flow`.
        """
        try:
            form = await _form(request)
            grant = form.get("grant_type")
            if grant == "client_credentials":
                self._check_client(request, form)
            elif grant == JWT_GRANT:
                self._check_assertion(request, form.get("assertion", ""))
            elif grant == "refresh_token":
                raise Refused("invalid_grant", "expired access/refresh token")
            else:
                raise Refused("unsupported_grant_type", "grant type not supported")
        except Refused as refusal:
            return refusal.answer
        return JSONResponse(self._session(_origin(request)))

    async def introspect(self, request: Request) -> Response:
        """`POST /services/oauth2/introspect`: whether a token is alive, for the app that it was given to.

        Source: help.salesforce.com, `remoteaccess_oidc_token_introspection`.
        """
        try:
            form = await _form(request)
            self._check_client(request, form)
        except Refused as refusal:
            return refusal.answer
        token = form.get("token", "")
        if not self._instance.sessions.holds(token):
            return JSONResponse({"active": False})
        expires = self._instance.sessions.expires(token)
        assert expires is not None
        return JSONResponse(
            {
                "active": True,
                "scope": "api",
                "client_id": self._app.client_id,
                "username": self._app.username,
                "sub": self._identity(),
                "token_type": "access_token",
                "exp": int(expires.timestamp()),
            }
        )

    async def revoke(self, request: Request) -> Response:
        """`POST /services/oauth2/revoke`: ends a session. Source: help.salesforce.com, `remoteaccess_revoke_token`."""
        try:
            form = await _form(request)
        except Refused as refusal:
            return refusal.answer
        if not self._instance.sessions.revoke(form.get("token", "")):
            return JSONResponse({"error": "unsupported_token_type", "error_description": "invalid token"}, 400)
        return Response(status_code=200)

    async def userinfo(self, request: Request) -> Response:
        """`GET /services/oauth2/userinfo`: who the session is.

        Source: help.salesforce.com, `remoteaccess_using_userinfo_endpoint`.
        """
        try:
            self._instance.sessions.require(request.headers.get("authorization", ""))
        except ApiError:
            return Response("Bad_OAuth_Token", 403, media_type="text/html")
        user = self._instance.org.tables["User"].rows[self._instance.org.user_id]
        return JSONResponse(
            {
                "sub": self._identity(),
                "user_id": user["Id"],
                "organization_id": self._instance.org.org_id,
                "preferred_username": user["Username"],
                "name": user["Name"],
                "email": user["Email"],
                "active": True,
            }
        )

    def _session(self, origin: str) -> dict[str, str]:
        issued_at = str(int(self._instance.org.clock().timestamp() * 1000))
        identity = self._identity()
        signed = hmac.digest(self._app.client_secret.encode(), f"{identity}{issued_at}".encode(), sha256)
        return {
            "access_token": self._instance.sessions.issue(),
            "signature": b64encode(signed).decode(),
            "scope": "api",
            "instance_url": origin,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": issued_at,
            "api_instance_url": origin,
        }

    def _identity(self) -> str:
        return f"https://login.salesforce.com/id/{self._instance.org.org_id}/{self._instance.org.user_id}"

    def _check_client(self, request: Request, form: dict[str, str]) -> None:
        """Id and secret, from the form or from HTTP Basic, at the org's own domain only."""
        if (request.url.hostname or "").split(".")[0] in {"login", "test"}:
            raise Refused("invalid_grant", "request not supported on this domain")
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        basic = request.headers.get("authorization", "")
        if basic.lower().startswith("basic "):
            try:
                client_id, _, secret = b64decode(basic[6:], validate=True).decode().partition(":")
            except ValueError:
                raise Refused("invalid_client", "invalid client credentials", 401) from None
        if client_id != self._app.client_id:
            raise Refused("invalid_client_id", "client identifier invalid")
        if not hmac.compare_digest(secret.encode(), self._app.client_secret.encode()):
            raise Refused("invalid_client", "invalid client credentials", 401)

    def _check_assertion(self, request: Request, assertion: str) -> None:
        """The RS256 signature, then issuer, subject, audience and expiry."""
        try:
            signed = jws.deserialize_compact(assertion.encode(), self._app.key, algorithms=["RS256"])
            claims = decoded(signed.payload)
        except (JoseError, ValueError, ApiError):
            raise Refused("invalid_grant", "invalid assertion") from None
        if not isinstance(claims, dict) or claims.get("iss") != self._app.client_id:
            raise Refused("invalid_client_id", "client identifier invalid")
        audiences = (*_LOGIN_AUDIENCES, _origin(request))
        named = claims.get("aud")
        if not any(each in audiences for each in (named if isinstance(named, list) else [named])):
            raise Refused("invalid_grant", "audience is invalid")
        if claims.get("sub") != self._app.username:
            raise Refused("invalid_grant", "user hasn't approved this consumer")
        left = _expiry(claims.get("exp")) - Decimal(str(self._instance.org.clock().timestamp()))
        if not 0 < left <= _LONGEST_ASSERTION_SECONDS + _CLOCK_SKEW_SECONDS:
            raise Refused("invalid_grant", "expired authorization code")


def _expiry(value: Any) -> Decimal:
    """Seconds since the epoch; clients send a number or its text."""
    try:
        return Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        raise Refused("invalid_grant", "invalid expiry") from None


async def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("application/x-www-form-urlencoded"):
        raise Refused("invalid_request", "content type must be application/x-www-form-urlencoded")
    try:
        return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    except UnicodeDecodeError:
        raise Refused("invalid_request", "the form is not UTF-8") from None


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"
