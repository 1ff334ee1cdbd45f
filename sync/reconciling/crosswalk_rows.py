"""The crosswalk table held against the platforms: rows that point at records which are gone."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from platforms.copies import copies_of
from platforms.predicates import Predicate
from schema.ids import LEDGER
from sync.firm import Firm
from sync.ledger.records import Json, Link
from sync.reconciling.links import Own
from sync.reconciling.seen import Key, Page, Reading, Scope, Seen
from sync.reconciling.sides import FacetSide


@dataclass(frozen=True, slots=True)
class CrosswalkRows:
    """The table's rows. Their key is the platform, and entity and id there."""

    def platforms(self, firm: Firm) -> list[str]:  # noqa: ARG002 - the port's
        return [LEDGER]

    async def page(self, reading: Reading, platform: str, after: Json, *, most: int, where: Predicate | None) -> Page:  # noqa: ARG002
        place = None if after is None else (after[0], after[1], after[2], after[3])
        rows = await reading.ledger.reconciliations.links(after=place, most=most)
        last = rows[-1] if len(rows) == most else None
        behind = None if last is None else [last.record_id, last.platform, last.entity, last.external_id]
        connected = reading.firm.bindings.platforms
        return Page([_seen(row) for row in rows if row.platform in connected], behind)

    async def of(self, reading: Reading, keys: Iterable[Key]) -> list[Seen]:
        found: list[Seen] = []
        for platform, place in dict.fromkeys(keys):
            entity, _, external_id = place.partition(":")
            found += map(_seen, await reading.ledger.linked(platform, entity, external_id))
        return found

    async def again(self, reading: Reading, platform: str, external_ids: Iterable[str]) -> list[Seen]:
        return await self.of(reading, [(platform, each) for each in external_ids])

    async def count(self, reading: Reading, platform: str, where: Predicate | None) -> int | None:  # noqa: ARG002
        """The ledger answers whole or not at all."""
        return None

    def where(self, firm: Firm, platform: str, path: str, scope: Scope) -> Predicate | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class LinkedRecords:
    """The records that the rows point at, in bulk where the platform can be asked so."""

    def platforms(self, firm: Firm) -> list[str]:
        return list(firm.bindings.platforms)

    async def of(self, reading: Reading, keys: Iterable[Key]) -> list[Seen]:
        asked: dict[tuple[str, str], list[str]] = defaultdict(list)
        for platform, place in dict.fromkeys(keys):
            entity, _, external_id = place.partition(":")
            if platform in reading.firm.bindings.platforms:
                asked[platform, entity].append(external_id)
        found: list[Seen] = []
        for (platform, entity), external_ids in asked.items():
            there = await _there(reading, platform, entity, external_ids)
            found += [_record(platform, entity, each) for each in external_ids if each in there]
        return found

    async def again(self, reading: Reading, platform: str, external_ids: Iterable[str]) -> list[Seen]:
        return await self.of(reading, [(platform, each) for each in external_ids])


async def _there(reading: Reading, platform: str, entity: str, external_ids: list[str]) -> set[str]:
    """Those that the platform has. An entity that can be neither read nor written there is taken for there."""
    connected = reading.firm.bindings.platforms[platform]
    facets = {**connected.reader.facets, **copies_of(connected.reader)}
    kinds = [key for key, facet in facets.items() if facet.entity == entity and "id" in facet.batch]
    if kinds:
        found: set[str] = set()
        for type_name, role in kinds:
            side = FacetSide(type=type_name, role=role, paths=(), linked=Own())
            left = [each for each in external_ids if each not in found]
            found |= {seen.external_id for seen in await side.again(reading, platform, left)}
        return found
    writer = connected.writer
    writable = next((each for each in writer.writables.values() if each.entity == entity), None) if writer else None
    if writer is None or writable is None:
        return set(external_ids)
    return {each for each in external_ids if await writer.fetch(writable, each) is not None}


def _seen(link: Link) -> Seen:
    return Seen(
        platform=link.platform,
        external_id=link.external_id,
        key=(link.platform, f"{link.entity}:{link.external_id}"),
        values={"record": link.record_id, "entity": link.entity, "at": link.at},
        modified_at=link.at,
    )


def _record(platform: str, entity: str, external_id: str) -> Seen:
    return Seen(platform=platform, external_id=external_id, key=(platform, f"{entity}:{external_id}"), values={})
