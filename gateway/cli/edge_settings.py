"""What the settings say about the edge, in the edge's own terms."""

from gateway.keys import ApiKey, KeyRing
from gateway.options import DocumentLimits, EdgeOptions
from runtime.settings import Settings


def key_ring(settings: Settings) -> KeyRing:
    return KeyRing(ApiKey(name=key.name, role=key.role, sha256=key.sha256, prefix=key.prefix) for key in settings.keys)


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
    )
