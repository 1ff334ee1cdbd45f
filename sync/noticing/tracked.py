"""Which records of the configured platforms are followed, and which of their values are compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from platforms.bindings import Bindings
from platforms.feeds import FeedTraits
from platforms.readers import Facet
from schema.model import Group, Link, Model
from schema.roles import PlatformRole

FOLLOWED = (
    "Account",
    "Opportunity",
    "Contract",
    "ContractMilestone",
    "Amendment",
    "Project",
    "Milestone",
    "Invoice",
    "CreditMemo",
    "Payment",
)
"""The canonical types whose changes others wait for, wherever a platform has a facet of one."""
_NO_VALUES = frozenset({"id", "modifiedAt", "version", "createdAt", "updatedAt"})
"""What only says which record it is, and when it was written."""
_STATUSES = ("status", "stage")
ANCHOR = "anchor"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tracked:
    """One platform's facet that is followed.

    `compared`: the canonical paths whose values make a difference. `keys`: those among them that hold the keys of
    related records, each with the type that it leads to. `told`: what an event says of the record beside its changes.
    """

    platform: str
    facet: Facet
    compared: frozenset[str]
    keys: Mapping[str, str]
    told: tuple[str, ...]
    precision: timedelta

    @property
    def type(self) -> str:
        return self.facet.type

    @property
    def role(self) -> PlatformRole:
        return self.facet.role

    @property
    def stamped(self) -> bool:
        """Whether the platform says when a record was changed last."""
        return "modifiedAt" in self.facet.by_path()


class Follows:
    """All that is followed in an installation."""

    def __init__(self, bindings: Bindings) -> None:
        self._tracked = {(each.platform, each.type, each.role): each for each in _every(bindings)}

    def __iter__(self) -> Iterator[Tracked]:
        return iter(self._tracked.values())

    def get(self, platform: str, type_name: str, role: PlatformRole) -> Tracked | None:
        """None where nobody follows such records there."""
        return self._tracked.get((platform, type_name, role))


def _every(bindings: Bindings) -> Iterator[Tracked]:
    for type_name in FOLLOWED:
        unseen = _restricted(bindings.model, type_name)
        keys = _keys(bindings.model, type_name)
        for role in bindings.roles:
            for platform in bindings.holders(type_name, role):
                facet = platform.reader.facets[type_name, role]
                compared = frozenset(path for path in facet.by_path() if path.split(".", 1)[0] not in unseen)
                compared -= _NO_VALUES
                if compared <= {ANCHOR}:
                    continue  # figures that are worked out anew each time, and not for everybody's eyes
                known = {path: target for path, target in keys.items() if path in compared}
                yield Tracked(
                    platform=platform.name,
                    facet=facet,
                    compared=compared,
                    keys=known,
                    told=(*sorted(known), *(path for path in _STATUSES if path in compared)),
                    precision=platform.feeds.traits.get((type_name, role), _USUAL).precision,
                )


def _restricted(model: Model, type_name: str) -> frozenset[str]:
    """The names of fields that not everybody may see: they stand in no snapshot and in no event."""
    return frozenset(
        name for name, found in model.types[type_name].fields.items() if getattr(found, "restricted", None) is not None
    )


def _keys(model: Model, type_name: str) -> Mapping[str, str]:
    """The paths at which records of the type may hold keys of others, by whichever side the relation is declared on."""
    found: dict[str, str] = {}
    for name, declared in model.types.items():
        for field in declared.fields.values():
            if isinstance(field, Link) and field.relation.target == type_name and field.relation.mine == "id":
                found[field.relation.theirs] = name
    found |= _own_keys(model, type_name)
    found.pop("id", None)
    return found


def _own_keys(model: Model, type_name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in model.types[type_name].fields.values():
        if isinstance(field, Link) and field.relation.theirs == "id":
            found[field.relation.mine] = field.relation.target
        elif isinstance(field, Group) and field.type in model.types:
            found |= _own_keys(model, field.type)
    return found


_USUAL = FeedTraits()
