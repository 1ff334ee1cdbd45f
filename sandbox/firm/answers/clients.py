"""Answers about who the firm works for and who works for it: accounts, contacts, legal entities, resources."""

from sandbox.firm.answers.form import address, full_name, instant, money
from sandbox.firm.answers.view import Answer, View
from sandbox.firm.model import Client, Contact, LegalEntity, Person


def account(view: View, client: Client) -> Answer:
    linked = client.in_erp and client.erp_linked and view.in_some_erp("Account", client.key)
    return view.record(
        "Account",
        client.key,
        name=client.crm_name,
        number=client.number,
        status=client.status,
        industry=client.industry,
        website=client.website,
        country=client.address.country,
        ownerName=full_name(view.people[client.owner]),
        parent=client.parent,
        duplicateOf=client.duplicate_of,
        billing=_billing(view, client) if linked else None,
        createdAt=instant(client.created_at),
        updatedAt=instant(client.updated_at),
    )


def _billing(view: View, client: Client) -> Answer:
    open_invoices = [invoice for invoice in view.by_client.get(client.key, ()) if invoice.state == "OPEN"]
    late = sum(invoice.balance for invoice in open_invoices if invoice.due_date < view.today)
    return {
        "legalName": client.erp_name,
        "legalEntity": client.legal_entity,
        "taxId": client.tax_id,
        "taxCode": client.tax_code,
        "currency": client.currency,
        "paymentTermsDays": client.terms_days,
        "billTo": address(client.address),
        "creditHold": client.credit_hold,
        "balance": money(sum(invoice.balance for invoice in open_invoices), client.currency),
        "overdue": money(late, client.currency),
    }


def contact(view: View, contact: Contact) -> Answer:
    return view.record(
        "Contact",
        contact.key,
        name=" ".join(part for part in (contact.first_name, contact.last_name) if part),
        email=contact.email,
        phone=contact.phone,
        title=contact.title,
        account=contact.client,
    )


def resource(view: View, person: Person) -> Answer:
    """Without an HRIS nobody tells the cost centre."""
    return view.record(
        "Resource",
        person.key,
        name=full_name(person),
        email=person.email,
        role=person.role,
        department=person.department,
        costCenter=None,
        costRate=money(person.cost_rate, view.entities[person.legal_entity].currency),
        active=person.active,
    )


def legal_entity(view: View, entity: LegalEntity) -> Answer:
    return view.record("LegalEntity", entity.key, name=entity.name, country=entity.country, currency=entity.currency)
