"""How many sockets and event streams may be open: in all, and with one key."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.options import EdgeOptions
from resolvers.engine_port import Viewer


class NoPlaceError(Exception):
    """Its text is for the caller."""


class Places:
    """Of one gateway."""

    def __init__(self, options: EdgeOptions) -> None:
        self._options = options
        self._open = 0
        self._of_key: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open

    @contextmanager
    def connected(self) -> Iterator[None]:
        """A place of the gateway, for whoever it will be; raises NoPlaceError."""
        if self._open >= self._options.streams:
            raise NoPlaceError("This gateway has as many open streams as it takes: try again later.")
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    @contextmanager
    def held(self, viewer: Viewer) -> Iterator[None]:
        """A place of those of one key; raises NoPlaceError."""
        if self._of_key[viewer.name] >= self._options.streams_per_key:
            raise NoPlaceError(f"This key has {self._options.streams_per_key} open streams: close some.")
        self._of_key[viewer.name] += 1
        try:
            yield
        finally:
            self._of_key[viewer.name] -= 1
            if not self._of_key[viewer.name]:
                del self._of_key[viewer.name]
