"""The governed writes: what can be asked for, and what people may decide about a run."""

from collections.abc import Callable
from typing import Any

import strawberry

from schema.context import Info
from schema.scalars import Json
from schema.types import inputs
from schema.types.decisions import BusinessException
from schema.types.reconciliations import RECONCILE, ReconciliationPayload
from schema.types.runs import SyncRun
from schema.types.user_errors import UserError
from schema.types.webhook_commands import WEBHOOK_COMMANDS
from schema.types.webhooks import WebhookDeliveryPayload, WebhookPayload


@strawberry.type(description="`run` is null only when `errors` is not empty.")
class SyncRunPayload:
    run: SyncRun | None = strawberry.field(
        description="The run as it was accepted: workers do it from now on. Follow it by its `id`."
    )
    errors: list[UserError] = strawberry.field(description="Why there is no run; empty where there is one.")


@strawberry.type(description="`exception` is null only when `errors` is not empty.")
class ExceptionPayload:
    exception: BusinessException | None = strawberry.field(description="The exception as it is now.")
    errors: list[UserError] = strawberry.field(description="Why nothing was changed; empty where something was.")


def _command(name: str, wanted: Any, description: str) -> Any:
    """A mutation that asks for a run of the workflow of its name."""

    async def ask(info: Info, input: Any) -> SyncRunPayload:  # noqa: A002 - the contract's name
        return await info.context.commands.request(name, input)

    return _resolved(ask, {"input": wanted}, description)


def _resolved(ask: Callable[..., Any], arguments: dict[str, Any], description: str) -> Any:
    ask.__annotations__ = {"info": Info, **arguments, "return": SyncRunPayload}
    return strawberry.field(resolver=ask, description=description)


async def _approve(
    info: Info,
    id: strawberry.ID,  # noqa: A002 - the contract's name
    comment: str | None = strawberry.UNSET,
) -> SyncRunPayload:
    return await info.context.commands.approve(id, None if comment is strawberry.UNSET else comment)


async def _reject(info: Info, id: strawberry.ID, comment: str) -> SyncRunPayload:  # noqa: A002
    return await info.context.commands.reject(id, comment)


async def _retry(info: Info, id: strawberry.ID) -> SyncRunPayload:  # noqa: A002
    return await info.context.commands.retry(id)


async def _cancel(info: Info, id: strawberry.ID) -> SyncRunPayload:  # noqa: A002
    return await info.context.commands.cancel(id)


async def _compensate(info: Info, id: strawberry.ID) -> SyncRunPayload:  # noqa: A002
    return await info.context.commands.compensate(id)


async def _edit_step(info: Info, run_id: strawberry.ID, step: str, values: Json) -> SyncRunPayload:
    return await info.context.commands.edit_step(run_id, step, values)


async def _resolve(info: Info, id: strawberry.ID, resolution: str) -> ExceptionPayload:  # noqa: A002
    return await info.context.commands.settle(id, resolution, dismiss=False)


async def _dismiss(info: Info, id: strawberry.ID, reason: str) -> ExceptionPayload:  # noqa: A002
    return await info.context.commands.settle(id, reason, dismiss=True)


@strawberry.type(
    description="Every write is a run: it is checked, written down and answered at once, and workers do it. Nothing is "
    "written where the answer has errors."
)
class Mutation:
    create_account: SyncRunPayload = _command(
        "createAccount", inputs.CreateAccountInput, "A new account in CRM, and in ERP where billing is given."
    )
    update_account: SyncRunPayload = _command(
        "updateAccount", inputs.UpdateAccountInput, "Changes fields of an account, each on the platform that owns it."
    )
    onboard_customer: SyncRunPayload = _command(
        "onboardCustomer",
        inputs.OnboardCustomerInput,
        "Customer in CRM -> validated and created in ERP, for one or more legal entities.",
    )
    convert_opportunity: SyncRunPayload = _command(
        "convertOpportunity",
        inputs.ConvertOpportunityInput,
        "Won opportunity with an approved contract -> project in PSA, billing schedule in ERP, resource demand, "
        "links back to CRM.",
    )
    update_contract_status: SyncRunPayload = _command(
        "updateContractStatus", inputs.UpdateContractStatusInput, "Changes a contract's status where it is owned."
    )
    update_project: SyncRunPayload = _command(
        "updateProject", inputs.UpdateProjectInput, "Changes fields of a project, each on the platform that owns it."
    )
    create_invoice: SyncRunPayload = _command(
        "createInvoice", inputs.CreateInvoiceInput, "A draft invoice in ERP, of lines given or of work done."
    )
    post_invoice: SyncRunPayload = _command("postInvoice", inputs.PostInvoiceInput, "Needs a second person's approval.")
    sync_invoice_status: SyncRunPayload = _command(
        "syncInvoiceStatus", inputs.SyncInvoiceStatusInput, "Invoice, payment and credit status -> CRM and PSA."
    )
    sync_records: SyncRunPayload = _command(
        "syncRecords",
        inputs.SyncRecordsInput,
        "Brings one record, or all of a type changed since an instant, into line on every platform that holds it.",
    )
    approve_run: SyncRunPayload = strawberry.field(
        resolver=_approve, description="Agrees to the run's plan as it stands, so that it begins. Not your own run's."
    )
    reject_run: SyncRunPayload = strawberry.field(
        resolver=_reject, description="Refuses a run that awaits approval; it is cancelled."
    )
    retry_run: SyncRunPayload = strawberry.field(
        resolver=_retry, description="Goes on with a failed run where it stopped; finished steps aren't done again."
    )
    cancel_run: SyncRunPayload = strawberry.field(
        resolver=_cancel, description="Ends a run that hasn't written anything yet."
    )
    compensate_run: SyncRunPayload = strawberry.field(
        resolver=_compensate, description="Undoes the finished steps of a failed run, last first."
    )
    edit_step: SyncRunPayload = strawberry.field(
        resolver=_edit_step,
        description="Puts other values into the failed step of a run: an object of values by canonical path, decimals "
        "and dates as strings. `retryRun` then goes on with them.",
    )
    resolve_exception: ExceptionPayload = strawberry.field(
        resolver=_resolve, description="Closes an exception as settled, with what was done about it."
    )
    dismiss_exception: ExceptionPayload = strawberry.field(
        resolver=_dismiss, description="Closes an exception as none, or as one to live with, and why."
    )
    register_webhook: WebhookPayload = WEBHOOK_COMMANDS["registerWebhook"]
    update_webhook: WebhookPayload = WEBHOOK_COMMANDS["updateWebhook"]
    disable_webhook: WebhookPayload = WEBHOOK_COMMANDS["disableWebhook"]
    enable_webhook: WebhookPayload = WEBHOOK_COMMANDS["enableWebhook"]
    delete_webhook: WebhookPayload = WEBHOOK_COMMANDS["deleteWebhook"]
    rotate_webhook_secret: WebhookPayload = WEBHOOK_COMMANDS["rotateWebhookSecret"]
    test_webhook: WebhookPayload = WEBHOOK_COMMANDS["testWebhook"]
    redeliver: WebhookDeliveryPayload = WEBHOOK_COMMANDS["redeliver"]
    reconcile: ReconciliationPayload = RECONCILE
