"""What the settings say about the edge, in the edge's own terms."""

from collections.abc import Iterable
from pathlib import Path

from gateway.cli.key_entries import ROLES
from gateway.key_file import KeyFile
from gateway.keys import ApiKey, KeyRing
from gateway.options import DocumentLimits, EdgeOptions
from runtime.settings import Settings, SettingsError, reread_keys
from runtime.settings.problems import nearest


def key_ring(settings: Settings) -> KeyRing:
    """The keys of the settings; raises SettingsError for a role that nobody can have."""
    return KeyRing(_keys(settings))


def key_file(settings: Settings, ring: KeyRing) -> KeyFile | None:
    """What keeps the ring as the file of keys is, where there is one."""
    if settings.keys_file is None:
        return None

    def read() -> Iterable[ApiKey]:
        try:
            return _keys(reread_keys(settings))
        except SettingsError as error:
            raise ValueError(str(error)) from None

    return KeyFile(ring, Path(settings.keys_file), read)


def _keys(settings: Settings) -> list[ApiKey]:
    wrong = [key for key in settings.keys if key.role not in ROLES]
    if wrong:
        raise SettingsError(
            [f"keys: {key.name!r} has the role {key.role}, which is none{nearest(key.role, ROLES)}" for key in wrong]
        )
    return [ApiKey(name=key.name, role=key.role, sha256=key.sha256, prefix=key.prefix) for key in settings.keys]


def edge_options(settings: Settings) -> EdgeOptions:
    limits = settings.limits
    return EdgeOptions(
        limits=DocumentLimits(
            tokens=limits.tokens,
            depth=limits.depth,
            aliases=limits.aliases,
            root_fields=limits.root_fields,
            directives=limits.directives,
            records=limits.records,
        ),
        body_bytes=limits.body_bytes,
        body_seconds=limits.body_seconds,
        wall_clock_seconds=settings.server.wall_clock_seconds,
        introspection=settings.server.introspection,
        open_metrics=settings.server.metrics == "open",
        explorer=settings.server.explorer,
        allowed_origins=frozenset(settings.server.allowed_origins),
        streams=limits.streams,
        streams_per_key=limits.streams_per_key,
    )
