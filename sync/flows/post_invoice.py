"""A draft invoice is posted in the ERP, once a second person has agreed to exactly this one."""

from decimal import Decimal

import msgspec

from schema.enums import InvoiceStatus
from schema.errors import Queue
from schema.roles import PlatformRole
from sync.desk import RefusalCode
from sync.effects import Undo, Update
from sync.flows.given import named
from sync.process import Flow, Process, Wish, refused


class PostInvoice(Wish, frozen=True, kw_only=True):
    invoice_id: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the approver agrees to: number and amount belong to the plan as much as the posting itself."""

    number: str | None
    status: InvoiceStatus | None
    total: Decimal | None
    currency: str | None


async def post_invoice(run: Process, wish: PostInvoice) -> None:
    """Posting can't be taken back: what was wrong with it is credited."""
    key = named(run.firm, "Invoice", wish.invoice_id, "invoiceId")

    async def look() -> Standing:
        row = await run.firm.one("Invoice", key, ("number", "status", "total.amount", "total.currency"))
        if row is None:
            raise refused(RefusalCode.NOT_FOUND, f"{key.platform} has no such invoice.", "invoiceId")
        return Standing(
            number=row["number"], status=row["status"], total=row["total.amount"], currency=row["total.currency"]
        )

    standing = await run.fact("standing", Standing, look)
    if standing.status is not InvoiceStatus.DRAFT:
        status = standing.status.value if standing.status else "without a status"
        raise refused(RefusalCode.STATE, f"Only a draft can be posted; this invoice is {status}.", "invoiceId")
    if standing.total is not None and standing.currency is not None:
        run.at_stake(standing.total, standing.currency)
    run.concerns(wish.invoice_id)
    await run.step(
        "posting in ERP",
        Update(
            platform=key.platform,
            type="Invoice",
            role=PlatformRole.ERP,
            external_id=key.external_id,
            values={"approved": True},
            version=run.if_version,
            of=wish.invoice_id,
        ),
        undo=Undo.NONE,
    )


FLOW = Flow(
    name="postInvoice",
    version=1,
    wish=PostInvoice,
    process=post_invoice,
    subject=lambda wish: wish.invoice_id,
    queue=Queue.FINANCE,
    approver="finance",
    on_refusal="stop",
    changes_one_record=True,
)
