"""One configured account, as the rest of the product meets it."""

from urllib.parse import urlsplit, urlunsplit

import msgspec

from platforms.connected import Probe
from platforms.feeds import PlatformFeeds
from platforms.gate import Gate
from platforms.gated import Advice, GatedPlatform
from platforms.http import Transport
from platforms.kantata.changes import Names
from platforms.kantata.client import PATH, Client, tokens
from platforms.kantata.errors import read_error
from platforms.kantata.feeds import feeds
from platforms.kantata.fields import custom_fields, roles
from platforms.kantata.options import read_options
from platforms.kantata.reader import KantataReader
from platforms.kantata.writer import KantataWriter
from platforms.pace import AdaptivePace
from platforms.registry import Connection
from runtime.clock import Clock
from schema.errors import (
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

_ADVICE: Advice = (
    (
        UpstreamUnauthorized,
        "make a new token at https://app.mavenlink.com/oauth/applications and put it into credentials.access_token",
    ),
    (UpstreamForbidden, "give the token's user the account permission `Administrator`"),
    (UpstreamRateLimited, "wait a minute; if it stays, ask Kantata for the account's limits and lower `slots`"),
    (UpstreamRejected, "check that the url is https://api.mavenlink.com"),
    (UpstreamUnavailable, "check the url (https://api.mavenlink.com), proxies and firewalls"),
)
_ADMINISTRATOR = "administrator"


class _Membership(msgspec.Struct):
    permission: str | None = None


class _Me(msgspec.Struct):
    account_memberships: dict[str, _Membership]


class KantataPlatform(GatedPlatform):
    """One account, by the eyes of the token's user.

    Its quota is never told: the limits stand behind the customer login, and no answer speaks of them.
    """

    advice = _ADVICE
    otherwise = "try again in a while; if it stays, check the url (https://api.mavenlink.com)"

    def __init__(
        self,
        connection: Connection,
        gate: Gate,
        client: Client,
        reader: KantataReader,
        writer: KantataWriter,
        transport: Transport,
        noticing: PlatformFeeds,
    ) -> None:
        super().__init__(connection, gate, reader, transport, writer=writer, feeds=noticing)
        self._client = client

    async def _trial(self) -> Probe:
        """Asks who the token's user is, and whether that user sees everything."""
        try:
            memberships = msgspec.json.decode(await self._client.me(), type=_Me).account_memberships
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Probe(ok=False, detail="the answer isn't Kantata's", advice="check the url")
        permissions = {each.permission for each in memberships.values() if each.permission}
        if permissions and _ADMINISTRATOR not in permissions:
            detail = f"signed in, but the token's user is only {', '.join(sorted(permissions))}: records stay hidden"
            return Probe(ok=False, detail=detail, advice="give the user the account permission `Administrator`")
        return Probe(ok=True, detail="signed in")


def connect(connection: Connection, transport: Transport, clock: Clock) -> KantataPlatform:
    """The configured account, not spoken to yet. Raises SettingsError for options that can't be meant."""
    options = read_options(connection)
    gate = Gate(
        connection.name,
        transport,
        timeout=connection.timeout,
        slots=connection.slots,
        budget=connection.budget,
        classify=read_error,
        pace=AdaptivePace(clock),
        clock=clock,
    )
    client = Client(gate, tokens(connection, clock), url=connection.url)
    fields, web = custom_fields(client, clock), web_address(connection.url)
    names = Names(fields, custom_fields(client, clock, "Resource"), roles(client, clock))
    reader = KantataReader(client, options, fields, web=web)
    writer = KantataWriter(client, options, names, web=web)
    return KantataPlatform(connection, gate, client, reader, writer, transport, feeds(client, clock))


def web_address(url: str) -> str:
    """Where people see what the API at `url` tells: api.mavenlink.com belongs to app.mavenlink.com."""
    parts = urlsplit(url.removesuffix(PATH))
    host = parts.netloc.replace("api.", "app.", 1) if parts.netloc.startswith("api.") else parts.netloc
    return urlunsplit((parts.scheme, host, "", "", ""))
