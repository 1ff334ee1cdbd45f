"""Pages of the ledger's lists: how far they go, and the cursors that go on behind them."""

from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from resolvers.cursors import NO_CURSOR, Cursor, Place, read_cursor, signature_hash, write_cursor
from resolvers.run.settled import FIRST, MOST_FIRST
from schema.errors import BadUserInput
from schema.ids import LEDGER
from schema.types.shared import Connection, Edge, PageInfo

T = TypeVar("T")
LARGEST_NUMBER = 2**63 - 1
"""A database has none above."""


@dataclass(frozen=True, slots=True)
class Page:
    """`first` rows behind the one with the number `after`."""

    first: int
    after: int | None
    signature: str


def page_of(first: int | None, after: str | None, of: str) -> Page:
    """Raises BadUserInput for a page that can't be meant. `of` says which list it is, with its filter."""
    first = FIRST if first is None else first
    if first < 0:
        raise BadUserInput(f"`first` is {first}: ask for 0 or more.")
    if first > MOST_FIRST:
        raise BadUserInput(f"`first` is {first}: ask for at most {MOST_FIRST} and go on with `after`.")
    signature = signature_hash(of)
    return Page(first, None if after is None else _number(read_cursor(after, signature, ())), signature)


def _number(cursor: Cursor) -> int:
    text = cursor.places[cursor.last].id
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_NUMBER):
        raise BadUserInput(NO_CURSOR)
    return int(text)


class Total:
    """Counts when somebody asks: graphql-core awaits it only then."""

    def __init__(self, count: Callable[[], Awaitable[int]]) -> None:
        self._count = count

    def __await__(self) -> Generator[Any, None, int]:
        return self._count().__await__()


def connection_of(page: Page, rows: Sequence[tuple[int, T]], total: Total | None) -> Connection[T]:
    """The connection of a page; `rows` holds one more than the page where the list goes on, each with its number."""
    shown = rows[: page.first]
    edges = [Edge(cursor=_cursor(page, number), node=node) for number, node in shown]
    return Connection(
        edges=edges,
        nodes=[node for _, node in shown],
        page_info=PageInfo(
            has_next_page=len(rows) > page.first,
            has_previous_page=page.after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
        total_count=cast("int | None", total),
    )


def _cursor(page: Page, number: int) -> str:
    return write_cursor(Cursor(page.signature, LEDGER, {LEDGER: Place(str(number))}))
