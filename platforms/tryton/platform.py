"""One configured database, as the rest of the product meets it."""

from platforms.connected import Probe
from platforms.gate import Gate
from platforms.gated import Advice, GatedPlatform
from platforms.http import Transport
from platforms.readers import ReadQuery
from platforms.registry import Connection
from platforms.tryton.auth import sessions
from platforms.tryton.client import Client
from platforms.tryton.errors import read_error
from platforms.tryton.feeds import feeds
from platforms.tryton.options import read_options
from platforms.tryton.reader import TrytonReader
from runtime.clock import Clock
from schema.errors import (
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from schema.roles import PlatformRole

_ADVICE: Advice = (
    (
        UpstreamUnauthorized,
        "check user and password; after six failed logins Tryton refuses right ones too, until a while without any",
    ),
    (UpstreamForbidden, "check that the server is Tryton 8 and lets this user call it"),
    (
        UpstreamRejected,
        "check the database's name, its modules and the user's groups against docs/vendors/tryton.md",
    ),
    (UpstreamInvalidResponse, "check the url: it is the server's root, without the database's name"),
    (UpstreamUnavailable, "check the url, proxies and firewalls, and that trytond runs"),
)


class TrytonPlatform(GatedPlatform):
    """One database. `peers` say whose ids its links hold; it tells no quota."""

    advice = _ADVICE
    otherwise = "try again in a while; if it stays, look into the server's log"

    async def _trial(self) -> Probe:
        """Reads one company."""
        facet = self.reader.facets["LegalEntity", PlatformRole.ERP]
        await self.reader.read(self.reader.project(facet, ["name"]), ReadQuery(limit=1))
        return Probe(ok=True, detail="signed in")


def connect(connection: Connection, transport: Transport, clock: Clock) -> TrytonPlatform:
    """The configured database, not spoken to yet. Raises SettingsError for options that can't be used."""
    options = read_options(connection)
    database = connection.credentials["database"]
    gate = Gate(
        connection.name,
        transport,
        timeout=connection.timeout,
        slots=connection.slots,
        budget=connection.budget,
        classify=read_error,
        clock=clock,
    )
    client = Client(gate, sessions(gate, connection, clock), connection)
    reader = TrytonReader(client, connection.name, database, options, clock)
    noticing = feeds(reader.own, client, connection.name, clock)
    return TrytonPlatform(connection, gate, reader, transport, feeds=noticing)
