"""One configured database, as the rest of the product meets it."""

from collections.abc import Mapping
from datetime import datetime

from platforms.connected import Allowance, Probe
from platforms.gate import Gate
from platforms.http import Transport
from platforms.readers import Reader, ReadQuery
from platforms.registry import Connection
from platforms.tryton.auth import sessions
from platforms.tryton.client import Client
from platforms.tryton.errors import read_error
from platforms.tryton.options import read_options
from platforms.tryton.reader import TrytonReader
from runtime.clock import Clock
from schema.enums import PlatformHealth
from schema.errors import (
    CrosswalkError,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from schema.roles import PlatformRole

_ADVICE: tuple[tuple[type[CrosswalkError], str], ...] = (
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
_OTHERWISE = "try again in a while; if it stays, look into the server's log"


class TrytonPlatform:
    """One database. `peers` say whose ids its links hold."""

    def __init__(self, connection: Connection, gate: Gate, reader: TrytonReader, transport: Transport) -> None:
        self.name = connection.name
        self.vendor = connection.vendor
        self.roles = connection.roles
        self.base_url = connection.url
        self.peers: Mapping[PlatformRole, str] = connection.peers
        self.reader: Reader = reader
        self._gate = gate
        self._transport = transport

    def health(self) -> PlatformHealth:
        return self._gate.health

    def quota(self) -> Allowance | None:
        return None

    def last_contact_at(self) -> datetime | None:
        return self._gate.last_contact_at

    async def probe(self) -> Probe:
        """Signs in and reads one company."""
        facet = self.reader.facets["LegalEntity", PlatformRole.ERP]
        try:
            await self.reader.read(self.reader.project(facet, ["name"]), ReadQuery(limit=1))
        except CrosswalkError as error:
            advice = next((advice for kind, advice in _ADVICE if isinstance(error, kind)), _OTHERWISE)
            return Probe(ok=False, detail=error.detail, advice=advice)
        return Probe(ok=True, detail="signed in")

    async def close(self) -> None:
        await self._transport.close()


def connect(connection: Connection, transport: Transport, clock: Clock) -> TrytonPlatform:
    """The configured database, not spoken to yet. Raises SettingsError for options that can't be used."""
    options = read_options(connection)
    database = connection.credentials["database"]
    gate = Gate(
        connection.name,
        transport,
        timeout=connection.timeout,
        slots=connection.slots,
        classify=read_error,
        clock=clock,
    )
    client = Client(gate, sessions(gate, connection, clock), connection)
    return TrytonPlatform(connection, gate, TrytonReader(client, connection.name, database, options, clock), transport)
