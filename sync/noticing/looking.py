"""Looks at records that may have changed, and at those whose values they decide."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from platforms.bindings import Bindings
from platforms.connected import Connected
from platforms.feeds import Hint
from platforms.readers import ReadQuery
from sync.ledger.port_of_changes import Snapshot, Snapshots
from sync.ledger.records import Json
from sync.noticing.followed import FacetFeed, Followed, Key
from sync.noticing.observer import Noticed, Observer
from sync.noticing.pages import Row

ANCHOR = "anchor"


@dataclass(slots=True)
class Tally:
    """What was done in a round: rows told by the platform, records looked at, and what came of it."""

    rows: int = 0
    looks: int = 0
    changes: int = 0
    deletions: int = 0
    holes: int = 0

    def add(self, noticed: Noticed, *, baseline: bool = False) -> None:
        """`baseline`: that a record was never seen before is no change."""
        self.looks += noticed.read
        self.changes += noticed.changed + noticed.gone + (0 if baseline else noticed.first)
        self.deletions += noticed.gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Records to be looked at. `named`: the parents that rows named, by child and then by the path."""

    hints: Sequence[Hint]
    named: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of_rows(cls, feed: FacetFeed, rows: Iterable[Row]) -> "Wanted":
        found = list(rows)
        return cls(
            hints=[Hint(type=feed.type, role=feed.role, external_id=row.id) for row in found],
            named={row.id: row.parents for row in found if row.parents},
        )


class Looking:
    """`parents` are looked at behind their children, whether they are named now or were before."""

    def __init__(
        self, feeds: Mapping[str, Followed], bindings: Bindings, snapshots: Snapshots, observer: Observer
    ) -> None:
        self._bindings = bindings
        self._snapshots = snapshots
        self._observer = observer
        self._feeds = {
            (feed.platform.name, feed.type, feed.role): feed for feed in feeds.values() if isinstance(feed, FacetFeed)
        }

    async def look(
        self,
        platform: Connected,
        wanted: Wanted,
        *,
        noticed_by: str,
        baseline: bool = False,
        correlation_id: str | None = None,
    ) -> Tally:
        """Raises the platform's errors: then nothing, or only a part, has been looked at."""
        tally = Tally()
        if not wanted.hints:
            return tally
        before = {} if baseline else await self._decided(platform, wanted)
        seen = [hint for hint in wanted.hints if self._is_seen(platform, hint)]
        if seen:
            noticed = await self._observer.look(
                platform.name, seen, noticed_by=noticed_by, baseline=baseline, correlation_id=correlation_id
            )
            tally.add(noticed, baseline=baseline)
        if not baseline:
            parents = await self._parents(platform, before, await self._decided(platform, wanted))
            if parents:
                noticed = await self._observer.look(
                    platform.name, parents, noticed_by=noticed_by, correlation_id=correlation_id
                )
                tally.add(noticed)
        return tally

    def _is_seen(self, platform: Connected, hint: Hint) -> bool:
        feed = self._feeds.get((platform.name, hint.type, hint.role))
        return feed is not None and feed.seen

    async def _decided(self, platform: Connected, wanted: Wanted) -> dict[Key, set[str]]:
        """Keys of the parents that the children name, by rows and by what was last seen of them."""
        found: dict[Key, set[str]] = {}
        by_key: dict[Key, list[str]] = {}
        for hint in wanted.hints:
            by_key.setdefault((hint.type, hint.role), []).append(hint.external_id)
        for key, ids in by_key.items():
            feed = self._feeds.get((platform.name, *key))
            if feed is None or not feed.parents:
                continue
            snapshots = await self._snapshots.get(platform.name, feed.type, feed.role.value, ids) if feed.seen else {}
            for parent, path in feed.parents.items():
                keys = found.setdefault(parent, set())
                keys |= {named[path] for each in ids if path in (named := wanted.named.get(each, {}))}
                keys |= {value for each in snapshots.values() if isinstance(value := _value(each, path), str)}
        return found

    async def _parents(
        self, platform: Connected, before: Mapping[Key, set[str]], after: Mapping[Key, set[str]]
    ) -> list[Hint]:
        """Those that are known: one that isn't yet will be, by its own feed."""
        hints: list[Hint] = []
        for type_name, role in {**before, **after}:
            keys = before.get((type_name, role), set()) | after.get((type_name, role), set())
            ids = await self._ids(platform, (type_name, role), sorted(keys))
            known = await self._snapshots.get(platform.name, type_name, role.value, ids)
            hints += [Hint(type=type_name, role=role, external_id=each) for each in ids if each in known]
        return hints

    async def _ids(self, platform: Connected, parent: Key, keys: Sequence[str]) -> list[str]:
        """A key is the id of the parent, or of the record on another platform that the parent is linked to."""
        type_name, role = parent
        facet = platform.reader.facets[parent]
        if self._bindings.anchor(type_name) is role or ANCHOR not in facet.batch:
            return list(keys)
        projection = platform.reader.project(facet, ("id",))
        id_of = projection.getter("id")
        found: list[str] = []
        size = facet.batch[ANCHOR]
        for start in range(0, len(keys), size):
            query: ReadQuery | None = ReadQuery(by=ANCHOR, keys=tuple(keys[start : start + size]))
            while query is not None:
                page = await platform.reader.read(projection, query)
                found += [id_of(row) for row in page.rows]
                query = None if page.more is None else ReadQuery(by=ANCHOR, keys=query.keys, resume=page.more)
        return found


def _value(snapshot: Snapshot, path: str) -> Json:
    return snapshot.values.get(path)
