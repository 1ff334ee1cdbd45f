"""Who a deal is with: the client, its customers in the ERP, and the company that delivers to it."""

from dataclasses import dataclass
from datetime import date

import msgspec

from schema.ids import RecordKey
from sync.desk import Refusal, RefusalCode
from sync.firm import Firm
from sync.flows.accounts import Billing
from sync.flows.create_account import billed_as
from sync.flows.customers import Customer, Entity, customers_of, entity_of
from sync.process import Refused


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller says beside the opportunity."""

    contract_id: str | None
    legal_entity_id: str | None
    start_date: date | None
    project_name: str | None
    billing: Billing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """`customers` are all that the client is in the ERPs, `customer` the company's, where it has the client already."""

    name: str
    customers: tuple[Customer, ...]
    customer: Customer | None
    entity: Entity


class Parties:
    """`currency` is the contract's; what doesn't fit together goes to `problems`."""

    def __init__(
        self, firm: Firm, deal: RecordKey, asked: Asked, currency: str | None, problems: list[Refusal]
    ) -> None:
        self._firm = firm
        self._deal = deal
        self._asked = asked
        self._currency = currency
        self._problems = problems

    async def client(self, account: str | None) -> Client | None:
        """None where something is wrong with it."""
        if account is None:
            self._missing("The opportunity belongs to no account.", "opportunityId", code=RefusalCode.STATE)
            return None
        key = RecordKey("Account", self._deal.platform, account)
        row = await self._firm.one("Account", key, ("name",))
        if row is None:
            message = "The opportunity's account isn't there any more."
            self._missing(message, "opportunityId", code=RefusalCode.NOT_FOUND)
            return None
        customers = await customers_of(self._firm, key)
        entity = await self._entity(customers)
        if entity is None:
            return None
        place = (entity.platform, entity.external_id)
        mine = next((found for found in customers if (found.platform, found.entity) == place), None)
        self._check_billing(mine, entity)
        return Client(name=row["name"] or "", customers=customers, customer=mine, entity=entity)

    async def _entity(self, customers: tuple[Customer, ...]) -> Entity | None:
        """The company that was named, else the only one that bills this client."""
        asked = self._asked.legal_entity_id
        path: tuple[str, ...] = ("legalEntityId",)
        billing = self._asked.billing
        if billing is not None and isinstance(billing.legal_entity_id, str):
            if asked not in (None, billing.legal_entity_id):
                self._missing("This is another company than legalEntityId.", "billing", "legalEntityId")
                return None
            asked, path = billing.legal_entity_id, ("billing", "legalEntityId")
        if asked is None and len(customers) == 1 and customers[0].entity is not None:
            asked = self._firm.record_id("LegalEntity", customers[0].platform, customers[0].entity)
        if asked is None:
            what = f"{len(customers)} customers" if customers else "no customer"
            message = f"The ERP has {what} for this account: say by legalEntityId which company delivers."
            self._missing(message, "legalEntityId", code=RefusalCode.STATE)
            return None
        try:
            return await entity_of(self._firm, asked, self._deal.platform, *path)
        except Refused as refusal:
            self._problems += refusal.refusals
            return None

    def _check_billing(self, customer: Customer | None, entity: Entity) -> None:
        """Contract and company agree on the currency; a new customer needs its billing."""
        currency = self._currency
        theirs = entity.currency if customer is None else customer.currency or entity.currency
        if currency is not None and theirs is not None and currency != theirs:
            message = f"The contract is in {currency}, and {entity.name} bills this client in {theirs}."
            self._missing(message, "legalEntityId")
        if customer is not None:
            return
        if self._asked.billing is None:
            message = (
                f"The ERP has no customer for this account at {entity.name}: give its billing, so that one is made."
            )
            self._missing(message, "billing")
            return
        try:
            billed_as(self._asked.billing, entity)
        except Refused as refusal:
            self._problems += refusal.refusals

    def _missing(self, message: str, *path: str, code: RefusalCode = RefusalCode.INVALID) -> None:
        self._problems.append(Refusal(code, message, ("input", *path)))
