"""One answer for all who wait for the same: an event that a thousand subscribers get alike is resolved once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from resolvers.engine_port import Answer

KEPT_SECONDS = 0.5
"""For those who come to the same event a little later; longer, and what they get would not be live."""
MOST_KEPT = 256
"""Answers that are kept at once."""
Make = Callable[[], Awaitable[Answer]]


@dataclass(slots=True, eq=False)
class _Shared:
    task: asyncio.Task[Answer]
    waiting: int = 0


class SharedAnswers:
    """Answers under way, and those without errors that were given a moment ago, by what tells them apart."""

    def __init__(self, *, seconds: float = KEPT_SECONDS, most: int = MOST_KEPT) -> None:
        self._seconds = seconds
        self._most = most
        self._shared: dict[Hashable, _Shared] = {}

    async def answer(self, key: Hashable, make: Make) -> Answer:
        """Whoever comes first makes it. It is given up once nobody waits for it any more."""
        return (await self.answers({key: make}))[0]

    async def answers(self, wanted: Mapping[Hashable, Make]) -> Sequence[Answer]:
        """Several, made side by side, in their order."""
        found = [(key, self._begun(key, make)) for key, make in wanted.items()]
        for _, shared in found:
            shared.waiting += 1
        try:
            # Shielded: others may wait for the same.
            return [await asyncio.shield(shared.task) for _, shared in found]
        finally:
            for key, shared in found:
                shared.waiting -= 1
                if not shared.waiting and not shared.task.done():
                    self._forget(key, shared.task)
                    shared.task.cancel()

    def _begun(self, key: Hashable, make: Make) -> _Shared:
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = _Shared(asyncio.ensure_future(_made(make)))
            shared.task.add_done_callback(lambda task: self._note_end(key, task))
        return shared

    def _note_end(self, key: Hashable, task: asyncio.Task[Answer]) -> None:
        failed = task.cancelled() or task.exception() is not None or task.result().codes
        if failed or len(self._shared) > self._most:
            self._forget(key, task)
        else:
            asyncio.get_running_loop().call_later(self._seconds, self._forget, key, task)

    def _forget(self, key: Hashable, task: asyncio.Task[Answer]) -> None:
        found = self._shared.get(key)
        if found is not None and found.task is task:
            del self._shared[key]


async def _made(make: Make) -> Answer:
    return await make()
