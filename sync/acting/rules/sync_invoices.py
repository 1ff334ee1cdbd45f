"""An invoice is posted, paid or credited in the ERP: CRM and PSA are told."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from schema.enums import InvoiceStatus
from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.acting.rule import Condition, Leads, Rule, Wake
from sync.firm import Firm, Row
from sync.flows.invoice_status import credited_on, nobody_to_tell, summary_key
from sync.ledger.records import Json
from sync.values import to_json

CRM, ERP = PlatformRole.CRM, PlatformRole.ERP
_PATHS = (
    "number", "status", "dueDate", "total.amount", "total.currency", "amountPaid.amount", "balance.amount", "account",
    "contract", "project",
)  # fmt: skip
_DRAFT = "The invoice is a draft: sales and delivery are told of it once it is posted."


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """An invoice as the ERP has it. `shown`: the CRM shows it already."""

    key: RecordKey
    row: Row
    credited: Decimal
    shown: bool
    nobody: str | None


async def look(firm: Firm, key: RecordKey) -> Billed | None:
    row = await firm.one("Invoice", key, _PATHS)
    if row is None:
        return None
    draft = row["status"] is InvoiceStatus.DRAFT
    return Billed(
        key=key,
        row=row,
        credited=Decimal(0) if draft else await credited_on(firm, key.platform, [key.external_id]),
        shown=not draft or await _is_shown(firm, key),
        nobody=nobody_to_tell(firm, key),
    )


async def _is_shown(firm: Firm, key: RecordKey) -> bool:
    """One that was posted once, and is a draft again, is told as well: else what is shown of it would stay wrong."""
    crm = firm.bindings.peer(key.platform, CRM)
    door = None if crm is None else firm.door(crm, "InvoiceSummary", CRM)
    return door is not None and bool(await door.writer.find(door.writable, summary_key(key)))


def _identity(billed: Billed) -> Json:
    return to_json({**billed.row.values, "credited": billed.credited})


def _invoice_of(type_name: str) -> Leads:
    """From a payment or a credit to its invoice."""

    async def lead(firm: Firm, key: RecordKey) -> Sequence[RecordKey]:
        rows = await firm.rows(key.platform, type_name, ERP, ("invoice",), by="id", keys=(key.external_id,))
        return [RecordKey("Invoice", key.platform, row["invoice"]) for row in rows if row["invoice"] is not None]

    return lead


RULE = Rule[Billed](
    name="syncInvoices",
    says="What becomes of an invoice in the ERP is told to CRM and PSA.",
    subject="Invoice",
    flow="syncInvoiceStatus",
    wish=lambda invoice: {"invoiceId": invoice},
    wakes=(
        Wake(type="Invoice", role=ERP, paths=("status", "amountPaid", "balance", "total", "dueDate")),
        Wake(type="Payment", role=ERP, leads=_invoice_of("Payment"), by="invoice"),
        Wake(type="CreditMemo", role=ERP, leads=_invoice_of("CreditMemo"), by="invoice"),
    ),
    look=look,
    conditions=(
        Condition(
            name="invoice-posted",
            says="The invoice is posted.",
            queue=Queue.FINANCE,
            role=ERP,
            lacks=lambda billed: None if billed.shown else _DRAFT,
            record=lambda billed: billed.key,
        ),
        Condition(
            name="somebody-to-tell",
            says="A CRM or a PSA takes what becomes of invoices.",
            queue=Queue.INTEGRATION,
            role=CRM,
            lacks=lambda billed: billed.nobody,
            record=lambda _: None,
        ),
    ),
    identity=_identity,
    queue=Queue.FINANCE,
    approver="finance",
    default="on",
)
