"""Tells how the connected platforms are, for the graph's own `platforms` field."""

from platforms.connected import Connected
from resolvers.bindings import Bindings
from schema.roles import PlatformRole
from schema.types.query import Platform, Quota


class PlatformStatus:
    """The context of the schema's own resolvers."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings

    def platforms(self) -> list[Platform]:
        """Every platform in each role it plays, in the firm's order."""
        return [_status(platform, role) for role, bound in self._bindings.roles.items() for platform in bound]


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
