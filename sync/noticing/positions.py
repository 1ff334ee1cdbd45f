"""How far a feed has been followed, as its row in the ledger keeps it."""

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from sync.ledger.records import Json


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """A way through a facet's rows that is under way: by stamp, or by id where there is no `since`.

    `since`: rows stamped later are meant, `until`: up to then. `at`: the stamp of the last row that was looked at, and
    `ids`: those of the rows just before the place where it goes on, which the platform may tell once more. `resume`:
    where the platform can only go on by a place of its own making. `pages`: how many it has had.
    """

    since: datetime | None = None
    until: datetime | None = None
    began_at: datetime
    at: datetime | None = None
    ids: tuple[str, ...] = ()
    resume: Any = None
    pages: int = 0


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """How far rows are followed by their stamps.

    `high`: the newest stamp that was seen, at `high_at` by our clock. `settled`: rows stamped up to then have had their
    last look. `walk`: what is under way; `final` is settled when it ends, `before` was the newest stamp as it began.
    """

    high: datetime | None = None
    high_at: datetime | None = None
    settled: datetime | None = None
    walk: Walk | None = None
    final: datetime | None = None
    before: datetime | None = None


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """Reads all of a facet that can't be asked for what changed, again and again."""

    walk: Walk | None = None
    next_at: datetime | None = None
    rounds: int = 0


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """Looks at all known records in turn. `after`: the last one that was; `calendar_at`: when dates were looked at."""

    after: str = ""
    next_at: datetime | None = None
    calendar_at: datetime | None = None


class Probing(msgspec.Struct, frozen=True, kw_only=True):
    """Looks for what was missed. `clean`: probes in a row that found nothing; None: nothing is known to be missed."""

    next_at: datetime | None = None
    clean: int | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """All of a facet's feed. `start`: what is stamped up to then was there before anybody followed it.

    `whole`: every record there was at the start has been looked at.
    """

    start: datetime | None = None
    whole: bool = False
    live: Live | None = None
    scan: Scan | None = None
    rotation: Rotation = Rotation()
    probing: Probing = Probing()


class Backfill(msgspec.Struct, frozen=True, kw_only=True):
    """Reads what is older, beside the live feed. `since` None: everything.

    `baseline`: records never seen before are only written down, as no change of theirs is known.
    """

    since: datetime | None = None
    until: datetime | None = None
    baseline: bool = True
    everything: bool = False
    """The one that a feed begins with."""
    walk: Walk | None = None
    rows: int = 0


Kept = TypeVar("Kept", bound=msgspec.Struct)


def read_position(kind: type[Kept], kept: Json) -> Kept | None:
    """None where there is none, and where it is none of ours: the feed then begins anew, which loses nothing."""
    if kept is None:
        return None
    try:
        return msgspec.convert(kept, kind)
    except msgspec.ValidationError:
        return None


def written(position: msgspec.Struct) -> Json:
    return msgspec.to_builtins(position)


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two instants, either of which may be missing."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
