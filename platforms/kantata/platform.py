"""One configured account, as the rest of the product meets it."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

import msgspec

from platforms.connected import Allowance, Probe
from platforms.gate import Gate
from platforms.http import Transport
from platforms.kantata.client import PATH, Client, tokens
from platforms.kantata.errors import read_error
from platforms.kantata.fields import CustomFields
from platforms.kantata.options import read_options
from platforms.kantata.reader import KantataReader
from platforms.pace import AdaptivePace
from platforms.readers import Reader
from platforms.registry import Connection
from runtime.clock import Clock
from schema.enums import PlatformHealth
from schema.errors import (
    CrosswalkError,
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from schema.roles import PlatformRole

_ADVICE: tuple[tuple[type[CrosswalkError], str], ...] = (
    (
        UpstreamUnauthorized,
        "make a new token at https://app.mavenlink.com/oauth/applications and put it into credentials.access_token",
    ),
    (UpstreamForbidden, "give the token's user the account permission `Administrator`"),
    (UpstreamRateLimited, "wait a minute; if it stays, ask Kantata for the account's limits and lower `slots`"),
    (UpstreamRejected, "check that the url is https://api.mavenlink.com"),
    (UpstreamUnavailable, "check the url (https://api.mavenlink.com), proxies and firewalls"),
)
_OTHERWISE = "try again in a while; if it stays, check the url (https://api.mavenlink.com)"
_ADMINISTRATOR = "administrator"


class _Membership(msgspec.Struct):
    permission: str | None = None


class _Me(msgspec.Struct):
    account_memberships: dict[str, _Membership]


class KantataPlatform:
    """One account, by the eyes of the token's user."""

    def __init__(
        self, connection: Connection, gate: Gate, client: Client, reader: KantataReader, transport: Transport
    ) -> None:
        self.name = connection.name
        self.vendor = connection.vendor
        self.roles = connection.roles
        self.base_url = connection.url
        self.peers: Mapping[PlatformRole, str] = connection.peers
        self.reader: Reader = reader
        self._gate = gate
        self._client = client
        self._transport = transport

    def health(self) -> PlatformHealth:
        return self._gate.health

    def quota(self) -> Allowance | None:
        """Never told: the limits stand behind the customer login, and no answer speaks of them."""
        return None

    def last_contact_at(self) -> datetime | None:
        return self._gate.last_contact_at

    async def probe(self) -> Probe:
        """Asks who the token's user is, and whether that user sees everything."""
        try:
            memberships = msgspec.json.decode(await self._client.me(), type=_Me).account_memberships
        except CrosswalkError as error:
            advice = next((advice for kind, advice in _ADVICE if isinstance(error, kind)), _OTHERWISE)
            return Probe(ok=False, detail=error.detail, advice=advice)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Probe(ok=False, detail="the answer isn't Kantata's", advice="check the url")
        permissions = {each.permission for each in memberships.values() if each.permission}
        if permissions and _ADMINISTRATOR not in permissions:
            detail = f"signed in, but the token's user is only {', '.join(sorted(permissions))}: records stay hidden"
            return Probe(ok=False, detail=detail, advice="give the user the account permission `Administrator`")
        return Probe(ok=True, detail="signed in")

    async def close(self) -> None:
        await self._transport.close()


def connect(connection: Connection, transport: Transport, clock: Clock) -> KantataPlatform:
    """The configured account, not spoken to yet. Raises SettingsError for options that can't be meant."""
    options = read_options(connection)
    gate = Gate(
        connection.name,
        transport,
        timeout=connection.timeout,
        slots=connection.slots,
        classify=read_error,
        pace=AdaptivePace(clock),
        clock=clock,
    )
    client = Client(gate, tokens(connection, clock), url=connection.url)
    reader = KantataReader(client, options, CustomFields(client, clock), web=web_address(connection.url))
    return KantataPlatform(connection, gate, client, reader, transport)


def web_address(url: str) -> str:
    """Where people see what the API at `url` tells: api.mavenlink.com belongs to app.mavenlink.com."""
    parts = urlsplit(url.removesuffix(PATH))
    host = parts.netloc.replace("api.", "app.", 1) if parts.netloc.startswith("api.") else parts.netloc
    return urlunsplit((parts.scheme, host, "", "", ""))
