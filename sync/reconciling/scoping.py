"""Which units a reconciliation is about: those of a legal entity, of a period, or all."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from platforms.readers import Facet
from schema.roles import PlatformRole
from sync.firm import further_link
from sync.reconciling.comparison import Client, Comparison, Walk
from sync.reconciling.seen import Reading, Scope, Seen, Unit

ERP = PlatformRole.ERP


async def in_scope(
    reading: Reading, comparison: Comparison, walk: Walk, scope: Scope, units: Sequence[Unit]
) -> list[Unit]:
    """A unit whose day, or whose legal entity, nobody can tell is in no period and of no entity."""
    kept = [unit for unit in units if _in_period(walk, scope, unit)]
    if scope.legal_entity is None or not kept:
        return kept
    assert comparison.client is not None, "refused when it was asked for"
    clients = [comparison.client(reading.firm, unit) for unit in kept]
    entities = await _entities(reading, [client for client in clients if client is not None])
    return [
        unit
        for unit, client in zip(kept, clients, strict=True)
        if client is not None and scope.legal_entity in entities[client]
    ]


def _in_period(walk: Walk, scope: Scope, unit: Unit) -> bool:
    if scope.since is None and scope.until is None:
        return True
    walked = unit.lefts if walk.which == "left" else unit.rights
    return any(_within(scope, _day(walk, seen)) for seen in walked)


def _within(scope: Scope, day: date | None) -> bool:
    if day is None:
        return False
    return (scope.since is None or scope.since <= day) and (scope.until is None or day <= scope.until)


def _day(walk: Walk, seen: Seen) -> date | None:
    found: Any = seen.modified_at if walk.dated == "modifiedAt" else seen.values.get(walk.dated)
    return found.date() if isinstance(found, datetime) else found


async def _entities(reading: Reading, clients: Sequence[Client]) -> dict[Client, set[tuple[str, str]]]:
    """The firm's companies that bill each client, as their ERPs' platform and id."""
    found: dict[Client, set[tuple[str, str]]] = defaultdict(set)
    firm = reading.firm
    for crm in dict.fromkeys(client.platform for client in clients):
        mine = [client for client in clients if client.platform == crm]
        for platform in firm.tellers("Account", ERP, crm):
            entities = await reading.entities(platform)
            links = {client: [client.link] if client.exact else _links(client.link, entities) for client in mine}
            asked = {link for each in links.values() for link in each}
            facet: Facet = firm.bindings.facet(platform, "Account", ERP)
            if "anchor" not in facet.batch:
                continue
            paths = ("anchor", "billing.legalEntity")
            rows = await firm.rows(platform, "Account", ERP, paths, by="anchor", keys=sorted(asked))
            entity_of = {row["anchor"]: row["billing.legalEntity"] for row in rows}
            for client, each in links.items():
                found[client] |= {(platform, entity_of[link]) for link in each if entity_of.get(link) is not None}
    return found


def _links(client: str, entities: Sequence[str]) -> list[str]:
    return [client, *(further_link(client, entity) for entity in entities)]
