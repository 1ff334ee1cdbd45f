"""A configured platform as the rest of the product meets it, whatever its vendor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from platforms.feeds import PlatformFeeds
from platforms.inbound import Inbound
from platforms.quota import Quota
from platforms.readers import Reader
from platforms.writers import Writer
from schema.enums import PlatformHealth
from schema.roles import PlatformRole

UNTOLD = Quota()


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a trial call found: `advice` says what to do where `ok` is false."""

    ok: bool
    detail: str
    advice: str = ""
    quota: Quota = UNTOLD


class Connected(Protocol):
    """One configured platform: an instance of a vendor, playing one or more roles."""

    name: str
    vendor: str
    roles: tuple[PlatformRole, ...]
    base_url: str
    peers: Mapping[PlatformRole, str]
    """Whose ids this platform's links hold, by role: the name of that role's platform."""
    reader: Reader
    writer: Writer | None
    """None: nothing can be written there."""
    feeds: PlatformFeeds
    inbound: Inbound

    def health(self) -> PlatformHealth: ...

    def quota(self) -> Quota | None: ...

    def last_contact_at(self) -> datetime | None: ...

    async def probe(self) -> Probe:
        """Signs in and makes the cheapest call; never raises for what the platform does."""
        ...

    async def close(self) -> None: ...
