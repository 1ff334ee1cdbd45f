"""What people change inside the platforms: who, what, with which stamp, and when others get to see it."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sandbox.platform import EmulatedPlatform, RefusedChange
from sandbox.refusals import RefusedRequest, unknown
from sandbox.stamps import NOW, Stamp, read_stamp

T = TypeVar("T")
LONGEST_MS = 3_600_000
_LOG = logging.getLogger("sandbox")


@dataclass(frozen=True, slots=True)
class Timing:
    """How a change is stamped, after how many seconds others see it, and, for a deletion, what it is merged into."""

    stamp: Stamp = NOW
    visible_after: float = 0.0
    into: str | None = None


def read_timing(query: Mapping[str, str], *, removing: bool) -> Timing:
    """The query of a request that changes a record. Raises RefusedRequest for what can't be meant."""
    known = ("stamp", "visible_after_ms", *(("into",) if removing else ()))
    for name in query:
        if name not in known:
            raise RefusedRequest(422, "UNKNOWN_KEY", unknown("query parameter", name, known))
    return Timing(
        _stamp(query.get("stamp"), removing=removing), _seconds(query.get("visible_after_ms")), query.get("into")
    )


def _stamp(text: str | None, *, removing: bool) -> Stamp:
    if text is None:
        return NOW
    try:
        stamp: Stamp | None = read_stamp(text.replace(" ", "+"))  # an unescaped + arrives as a space
    except ValueError:
        stamp = None
    if stamp is None or (stamp.kept and removing):
        kept = "" if removing else ", or `kept`"
        said = f"stamp must be an instant with its zone, such as 2026-11-20T09:00:00Z{kept}, not {text!r}"
        raise RefusedRequest(422, "INVALID", said)
    return stamp


def _seconds(text: str | None) -> float:
    if text is None:
        return 0.0
    if not text.isdecimal() or not text.isascii() or int(text) > LONGEST_MS:
        raise RefusedRequest(
            422, "INVALID", f"visible_after_ms must be a whole number up to {LONGEST_MS}, not {text!r}"
        )
    return int(text) / 1_000


class LateChanges:
    """Changes that were made, and stamped, before anybody sees them: as rows of a transaction that is still open."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Task[None]] = set()

    def hold(self, seconds: float, change: Callable[[], object]) -> None:
        task = asyncio.get_running_loop().create_task(self._made(seconds, change))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def forget(self) -> None:
        """None of those that wait will be made."""
        for task in self._waiting:
            task.cancel()

    async def _made(self, seconds: float, change: Callable[[], object]) -> None:
        await asyncio.sleep(seconds)
        try:
            change()
        except (RefusedChange, KeyError) as refused:  # the record is gone meanwhile, say
            _LOG.warning("a change that was to be seen late was refused: %s", refused)


def stamped(platform: EmulatedPlatform, stamp: Stamp, change: Callable[[], T]) -> T:
    """Makes the change with the stamp. Raises RefusedChange where the platform's stamps can't be chosen."""
    if stamp == NOW:
        return change()
    if platform.stamps is None:
        raise RefusedChange(f"{platform.name} lets nobody choose a stamp")
    with platform.stamps.made(stamp):
        return change()
