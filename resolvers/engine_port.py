"""What the gateway asks of whatever answers operations."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import DocumentNode, GraphQLError, GraphQLSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who asks: the holder of an API key."""

    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of a parsed, limited, validated document."""

    document: DocumentNode
    document_hash: str
    name: str | None
    variables: Mapping[str, Any] | None
    viewer: Viewer
    correlation_id: str
    explain: bool
    """Put `extensions.plan` into the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    body: bytes
    """The whole GraphQL response as JSON."""
    cache_control: str | None = None
    """For a GET: what `Cache-Control` may say; without it nothing may be stored."""
    codes: tuple[str, ...] | None = None
    """The codes of the errors in the body; None where nobody has counted them."""


class RequestError(Exception):
    """The variables or the operation's name don't fit the document: nothing was executed."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors


class Engine(Protocol):
    """Answers operations; a cancelled `execute` gives up its upstream calls."""

    schema: GraphQLSchema

    async def execute(self, operation: Operation) -> Answer:
        """A query or a mutation. Raises RequestError; any other error is a bug."""
        ...

    async def subscribe(self, operation: Operation) -> AsyncGenerator[Sequence[Answer], None]:
        """A subscription: whatever happens from the return on is answered, until the generator is closed. Answers that
        are there at the same time come together.

        This, and the generator too, raises RequestError, or an error of `schema.errors` where nothing can be told, or
        nothing more; any other is a bug.
        """
        ...

    async def started(self) -> None: ...

    async def close(self) -> None: ...

    async def ready(self) -> Mapping[str, str]:
        """Each platform's health, by its name."""
        ...
