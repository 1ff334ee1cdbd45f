"""How a record's `sources` are written: the asked fields of a Source, and what is the same for every record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from platforms.bindings import Bindings
from resolvers.freshness import Origin
from resolvers.plan.nodes import SourcesSlot
from resolvers.plan.shapes import Shape, shape_of
from schema.roles import PlatformRole

_ID = "\0"


@dataclass(frozen=True, slots=True)
class SourceShape:
    """The Source of one platform and role. `url` holds the deep link's pieces, between which the record's id goes."""

    shape: Shape
    names: tuple[str, ...]
    """Fields of Source, in the order of the shape's members."""
    fixed: Mapping[str, str]
    url: tuple[str, ...] | None


def source_shape(
    bindings: Bindings, type_name: str, slot: SourcesSlot, platform: str, role: PlatformRole
) -> SourceShape:
    connected = bindings.platforms[platform]
    facet = bindings.facet(platform, type_name, role)
    url = None if facet.url is None else tuple(facet.url.format(base=connected.base_url, id=_ID).split(_ID))
    fixed = {"__typename": "Source", "platform": platform, "role": role.value, "entity": facet.entity}
    return SourceShape(shape_of(key for key, _ in slot.fields), tuple(name for _, name in slot.fields), fixed, url)


def told(origin: Origin) -> tuple[str, Any]:
    """Freshness and time as the answer writes them: made once for all records of a read."""
    return origin.freshness.value, msgspec.to_builtins(origin.fetched_at)
