"""Tells how the connected platforms are, for the graph's own `platforms` field."""

import asyncio
from datetime import datetime, timedelta

from platforms.bindings import Bindings
from platforms.connected import Connected
from runtime.clock import Clock
from schema.roles import PlatformRole
from schema.types.query import Platform, Quota

RECENT = timedelta(seconds=15)
"""How old the last contact may be before a platform is asked how it is, and how often at most."""
PATIENCE = 2.0
"""Seconds that the answer waits for platforms that are being asked."""


class PlatformStatus:
    """The context of the schema's own resolvers. A platform that nobody called lately is called, so that it is told
    as it is and not as it was.
    """

    def __init__(self, bindings: Bindings, clock: Clock) -> None:
        self._bindings = bindings
        self._clock = clock
        self._asked_at: dict[str, datetime] = {}
        self._asking: dict[str, asyncio.Task[object]] = {}

    async def platforms(self) -> list[Platform]:
        """Every platform in each role it plays, in the firm's order."""
        for platform in self._bindings.platforms.values():
            self._ask(platform)
        if self._asking:
            await asyncio.wait(self._asking.values(), timeout=PATIENCE)
        return [_status(platform, role) for role, bound in self._bindings.roles.items() for platform in bound]

    async def close(self) -> None:
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _ask(self, platform: Connected) -> None:
        now = self._clock.now()
        last = max(filter(None, (platform.last_contact_at(), self._asked_at.get(platform.name))), default=None)
        if platform.name in self._asking or (last is not None and now - last < RECENT):
            return
        self._asked_at[platform.name] = now
        task: asyncio.Task[object] = asyncio.get_running_loop().create_task(platform.probe())
        self._asking[platform.name] = task
        task.add_done_callback(lambda _: self._asking.pop(platform.name, None))


def _status(platform: Connected, role: PlatformRole) -> Platform:
    quota = platform.quota()
    facets = platform.reader.facets
    return Platform(
        name=platform.name,
        role=role,
        vendor=platform.vendor,
        health=platform.health(),
        entities=sorted({facet.entity for (_, known), facet in facets.items() if known is role}),
        quota=None if quota is None else Quota(used=quota.used, limit=quota.limit, resets_at=quota.resets_at),
        last_contact_at=platform.last_contact_at(),
    )
