"""The streams of canonical records that get another status on the platform which owns it."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec
from strawberry import ID

from platforms.bindings import Bindings
from resolvers.ledger.wanted import MOST_VALUES
from resolvers.subscriptions.cursors import write_event_cursor
from resolvers.subscriptions.streams import Accepts, Arguments, Waiting
from schema.enums import InvoiceStatus, ProjectStatus
from schema.errors import BadUserInput
from schema.ids import key_of
from schema.model import Value
from schema.roles import PlatformRole
from schema.types.subscription import InvoiceStatusEvent, ProjectStatusEvent
from sync.ledger.port_of_changes import RecordChange, change_kind
from sync.ledger.records import Event

S = TypeVar("S", bound=Enum)
STATUS, ACCOUNT = "status", "account"


class _StatusChanged(Generic[S]):
    """Changes of one type's status. Whoever has a key may ask for the records, and so may hear of them."""

    def __init__(self, name: str, type_name: str, statuses: type[S], ids: str) -> None:
        self.name = name
        self.kind = change_kind(type_name)
        self._type_name = type_name
        self._known = {status.value: status for status in statuses}
        self._ids = ids

    def accepted(self, waiting: Waiting, arguments: Arguments) -> Accepts:
        known = self._known.keys()
        wanted = _among(arguments.get("statuses"), "statuses")
        statuses = known if wanted is None else {status.value for status in wanted}
        ids = _among(arguments.get(self._ids), self._ids)
        subjects = None if ids is None else frozenset(self._id(text) for text in ids)
        belongs = _of_account(arguments.get("accountId"), waiting.bindings)
        owner = self._owner(waiting.bindings)

        def accepts(event: Event) -> bool:
            change = event.payload
            told = change["changes"].get(STATUS)
            return (
                told is not None
                and told[1] in statuses
                and told[1] != told[0]
                and (subjects is None or event.subject in subjects)
                and change["role"] == owner.value
                and not change.get("gone")
                and belongs(change)
            )

        return accepts

    def allow(self, waiting: Waiting) -> None:
        """As for queries: every role may see them, with the fields that it may see."""

    def _owner(self, bindings: Bindings) -> PlatformRole:
        """Whose word counts: other platforms may keep a copy of the status."""
        field = bindings.model.types[self._type_name].fields[STATUS]
        assert isinstance(field, Value)
        found = bindings.owner(self._type_name, STATUS, field.roles or ())
        if found is None:
            raise BadUserInput(f"No connected platform owns the status of records of type {self._type_name}.")
        return found

    def _id(self, text: str) -> str:
        key_of(self._type_name, text)
        return text

    def _said(self, event: Event) -> dict[str, Any]:
        """What events of either type say."""
        change = msgspec.convert(event.payload, RecordChange)
        before, after = change.changes[STATUS]
        return {
            "cursor": write_event_cursor(self.name, event.cursor),
            "correlation_id": ID(event.correlation_id),
            "occurred_at": change.occurred_at,
            "platform": change.platform,
            "before": None if change.first else self._known.get(before),
            "after": self._known[after],
        }


class ProjectStatusChanged(_StatusChanged[ProjectStatus]):
    def __init__(self) -> None:
        super().__init__("projectStatusChanged", "Project", ProjectStatus, "projectIds")

    def shown(self, event: Event) -> ProjectStatusEvent:
        return ProjectStatusEvent(project_id=ID(event.subject), **self._said(event))


class InvoiceStatusChanged(_StatusChanged[InvoiceStatus]):
    def __init__(self) -> None:
        super().__init__("invoiceStatusChanged", "Invoice", InvoiceStatus, "invoiceIds")

    def shown(self, event: Event) -> InvoiceStatusEvent:
        return InvoiceStatusEvent(invoice_id=ID(event.subject), **self._said(event))


def _of_account(text: str | None, bindings: Bindings) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a changed record is one of this account's: its link holds the account's key on the account's platform."""
    if text is None:
        return lambda _: True
    key = key_of("Account", text)
    anchor = bindings.anchor("Account")
    linking = {
        name for name in bindings.platforms if anchor is not None and bindings.peer(name, anchor) == key.platform
    }

    def belongs(change: Mapping[str, Any]) -> bool:
        return change.get("values", {}).get(ACCOUNT) == key.external_id and change["platform"] in linking

    return belongs


def _among(given: Sequence[Any] | None, name: str) -> Sequence[Any] | None:
    if given is not None and len(given) > MOST_VALUES:
        raise BadUserInput(f"`{name}` holds {len(given)} values: give at most {MOST_VALUES}, or none to hear of all.")
    return given
