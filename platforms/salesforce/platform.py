"""One configured org, as the rest of the product meets it."""

import msgspec

from platforms.connected import Probe
from platforms.feeds import PlatformFeeds
from platforms.gate import Gate
from platforms.gated import Advice, GatedPlatform
from platforms.http import Transport
from platforms.quota import Quota
from platforms.registry import Connection
from platforms.salesforce.auth import sessions
from platforms.salesforce.client import Client, Reading
from platforms.salesforce.feeds import feeds
from platforms.salesforce.mapping import PAGE
from platforms.salesforce.options import read_options
from platforms.salesforce.reader import SalesforceReader, facets
from platforms.salesforce.webhook import inbound
from platforms.salesforce.writer import SalesforceWriter
from runtime.clock import Clock
from schema.errors import (
    UpstreamForbidden,
    UpstreamQuotaExhausted,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

_ADVICE: Advice = (
    (
        UpstreamUnauthorized,
        "check the credentials, that the app allows this flow and has an active run-as user, and that url is My Domain",
    ),
    (UpstreamForbidden, "give the integration user the permission `API Enabled` and read access to our objects"),
    (UpstreamQuotaExhausted, "wait until the 24 hours have passed, or ask Salesforce for more API calls"),
    (UpstreamRejected, "check options.api_version against the versions that the org lists under /services/data/"),
    (UpstreamUnavailable, "check the url, proxies and firewalls, and https://status.salesforce.com"),
)


class _Limit(msgspec.Struct):
    most: int = msgspec.field(name="Max")
    remaining: int = msgspec.field(name="Remaining")


class _Limits(msgspec.Struct):
    daily: _Limit = msgspec.field(name="DailyApiRequests")


class SalesforcePlatform(GatedPlatform):
    """One org; `peers` are of no use to it, because it holds no other platform's ids."""

    advice = _ADVICE
    otherwise = "try again in a while; if it stays, check the url and https://status.salesforce.com"

    def __init__(
        self,
        connection: Connection,
        gate: Gate,
        client: Client,
        reader: SalesforceReader,
        writer: SalesforceWriter,
        transport: Transport,
        noticing: PlatformFeeds,
    ) -> None:
        super().__init__(
            connection, gate, reader, transport, writer=writer, feeds=noticing, inbound=inbound(reader.facets)
        )
        self._client = client

    async def _trial(self) -> Probe:
        """Asks for the limits."""
        try:
            daily = msgspec.json.decode(await self._client.limits(), type=_Limits).daily
        except msgspec.MsgspecError:
            return Probe(ok=False, detail="the answer isn't Salesforce's", advice="check the url")
        quota = Quota(used=daily.most - daily.remaining, limit=daily.most)
        return Probe(ok=True, detail="signed in", quota=quota)


def connect(connection: Connection, transport: Transport, clock: Clock) -> SalesforcePlatform:
    """The configured org, not spoken to yet. Raises SettingsError for options or a private key that can't be used."""
    options = read_options(connection)
    reading = Reading()
    gate = Gate(
        connection.name,
        transport,
        timeout=connection.timeout,
        slots=connection.slots,
        budget=connection.budget,
        classify=reading,
        clock=clock,
    )
    reading.gate = gate
    tokens = sessions(gate, connection, options.audience, clock)
    client = Client(gate, tokens, api_version=options.api_version, page_size=PAGE)
    reader = SalesforceReader(client, connection.name, options)
    writer = SalesforceWriter(client, connection.name, connection.url, options)
    noticing = feeds(facets(options), client, connection.name, options, clock)
    return SalesforcePlatform(connection, gate, client, reader, writer, transport, noticing)
