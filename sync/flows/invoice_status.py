"""What the CRM and the PSA are told of an invoice: the ERP's word, brought to where sales and delivery look."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from schema.enums import InvoiceStatus
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import RefusalCode
from sync.effects import Create, Undo, Update
from sync.firm import Firm, Row, client_of
from sync.flows.given import named
from sync.process import Process, refused

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP
_INVOICE = (
    "number", "status", "issueDate", "dueDate", "total.amount", "total.currency", "amountPaid.amount",
    "balance.amount", "account", "contract", "project",
)  # fmt: skip
UNSENT = frozenset({InvoiceStatus.DRAFT, InvoiceStatus.VOIDED})
"""Statuses of invoices that nobody owes anything for."""
NOTHING_BILLED = "Nothing billed"
_ZERO = Decimal(0)


class Said(Protocol):
    """What a platform says of an invoice, by canonical path."""

    def __getitem__(self, path: str) -> Any: ...


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to tell. `summary` is the CRM's id of what it shows of the invoice, where it has that already.

    `credited` is in the invoice's currency; `figures` are the project's over all its invoices, by the PSA's paths.
    """

    crm: str | None
    summary: str | None
    values: dict[str, str | None]
    psa: str | None
    project: str | None
    figures: dict[str, str | None]


async def tell_invoice(run: Process, record_id: str, path: str, *, prefix: str = "") -> None:
    """Status, paid amount, balance and credit, to the CRM by invoice and to the PSA by project; `path` is where the
    caller named the invoice.
    """
    invoice = named(run.firm, "Invoice", record_id, path)

    async def look() -> Told:
        return await _told(run.firm, invoice, path)

    told = await run.fact(f"{prefix}invoice", Told, look)
    run.concerns(record_id)
    if told.crm is not None:
        await _tell_crm(run, invoice, record_id, told, told.crm, prefix)
    if told.psa is not None and told.project is not None and told.figures:
        door = run.firm.door(told.psa, "Project", PSA)
        assert door is not None
        figures = {
            path: msgspec.convert(value, door.writable.paths[path].kind) if value is not None else None
            for path, value in told.figures.items()
        }
        update = Update(
            platform=told.psa,
            type="Project",
            role=PSA,
            external_id=told.project,
            values=figures,
            of=run.firm.record_id("Project", told.psa, told.project),
        )
        await run.step(f"{prefix}billing figures in PSA", update, undo=Undo.NONE)


async def _tell_crm(run: Process, invoice: RecordKey, record_id: str, told: Told, platform: str, prefix: str) -> None:
    door = run.firm.door(platform, "InvoiceSummary", CRM)
    assert door is not None
    values = {
        path: msgspec.convert(value, door.writable.paths[path].kind) if value is not None else None
        for path, value in told.values.items()
    }
    if told.summary is None:
        values = {path: value for path, value in values.items() if value is not None}
        create = Create(
            platform=platform,
            type="InvoiceSummary",
            role=CRM,
            key=summary_key(invoice),
            of=record_id,
            values=values,
        )
        await run.step(f"{prefix}invoice in CRM", create, undo=Undo.NONE)
        return
    changeable = {path: value for path, value in values.items() if door.writable.settable(path, creating=False)}
    update = Update(
        platform=platform, type="InvoiceSummary", role=CRM, external_id=told.summary, values=changeable, of=record_id
    )
    await run.step(f"{prefix}invoice in CRM", update, undo=Undo.NONE)


def summary_key(invoice: RecordKey) -> str:
    """What the CRM's record of an invoice bears: platform and id of the invoice itself."""
    return f"{invoice.platform}-{invoice.external_id}"


async def _told(firm: Firm, invoice: RecordKey, path: str) -> Told:
    row = await firm.one("Invoice", invoice, _INVOICE)
    if row is None:
        raise refused(RefusalCode.NOT_FOUND, f"{invoice.platform} has no such invoice.", path)
    nobody = nobody_to_tell(firm, invoice)
    if nobody is not None:
        raise refused(RefusalCode.UNSUPPORTED, nobody)
    crm, summary, values = await _for_crm(firm, invoice, row)
    psa, figures = await _for_psa(firm, invoice, row)
    return Told(crm=crm, summary=summary, values=values, psa=psa, project=row["project"], figures=figures)


def nobody_to_tell(firm: Firm, invoice: RecordKey) -> str | None:
    """Why what becomes of invoices can be told to nobody, where it can't."""
    told = ((CRM, "InvoiceSummary"), (PSA, "Project"))
    peers = {role: firm.bindings.peer(invoice.platform, role) for role, _ in told}
    doors = [firm.door(peer, type_name, role) for role, type_name in told if (peer := peers[role]) is not None]
    if any(doors):
        return None
    names = ", ".join(peer for peer in peers.values() if peer is not None) or "no CRM and no PSA"
    return f"Nobody can be told of invoices: of {names} none lets Crosswalk write what it shows of them."


async def _for_crm(firm: Firm, invoice: RecordKey, row: Row) -> tuple[str | None, str | None, dict[str, str | None]]:
    crm = firm.bindings.peer(invoice.platform, CRM)
    door = None if crm is None else firm.door(crm, "InvoiceSummary", CRM)
    if door is None or row["account"] is None or row["number"] is None:
        return None, None, {}  # nobody there would find it
    bearers = await door.writer.find(door.writable, summary_key(invoice))
    credited = await credited_on(firm, invoice.platform, [invoice.external_id])
    contract = row["contract"] if firm.anchor("Contract") is CRM else None
    values = {
        "number": row["number"],
        "account": client_of(row["account"]),
        "contract": contract,
        "status": None if row["status"] is None else row["status"].value,
        "issueDate": _text(row["issueDate"]),
        "dueDate": _text(row["dueDate"]),
        "currency": row["total.currency"],
        "total": _text(row["total.amount"]),
        "amountPaid": _text(row["amountPaid.amount"]),
        "balance": _text(row["balance.amount"]),
        "credited": f"{credited:f}",
    }
    values = {path: value for path, value in values.items() if path in door.writable.paths}
    return door.platform, bearers[0].external_id if bearers else None, values


async def _for_psa(firm: Firm, invoice: RecordKey, row: Row) -> tuple[str | None, dict[str, str | None]]:
    """The project's figures in the invoice's currency; none where its invoices are in several."""
    psa = firm.bindings.peer(invoice.platform, PSA)
    door = None if psa is None else firm.door(psa, "Project", PSA)
    if door is None or row["project"] is None:
        return None, {}
    paths = ("status", "total.amount", "total.currency", "amountPaid.amount", "balance.amount")
    rows = await firm.rows(invoice.platform, "Invoice", ERP, paths, by="project", keys=(row["project"],))
    sent = [each for each in rows if each["status"] not in UNSENT]
    if any(each["total.currency"] != row["total.currency"] for each in sent):
        return None, {}
    credited = await credited_on(firm, invoice.platform, [each.external_id for each in sent])
    figures = {path: f"{value:f}" for path, value in figures_of(sent, credited).items()}
    figures["billing.status"] = standing(each["status"] for each in sent)
    return door.platform, {path: value for path, value in figures.items() if path in door.writable.paths}


def figures_of(sent: Iterable[Said], credited: Decimal) -> dict[str, Decimal]:
    """What a project's invoices, drafts and voided ones left out, come to; `credited` of them was never paid."""
    invoiced = paid = outstanding = _ZERO
    for each in sent:
        invoiced += each["total.amount"] or _ZERO
        paid += each["amountPaid.amount"] or _ZERO
        outstanding += each["balance.amount"] or _ZERO
    return {
        "billing.invoiced": invoiced,
        "billing.paid": max(paid - credited, _ZERO),
        "billing.outstanding": outstanding,
        "billing.credited": credited,
    }


async def credited_on(firm: Firm, platform: str, invoices: list[str]) -> Decimal:
    """What was credited on some invoices together, in their currency."""
    if not invoices or ("CreditMemo", ERP) not in firm.bindings.platforms[platform].reader.facets:
        return _ZERO
    rows = await firm.rows(platform, "CreditMemo", ERP, ("amount.amount",), by="invoice", keys=invoices)
    return sum((row["amount.amount"] or _ZERO for row in rows), _ZERO)


def standing(sent: Iterable[InvoiceStatus | None]) -> str:
    """How the project stands as a whole, in a word for the people who deliver it."""
    statuses = set(sent)
    if not statuses:
        return NOTHING_BILLED
    if InvoiceStatus.OVERDUE in statuses:
        return "Overdue"
    return "Paid" if statuses == {InvoiceStatus.PAID} else "Open"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
