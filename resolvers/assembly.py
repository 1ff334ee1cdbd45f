"""Puts an engine together from an installation's settings."""

from collections.abc import Callable, Mapping, Sequence

from platforms.bindings import Bindings
from platforms.budget import Budgets
from platforms.connected import Connected
from platforms.registry import connect
from resolvers.engine import GraphEngine
from resolvers.freshness import Memory
from resolvers.memories import ProcessMemory, RedisMemory
from runtime.clock import Clock, SystemClock
from runtime.redis import connect_redis
from runtime.settings import CacheSettings, Settings, SettingsError
from schema.model import model
from schema.roles import PlatformRole
from sync.desk import Desk

MARGIN = 0.5
"""Seconds that shaping and sending an answer may take out of an operation's time."""


def build_engine(
    settings: Settings,
    *,
    clock: Clock | None = None,
    desk: Callable[[Bindings], Desk] | None = None,
    budgets: Budgets | None = None,
) -> GraphEngine:
    """An engine over the configured platforms. Nothing is called yet, so that any of them may be down.

    `desk` makes the desk that takes writes to these platforms; without it the graph can only be read. `budgets` makes
    what processes share of each platform's places and quota.
    """
    time = clock or SystemClock()
    platforms = connect(settings, clock=time, budgets=budgets)
    bindings = bindings_of(settings, platforms)
    wall_clock = settings.server.wall_clock_seconds
    return GraphEngine(
        bindings,
        memory_of(settings.cache, time),
        time,
        seconds=max(wall_clock - MARGIN, wall_clock / 2),
        desk=None if desk is None else desk(bindings),
    )


def bindings_of(settings: Settings, platforms: Mapping[str, Connected]) -> Bindings:
    """Which of the platforms answers for what; raises SettingsError for owners that can't be."""
    roles = {PlatformRole(role): [platforms[name] for name in names] for role, names in settings.roles.items()}
    return Bindings(roles, owners_of(settings.owners, roles))


def memory_of(cache: CacheSettings, clock: Clock) -> Memory:
    """Redis where one is configured, else the process itself."""
    if cache.url is None:
        return ProcessMemory(clock, most=cache.max_entries, seconds=cache.keep_seconds)
    return RedisMemory(connect_redis(cache.url.get_secret_value()), clock, seconds=cache.keep_seconds)


def owners_of(owners: Mapping[str, str], roles: Mapping[PlatformRole, Sequence[Connected]]) -> dict[str, PlatformRole]:
    """The re-assigned fields; raises SettingsError for a field that isn't there or whose new owner doesn't know it."""
    found: dict[str, PlatformRole] = {}
    for field, name in owners.items():
        type_name, _, field_name = field.partition(".")
        role = PlatformRole(name)
        declared = model().types.get(type_name)
        if declared is None or field_name not in declared.fields:
            raise SettingsError([f"owners.{field}: the graph has no such field; see `crosswalk schema print`"])
        facets = [platform.reader.facets.get((type_name, role)) for platform in roles.get(role, ())]
        paths = {path.split(".", 1)[0] for facet in facets if facet is not None for path in facet.by_path()}
        if field_name not in paths:
            raise SettingsError([f"owners.{field}: no platform of role {name} knows this field"])
        found[field] = role
    return found
