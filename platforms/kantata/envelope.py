"""Answers of lists: decoded straight into rows, with what came beside the records put in its place.

An answer has `results` (order and membership) and one map per collection, by id. A row's nested parts are
- of the record itself (`status.key`),
- of a record that it names (`primary_maven.full_name`, by `primary_maven_id`),
- of the lines that it owns (`additional_items`, by `additional_item_ids`),
- of its external references (`external_references.<service>`: the other system's id) and of its custom field values
  (`custom_field_values.<field>`: the value as people read it, or as it is kept where a list is asked for), each found
  by name.
https://developer.kantata.com/section/response-format
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, get_args

import msgspec

from platforms.rows import Field, RowType, row_type

Weave = Callable[[list[Any], Any], None]
Keep = Callable[[Any], bool]


class Result(msgspec.Struct, gc=False):
    id: str


class Meta(msgspec.Struct, gc=False):
    count: int


class _Reference(msgspec.Struct, gc=False):
    """An external reference; the service's name is unique for a record."""

    name: str | None = msgspec.field(name="service_name", default=None)
    value: str | None = msgspec.field(name="service_model_ref", default=None)


class _CustomValue(msgspec.Struct, gc=False):
    name: str | None = msgspec.field(name="custom_field_name", default=None)
    value: str | None = msgspec.field(name="display_value", default=None)


class _KeptValue(_CustomValue, gc=False):
    """A custom value with what it is kept as: an amount is `[998, "USD"]`."""

    kept: Any = msgspec.field(name="value", default=None)


class Item(msgspec.Struct, gc=False):
    """A line that is of one invoice alone."""

    notes: str | None = None
    amount_in_cents: int | None = None
    currency: str | None = None
    currency_base_unit: int | None = None


NOTHING: Mapping[str, str] = {}
_NAMED: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "external_references": ("external_reference_ids", _Reference),
    "custom_field_values": ("custom_field_value_ids", _CustomValue),
}

_OWNED: dict[str, tuple[str, type[msgspec.Struct]]] = {"additional_items": ("additional_item_ids", Item)}
"""Lists of records that belong to one, each a field of that name."""


def part(parent: str, name: str) -> str:
    """The field for something that is found by a name of the firm's own, which may hold dots."""
    return f"{parent}.{name.replace('%', '%25').replace('.', '%2E')}"


@dataclass(frozen=True, slots=True)
class Shape:
    """How the answers of one projection are read. `include` and `optional` are what has to be asked for."""

    row: RowType
    pages: msgspec.json.Decoder[Any]
    include: tuple[str, ...]
    optional: tuple[str, ...]
    weaves: tuple[Weave, ...]

    def rows(self, page: Any) -> list[Any]:
        """The page's rows in the answer's order; KeyError where a result has no record."""
        records = page.records
        rows = [records[result.id] for result in page.results]
        for weave in self.weaves:
            weave(rows, page)
        return rows


def shape(
    name: str,
    fields: Iterable[Field],
    *,
    collection: str,
    associations: Mapping[str, str],
    optional: frozenset[str],
    listed: Mapping[str, str] = NOTHING,
    helpers: Iterable[Field] = (),
) -> Shape:
    """`associations` are the collection's includes with the collection that each leads to, `listed` the attributes that
    are lists of ids with the include that brings them.
    """
    wanted = tuple(dict.fromkeys((*fields, *helpers)))
    nested = dict.fromkeys(item.name.split(".")[0] for item in wanted if "." in item.name)
    joined = [parent for parent in nested if parent in associations]
    joined += [item.name for item in wanted if item.name in _OWNED]
    several = _NAMED | _OWNED
    ids = [Field(several[parent][0], list[str]) if parent in several else Field(f"{parent}_id") for parent in joined]
    row = row_type(name, (*wanted, *ids))
    plain = [item.name.removesuffix("_id") for item in wanted if item.name.endswith("_id")]
    plain += [listed[item.name] for item in wanted if item.name in listed]
    include = (*joined, *(named for named in plain if named in associations and named not in joined))
    page, maps = _page(row.struct, collection, {parent: associations[parent] for parent in joined})
    asked = tuple(item.name for item in wanted if item.name in optional)
    weaves = tuple(_weave(row, parent, maps[associations[parent]]) for parent in joined)
    return Shape(row, msgspec.json.Decoder(page), include, asked, weaves)


def _page(
    row: type[msgspec.Struct], collection: str, joined: Mapping[str, str]
) -> tuple[type[msgspec.Struct], Mapping[str, str]]:
    """The struct of an answer, and the attribute of each side-loaded map in it."""
    members: list[Any] = [("results", list[Result]), ("meta", Meta), ("records", dict[str, row])]  # type: ignore[valid-type]
    wire = {"results": "results", "meta": "meta", "records": collection}
    maps: dict[str, str] = {}
    for parent, target in joined.items():
        kind = _side(row, parent)
        maps[target] = attribute = f"side_{parent}"
        members.append((attribute, dict[str, kind], msgspec.field(default_factory=dict)))  # type: ignore[valid-type]
        wire[attribute] = target
    return msgspec.defstruct("Page", members, rename=wire, gc=False), maps


def _side(row: type[msgspec.Struct], parent: str) -> type[msgspec.Struct]:
    """What of the side-loaded records is read."""
    if parent in _OWNED:
        return _OWNED[parent][1]
    if parent not in _NAMED:
        found: type[msgspec.Struct] = _inner(row, parent)
        return found
    return _KeptValue if _lists(_inner(row, parent)) else _NAMED[parent][1]


def _lists(inner: type[msgspec.Struct]) -> frozenset[str]:
    """The names for which the value is wanted as it is kept."""
    return frozenset(_unescaped(item.encode_name) for item in msgspec.structs.fields(inner) if item.type == list | None)


def _inner(row: type[msgspec.Struct], parent: str) -> Any:
    """The struct of a nested part."""
    (declared,) = [item.type for item in msgspec.structs.fields(row) if item.encode_name == parent]
    return next(kind for kind in get_args(declared) if kind is not type(None))


def _weave(row: RowType, parent: str, side: str) -> Weave:
    map_of = attrgetter(side)
    if parent in _NAMED:
        return _weave_named(row, parent, map_of)
    if parent in _OWNED:
        return _weave_owned(parent, map_of)
    id_of = attrgetter(f"{parent}_id")

    def weave(rows: list[Any], page: Any) -> None:
        found = map_of(page).get
        for each in rows:
            setattr(each, parent, found(id_of(each)))

    return weave


def _weave_owned(parent: str, map_of: Callable[[Any], Any]) -> Weave:
    ids_of = attrgetter(_OWNED[parent][0])

    def weave(rows: list[Any], page: Any) -> None:
        side = map_of(page)
        for each in rows:
            setattr(each, parent, [side[one] for one in ids_of(each) or () if one in side])

    return weave


def _weave_named(row: RowType, parent: str, map_of: Callable[[Any], Any]) -> Weave:
    make = _inner(row.struct, parent)
    names = [_unescaped(item.encode_name) for item in msgspec.structs.fields(make)]
    positions = {name: position for position, name in enumerate(names)}
    kept = _lists(make)
    nothing = [None] * len(names)
    ids_of = attrgetter(_NAMED[parent][0])

    def weave(rows: list[Any], page: Any) -> None:
        side = map_of(page)
        for each in rows:
            ids = ids_of(each)
            if not ids:
                continue
            values: list[Any] = nothing.copy()
            for one in ids:
                found = side.get(one)
                if found is not None and found.name in positions:
                    values[positions[found.name]] = found.kept if kept and found.name in kept else found.value
            setattr(each, parent, make(*values))

    return weave


def _unescaped(name: str) -> str:
    return name.replace("%2E", ".").replace("%25", "%")
