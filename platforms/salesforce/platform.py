"""One configured org, as the rest of the product meets it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from platforms.connected import Allowance, Probe
from platforms.gate import Gate
from platforms.http import Transport
from platforms.readers import Reader
from platforms.registry import Connection
from platforms.salesforce.auth import sessions
from platforms.salesforce.client import Client, Reading
from platforms.salesforce.mapping import PAGE
from platforms.salesforce.options import read_options
from platforms.salesforce.reader import SalesforceReader
from runtime.clock import Clock
from schema.enums import PlatformHealth
from schema.errors import (
    CrosswalkError,
    UpstreamForbidden,
    UpstreamQuotaExhausted,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from schema.roles import PlatformRole

_ADVICE: tuple[tuple[type[CrosswalkError], str], ...] = (
    (
        UpstreamUnauthorized,
        "check the credentials, that the app allows this flow and has an active run-as user, and that url is My Domain",
    ),
    (UpstreamForbidden, "give the integration user the permission `API Enabled` and read access to our objects"),
    (UpstreamQuotaExhausted, "wait until the 24 hours have passed, or ask Salesforce for more API calls"),
    (UpstreamRejected, "check options.api_version against the versions that the org lists under /services/data/"),
    (UpstreamUnavailable, "check the url, proxies and firewalls, and https://status.salesforce.com"),
)
_OTHERWISE = "try again in a while; if it stays, check the url and https://status.salesforce.com"


class _Limit(msgspec.Struct):
    most: int = msgspec.field(name="Max")
    remaining: int = msgspec.field(name="Remaining")


class _Limits(msgspec.Struct):
    daily: _Limit = msgspec.field(name="DailyApiRequests")


class SalesforcePlatform:
    """One org; `peers` are of no use to it, because it holds no other platform's ids."""

    def __init__(
        self, connection: Connection, gate: Gate, client: Client, reader: SalesforceReader, transport: Transport
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
        found = self._gate.quota
        return None if found.limit is None else Allowance(used=found.used, limit=found.limit)

    def last_contact_at(self) -> datetime | None:
        return self._gate.last_contact_at

    async def probe(self) -> Probe:
        """Signs in and asks for the limits."""
        try:
            daily = msgspec.json.decode(await self._client.limits(), type=_Limits).daily
        except CrosswalkError as error:
            advice = next((advice for kind, advice in _ADVICE if isinstance(error, kind)), _OTHERWISE)
            return Probe(ok=False, detail=error.detail, advice=advice)
        except msgspec.MsgspecError:
            return Probe(ok=False, detail="the answer isn't Salesforce's", advice="check the url")
        quota = Allowance(used=daily.most - daily.remaining, limit=daily.most)
        return Probe(ok=True, detail="signed in", quota=quota)

    async def close(self) -> None:
        await self._transport.close()


def connect(connection: Connection, transport: Transport, clock: Clock) -> SalesforcePlatform:
    """The configured org, not spoken to yet. Raises SettingsError for options or a private key that can't be used."""
    options = read_options(connection)
    reading = Reading()
    gate = Gate(
        connection.name,
        transport,
        timeout=connection.timeout,
        slots=connection.slots,
        classify=reading,
        clock=clock,
    )
    reading.gate = gate
    tokens = sessions(gate, connection, options.audience, clock)
    client = Client(gate, tokens, api_version=options.api_version, page_size=PAGE)
    return SalesforcePlatform(connection, gate, client, SalesforceReader(client, connection.name, options), transport)
