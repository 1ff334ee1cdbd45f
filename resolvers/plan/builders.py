"""Generated functions that turn a platform's rows into selected records, in one pass over the rows.

For every selection and platform a few lines of Python are made from the declared mapping: reading, mapping and
shaping a value happen in one expression. Only names and expressions of declared rows go in; nothing a caller writes
ever does, response keys included.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from platforms.readers import Facet, project
from resolvers.plan.nodes import (
    GroupSlot,
    IdSlot,
    LinkSlot,
    NullSlot,
    Record,
    Slot,
    SourcesSlot,
    TypenameSlot,
    ValueSlot,
)
from resolvers.plan.shapes import Hole, shape_of
from resolvers.plan.sources import SourceShape, told
from schema.ids import id_encoder
from schema.roles import PlatformRole

Build = Callable[..., Any]
Provenance = Mapping[str, SourceShape]
"""What one platform and role tell, by the response keys at which a record's sources are asked."""


@dataclass(slots=True)
class _Code:
    """The function under construction."""

    sources: Mapping[str, str]
    names: dict[str, Any]
    lines: list[str] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    """Paths whose values an enclosing group has read into a local name already."""
    counter: int = 0

    def fresh(self, stem: str) -> str:
        self.counter += 1
        return f"{stem}{self.counter}"

    def named(self, stem: str, value: Any) -> str:
        name = self.fresh(stem)
        self.names[name] = value
        return name

    def value(self, path: str) -> str:
        return self.held.get(path) or self.sources.get(path, "None")


def facet_sources(facet: Facet, paths: set[str]) -> tuple[Mapping[str, str], dict[str, Any]]:
    """How to read the paths that the facet knows; the others read as missing on this platform."""
    known = facet.by_path().keys()
    projection = project(facet, paths & known)
    return projection.sources, dict(projection.names)


def record_builder(record: Record, platform: str, facet: Facet, paths: set[str], told_by: Provenance) -> Build:
    """`build(groups, origin, children, defaults, fragments)` -> per group of rows a list of selected records or Holes.

    Each list is made when it is taken. Rows are external ids where the selection needs no row of its own. `children[i]`
    maps a key to the value of `record.links[i]`, `defaults[i]` is its value for any other key. `fragments[role]` maps
    the record's id to the values that another role's facet contributes.
    """
    sources, names = facet_sources(facet, paths)
    code = _Code(sources, names)
    names["encode_id"] = id_encoder(record.type.name, platform)
    names["Hole"] = Hole
    head = ["def build(groups, origin, children, defaults, fragments):", *_child_names(record)]
    head += _told_once(code, told_by)
    for role in record.facets:
        head.append(f" facet_{role.value} = fragments[{role.value!r}]")
    head += [" for rows in groups:", "  out = []", "  add = out.append", "  for r in rows:"]
    code.lines.append(f"k = {sources['id'] if record.own_row else 'r'}")
    for role in record.facets:
        code.lines.append(f"t_{role.value} = facet_{role.value}.get(k)")
    positions = _fragment_positions(record)
    values = [_top(slot, record, code, positions, told_by) for slot in record.slots]
    names["Shape"] = shape_of(slot.key for slot in record.slots)
    code.lines.append(f"add(Shape({', '.join(values)}))")
    return _made([*head, *(f"   {line}" for line in code.lines), "  yield out"], names)


def fragment_builder(record: Record, role: PlatformRole, facet: Facet, paths: set[str], told_by: Provenance) -> Build:
    """`build(rows, origin, children, defaults)` -> {record id: (values..., sources...)} of one facet."""
    sources, names = facet_sources(facet, paths)
    code = _Code(sources, names)
    slots = [slot for slot in record.slots if isinstance(slot, (ValueSlot, GroupSlot)) and slot.role is role]
    values = [_expression(slot, record, code) for slot in slots]
    values += [_source(code, told_by, key, code.sources["id"]) for key in told_by]
    lines = [
        "def build(rows, origin, children, defaults):",
        " out = {}",
        *_child_names(record),
        *_told_once(code, told_by),
        " for r in rows:",
        *(f"  {line}" for line in code.lines),
        f"  out.setdefault({sources['anchor']}, ({''.join(f'{value}, ' for value in values)}))",
        " return out",
    ]
    return _made(lines, names)


def _made(lines: list[str], names: dict[str, Any]) -> Build:
    exec("\n".join(lines), names)  # noqa: S102 - made of declared rows only
    build: Build = names["build"]
    return build


def _child_names(record: Record) -> list[str]:
    return [
        line
        for position in range(len(record.links))
        for line in (f" child{position} = children[{position}].get", f" default{position} = defaults[{position}]")
    ]


def _fragment_positions(record: Record) -> dict[int, tuple[PlatformRole, int]]:
    """Where each slot of another role's facet stands in that role's fragment, by the slot's identity."""
    counts: dict[PlatformRole, int] = {}
    positions: dict[int, tuple[PlatformRole, int]] = {}
    for slot in record.slots:
        if isinstance(slot, (ValueSlot, GroupSlot)) and slot.role is not record.anchor:
            position = counts.get(slot.role, 0)
            counts[slot.role] = position + 1
            positions[id(slot)] = (slot.role, position)
    return positions


def _top(
    slot: Slot,
    record: Record,
    code: _Code,
    positions: Mapping[int, tuple[PlatformRole, int]],
    told_by: Provenance,
) -> str:
    """The expression of a slot of the record itself; a missing non-null value makes the record a hole."""
    if isinstance(slot, SourcesSlot):
        own = _source(code, told_by, slot.key, "k")
        if not record.facets:
            return f"[{own}]"
        name = code.fresh("own")
        code.lines.append(f"{name} = {own}")
        at = list(told_by).index(slot.key) - len(told_by)
        parts = [name, *(f"(t_{role.value}[{at}] if t_{role.value} else None)" for role in record.facets)]
        return f"[s for s in ({', '.join(parts)},) if s is not None]"
    if id(slot) in positions:
        role, position = positions[id(slot)]
        return f"(t_{role.value}[{position}] if t_{role.value} else facet_{role.value}.missing(k))"
    expression = _expression(slot, record, code)
    if isinstance(slot, (ValueSlot, GroupSlot)) and slot.non_null:
        name = code.fresh("v")
        hole = code.named("hole", Hole(record.type.name, slot.key))
        code.lines += [f"{name} = {expression}", f"if {name} is None:", f" add({hole})", " continue"]
        return name
    return expression


def _expression(slot: Slot, record: Record, code: _Code) -> str:
    match slot:
        case TypenameSlot():
            return repr(record.type.name)
        case IdSlot():
            return "encode_id(k)"
        case NullSlot():
            return "None"
        case ValueSlot(path=path):
            return f"({code.value(path)} or [])" if slot.plural and slot.non_null else code.value(path)
        case GroupSlot():
            return _group(slot, record, code)
        case LinkSlot(link=link):
            position = next(i for i, found in enumerate(record.links) if found is link)
            key = "k" if link.relation.mine == "id" else code.value(link.relation.mine)
            return f"child{position}({key}, default{position})"
        case SourcesSlot():
            raise AssertionError("sources stand at the top of a record only")


def _group(slot: GroupSlot, record: Record, code: _Code) -> str:
    tests: list[str] = []
    for path in slot.presence:
        name = code.fresh("p")
        tests.append(f"({name} := {code.value(path)})")
        code.held[path] = name
    inner_typename = repr(slot.type)
    values = [
        inner_typename if isinstance(inner, TypenameSlot) else _expression(inner, record, code) for inner in slot.slots
    ]
    made = f"{code.named('Group', shape_of(inner.key for inner in slot.slots))}({', '.join(values)})"
    for path in slot.presence:
        del code.held[path]
    if not tests:
        return made
    if slot.every:
        return f"({made} if {' and '.join(f'{test} is not None' for test in tests)} else None)"
    return f"({made} if any(({', '.join(tests)},)) else None)"


def _told_once(code: _Code, told_by: Provenance) -> list[str]:
    """The lines that write what all records' Sources share, under the names that `_shared` gives."""
    lines = []
    for key, source in told_by.items():
        if names := [name for name in _shared(told_by, key) if name]:
            code.names["told"] = told
            lines.append(f" {', '.join(names)}, = told({code.named('source', source)}, origin)")
    return lines


def _shared(told_by: Provenance, key: str) -> list[str]:
    """Per member of a Source the name that holds it, empty where each record has its own."""
    at = list(told_by).index(key)
    members = told_by[key].members
    return ["" if isinstance(found, str) else f"told{at}_{n}" for n, found in enumerate(members)]


def _source(code: _Code, told_by: Provenance, asked: str, key: str) -> str:
    """The expression of the Source under a response key, the record's id being what `key` reads."""
    source = told_by[asked]
    by_record = {
        "externalId": key,
        "url": "None" if source.url is None else _between(source.url, key),
        "modifiedAt": code.sources.get("modifiedAt", "None"),
        "version": code.sources.get("version", "None"),
    }
    shared = _shared(told_by, asked)
    values = [by_record[found] if isinstance(found, str) else shared[n] for n, found in enumerate(source.members)]
    return f"{code.named('Source', source.shape)}({', '.join(values)})"


def _between(pieces: tuple[str, ...], key: str) -> str:
    """The pieces of text with the key's value between them."""
    first, *others = [repr(piece) if piece else "" for piece in pieces]
    return " + ".join(part for part in (first, *(part for piece in others for part in (key, piece))) if part)
