"""An invoice's status, payments and credits, as the ERP has them, are brought to CRM and PSA."""

from platforms.slots import Priority
from schema.errors import Queue
from sync.flows.invoice_status import tell_invoice
from sync.process import Flow, Process, Wish


class SyncInvoiceStatus(Wish, frozen=True, kw_only=True):
    invoice_id: str


async def sync_invoice_status(run: Process, wish: SyncInvoiceStatus) -> None:
    """Repeats what the ERP says, so that there is nothing to take back."""
    await tell_invoice(run, wish.invoice_id, "invoiceId")


FLOW = Flow(
    name="syncInvoiceStatus",
    version=1,
    wish=SyncInvoiceStatus,
    process=sync_invoice_status,
    subject=lambda wish: wish.invoice_id,
    queue=Queue.FINANCE,
    on_refusal="stop",
    live=True,
    urgency=Priority.SYNC,
)
