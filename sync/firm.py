"""The firm as flows see it: its platforms by role, their records by canonical paths, and who may be written to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from platforms.bindings import Bindings
from platforms.predicates import And, Compare, Predicate
from platforms.readers import Order, Projection, ReadQuery
from platforms.writers import Writable, Writer
from schema.errors import BadUserInput
from schema.ids import RecordKey, decode_id, encode_id
from schema.roles import PlatformRole
from sync.effects import is_planned
from sync.services import ServiceTemplate

MOST_ALIKE = 50
"""Rows that are looked at to find the one that is meant."""
_FURTHER = "_"
_ENTITIES = ("LegalEntity", PlatformRole.ERP)


def further_link(client: str, entity: str) -> str:
    """What links a client's customer to it for a further legal entity of one ERP: one key names one record there.

    Neither CRMs' ids nor ERPs' hold the sign between them.
    """
    return f"{client}{_FURTHER}{entity}"


def client_of(link: str) -> str:
    """The client's id in the CRM, whichever of its customers the link is of."""
    return link.partition(_FURTHER)[0]


@dataclass(frozen=True, slots=True)
class Row:
    """What one platform says of a record, by canonical path."""

    platform: str
    external_id: str
    values: Mapping[str, Any]

    def __getitem__(self, path: str) -> Any:
        return self.values[path]


@dataclass(frozen=True, slots=True)
class Door:
    """The way to write one type of record on one platform."""

    platform: str
    writer: Writer
    writable: Writable


class Firm:
    """Reads go to the platforms each time; nothing is kept but how to ask."""

    def __init__(self, bindings: Bindings, services: Mapping[str, ServiceTemplate]) -> None:
        self.bindings = bindings
        self.services = services
        self._projections: dict[tuple[str, str, PlatformRole, frozenset[str]], Projection] = {}

    # ---------------------------------------------------------------------------------------------------- who is who

    def anchor(self, type_name: str) -> PlatformRole | None:
        return self.bindings.anchor(type_name)

    def key(self, type_name: str, record_id: str) -> RecordKey:
        """The record that a global id names; BadUserInput where it can be none of that type in this firm."""
        found = decode_id(record_id)
        if found.type != type_name:
            raise BadUserInput(f"This id belongs to a record of type {found.type}, not {type_name}.")
        role = self.anchor(type_name)
        known = () if role is None else self.bindings.holders(type_name, role)
        if all(platform.name != found.platform for platform in known):
            raise BadUserInput(f"This id belongs to the platform {found.platform}, which isn't connected as {role}.")
        return found

    @staticmethod
    def record_id(type_name: str, platform: str, external_id: str) -> str:
        """A stand-in of a plan stays one."""
        return external_id if is_planned(external_id) else encode_id(RecordKey(type_name, platform, external_id))

    def tellers(self, type_name: str, role: PlatformRole, platform: str) -> list[str]:
        """The platforms of `role` that hold facets of the records that `platform` anchors."""
        anchor = self.anchor(type_name)
        return [] if anchor is None else self.bindings.tellers(type_name, role, anchor, platform)

    def door(self, platform: str, type_name: str, role: PlatformRole) -> Door | None:
        """None where the platform lets nobody write that."""
        writer = self.bindings.platforms[platform].writer
        writable = None if writer is None else writer.writables.get((type_name, role))
        return None if writer is None or writable is None else Door(platform, writer, writable)

    # --------------------------------------------------------------------------------------------------- what they say

    async def rows(
        self,
        platform: str,
        type_name: str,
        role: PlatformRole,
        paths: Iterable[str],
        *,
        by: str | None = None,
        keys: Iterable[str] = (),
        where: Predicate | None = None,
        order: tuple[Order, ...] = (),
        most: int | None = None,
    ) -> list[Row]:
        """Every row that fits, at most `most`; keys are asked for in batches of what the platform takes.

        Paths that the platform's facet doesn't have read as None.
        """
        reader = self.bindings.platforms[platform].reader
        facet = reader.facets[type_name, role]
        asked = frozenset(paths)
        projection = self._projection(platform, type_name, role, frozenset(asked & facet.by_path().keys()))
        size = facet.batch[by] if by is not None else 1
        wanted = tuple(dict.fromkeys(keys))
        batches = [wanted[start : start + size] for start in range(0, len(wanted), size)] if by is not None else [()]
        found: list[Row] = []
        for batch in batches:
            query: ReadQuery | None = ReadQuery(by=by, keys=batch, where=where, order=order, limit=most)
            while query is not None:
                page = await reader.read(projection, query)
                found += [_row(platform, projection, asked, raw) for raw in page.rows]
                query = _next(query, page.more)
        return found if most is None else found[:most]

    async def one(self, type_name: str, key: RecordKey, paths: Iterable[str]) -> Row | None:
        """The record itself, as its anchor's platform has it."""
        role = self.anchor(type_name)
        assert role is not None
        rows = await self.rows(key.platform, type_name, role, paths, by="id", keys=(key.external_id,))
        return rows[0] if rows else None

    async def facets_of(self, type_name: str, role: PlatformRole, key: RecordKey, paths: Iterable[str]) -> list[Row]:
        """What the platforms of another role say of the record, by their links to it; several where it has several.

        A client has several customers in one ERP where several of the firm's companies bill it there.
        """
        wanted = frozenset(paths)
        found: list[Row] = []
        for name in self.tellers(type_name, role, key.platform):
            keys = [key.external_id]
            if (type_name, role) == ("Account", PlatformRole.ERP):
                keys += [further_link(key.external_id, entity) for entity in await self._entities(name)]
            found += await self.rows(name, type_name, role, wanted, by="anchor", keys=keys)
        return found

    async def _entities(self, platform: str) -> list[str]:
        """The ids of the firm's own companies in one ERP."""
        if _ENTITIES not in self.bindings.platforms[platform].reader.facets:
            return []
        return [row.external_id for row in await self.rows(platform, *_ENTITIES, ("id",))]

    async def matching(
        self, platform: str, type_name: str, role: PlatformRole, paths: Iterable[str], key: Mapping[str, Any]
    ) -> list[Row]:
        """The rows whose values are exactly these; none where the platform can't be asked for one of them."""
        facet = self.bindings.facet(platform, type_name, role)
        askable = all(path in facet.pushable and "eq" in facet.pushable[path].operators for path in key)
        if not askable or any(value is None for value in key.values()):
            return []
        compared = tuple(Compare(path, "eq", value) for path, value in key.items())
        where = compared[0] if len(compared) == 1 else And(compared)
        rows = await self.rows(platform, type_name, role, {*paths, *key}, where=where, most=MOST_ALIKE)
        return [row for row in rows if all(row[path] == value for path, value in key.items())]

    def _projection(self, platform: str, type_name: str, role: PlatformRole, paths: frozenset[str]) -> Projection:
        identity = (platform, type_name, role, paths)
        found = self._projections.get(identity)
        if found is None:
            reader = self.bindings.platforms[platform].reader
            found = self._projections[identity] = reader.project(reader.facets[type_name, role], paths)
        return found


def _row(platform: str, projection: Projection, asked: frozenset[str], raw: Any) -> Row:
    values = {path: projection.getter(path)(raw) if path in projection.paths else None for path in asked}
    return Row(platform, projection.getter("id")(raw), values)


def _next(query: ReadQuery, more: Any) -> ReadQuery | None:
    if more is None:
        return None
    return ReadQuery(by=query.by, keys=query.keys, where=query.where, order=query.order, limit=query.limit, resume=more)
