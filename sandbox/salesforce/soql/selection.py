"""SELECT without aggregates: how a row is written, with its parents nested and its attributes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.objects import OBJECTS
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.columns import Scope, reader
from sandbox.salesforce.soql.faults import at_position
from sandbox.salesforce.soql.syntax import Aggregate, FieldGroup, Path, Query, Selected
from sandbox.store import Record

Write = Callable[[Record], Any]
MAX_FIELD_GROUP_LIMIT = 200
MAX_PARENTS = 55


@dataclass(slots=True)
class Shape:
    """What is written of one object: its own fields, and the shapes of its parents."""

    sobject: SObject
    fields: dict[str, Field] = field(default_factory=dict)
    parents: dict[str, tuple[Field, "Shape"]] = field(default_factory=dict)
    children: dict[str, Write] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


def record_url(version: str, sobject: SObject, record_id: str) -> str:
    return f"/services/data/v{version}/sobjects/{sobject.name}/{record_id}"


def writer(org: Org, version: str, shape: Shape) -> Callable[[Record], dict[str, Any]]:
    """A record as the wire shows it: `attributes` first, then what was selected, in that order."""
    entity = shape.sobject.name
    url = record_url(version, shape.sobject, "")
    writes: list[tuple[str, Write]] = []
    for key in shape.order:
        if key in shape.fields:
            writes.append((key, reader(org, (), shape.fields[key])))
        elif key in shape.parents:
            writes.append((key, _parent_writer(org, version, *shape.parents[key])))
        else:
            writes.append((key, shape.children[key]))

    def write(row: Record) -> dict[str, Any]:
        written: dict[str, Any] = {"attributes": {"type": entity, "url": url + row["Id"]}}
        for key, read in writes:
            written[key] = read(row)
        return written

    return write


def _parent_writer(org: Org, version: str, hop: Field, shape: Shape) -> Write:
    write = writer(org, version, shape)
    name, rows = hop.name, org.tables[shape.sobject.name].rows

    def write_parent(row: Record) -> dict[str, Any] | None:
        parent_id = row.get(name)
        parent = None if parent_id is None else rows.get(parent_id)
        return None if parent is None else write(parent)

    return write_parent


def shape_of(scope: Scope, query: Query, child_writer: Callable[[Query], tuple[str, Write]]) -> Shape:
    """The selected fields as a tree; `child_writer` answers a child sub-query with its name and how it is written."""
    shape = Shape(scope.sobject)
    for selected in query.select:
        if selected.alias is not None:
            raise at_position(scope.text, query.source_at, "only aggregate expressions use field aliasing")
        if isinstance(selected.what, Query):
            name, write = child_writer(selected.what)
            shape.children[name] = write
            shape.order.append(name)
        elif isinstance(selected.what, FieldGroup):
            for each in _group(scope, selected.what, query.limit):
                _add(shape, each)
        elif isinstance(selected.what, Path):
            _add_path(scope, shape, selected.what)
        else:
            raise at_position(scope.text, selected.what.at, "Aggregates need a query of aggregates and grouped fields")
    if _count_parents(shape) > MAX_PARENTS:
        raise at_position(scope.text, 0, f"Query may not follow more than {MAX_PARENTS} child-to-parent relationships")
    return shape


def _group(scope: Scope, group: FieldGroup, limit: int | None) -> Iterable[Field]:
    if group.group != "STANDARD" and (limit is None or limit > MAX_FIELD_GROUP_LIMIT):
        message = f"The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELD_GROUP_LIMIT}"
        raise at_position(scope.text, group.at, message)
    return [each for each in scope.sobject.declared if group.group == "ALL" or each.custom == (group.group == "CUSTOM")]


def _add_path(scope: Scope, shape: Shape, path: Path) -> None:
    column = scope.column(path)
    for hop in column.hops:
        name = str(hop.relationship)
        if name not in shape.parents:
            shape.parents[name] = (hop, Shape(OBJECTS[str(hop.refers_to)]))
            shape.order.append(name)
        shape = shape.parents[name][1]
    if column.field.name in shape.fields:
        raise at_position(scope.text, path.at, f"duplicate field selected: {path}", "INVALID_FIELD")
    _add(shape, column.field)


def _add(shape: Shape, each: Field) -> None:
    if each.name not in shape.fields:
        shape.fields[each.name] = each
        shape.order.append(each.name)


def _count_parents(shape: Shape) -> int:
    return sum(1 + _count_parents(below) for _, below in shape.parents.values())


def is_aggregate(selected: Iterable[Selected]) -> bool:
    return any(isinstance(each.what, Aggregate) for each in selected)
