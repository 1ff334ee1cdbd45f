"""What the mutations of business records take."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import strawberry

from schema import enums
from schema.scalars import CountryCode, CurrencyCode


def _may(description: str | None = None) -> Any:
    """A field that may be left out."""
    return strawberry.field(default=strawberry.UNSET, description=description)


def _must(description: str) -> Any:
    return strawberry.field(description=description)


VERSION = (
    "The `version` of the record's source at its owner, as you have seen it: the write is refused with CONFLICT if the "
    "record has changed since."
)


@strawberry.input
class GovernedInput:
    """What every command carries beside its own wish."""

    idempotency_key: str = _must(
        "Yours to choose, one per wish: the same key with the same input answers the same run, however often it is "
        "sent; with another input it is refused. Other callers' keys are other keys."
    )
    reason: str | None = _may("Why, in your words: kept with the run and in the audit log.")
    dry_run: bool = strawberry.field(
        default=False, description="Only say what would be done: the answer's run has its plan, and nothing is stored."
    )


@strawberry.input(description="A postal address as a whole: parts that are left out are empty.")
class AddressInput:
    lines: list[str] = _must("Street and number, and what else stands above the city.")
    city: str | None = _may()
    region: str | None = _may("State, province or county.")
    postal_code: str | None = _may()
    country: CountryCode | None = _may()


@strawberry.input(description="An exact amount of money.")
class MoneyInput:
    amount: Decimal = _must("In main units, such as 12.50.")
    currency: CurrencyCode = _must("What it is counted in.")


@strawberry.input(description="How an account is billed: the fields that ERP owns.")
class AccountBillingInput:
    legal_name: str | None = _may("As it stands on invoices.")
    legal_entity_id: strawberry.ID | None = _may("The firm's own legal entity that does business with the account.")
    tax_id: str | None = _may("VAT or other tax registration number.")
    currency: CurrencyCode | None = _may("What invoices are in where nothing else is said.")
    payment_terms_days: int | None = _may("Days from an invoice's date until it is due.")
    bill_to: AddressInput | None = _may("Where invoices go.")
    credit_hold: bool | None = _may("Whether nothing more may be sold on credit.")


@strawberry.input(description="A new account. With `billing` it is made in ERP as well.")
class CreateAccountInput(GovernedInput):
    name: str = _must("The client's name.")
    number: str | None = _may("The firm's own number for the client.")
    status: enums.AccountStatus | None = _may()
    industry: str | None = _may()
    website: str | None = _may()
    parent_id: strawberry.ID | None = _may("The account that it belongs to.")
    billing: AccountBillingInput | None = _may("How it is billed.")


@strawberry.input(description="Fields of an account to change: null clears one, and one that is left out stays.")
class UpdateAccountInput(GovernedInput):
    if_version: str | None = _may(VERSION)
    id: strawberry.ID = _must("The account.")
    name: str | None = _may("The client's name.")
    number: str | None = _may("The firm's own number for the client.")
    status: enums.AccountStatus | None = _may()
    industry: str | None = _may()
    website: str | None = _may()
    owner_name: str | None = _may("Who looks after it, by name, as CRM knows that person.")
    parent_id: strawberry.ID | None = _may("The account that it belongs to.")
    billing: AccountBillingInput | None = _may("How it is billed; fields of it that are left out stay.")


@strawberry.input(description="A CRM account that becomes a customer in ERP.")
class OnboardCustomerInput(GovernedInput):
    account_id: strawberry.ID = _must("The account, as CRM has it.")
    legal_entity_ids: list[strawberry.ID] = _must("The firm's legal entities that will do business with it.")
    legal_name: str | None = _may("As it stands on invoices; the account's name where it is left out.")
    tax_id: str | None = _may("VAT or other tax registration number.")
    currency: CurrencyCode | None = _may("What invoices are in where nothing else is said.")
    payment_terms_days: int | None = _may("Days from an invoice's date until it is due.")
    bill_to: AddressInput | None = _may("Where invoices go.")


@strawberry.input(description="A won opportunity whose contract is approved.")
class ConvertOpportunityInput(GovernedInput):
    opportunity_id: strawberry.ID = _must("The opportunity.")
    contract_id: strawberry.ID | None = _may("The contract, where the opportunity doesn't say which one.")
    legal_entity_id: strawberry.ID | None = _may("The firm's legal entity that bills.")
    start_date: date | None = _may("When the project starts; the contract's start where it is left out.")
    project_name: str | None = _may("The opportunity's name where it is left out.")
    billing: AccountBillingInput | None = _may("How the account is billed, where ERP doesn't know it yet.")


@strawberry.input(description="Another status for a contract.")
class UpdateContractStatusInput(GovernedInput):
    if_version: str | None = _may(VERSION)
    id: strawberry.ID = _must("The contract.")
    status: enums.ContractStatus = _must("Where it stands from now on.")


@strawberry.input(description="Fields of a project to change: null clears one, and one that is left out stays.")
class UpdateProjectInput(GovernedInput):
    if_version: str | None = _may(VERSION)
    id: strawberry.ID = _must("The project.")
    code: str | None = _may("The firm's own short name for it.")
    name: str | None = _may()
    kind: enums.ProjectKind | None = _may()
    status: enums.ProjectStatus | None = _may()
    start_date: date | None = _may()
    end_date: date | None = _may()
    manager_name: str | None = _may("Who leads it, by name, as PSA knows that person.")
    budget: MoneyInput | None = _may("What it may cost the client.")
    budget_hours: Decimal | None = _may("How many hours it may take.")


@strawberry.input(description="One line of an invoice: an amount, or a quantity and its price.")
class InvoiceLineInput:
    description: str = _must("What the client pays for.")
    quantity: Decimal | None = _may("How much of it; 1 where it is left out.")
    unit_price: Decimal | None = _may("For one, in the invoice's currency.")
    amount: Decimal | None = _may("For the whole line, in the invoice's currency.")
    milestone_key: str | None = _may("The key of the contract's milestone that it bills.")


@strawberry.input(description="A draft invoice: of the lines given, else of a project's approved and unbilled work.")
class CreateInvoiceInput(GovernedInput):
    project_id: strawberry.ID | None = _may("The project whose work is billed; needed where no lines are given.")
    account_id: strawberry.ID | None = _may("Who pays; the project's account where it is left out.")
    contract_id: strawberry.ID | None = _may("The contract that it is billed under; the project's where left out.")
    legal_entity_id: strawberry.ID | None = _may("The firm's legal entity that bills; the account's where left out.")
    currency: CurrencyCode | None = _may("The account's where it is left out.")
    issue_date: date | None = _may("Today where it is left out.")
    due_date: date | None = _may("By the account's payment terms where it is left out.")
    purchase_order: str | None = _may("The client's order number.")
    until: date | None = _may(
        "Without lines: approved, unbilled work up to and including this day; up to today where it is left out."
    )
    time: bool = strawberry.field(default=True, description="Without lines: bill approved time.")
    expenses: bool = strawberry.field(default=True, description="Without lines: bill approved expenses.")
    milestones: bool = strawberry.field(default=True, description="Without lines: bill accepted milestones.")
    lines: list[InvoiceLineInput] | None = _may("What to bill, instead of what the project has done.")


@strawberry.input(description="A draft invoice to be posted.")
class PostInvoiceInput(GovernedInput):
    if_version: str | None = _may(VERSION)
    invoice_id: strawberry.ID = _must("The invoice.")


@strawberry.input(description="An invoice whose state other platforms are to be told.")
class SyncInvoiceStatusInput(GovernedInput):
    invoice_id: strawberry.ID = _must("The invoice.")


@strawberry.input(description="One record by its id, or all of a type.")
class SyncRecordsInput(GovernedInput):
    record_id: strawberry.ID | None = _may("The record; leave it out to bring all of `type` into line.")
    type: enums.SyncedType | None = _may("All records of this type.")
    changed_since: datetime | None = _may("Only those that changed at this instant or later.")
