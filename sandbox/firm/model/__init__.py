"""What is true of the invented firm, in business words, before any system has its own view of it.

Amounts are integers in minor units of the record's currency, hours are integers in minutes and rates are minor units
per hour, so that every system's copy agrees to the cent. `key` names a record within the firm (`acct-0001`); vendors'
own ids are assigned by each emulator. Where systems differ (spelling, a link nobody entered), the record says so.
"""

from dataclasses import dataclass
from datetime import date

from sandbox.firm.model.delivered import Assignment, Expense, Financials, Milestone, Project, Task, TimeEntry
from sandbox.firm.model.owed import CreditMemo, Invoice, InvoiceLine, Payment
from sandbox.firm.model.parties import Address, Client, Contact, LegalEntity, Person
from sandbox.firm.model.sold import Amendment, Contract, ContractMilestone, Deal, Rate

__all__ = [
    "Address",
    "Amendment",
    "Assignment",
    "Client",
    "Contact",
    "Contract",
    "ContractMilestone",
    "CreditMemo",
    "Deal",
    "Expense",
    "Financials",
    "Firm",
    "Invoice",
    "InvoiceLine",
    "LegalEntity",
    "Milestone",
    "Payment",
    "Person",
    "Project",
    "Rate",
    "Task",
    "TimeEntry",
]


@dataclass(slots=True)
class Firm:
    """Everything, each list in key order."""

    seed: int
    as_of: date
    legal_entities: list[LegalEntity]
    people: list[Person]
    clients: list[Client]
    deals: list[Deal]
    contracts: list[Contract]
    projects: list[Project]
    invoices: list[Invoice]
