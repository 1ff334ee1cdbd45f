"""When the changes of a platform's users are stamped: as they happen, unless the control API says otherwise."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.store import Record


@dataclass(frozen=True, slots=True)
class Stamp:
    """How a change is stamped: `at` an instant of its own, as one that is seen late is; or not at all.

    `kept`: no record that is there already gets a new stamp, as when a formula's value changes, or when a new child
    changes its parent's figures.
    """

    at: datetime | None = None
    kept: bool = False


NOW = Stamp()


class Stamps:
    """The clock by which a platform stamps its records; it reads another one, but for changes `made` with a stamp."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._stamp = NOW

    def __call__(self) -> datetime:
        return self._stamp.at or self._clock()

    @property
    def kept(self) -> bool:
        return self._stamp.kept

    @contextmanager
    def made(self, stamp: Stamp) -> Iterator[None]:
        before, self._stamp = self._stamp, stamp
        try:
            yield
        finally:
            self._stamp = before

    def without(self, columns: Collection[str], changes: Record) -> Record:
        """The changes of a record that is there, without these stamps of it where stamps are kept."""
        return {name: value for name, value in changes.items() if name not in columns} if self.kept else changes


def read_stamp(text: str) -> Stamp:
    """`kept`, or an instant with its zone; ValueError for anything else."""
    if text == "kept":
        return Stamp(kept=True)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant without a zone")
    return Stamp(at=moment.astimezone(UTC))
