"""Keeps what was used last, within bounds."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most `entries`, and of at most `weight` in all; what was used longest ago is forgotten first.

    Something that weighs more than that by itself isn't kept.
    """

    __slots__ = ("_entries", "_held", "_kept", "_weight")

    def __init__(self, *, entries: int, weight: int) -> None:
        self._entries = entries
        self._weight = weight
        self._held = 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: K, value: V, *, weight: int) -> None:
        replaced = self._kept.pop(key, None)
        self._kept[key] = (value, weight)
        self._held += weight - (replaced[1] if replaced else 0)
        while self._kept and (len(self._kept) > self._entries or self._held > self._weight):
            _, (_, freed) = self._kept.popitem(last=False)
            self._held -= freed
