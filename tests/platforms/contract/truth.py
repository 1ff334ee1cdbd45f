"""The firm's answer key as rows of canonical paths, for comparison with what a connector reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from platforms.readers import Facet
from sandbox.firm.answer_key import answer_key
from sandbox.world import World
from schema.model import ANCHORS, Group, Link, model

NESTED = {  # parts of a record in the answer key: type -> where they stand, and their key to it
    "ContractMilestone": ("Contract", "milestones", "contract"),
    "Amendment": ("Contract", "amendments", "contract"),
    "Rate": ("Contract", "rateCard", "contract"),
    "InvoiceLine": ("Invoice", "lines", "invoice"),
}


@dataclass
class Truth:
    """The firm's answer key as rows of canonical paths, ids as the platforms have them."""

    world: World
    key: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.key = answer_key(self.world.firm, self.world.platforms, self.world.clock)
        self._records = {record["key"]: (kind, record) for kind in ANCHORS for record in self.key.get(kind, ())}
        self._named = {platform.role: name for name, platform in self.world.platforms.items()}

    def rows(self, platform: str, facet: Facet, untold: frozenset[str]) -> list[dict[str, Any]]:
        """What the platform's connected records tell, without the paths that the answer key doesn't know."""
        kind, places, link = NESTED.get(facet.type, (facet.type, "", ""))
        rows = []
        for record in self.key.get(kind, ()):
            if not places and platform not in record["records"]:
                continue
            for told in record[places] if places else [record]:
                said = {**told, link: record["key"]} if places else told
                row = {mapped.path: self._at(said, mapped.path, facet) for mapped in facet.rows}
                if not places:
                    row["id"] = record["records"][platform]["id"]
                    if "anchor" in row:
                        row["anchor"] = self._anchor_id(record["key"])
                rows.append({path: v for path, v in row.items() if v is not ... and path not in untold})
        return rows

    def held(self, platform: str, facet: Facet) -> set[str]:
        """The ids of all the platform's records of the type, connected or not; empty where the key tells none."""
        told = [
            record.get(part, {}).get(platform)
            for record in self.key.get(facet.type, ())
            for part in ("records", "unlinked")
        ]
        return {found["id"] for found in told if found is not None and found["entity"] == facet.entity}

    def _at(self, record: Mapping[str, Any], path: str, facet: Facet) -> Any:
        found: Any = record
        for step in path.split("."):
            if found is None:
                return None
            if not isinstance(found, Mapping) or step not in found:
                return ...
            found = found[step]
        return self._anchor_id(found) if path in links(facet.type) and found is not None else found

    def _anchor_id(self, key: str) -> Any:
        kind, record = self._records[key]
        names = [self._named.get(role.value) for role in ANCHORS[kind]]
        return next((record["records"][name]["id"] for name in names if name in record["records"]), ...)


def links(type_name: str) -> set[str]:
    """The paths of the type that hold ids of related records."""
    types = model().types
    found = {link.relation.mine for link in types[type_name].fields.values() if isinstance(link, Link)}
    for group in types[type_name].fields.values():
        if isinstance(group, Group) and group.type in types:
            parts = types[group.type].fields.values()
            found |= {part.relation.mine for part in parts if isinstance(part, Link)}
    for other in types.values():
        found |= {
            link.relation.theirs
            for link in other.fields.values()
            if isinstance(link, Link) and link.relation.target == type_name
        }
    return found - {"id"}


def written(value: Any) -> Any:
    """A canonical value as the answer key writes it; decimals stay numbers."""
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case _:
            return value


def alike(told: Any, found: Any) -> bool:
    if isinstance(found, Decimal):
        return isinstance(told, (str, int)) and Decimal(told) == found
    return told == written(found)
