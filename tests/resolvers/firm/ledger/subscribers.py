"""Subscriptions of the engine, and what they are told."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from hashlib import sha256
from typing import Any

from graphql import parse, validate

from resolvers.engine_port import Answer, Operation, Viewer

PATIENCE = 20.0


class Answers:
    """Those of one subscription, one after the other."""

    def __init__(self, told: AsyncGenerator[Sequence[Answer], None]) -> None:
        self._told = told
        self._waiting: deque[Answer] = deque()

    async def __anext__(self) -> Answer:
        while not self._waiting:
            self._waiting.extend(await anext(self._told))
        return self._waiting.popleft()

    async def aclose(self) -> None:
        await self._told.aclose()


class Subscriber:
    """One subscription of the engine."""

    def __init__(self, governed: Any) -> None:
        self.engine = governed.world.engine

    async def to(self, query: str, *, by: str = "admin", **variables: Any) -> Any:
        problems = validate(self.engine.schema, parse(query))
        assert not problems, problems
        role, _, name = by.partition("@")
        operation = Operation(
            document=parse(query),
            document_hash=sha256(query.encode()).hexdigest(),
            name=None,
            variables=variables,
            viewer=Viewer(name=name or "test", role=role),
            correlation_id="c-of-the-subscription",
            explain=False,
        )
        return Answers(await self.engine.subscribe(operation))


async def told(answers: Any, number: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(PATIENCE):
        return [json.loads((await anext(answers)).body) for _ in range(number)]


async def events(answers: Any, number: int) -> list[dict[str, Any]]:
    found = await told(answers, number)
    assert not [each["errors"] for each in found if "errors" in each]
    return [each["data"]["event"] for each in found]
