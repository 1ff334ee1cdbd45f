"""Whose events are whose: by the kinds and the filter of a webhook, and by what its owner may hear when it is sent."""

from collections.abc import Callable, Mapping

import msgspec

from platforms.bindings import Bindings
from schema.errors import BadUserInput
from schema.ids import RecordKey, key_of, ledger_id
from schema.model import Group, Value, model
from sync.delivering.kinds import covers, is_record
from sync.ledger.outcomes import EXCEPTION_EVENT, RUN_EVENT
from sync.ledger.port_of_changes import RecordChange
from sync.ledger.port_of_webhooks import WEBHOOK_EVENT, Hook
from sync.ledger.records import Event, Json
from sync.policy import MAY_READ_LEDGER

RoleOf = Callable[[str], str | None]
"""The role of whoever has a key of this name; None where nobody has one."""
STATUS, ACCOUNT = "status", "account"
# The parts of a filter, each of which is about events of some kinds and lets all others pass.
ACCOUNTS, RECORDS, PATHS, STATUSES = "accountIds", "recordIds", "paths", "statuses"
WORKFLOWS, QUEUES = "workflows", "queues"


class Audience:
    def __init__(self, bindings: Bindings, role_of: RoleOf) -> None:
        self._bindings = bindings
        self.role_of = role_of

    def is_meant(self, hook: Hook, event: Event) -> bool:
        return covers(hook.kinds, event.kind) and self._passes(hook, event) and self.may_hear(hook, event)

    def may_hear(self, hook: Hook, event: Event) -> bool:
        """As for subscriptions: runs of others and exceptions are for those who may read the ledger."""
        role = self.role_of(hook.owner)
        if role is None:
            return False
        if is_record(event.kind):
            change = _change(event)
            return change.first or change.gone or not change.changes or bool(self.shown(hook, change).changes)
        if event.kind == WEBHOOK_EVENT or role in MAY_READ_LEDGER:
            return True
        return event.kind == RUN_EVENT and bool(event.payload.get("caller") == hook.owner)

    def shown(self, hook: Hook, change: RecordChange) -> RecordChange:
        """A change without the fields that the owner's role may not see."""
        role = self.role_of(hook.owner)
        fields = model().types[change.type].fields
        barred = {
            name
            for name, field in fields.items()
            if isinstance(field, Value | Group) and field.restricted is not None and role not in field.restricted.to
        }
        shown = {path: told for path, told in change.changes.items() if path.partition(".")[0] not in barred}
        return msgspec.structs.replace(change, changes=shown)

    # -------------------------------------------------------------------------------------------------------- filter

    def _passes(self, hook: Hook, event: Event) -> bool:
        wanted = hook.filter
        if event.kind == RUN_EVENT:
            told = event.payload
            return _among(wanted, WORKFLOWS, told.get("workflow")) and _among(wanted, STATUSES, told.get("status"))
        if event.kind == EXCEPTION_EVENT:
            return _among(wanted, QUEUES, event.payload.get("queue"))
        return not is_record(event.kind) or self._record_passes(wanted, event.subject, self.shown(hook, _change(event)))

    def _record_passes(self, wanted: Mapping[str, tuple[str, ...]], subject: str, change: RecordChange) -> bool:
        paths = wanted.get(PATHS)
        return (
            _among(wanted, RECORDS, subject)
            and _among(wanted, STATUSES, _status(change))
            and (paths is None or any(_touches(change, path) for path in paths))
            and self._is_of(wanted.get(ACCOUNTS), subject, change)
        )

    def _is_of(self, accounts: tuple[str, ...] | None, subject: str, change: RecordChange) -> bool:
        """Whether it is one of these accounts, or has one's key as the account's own platform calls it."""
        if accounts is None or subject in accounts:
            return True
        linked, anchor = change.values.get(ACCOUNT), self._bindings.anchor("Account")
        if linked is None or anchor is None or change.platform not in self._bindings.platforms:
            return False
        platform = self._bindings.peer(change.platform, anchor)
        return any((key.platform, key.external_id) == (platform, linked) for key in map(_account, accounts) if key)


def subject_of(kind: str, subject: str) -> str:
    """The global id of what an event is about."""
    types = {RUN_EVENT: "SyncRun", EXCEPTION_EVENT: "BusinessException", WEBHOOK_EVENT: "Webhook"}
    return subject if is_record(kind) else ledger_id(types[kind], subject)


def _change(event: Event) -> RecordChange:
    return msgspec.convert(event.payload, RecordChange)


def _among(wanted: Mapping[str, tuple[str, ...]], part: str, told: Json) -> bool:
    return part not in wanted or told in wanted[part]


def _status(change: RecordChange) -> Json:
    """What it has become, or is all along."""
    return change.changes[STATUS][1] if STATUS in change.changes else change.values.get(STATUS)


def _touches(change: RecordChange, path: str) -> bool:
    return any(changed == path or changed.startswith(f"{path}.") for changed in change.changes)


def _account(text: str) -> RecordKey | None:
    try:
        return key_of("Account", text)
    except BadUserInput:  # it was checked when it was taken in, by another version
        return None
