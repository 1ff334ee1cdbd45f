"""The firm as the running platforms hold it: which record each has, and what connects them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from sandbox.firm.model import Firm
from sandbox.platform import EmulatedPlatform, KnownAs, RunningPlatform

Answer = dict[str, Any]
T = TypeVar("T")


class View:
    """What the answers are made from; `today` decides what is overdue."""

    def __init__(self, firm: Firm, platforms: Mapping[str, EmulatedPlatform | RunningPlatform], today: date) -> None:
        self.firm = firm
        self.today = today
        self._known = {name: platform.known_as() for name, platform in platforms.items()}
        self._erps = [name for name, platform in platforms.items() if platform.role == "ERP"]
        self.people = {person.key: person for person in firm.people}
        self.clients = {client.key: client for client in firm.clients}
        self.projects = {project.key: project for project in firm.projects}
        self.entities = {entity.key: entity for entity in firm.legal_entities}
        self.by_client = _grouped(firm.invoices, "client")
        self.by_project = _grouped(firm.invoices, "project")

    def record(self, kind: str, key: str, /, **fields: Any) -> Answer:
        known = {name: as_known[kind, key] for name, as_known in self._known.items() if (kind, key) in as_known}
        answer = {"key": key, **fields, "records": {n: _told(k) for n, k in known.items() if k.linked}}
        unlinked = {name: _told(as_known) for name, as_known in known.items() if not as_known.linked}
        return {**answer, "unlinked": unlinked} if unlinked else answer

    def in_some_erp(self, kind: str, key: str) -> bool:
        """Whether an ERP of the sandbox holds the record; with no ERP in the sandbox, one outside may."""
        return not self._erps or any((kind, key) in self._known[name] for name in self._erps)

    def linked_project(self, key: str | None) -> str | None:
        return key if key is not None and self.projects[key].erp_linked else None


def _told(known: KnownAs) -> dict[str, str]:
    return {"entity": known.entity, "id": known.id}


def _grouped(records: Iterable[T], by: str) -> dict[str | None, list[T]]:
    groups: dict[str | None, list[T]] = defaultdict(list)
    for record in records:
        groups[getattr(record, by)].append(record)
    return groups
