"""Conditions held here are right, and leave other callers their turn."""

import asyncio
from types import SimpleNamespace
from typing import Any

from platforms.predicates import Compare, any_of
from resolvers.run.holding import AT_ONCE, held

CONDITIONS = 100
WHERE = any_of([Compare("name", "eq", str(number)) for number in range(CONDITIONS)])


def values(turn: asyncio.Lock) -> Any:
    async def over(_platform: str, _projection: Any, rows: list[int], _wanted: Any) -> list[Any]:
        return [lambda _path, row=row: str(row) for row in rows]

    return SimpleNamespace(turn=turn, over=over)


async def kept(turn: asyncio.Lock, rows: range) -> list[int]:
    found: list[int] = await held(values(turn), "crm", None, list(rows), WHERE)  # type: ignore[arg-type]
    return found


async def test_rows_are_kept_in_their_order() -> None:
    assert await kept(asyncio.Lock(), range(300, -1, -1)) == list(range(CONDITIONS - 1, -1, -1))


async def test_other_callers_have_a_turn_between_the_parts_of_one_branch_at_a_time() -> None:
    turns = 0

    async def neighbour() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.ensure_future(neighbour())
    turn, rows, branches = asyncio.Lock(), range(500), 4
    await asyncio.gather(*(kept(turn, rows) for _ in range(branches)))
    beside.cancel()
    assert turns >= branches * len(rows) * CONDITIONS // AT_ONCE
