"""Signing in to a Tryton database: a session per login, and the companies that its user works for.

Source: trytond/protocols/dispatcher.py, trytond/security.py.
"""

from base64 import b64encode

import msgspec

from platforms.gate import Gate
from platforms.http import HttpRequest, HttpResponse
from platforms.registry import Connection
from platforms.tokens import Grant, TokenSource
from platforms.tryton.errors import CALL_ID
from runtime.clock import Clock
from schema.errors import UpstreamInvalidResponse, UpstreamRateLimited, UpstreamUnauthorized, UpstreamUnavailable

HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}
ROUTE = "/{database}/rpc/"


class Session(msgspec.Struct, frozen=True):
    """The header that opens a session, and the context that its calls are made in, as JSON."""

    authorization: str
    context: bytes


class _Preferences(msgspec.Struct, omit_defaults=True):
    """What of a user's settings decides what is seen: with the filter `all`, the records of every company; and in which
    language the names are that can be translated, such as those of journals.
    """

    company: int | None = None
    companies: list[int] | None = None
    company_filter: str | None = None
    language: str | None = None


class _Login(msgspec.Struct):
    result: tuple[int, str, str | None]


class _Told(msgspec.Struct):
    result: _Preferences


_logins = msgspec.json.Decoder(_Login)
_preferences = msgspec.json.Decoder(_Told)


def sessions(gate: Gate, connection: Connection, clock: Clock) -> TokenSource[Session]:
    """The database's sessions. How long one lives isn't told: a 401 ends it."""
    url = rpc_url(connection)
    user = connection.credentials["user"]

    async def sign_in() -> Grant[Session]:
        number, token = await _signed_in(gate, url, user, connection.credentials["password"])
        signature = b64encode(f"{user}:{number}:{token}".encode()).decode()
        session = Session(f"Session {signature}", b"{}")
        answer = await gate.send(_call(url, "model.res.user.get_preferences", [True, {}], session), safe=True)
        try:
            found = _preferences.decode(answer.body).result
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise UpstreamInvalidResponse("the user's preferences can't be read", platform=gate.platform) from None
        return Grant(token=Session(session.authorization, msgspec.json.encode(found)))

    return TokenSource(sign_in, clock=clock)


def rpc_url(connection: Connection) -> str:
    return f"{connection.url}/{connection.credentials['database']}/rpc/"


async def _signed_in(gate: Gate, url: str, user: str, password: str) -> tuple[int, str]:
    request = _call(url, "common.db.login", [user, {"password": password}, "en"], None)
    try:
        response = await _posted(gate, request)
    except UpstreamRateLimited as error:
        # Six wrong passwords lock the user, right ones afterwards prolong it: calling this a rate limit would have
        # everybody try again, over and over.
        raise UpstreamUnauthorized(
            "Tryton lets this user in no more for a while, because of too many failed logins", platform=error.platform
        ) from None
    try:
        number, token, _ = _logins.decode(response.body).result
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UpstreamInvalidResponse("the login's answer has no session", platform=gate.platform) from None
    if not (token.isascii() and token.isprintable()):
        raise UpstreamInvalidResponse("the login's session can't be sent", platform=gate.platform)
    return number, token


async def _posted(gate: Gate, request: HttpRequest) -> HttpResponse:
    """Sent once, since each try counts with Tryton, and once more where nobody was there."""
    try:
        return await gate.send(request, safe=False)
    except UpstreamUnavailable:
        return await gate.send(request, safe=False)


def _call(url: str, method: str, params: list[object], session: Session | None) -> HttpRequest:
    return HttpRequest(
        method="POST",
        url=url,
        route=f"{ROUTE}{method}",
        headers=HEADERS if session is None else {"Authorization": session.authorization, **HEADERS},
        body=msgspec.json.encode({"id": CALL_ID, "method": method, "params": params}),
        statement="sign in",
    )
