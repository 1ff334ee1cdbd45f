"""Random operations answer alike through the plan and through graphql-core over the same records."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zlib import crc32

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.errors import UpstreamUnavailable

UNASKED = {"sources", "cursor", "startCursor", "endCursor", "entities"}  # told elsewhere: cursors and stamps differ
TEXTS = ("alpha", "Alpha", "a", "Beta Co", "o", "österreich", "1", "it's", "", "zzz")
NUMBERS = ("0", "2.5", "-1", "4.25", "7.50")
ROOTS = ("accounts", "opportunities", "contracts", "projects", "invoices", "node", "nodes", "account", "opportunity",
         "contract", "project", "invoice", "resource")  # fmt: skip
OTHERS = (
    "__typename", "other: __typename", "platforms { name role health vendor quota { used } lastContactAt }",
    "__schema { queryType { name } mutationType { name } }", '__type(name: "Money") { name fields { name } }',
)  # fmt: skip


@dataclass
class Draft:
    """Writes one random operation, valid by construction: equal response keys have equal arguments."""

    random: Random
    schema: GraphQLSchema
    ids: Mapping[str, str]
    """Global ids with their types."""
    filters: bool
    definitions: dict[str, str] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)

    @classmethod
    def over(cls, reference: Any, random: Random, *, filters: bool) -> "Draft":
        ids = {text: name for text, (name, _) in reference.local.ids.items()}
        nodes = {text: name for text, name in ids.items() if _is_node(reference.schema.type_map[name])}
        return cls(random, reference.schema, nodes, filters)

    def operation(self, depth: int) -> str:
        assert self.schema.query_type is not None
        roots = [self._field(self.schema.query_type, name, depth, "") for name in self._some(ROOTS, 2)]
        roots += self._some(OTHERS, 2) if self._chance(0.3) else []
        body = self._dressed("Query", roots)
        variables = f"({', '.join(self.definitions.values())})" if self.definitions else ""
        return "\n".join([f"query Q{variables} {{ {body} }}", *self.fragments])

    def _selection(self, kind: Any, depth: int) -> str:
        if isinstance(kind, GraphQLInterfaceType):
            return self._open(depth)
        names = [name for name, found in kind.fields.items() if name not in UNASKED and self._fits(found, depth)]
        parts = [self._field(kind, name, depth, "") for name in self._some(names, 3)]
        return f"{{ {self._sure(kind)} {self._dressed(kind.name, parts)} }}"

    def _open(self, depth: int) -> str:
        nodes = [kind for kind in self.schema.type_map.values() if _is_node(kind)]
        parts = ["__typename", "id"]
        for kind in self.random.sample(nodes, 4):
            names = [name for name, found in kind.fields.items() if name not in UNASKED and self._fits(found, depth)]
            fields = [self._field(kind, name, depth, kind.name.lower()) for name in self._some(names, 3)]
            parts.append(f"... on {kind.name} {{ {' '.join(fields)} }}")
        return f"{{ {self._dressed('Node', parts)} }}"

    def _sure(self, kind: Any) -> str:
        """A field of the record's own: with its id alone nobody looks whether the record is there."""
        return next(
            (n for n, found in kind.fields.items() if _is_record(kind) and n != "id" and _is_leaf(found)), "__typename"
        )

    def _fits(self, found: Any, depth: int) -> bool:
        return depth > 0 or _is_leaf(found) or not _is_record(get_named_type(found.type))

    def _field(self, parent: Any, name: str, depth: int, prefix: str) -> str:
        found = parent.fields[name]
        arguments = self._arguments(found, name)
        mark = f"{crc32(arguments.encode()):x}" if arguments else self.random.choice(("", "", "x"))
        alias = f"{prefix}{name}_{mark}: " if mark or prefix else ""
        kind = get_named_type(found.type)
        below = "" if _is_leaf(found) else self._selection(kind, depth - _is_record(kind))
        return f"{alias}{name}{arguments}{self._directive()} {below}"

    def _arguments(self, found: Any, name: str) -> str:
        texts: list[str] = []
        if "id" in found.args or "ids" in found.args:
            texts.append(self._identity(found, name))
        if "first" in found.args and self._chance(0.6):
            texts.append(f"first: {self._first()}")
        if "orderBy" in found.args and self._chance(0.5):
            kind = get_named_type(found.args["orderBy"].type)
            fields = dict.fromkeys(self._some(kind.fields["field"].type.of_type.values, 2))
            order = [{"field": n} | self._one(({}, {"direction": "ASC"}, {"direction": "DESC"})) for n in fields]
            texts.append(f"orderBy: {self._value(order, found.args['orderBy'].type, 'order')}")
        if "filter" in found.args and self.filters and self._chance(0.5):
            kind = found.args["filter"].type
            texts.append(f"filter: {self._value(self._filter(kind, 2), kind, 'filter')}")
        return f"({', '.join(texts)})" if texts else ""

    def _identity(self, found: Any, name: str) -> str:
        if "ids" in found.args:
            return f"ids: {self._value(self._some(self.ids, 4), found.args['ids'].type, 'ids')}"
        known = self._one(
            [text for text in self.ids if name == "node" or self.ids[text].lower() == name] + ["!malformed"]
        )
        return f"id: {self._value(known, found.args['id'].type, 'id')}"

    def _first(self) -> str:
        choice = self._one(("0", "1", "2", "3", "50", "null", "$"))
        if choice != "$":
            return choice
        name = f"first{len(self.definitions)}"
        self.definitions[name] = f"${name}: Int" + self._one(("", " = 2", " = null"))
        if self._chance(0.5):
            self.given[name] = self._one((1, 3, None))
        return f"${name}"

    def _value(self, value: Any, kind: Any, stem: str) -> str:
        """The value written out, or as a variable with or without a default."""
        if self._chance(0.6):
            return _literal(value, kind)
        name = f"{stem}{len(self.definitions)}"
        self.definitions[name] = f"${name}: {kind}"
        if self._chance(0.3):
            self.definitions[name] += f" = {_literal(value, kind)}"
        else:
            self.given[name] = value
        return f"${name}"

    def _filter(self, kind: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        names = [name for name in kind.fields if depth > 0 or name not in ("and", "or", "not", "account")]
        return {name: self._condition(kind, name, depth) for name in self._some(names, 2)}

    def _condition(self, kind: GraphQLInputObjectType, name: str, depth: int) -> Any:
        inner = get_named_type(kind.fields[name].type)
        if name in ("and", "or"):
            return [self._filter(kind, depth - 1) for _ in range(self.random.randrange(3))]
        if name in ("not", "account"):
            return self._filter(inner, depth - 1)  # type: ignore[arg-type]
        assert isinstance(inner, GraphQLInputObjectType)
        return {operator: self._operand(inner.fields[operator].type, kind) for operator in self._some(inner.fields, 2)}

    def _operand(self, kind: Any, filters: GraphQLInputObjectType) -> Any:
        named = get_named_type(kind)
        if isinstance(kind, GraphQLList):
            return [self._scalar(named, filters) for _ in range(self.random.randrange(4))]
        if self._chance(0.1) and not isinstance(kind, GraphQLNonNull):
            return None
        return self._scalar(named, filters)

    def _scalar(self, kind: Any, filters: GraphQLInputObjectType) -> Any:
        match kind.name:
            case "String":
                return self._one(TEXTS)
            case "ID":
                name = filters.name.removesuffix("Filter").lower()
                return self._one([text for text in self.ids if self.ids[text].lower() == name])
            case "Boolean":
                return self._chance(0.5)
            case "Decimal":
                return self._one(NUMBERS)
            case "Date":
                return f"2026-01-{self.random.randrange(1, 32):02}"
            case "DateTime":
                return f"2026-01-0{self.random.randrange(1, 6)}T12:00:00+01:00"
        return self._one(list(kind.values))

    def _dressed(self, type_name: str, parts: list[str]) -> str:
        """Some of the parts moved into inline and named fragments."""
        if not parts:
            return "__typename"
        cut = self.random.randrange(len(parts) + 1)
        loose, moved = " ".join(parts[:cut]), " ".join(parts[cut:])
        if not moved or self._chance(0.5):
            return f"{loose} {moved}"
        match self.random.randrange(4):
            case 0:
                return f"{loose} ... on {type_name}{self._directive()} {{ {moved} }}"
            case 1:
                return f"... {self._directive()} {{ {moved} }} {loose}"
            case _:
                name = f"F{len(self.fragments)}"
                self.fragments.append(f"fragment {name} on {type_name} {{ {moved} }}")
                return f"{loose} ...{name}{self._directive()} {self._one(('', f'...{name}'))}"

    def _directive(self) -> str:
        if self._chance(0.85):
            return ""
        name = self._one(("skip", "include"))
        if self._chance(0.4):
            return f" @{name}(if: {self._one(('true', 'false'))})"
        flag = f"flag{self.random.randrange(3)}"
        if flag not in self.definitions:
            default = self._chance(0.3)
            self.definitions[flag] = f"${flag}: Boolean! = true" if default else f"${flag}: Boolean!"
            if not default:
                self.given[flag] = self._chance(0.5)
        return f" @{name}(if: ${flag})"

    def _some(self, values: Any, most: int) -> list[Any]:
        found = list(values)
        return [self.random.choice(found) for _ in range(self.random.randint(1, most))] if found else []

    def _one(self, values: Any) -> Any:
        return self.random.choice(values)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share


def _is_node(kind: Any) -> bool:
    return isinstance(kind, GraphQLObjectType) and any(found.name == "Node" for found in kind.interfaces)


def _is_record(kind: Any) -> bool:
    return _is_node(kind) or kind.name in ("InvoiceLine", "Amendment", "Rate", "ContractMilestone")


def _is_leaf(found: Any) -> bool:
    return not isinstance(get_named_type(found.type), (GraphQLObjectType, GraphQLInterfaceType))


def _literal(value: Any, kind: Any) -> str:
    if isinstance(kind, GraphQLNonNull):
        return _literal(value, kind.of_type)
    if value is None:
        return "null"
    if isinstance(kind, GraphQLList):
        return f"[{', '.join(_literal(item, kind.of_type) for item in value)}]"
    if isinstance(kind, GraphQLInputObjectType):
        return f"{{{', '.join(f'{n}: {_literal(item, kind.fields[n].type)}' for n, item in value.items())}}}"
    return str(value) if isinstance(kind, GraphQLEnumType) else json.dumps(value, ensure_ascii=False)


EXAMPLES = settings().max_examples
CAREFUL = settings(max_examples=EXAMPLES * 3, deadline=None, suppress_health_check=list(HealthCheck))


@CAREFUL
@given(randoms=st.randoms(use_true_random=True), depth=st.integers(0, 5))
def test_any_operation_answers_as_graphql_core_does(make_world, firm, local, naive, alike, randoms, depth):
    records = firm.records(randoms.randrange(6), gaps=randoms.choice((0.0, 0.15, 0.3)))
    reference = naive(local(records), viewer=randoms.choice(("admin", "portal")))
    alike(make_world(records), reference).check(Draft.over(reference, randoms, filters=True), depth)


@CAREFUL
@given(randoms=st.randoms(use_true_random=True), depth=st.integers(0, 4))
def test_with_platforms_down_the_same_fields_fail(make_world, firm, local, naive, alike, randoms, depth):
    records = firm.records(randoms.randrange(6))
    down = frozenset(randoms.sample(("CRM", "PSA", "ERP"), randoms.randint(1, 2)))
    world = make_world(records)
    for role in down:
        world.platforms[role.lower()].error = UpstreamUnavailable("down", platform=role.lower())
    reference = naive(local(records), down=down)
    alike(world, reference).check(Draft.over(reference, randoms, filters=False), depth)
