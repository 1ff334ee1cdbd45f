"""The invented firm as its CRM holds it.

Amounts stand in each record's own currency; stamps are the firm's, and records without any carry those of what they
belong to. Accounts that the CRM holds twice are two records.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.firm.ids import ordinal, salesforce_id
from sandbox.firm.model import Client, Contact, Contract, Deal, Firm, Person
from sandbox.firm.money import as_decimal
from sandbox.platform import KnownAs
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.objects import OBJECTS
from sandbox.salesforce.org import Org
from sandbox.salesforce.values import decimal_on_the_wire, instant_on_the_wire
from sandbox.store import Record

RUN_AS_USER = salesforce_id("005", "integration")
RUN_AS_NAME = "crosswalk.integration@meridian.example"

ACCOUNT_STATUSES = {"PROSPECT": "Prospect", "ACTIVE": "Active", "ON_HOLD": "On Hold", "INACTIVE": "Inactive"}
CONTRACT_STATUSES = {
    "DRAFT": "Draft",
    "IN_REVIEW": "In Approval Process",
    "APPROVED": "Approved",
    "ACTIVE": "Activated",
    "EXPIRED": "Expired",
    "TERMINATED": "Terminated",
}
BILLING_MODELS = {
    "FIXED_FEE": "Fixed Fee",
    "TIME_AND_MATERIALS": "Time and Materials",
    "MILESTONE": "Milestone",
    "RETAINER": "Retainer",
    "SUBSCRIPTION": "Subscription",
}


def account_id(key: str) -> str:
    return salesforce_id("001", key)


def user_id(key: str) -> str:
    return salesforce_id("005", key)


def contract_id(key: str) -> str:
    return salesforce_id("800", key)


def opportunity_id(key: str) -> str:
    return salesforce_id("006", key)


def known_as(firm: Firm) -> dict[tuple[str, str], KnownAs]:
    """What the CRM calls the firm's records; it is where accounts begin, so all of its own are linked."""
    known = {}
    for client in firm.clients:
        known["Account", client.key] = KnownAs("Account", account_id(client.key))
        for contact in client.contacts:
            known["Contact", contact.key] = KnownAs("Contact", salesforce_id("003", contact.key))
    for deal in firm.deals:
        known["Opportunity", deal.key] = KnownAs("Opportunity", opportunity_id(deal.key))
    for contract in firm.contracts:
        known["Contract", contract.key] = KnownAs("Contract", contract_id(contract.key))
    return known


@dataclass(frozen=True, slots=True)
class _Seed:
    """One record to come: its object, id and fields, and when it was made and last changed."""

    entity: str
    record_id: str
    fields: dict[str, Any]
    created: datetime
    updated: datetime


def fill(org: Org, firm: Firm) -> None:
    """Puts the whole firm into the org's empty tables."""
    began = min((client.created_at for client in firm.clients), default=org.clock())
    owners = {client.key: user_id(client.owner) for client in firm.clients}
    for seed in _seeds(firm, began, owners):
        _insert(org, OBJECTS[seed.entity], seed)
    org.contract_numbers = max((int(each.number) for each in firm.contracts if each.number.isdigit()), default=0)


def _seeds(firm: Firm, began: datetime, owners: dict[str, str]) -> Iterator[_Seed]:
    currency = firm.legal_entities[0].currency
    yield _Seed("User", RUN_AS_USER, _integration_user(currency), began, began)
    for person in firm.people:
        if person.seller:
            yield _Seed("User", user_id(person.key), _user(person, currency), began, began)
    for client in firm.clients:
        yield _Seed("Account", account_id(client.key), _account(client), client.created_at, client.updated_at)
        for contact in client.contacts:
            fields = _contact(contact, client)
            record_id = salesforce_id("003", contact.key)
            yield _Seed("Contact", record_id, fields, client.created_at, client.updated_at)
    for deal in firm.deals:
        yield _Seed("Opportunity", opportunity_id(deal.key), _opportunity(deal), deal.created_at, deal.updated_at)
    for contract in firm.contracts:
        fields = {**_contract(contract), "OwnerId": owners[contract.client]}
        yield _Seed("Contract", contract_id(contract.key), fields, contract.created_at, contract.updated_at)
        yield from _contract_parts(contract, owners[contract.client])


def _insert(org: Org, sobject: SObject, seed: _Seed) -> None:
    record: Record = {"Id": seed.record_id}
    record.update({name: value for name, value in seed.fields.items() if value is not None})
    updated = instant_on_the_wire(seed.updated)
    record.update(
        CreatedDate=instant_on_the_wire(seed.created),
        CreatedById=RUN_AS_USER,
        LastModifiedDate=updated,
        LastModifiedById=RUN_AS_USER,
        SystemModstamp=updated,
    )
    record.update(sobject.derive(record))
    org.tables[sobject.name].insert(record)


def _integration_user(currency: str) -> dict[str, Any]:
    return {
        "Username": RUN_AS_NAME,
        "FirstName": "Crosswalk",
        "LastName": "Integration",
        "Email": RUN_AS_NAME,
        "Alias": "xwalk",
        "IsActive": True,
        "CurrencyIsoCode": currency,
    }


def _user(person: Person, currency: str) -> dict[str, Any]:
    mailbox, _, domain = person.email.partition("@")
    return {
        "Username": f"{mailbox}.{ordinal(person.key)}@{domain}",
        "FirstName": person.first_name,
        "LastName": person.last_name,
        "Title": person.role,
        "Department": person.department,
        "Email": person.email,
        "Alias": person.last_name[:8].lower(),
        "IsActive": person.active,
        "CurrencyIsoCode": currency,
    }


def _account(client: Client) -> dict[str, Any]:
    address = client.address
    return {
        "Name": client.crm_name,
        "Type": "Prospect" if client.status == "PROSPECT" else "Customer - Direct",
        "ParentId": None if client.parent is None else account_id(client.parent),
        "BillingStreet": "\n".join(address.lines) or None,
        "BillingCity": address.city or None,
        "BillingState": address.region or None,
        "BillingPostalCode": address.postal_code or None,
        "BillingCountry": address.country,
        "AccountNumber": client.number,
        "Website": client.website,
        "Industry": client.industry,
        "OwnerId": user_id(client.owner),
        "CurrencyIsoCode": client.currency,
        "CW_Status__c": ACCOUNT_STATUSES[client.status],
    }


def _contact(contact: Contact, client: Client) -> dict[str, Any]:
    return {
        "AccountId": account_id(contact.client),
        "FirstName": contact.first_name,
        "LastName": contact.last_name,
        "Email": contact.email,
        "Phone": contact.phone,
        "Title": contact.title,
        "OwnerId": user_id(client.owner),
        "CurrencyIsoCode": client.currency,
    }


def _opportunity(deal: Deal) -> dict[str, Any]:
    return {
        "AccountId": account_id(deal.client),
        "Name": deal.name,
        "StageName": deal.native_stage,
        "Amount": _amount(deal.amount, deal.currency),
        "Probability": decimal_on_the_wire(Decimal(deal.probability), 0),
        "CloseDate": deal.close_date.isoformat(),
        "OwnerId": user_id(deal.owner),
        "ContractId": None if deal.contract is None else contract_id(deal.contract),
        "CurrencyIsoCode": deal.currency,
        "CW_Service_Code__c": deal.service_code,
        "CW_Billing_Model__c": BILLING_MODELS[deal.billing_model],
    }


def _contract(contract: Contract) -> dict[str, Any]:
    approved = contract.approved_at
    return {
        "AccountId": account_id(contract.client),
        "ContractNumber": contract.number,
        "Name": contract.title,
        "Status": CONTRACT_STATUSES[contract.status],
        "StartDate": contract.start_date.isoformat(),
        "ContractTerm": contract.term_months,
        "LastApprovedDate": None if approved is None else instant_on_the_wire(approved),
        "CurrencyIsoCode": contract.currency,
        "CW_Value__c": _amount(contract.value, contract.currency),
        "CW_Billing_Model__c": BILLING_MODELS[contract.billing_model],
        "CW_Opportunity__c": None if contract.deal is None else opportunity_id(contract.deal),
    }


def _contract_parts(contract: Contract, owner: str) -> Iterator[_Seed]:
    shared = {"Contract__c": contract_id(contract.key), "CurrencyIsoCode": contract.currency, "OwnerId": owner}

    def part(entity: str, key: str, fields: dict[str, Any]) -> _Seed:
        record_id = salesforce_id(OBJECTS[entity].prefix, key)
        return _Seed(entity, record_id, {**shared, **fields}, contract.created_at, contract.updated_at)

    for milestone in contract.milestones:
        fields = {
            "Name": milestone.name,
            "Key__c": milestone.key,
            "Amount__c": _amount(milestone.amount, contract.currency),
            "Due_Date__c": milestone.due_date.isoformat(),
        }
        yield part("CW_Contract_Milestone__c", milestone.key, fields)
    for amendment in contract.amendments:
        fields = {
            "Name": amendment.number,
            "Title__c": amendment.title,
            "Status__c": CONTRACT_STATUSES[amendment.status],
            "Effective_Date__c": amendment.effective_date.isoformat(),
            "Value_Change__c": _amount(amendment.value_change, contract.currency),
        }
        yield part("CW_Amendment__c", f"{contract.key}/{amendment.number}", fields)
    for place, rate in enumerate(contract.rates):
        fields = {
            "Name": f"{contract.number}-R{place + 1}",
            "Role__c": rate.role,
            "Unit__c": rate.unit,
            "Price__c": _amount(rate.price, contract.currency),
        }
        yield part("CW_Rate__c", f"{contract.key}/rate-{place}", fields)


def _amount(minor: int, currency: str) -> Decimal:
    return decimal_on_the_wire(as_decimal(minor, currency), 2)
