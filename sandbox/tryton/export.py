"""Tells Tryton's people of the firm: the part of it that their ERP holds."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from sandbox.firm.ids import numeric_id, salesforce_id
from sandbox.firm.model import Client, Firm, Invoice, Project
from sandbox.firm.money import DECIMALS
from sandbox.firm.words import TAX_RATES
from sandbox.tryton.inside.seeding import ledger

RATES = {"EUR": "1", "GBP": "0.85", "USD": "1.10", "CHF": "0.95", "SEK": "11.20", "JPY": "160"}
"""What one euro buys. One rate for all days, so that no exchange differences arise between invoice and payment."""


def ledger_of(firm: Firm, legal_entities: Sequence[str] | None = None) -> ledger.Ledger:
    """The books of the given legal entities (keys), by default of all; ValueError for a key that the firm lacks."""
    keys = [entity.key for entity in firm.legal_entities]
    chosen = keys if legal_entities is None else list(legal_entities)
    if unknown := sorted(set(chosen) - set(keys)):
        raise ValueError(f"the firm has no legal entity {', '.join(unknown)}; it has {', '.join(keys)}")
    clients = [client for client in firm.clients if client.in_erp and client.legal_entity in chosen]
    held = {client.key for client in clients}
    invoices = [invoice for invoice in firm.invoices if invoice.legal_entity in chosen and invoice.client in held]
    projects = {project.key: project for project in firm.projects}
    return ledger.Ledger(
        currencies=tuple(ledger.Currency(code, DECIMALS[code], RATES[code]) for code in sorted(DECIMALS)),
        companies=tuple(
            ledger.Company(entity.key, entity.name, entity.country, entity.currency)
            for entity in firm.legal_entities
            if entity.key in chosen
        ),
        taxes=tuple(_taxes(clients, invoices)),
        customers=tuple(_customer(client) for client in clients),
        projects=tuple(
            ledger.Project(project.key, project.legal_entity, project.erp_name, _psa_id(project))
            for project in firm.projects
            if project.in_erp and project.legal_entity in chosen
        ),
        invoices=tuple(_invoice(place, invoice, projects) for place, invoice in enumerate(invoices)),
    )


def _taxes(clients: Iterable[Client], invoices: Iterable[Invoice]) -> Iterable[ledger.Tax]:
    used = {(client.legal_entity, client.tax_code) for client in clients if client.tax_code}
    used |= {(invoice.legal_entity, line.tax_code) for invoice in invoices for line in invoice.lines if line.tax_code}
    for company, code in sorted(used):
        yield ledger.Tax(company, code, str(Decimal(TAX_RATES[code]) / 1000))


def _customer(client: Client) -> ledger.Customer:
    return ledger.Customer(
        key=client.key,
        company=client.legal_entity,
        name=client.erp_name,
        number=client.number,
        crm_id=salesforce_id("001", client.key) if client.erp_linked else None,
        tax_id=client.tax_id,
        tax_code=client.tax_code,
        terms_days=client.terms_days,
        credit_hold=client.credit_hold,
        street="\n".join(client.address.lines),
        city=client.address.city,
        region=client.address.region,
        postal_code=client.address.postal_code,
        country=client.address.country,
    )


def _psa_id(project: Project) -> str | None:
    return numeric_id("kantata.workspace", project.key) if project.erp_linked else None


def _invoice(place: int, invoice: Invoice, projects: Mapping[str, Project]) -> ledger.Invoice:
    project = projects[invoice.project] if invoice.project else None
    return ledger.Invoice(
        key=invoice.key,
        company=invoice.legal_entity,
        customer=invoice.client,
        number=invoice.number,
        stage=_stage(place, invoice),
        issued=invoice.issue_date.isoformat(),
        due=invoice.due_date.isoformat(),
        currency=invoice.currency,
        reference=invoice.purchase_order,
        project=(_psa_id(project) or project.erp_name) if project else None,
        contract=salesforce_id("800", invoice.contract) if invoice.contract else None,
        tax=invoice.tax,
        total=invoice.total,
        lines=tuple(
            ledger.Line(
                line.number,
                line.description,
                line.quantity_hundredths,
                line.unit_price,
                line.tax_code,
                line.project,
                line.milestone,
            )
            for line in invoice.lines
        ),
        payments=tuple(
            ledger.Payment(payment.key, payment.number, payment.day.isoformat(), payment.amount, payment.method)
            for payment in invoice.payments
        ),
        credit_notes=tuple(
            ledger.CreditNote(memo.key, memo.number, memo.day.isoformat(), memo.amount, memo.reason)
            for memo in invoice.credit_memos
        ),
    )


def _stage(place: int, invoice: Invoice) -> str:
    """What waits for approval is a draft in Tryton, or already checked there (`validated`): every other one."""
    if invoice.state == "PENDING_APPROVAL":
        return "validated" if place % 2 else "draft"
    return "cancelled" if invoice.state == "VOIDED" else "posted"
