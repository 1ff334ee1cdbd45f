"""The signatures of planned fields: functions that lend their arguments to a field and are never called."""

from collections.abc import Callable
from typing import Any

import strawberry

from schema.types.shared import Connection

Signature = Callable[..., Any]


@strawberry.input(description="Looks a record up by what a platform calls it.")
class RecordRef:
    platform: str
    entity: str | None = strawberry.UNSET
    external_id: str


def page_of(node: Any, *, first: int = 50) -> Signature:
    """`(first, after)`."""
    usual = first

    def arguments(self: Any, first: int | None = usual, after: str | None = strawberry.UNSET) -> None:
        raise _unplanned()

    return _returning(arguments, node, {})


def filtered_page_of(node: Any, filters: Any) -> Signature:
    """`(filter, first, after)`."""

    def arguments(
        self: Any,
        filter: Any = strawberry.UNSET,  # noqa: A002 - the contract's name
        first: int | None = 50,
        after: str | None = strawberry.UNSET,
    ) -> None:
        raise _unplanned()

    return _returning(arguments, node, {"filter": filters | None})


def ordered_page_of(node: Any, filters: Any, order: Any) -> Signature:
    """`(filter, orderBy, first, after)`."""

    def arguments(
        self: Any,
        filter: Any = strawberry.UNSET,  # noqa: A002 - the contract's name
        order_by: Any = strawberry.UNSET,
        first: int | None = 50,
        after: str | None = strawberry.UNSET,
    ) -> None:
        raise _unplanned()

    return _returning(arguments, node, {"filter": filters | None, "order_by": list[order] | None})


def record_of(node: Any) -> Signature:
    """`(id, ref)`."""

    def arguments(self: Any, id: Any = strawberry.UNSET, ref: Any = strawberry.UNSET) -> None:  # noqa: A002
        raise _unplanned()

    arguments.__annotations__ = {"id": strawberry.ID | None, "ref": RecordRef | None, "return": node | None}
    return arguments


def _returning(arguments: Signature, node: Any, extra: dict[str, Any]) -> Signature:
    arguments.__annotations__ = {**extra, "first": int | None, "after": str | None, "return": Connection[node] | None}
    return arguments


def _unplanned() -> RuntimeError:
    return RuntimeError("a planned field was resolved outside a plan")
