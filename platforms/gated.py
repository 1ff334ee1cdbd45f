"""What every configured platform has in common: it stands behind its gate, and a trial call tells how it is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from platforms.connected import Probe
from platforms.feeds import PlatformFeeds
from platforms.gate import Gate
from platforms.http import Transport
from platforms.inbound import Inbound
from platforms.quota import Quota
from platforms.readers import Reader
from platforms.registry import Connection
from platforms.standard_webhooks import StandardInbound, names_of
from platforms.writers import Writer
from schema.enums import PlatformHealth
from schema.errors import CrosswalkError
from schema.roles import PlatformRole

Advice = tuple[tuple[type[CrosswalkError], str], ...]
"""What to do about each kind of failure, the first fitting one counting."""


class GatedPlatform(ABC):
    """Meets `platforms.connected.Connected`; a vendor adds its trial call, and what to do when it fails."""

    advice: ClassVar[Advice]
    otherwise: ClassVar[str]

    def __init__(
        self,
        connection: Connection,
        gate: Gate,
        reader: Reader,
        transport: Transport,
        *,
        writer: Writer | None = None,
        feeds: PlatformFeeds | None = None,
        inbound: Inbound | None = None,
    ) -> None:
        self.name = connection.name
        self.vendor = connection.vendor
        self.roles = connection.roles
        self.base_url = connection.url
        self.peers: Mapping[PlatformRole, str] = connection.peers
        self.reader = reader
        self.writer = writer
        self.feeds = feeds or PlatformFeeds()
        self.inbound = inbound or StandardInbound(names_of(reader.facets))
        self._gate = gate
        self._transport = transport

    def health(self) -> PlatformHealth:
        return self._gate.health

    def quota(self) -> Quota | None:
        """As the platform told it last; None where it tells nothing."""
        found = self._gate.quota
        return None if found.limit is None else found

    def last_contact_at(self) -> datetime | None:
        return self._gate.last_contact_at

    async def probe(self) -> Probe:
        """Signs in and makes the cheapest call; never raises for what the platform does."""
        try:
            return await self._trial()
        except CrosswalkError as error:
            advice = next((told for kind, told in self.advice if isinstance(error, kind)), self.otherwise)
            return Probe(ok=False, detail=error.detail, advice=advice)

    async def close(self) -> None:
        await self._transport.close()

    @abstractmethod
    async def _trial(self) -> Probe:
        """The trial call; may raise the errors of `schema.errors`."""
