"""Compares two schemas and says how much each difference weighs for callers."""

from dataclasses import dataclass
from typing import Literal

from graphql import BreakingChange, DangerousChange, GraphQLError, GraphQLSchema, build_schema, find_schema_changes

from gateway.cli.refusal import Refusal

_ORDER = ("breaking", "dangerous", "safe")


@dataclass(frozen=True, slots=True)
class Change:
    weight: Literal["breaking", "dangerous", "safe"]
    description: str


def compare(before: str, after: str, *, name: str) -> list[Change]:
    """What callers of `before` would notice with `after`, the heaviest first. `name` is what messages call `before`."""
    changes = [_weighed(change) for change in find_schema_changes(_schema(before, name), _schema(after, "this schema"))]
    return sorted(changes, key=lambda change: (_ORDER.index(change.weight), change.description))


def _weighed(change: object) -> Change:
    description = str(getattr(change, "description", change))
    if isinstance(change, BreakingChange):
        return Change("breaking", description)
    return Change("dangerous" if isinstance(change, DangerousChange) else "safe", description)


def _schema(text: str, name: str) -> GraphQLSchema:
    try:
        return build_schema(text)
    except GraphQLError as error:
        where = f" (line {error.locations[0].line})" if error.locations else ""
        raise Refusal(f"{name} is not a GraphQL schema{where}: {error.message}") from None
    except TypeError as error:  # build_schema's way of telling that definitions don't fit together
        raise Refusal(f"{name} is not a GraphQL schema: {str(error).splitlines()[0]}") from None
