"""Which feeds an installation has: one per facet that is followed, one per list of changes that a platform keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from platforms.bindings import Bindings
from platforms.connected import Connected
from platforms.feeds import ChangeLog, FeedTraits
from platforms.readers import Facet
from schema.roles import PlatformRole
from sync.noticing.tracked import Follows

Key = tuple[str, PlatformRole]
"""A canonical type in a role: what a platform has one facet of."""
_USUAL = FeedTraits()


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetFeed:
    """A facet whose rows are followed.

    `seen`: its records have snapshots; others are only followed for the sake of their parents. `parents`: whose values
    its records decide, by type and role, with the path by which a record names that parent.
    """

    name: str
    platform: Connected
    facet: Facet
    traits: FeedTraits
    seen: bool = True
    parents: Mapping[Key, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return self.facet.type

    @property
    def role(self) -> PlatformRole:
        return self.facet.role


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFeed:
    """A list of changes that a platform keeps by itself."""

    name: str
    platform: Connected
    log: ChangeLog


Followed = FacetFeed | LogFeed


def followed(bindings: Bindings) -> Mapping[str, Followed]:
    """By name: `netsuite:Invoice:ERP` for a facet, `netsuite:log:deletions` for a log."""
    tracked = {(each.platform, (each.type, each.role)) for each in Follows(bindings)}
    found: dict[str, Followed] = {}
    for platform in bindings.platforms.values():
        own = {key for name, key in tracked if name == platform.name}
        parents = _parents(platform, own)
        for key in sorted(own | parents.keys()):
            feed = _facet_feed(platform, key, seen=key in own, parents=parents.get(key, {}))
            found[feed.name] = feed
        for log in platform.feeds.logs:
            name = f"{platform.name}:log:{log.name}"
            found[name] = LogFeed(name=name, platform=platform, log=log)
    return found


def _facet_feed(platform: Connected, key: Key, *, seen: bool, parents: Mapping[Key, str]) -> FacetFeed:
    type_name, role = key
    return FacetFeed(
        name=f"{platform.name}:{type_name}:{role.value}",
        platform=platform,
        facet=platform.reader.facets[key],
        traits=platform.feeds.traits.get(key, _USUAL),
        seen=seen,
        parents=parents,
    )


def _parents(platform: Connected, followed_keys: set[Key]) -> Mapping[Key, Mapping[Key, str]]:
    """By child: the followed parents on the same platform, each with the path by which the child names it."""
    found: dict[Key, dict[Key, str]] = {}
    for parent in followed_keys:
        for child, path in platform.feeds.traits.get(parent, _USUAL).children.items():
            if child in platform.reader.facets and path in platform.reader.facets[child].by_path():
                found.setdefault(child, {})[parent] = path
    return found
