"""The port through which changes on a platform are noticed: what happened since, in the platform's own terms.

What a vendor declares here are *hints*, never values: whoever gets one reads the record again. A vendor that can be
asked for rows by `modifiedAt` needs nothing of its own (`sync.noticing` polls its facets); this port is for what that
doesn't show: deletions, merges, children that don't touch their parent, a change log of the platform's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from schema.errors import UpstreamRejected
from schema.roles import PlatformRole

Json = object


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A record that may have changed. `gone`: the platform says that it is deleted, or merged into `into`.

    `correlation_id`: of what told it; None where nothing has one.
    """

    type: str
    role: PlatformRole
    external_id: str
    gone: bool = False
    into: str | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTraits:
    """How a facet's rows by `modifiedAt` are to be followed.

    `overlap`: how far behind the last stamp each round begins again, because rows become visible later than they are
    stamped. `precision`: the coarsest stamp that the platform gives; rows with equal stamps may stand on both sides of
    a page's border. `restamps`: paths that change without any new stamp (formulas, what a child or the calendar
    decides), which only reading again shows; a path's first part stands for all below it. `children`: canonical types
    whose change changes this one's values without a stamp of its own, each with the path by which the child names its
    parent: by its id, or where the type is another platform's in the first place, by its `anchor`.
    """

    overlap: timedelta = timedelta(minutes=5)
    precision: timedelta = timedelta(seconds=1)
    restamps: frozenset[str] = frozenset()
    children: Mapping[tuple[str, PlatformRole], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HintPage:
    """`position`: where to go on, to be kept as it is; JSON. `more`: whether there is more right away."""

    hints: Sequence[Hint]
    position: object
    more: bool


class PositionForgottenError(UpstreamRejected):
    """A log's position lies before all that the platform remembers, or can't be read any more.

    What happened from `since` (None: nobody knows when) until now isn't told by this log: the facets that it speaks of
    are to be backfilled from there, and the log goes on from `start()`.
    """

    def __init__(self, detail: str, *, since: datetime | None, platform: str) -> None:
        super().__init__(detail, platform=platform)
        self.since = since


class ChangeLog(Protocol):
    """One list of changes that a platform keeps by itself, such as deleted records or a log of events."""

    name: str

    def start(self) -> object:
        """The position of now."""
        ...

    async def read(self, position: object) -> HintPage:
        """Bounded work; the same position may be read twice, and tells the same as long as nothing new happens.

        A page may tell again what an earlier one told. Raises the errors of `schema.errors`, and
        PositionForgottenError where the platform doesn't remember that far back.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFeeds:
    """All that a configured platform says of how its changes are noticed."""

    traits: Mapping[tuple[str, PlatformRole], FeedTraits] = field(default_factory=dict)
    """Facets that aren't named are followed by the usual traits, where they can be asked for rows by `modifiedAt`."""
    logs: Sequence[ChangeLog] = ()
