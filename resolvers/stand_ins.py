"""Canonical records inside what the schema's own resolvers answer: stand-ins there, places for a plan to fill."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    get_named_type,
    is_abstract_type,
    is_non_null_type,
)
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.pyutils import Path as ResponsePath

from schema.errors import BadUserInput
from schema.ids import LEDGER_TYPES, decode_id

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class StandIn:
    """What a resolver returns for a canonical record, which graphql-core can't read.

    `proven`: the ledger names it, so that the id alone needs no proof. `beyond`: it is one too many to be read.
    """

    id: str
    proven: bool = True
    beyond: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where in the answer a record belongs; it stands there itself until it is filled.

    `fields` are the selected fields of the record's type by response key, `required`: null can't stand there.
    """

    path: Path
    stand_in: StandIn
    type: str | None
    """None: the graph has no such type, or not here."""
    of: str | None
    """The one type that the place can hold; None: any node."""
    required: bool
    nodes: tuple[FieldNode, ...]
    fields: Mapping[str, str]

    def bare(self) -> dict[str, Any]:
        """The record with nothing but its id."""
        known: dict[str, Any] = {"id": self.stand_in.id, "__typename": self.type, "sources": []}
        return {key: known.get(name) for key, name in self.fields.items()}


class Placing(ExecutorThrowingOnIncremental):
    """Executes as graphql-core does, but puts a Place where a resolver gave a StandIn, and notes it in the context.

    What is asked of no more than a proven id is answered at once.
    """

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: Any,
        info: GraphQLResolveInfo[Any],
        path: ResponsePath,
        result: Any,
        position_context: None,
    ) -> Any:
        if type(result) is not StandIn:
            return super().complete_value(return_type, field_details_list, info, path, result, position_context)
        named = get_named_type(return_type)
        found = self._type(result, named)
        fields = {} if found is None else self._fields(found, field_details_list)
        place = Place(
            path=tuple(path.as_list()),
            stand_in=result,
            type=None if found is None else found.name,
            of=None if is_abstract_type(named) else named.name,
            required=is_non_null_type(return_type),
            nodes=tuple(details.node for details in field_details_list),
            fields=fields,
        )
        if found is not None and result.proven and set(fields.values()) <= {"id", "__typename"}:
            return place.bare()
        self.context_value.places.append(place)
        return place

    def _fields(self, found: GraphQLObjectType, field_details_list: Any) -> dict[str, str]:
        collected = self.collect_subfields(found, field_details_list).grouped_field_set
        return {key: details[0].node.name.value for key, details in collected.items()}

    def _type(self, stand_in: StandIn, named: Any) -> GraphQLObjectType | None:
        """The type of the record; None where the field can't hold it, or the graph hasn't it (any more)."""
        try:
            key = decode_id(stand_in.id)
        except BadUserInput:
            return None
        found = self.schema.get_type(key.type)
        if key.type in LEDGER_TYPES or not isinstance(found, GraphQLObjectType):
            return None
        fits = self.schema.is_sub_type(named, found) if is_abstract_type(named) else found is named
        return found if fits else None
