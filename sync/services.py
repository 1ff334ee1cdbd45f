"""What the firm sells, by service code: how a project for it is set up."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.settings import Settings, SettingsError
from runtime.settings.problems import nearest
from schema.enums import ProjectKind

_KINDS = frozenset({"", *(kind.value for kind in ProjectKind)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTemplate:
    """`tasks` are the names of the tasks that each such project begins with, `roles` who is looked for.

    `milestones` are planned where the contract names none; their names only, since money comes from contracts alone.
    """

    kind: ProjectKind = ProjectKind.PROJECT
    tasks: tuple[str, ...] = ()
    milestones: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


def templates_of(settings: Settings) -> Mapping[str, ServiceTemplate]:
    """Raises SettingsError for a kind that the graph doesn't know."""
    unknown = {code: found.kind for code, found in settings.services.items() if found.kind not in _KINDS}
    if unknown:
        raise SettingsError(
            [f"services.{code}.kind: no such kind{nearest(kind, _KINDS)}" for code, kind in unknown.items()]
        )
    return {
        code: ServiceTemplate(
            kind=ProjectKind(found.kind or ProjectKind.PROJECT.value),
            tasks=found.tasks,
            milestones=found.milestones,
            roles=found.roles,
        )
        for code, found in settings.services.items()
    }
