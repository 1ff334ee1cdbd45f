"""Which platform answers for what: roles bound to platforms, owners of fields, and whose ids a link holds."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from platforms.connected import Connected
from platforms.readers import Facet
from schema.model import Model, model
from schema.roles import PlatformRole

Path = str


class Bindings:
    """Roles -> platforms in the firm's order of preference, and the questions that follow from it.

    `owners` re-assigns fields, such as {"Account.number": ERP}.
    """

    def __init__(
        self,
        roles: Mapping[PlatformRole, Sequence[Connected]],
        owners: Mapping[str, PlatformRole] | None = None,
    ) -> None:
        self.roles = {role: tuple(platforms) for role, platforms in roles.items() if platforms}
        self._owners = dict(owners or {})
        self.model: Model = model()

    @cached_property
    def platforms(self) -> Mapping[str, Connected]:
        return {platform.name: platform for platforms in self.roles.values() for platform in platforms}

    def holders(self, type_name: str, role: PlatformRole) -> tuple[Connected, ...]:
        """The platforms of the role that know records of the type."""
        return tuple(platform for platform in self.roles.get(role, ()) if (type_name, role) in platform.reader.facets)

    def facet(self, platform: str, type_name: str, role: PlatformRole) -> Facet:
        return self.platforms[platform].reader.facets[type_name, role]

    def anchor(self, type_name: str) -> PlatformRole | None:
        """The role whose records are the canonical records of the type; None where the firm has bound none."""
        for role in self.model.types[type_name].anchors:
            if self.holders(type_name, role):
                return role
        return None

    def owner(self, type_name: str, path: Path, roles: Sequence[PlatformRole]) -> PlatformRole | None:
        """The role that answers for a path: as re-assigned, else the first declared one that knows it."""
        field = f"{type_name}.{path.split('.', 1)[0]}"
        candidates = (self._owners[field],) if field in self._owners else tuple(roles)
        for role in candidates:
            if any(self._knows(platform, type_name, role, path) for platform in self.holders(type_name, role)):
                return role
        return None

    def peer(self, platform: str, role: PlatformRole) -> str | None:
        """The platform of `role` whose ids the links on `platform` hold."""
        own = self.platforms[platform]
        if role in own.peers:
            return own.peers[role]
        if own in self.roles.get(role, ()):
            return platform
        bound = self.roles.get(role, ())
        return bound[0].name if bound else None

    def tellers(self, type_name: str, role: PlatformRole, anchor: PlatformRole, platform: str) -> list[str]:
        """The platforms of `role` that know more of the records anchored on a platform of role `anchor`."""
        return [found.name for found in self.holders(type_name, role) if self.peer(found.name, anchor) == platform]

    @staticmethod
    def _knows(platform: Connected, type_name: str, role: PlatformRole, path: Path) -> bool:
        known = platform.reader.facets[type_name, role].by_path()
        return path in known or any(name.startswith(path + ".") for name in known)
