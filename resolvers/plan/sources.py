"""How a record's `sources` are written: the asked fields of a Source, and what is the same for every record."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

import msgspec

from platforms.bindings import Bindings
from resolvers.freshness import Origin
from resolvers.plan.nodes import SourcesSlot
from resolvers.plan.shapes import Shape, shape_of
from schema.roles import PlatformRole

_ID = "\0"
_BY_RECORD = frozenset({"externalId", "url", "modifiedAt", "version"})
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class SourceShape:
    """The Source of one platform and role.

    `members` are the shape's: the name of a field that each record has its own value of, or neighbouring fields, as
    (response key, name), that a whole read shares. `url` holds the deep link's pieces, between which the record's id
    goes.
    """

    shape: Shape
    members: tuple[str | tuple[tuple[str, str], ...], ...]
    fixed: Mapping[str, str]
    url: tuple[str, ...] | None


def source_shape(
    bindings: Bindings, type_name: str, slot: SourcesSlot, platform: str, role: PlatformRole
) -> SourceShape:
    connected = bindings.platforms[platform]
    facet = bindings.facet(platform, type_name, role)
    url = None if facet.url is None else tuple(facet.url.format(base=connected.base_url, id=_ID).split(_ID))
    fixed = {"__typename": "Source", "platform": platform, "role": role.value, "entity": facet.entity}
    keys: list[str] = []
    members: list[str | tuple[tuple[str, str], ...]] = []
    for by_record, neighbours in groupby(slot.fields, key=lambda field: field[1] in _BY_RECORD):
        fields = tuple(neighbours)
        keys += [key for key, _ in fields] if by_record else [fields[0][0]]
        members += [name for _, name in fields] if by_record else [fields]
    return SourceShape(shape_of(keys), tuple(members), fixed, url)


def told(source: SourceShape, origin: Origin) -> list[msgspec.Raw]:
    """The members that all records of a read share, written once: a thousand records copy them."""
    values = {**source.fixed, "freshness": origin.freshness, "fetchedAt": origin.fetched_at}
    return [_written(fields, values) for fields in source.members if not isinstance(fields, str)]


def _written(fields: tuple[tuple[str, str], ...], values: Mapping[str, object]) -> msgspec.Raw:
    """The fields' JSON without the first key, which the shape writes: msgspec copies a Raw as it stands."""
    (_, first), *others = fields
    return msgspec.Raw(
        _encode(values[first]) + b"".join(b',"%b":%b' % (k.encode(), _encode(values[n])) for k, n in others)
    )
