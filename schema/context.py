"""What the fields that no plan answers ask: how the platforms are, the ledger, and the desk that takes wishes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import strawberry

if TYPE_CHECKING:
    from schema.enums import ApprovalStatus, DifferenceKind, ExceptionQueue, ExceptionStatus, WebhookDeliveryStatus
    from schema.filters import SyncRunFilter
    from schema.types.audit import AuditEntry
    from schema.types.decisions import Approval, BusinessException
    from schema.types.inputs import GovernedInput
    from schema.types.mutation import ExceptionPayload, SyncRunPayload
    from schema.types.query import Platform
    from schema.types.reconciliations import Difference, ReconcileInput, Reconciliation, ReconciliationPayload
    from schema.types.rules import ConversionReadiness, Trigger
    from schema.types.runs import SyncRun, SyncStep
    from schema.types.shared import Connection
    from schema.types.webhooks import (
        RegisterWebhookInput,
        UpdateWebhookInput,
        Webhook,
        WebhookDelivery,
        WebhookDeliveryPayload,
        WebhookPayload,
    )


class Status(Protocol):
    async def platforms(self) -> "list[Platform]": ...


class LedgerView(Protocol):
    """The ledger as one caller may see it. Keys are the ledger's own, ids are global.

    Raises the errors of `schema.errors`: Forbidden, BadUserInput for what can't be meant, or that it is away.
    """

    async def run(self, run_id: str) -> "SyncRun | None": ...

    async def run_of(self, run_key: str) -> "SyncRun":
        """The run that something in the ledger belongs to."""
        ...

    async def runs(
        self, wanted: "SyncRunFilter | None", *, first: int | None, after: str | None
    ) -> "Connection[SyncRun]": ...

    async def exceptions(
        self,
        queue: "ExceptionQueue | None",
        status: "ExceptionStatus | None",
        *,
        first: int | None,
        after: str | None,
    ) -> "Connection[BusinessException]": ...

    async def approvals(
        self, role: str | None, status: "ApprovalStatus | None", *, first: int | None, after: str | None
    ) -> "Connection[Approval]": ...

    async def audit_log(
        self, record_id: str | None, correlation_id: str | None, *, first: int | None, after: str | None
    ) -> "Connection[AuditEntry]": ...

    async def steps_of(self, run_key: str) -> "list[SyncStep]": ...

    async def approval_of(self, run_key: str) -> "Approval | None": ...

    async def exceptions_of(self, run_key: str) -> "list[BusinessException]": ...


class Commands(Protocol):
    """The desk as one caller reaches it: refusals come back in the payload. Ids are global."""

    async def request(self, workflow: str, wanted: "GovernedInput") -> "SyncRunPayload": ...

    async def approve(self, run_id: str, comment: str | None) -> "SyncRunPayload": ...

    async def reject(self, run_id: str, comment: str) -> "SyncRunPayload": ...

    async def retry(self, run_id: str) -> "SyncRunPayload": ...

    async def cancel(self, run_id: str) -> "SyncRunPayload": ...

    async def compensate(self, run_id: str) -> "SyncRunPayload": ...

    async def edit_step(self, run_id: str, step: str, values: object) -> "SyncRunPayload": ...

    async def settle(self, exception_id: str, text: str, *, dismiss: bool) -> "ExceptionPayload": ...


class Webhooks(Protocol):
    """The webhooks that one caller may see and change: refusals come back in the payload. Ids are global, keys the
    ledger's own. Raises BadUserInput for what can't be meant.
    """

    async def get(self, webhook_id: str) -> "Webhook | None": ...

    async def page(self, *, first: int | None, after: str | None) -> "Connection[Webhook]": ...

    async def deliveries(
        self, key: str, status: "WebhookDeliveryStatus | None", *, first: int | None, after: str | None
    ) -> "Connection[WebhookDelivery]": ...

    async def register(self, wanted: "RegisterWebhookInput") -> "WebhookPayload": ...

    async def update(self, wanted: "UpdateWebhookInput") -> "WebhookPayload": ...

    async def disable(self, webhook_id: str, reason: str | None) -> "WebhookPayload": ...

    async def enable(self, webhook_id: str, *, skip_missed: bool) -> "WebhookPayload": ...

    async def delete(self, webhook_id: str) -> "WebhookPayload": ...

    async def rotate(self, webhook_id: str, *, at_once: bool) -> "WebhookPayload": ...

    async def test(self, webhook_id: str) -> "WebhookPayload": ...

    async def redeliver(self, delivery_id: str) -> "WebhookDeliveryPayload": ...


class Reconciliations(Protocol):
    """The comparisons that one caller may see and ask for: refusals come back in the payload. Raises Forbidden, or
    BadUserInput for what can't be meant.
    """

    async def get(self, reconciliation_id: str) -> "Reconciliation | None": ...

    async def page(
        self, comparison: str | None, *, first: int | None, after: str | None
    ) -> "Connection[Reconciliation]": ...

    async def differences(
        self, key: str, kind: "DifferenceKind | None", *, first: int | None, after: str | None
    ) -> "Connection[Difference]": ...

    async def ask(self, given: "ReconcileInput") -> "ReconciliationPayload": ...


class Rules(Protocol):
    """The rules that start runs by themselves, as one caller may see them. Raises Forbidden, or BadUserInput for what
    can't be meant.
    """

    async def what_is_missing(self, opportunity_id: str) -> "ConversionReadiness | None": ...

    async def all(self) -> "list[Trigger]": ...


class Context(Protocol):
    """One operation of one caller; `resolvers/` implements it."""

    @property
    def status(self) -> Status: ...

    @property
    def ledger(self) -> LedgerView: ...

    @property
    def commands(self) -> Commands: ...

    @property
    def rules(self) -> Rules: ...

    @property
    def webhooks(self) -> Webhooks: ...

    @property
    def reconciliations(self) -> Reconciliations: ...

    async def node(self, text: str) -> Any:
        """The run, exception or audit entry with a global id, or the stand-in of a canonical record."""
        ...

    async def nodes(self, texts: Sequence[str]) -> list[Any]:
        """As `node`, an error standing in the place of what can't be shown."""
        ...

    def records(self, ids: Sequence[str]) -> list[Any]:
        """Stand-ins for canonical records that the ledger names, which only the engine can complete."""
        ...


Info = strawberry.Info[Context, None]
