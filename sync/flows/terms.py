"""The commercial terms of a deal, read from where they were agreed; whatever is missing is said all at once."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from schema.enums import BillingModel, ContractStatus, OpportunityStage, ProjectKind, ProjectStatus
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import Refusal, RefusalCode
from sync.firm import Firm, Row
from sync.flows.accounts import Billing
from sync.flows.customers import Customer, Entity, customers_of, entity_of
from sync.keys import business_key
from sync.process import Refused, refused
from sync.services import ServiceTemplate

CRM, PSA = PlatformRole.CRM, PlatformRole.PSA
_APPROVED = frozenset({ContractStatus.APPROVED, ContractStatus.ACTIVE})
_DEAL = ("name", "stage", "serviceCode", "billingModel", "account", "contract")
_CONTRACT = ("title", "status", "billingModel", "value.amount", "value.currency", "startDate", "endDate", "account")


class AgreedMilestone(msgspec.Struct, frozen=True, kw_only=True):
    """`amount` None: the plan's own, which nothing is billed for."""

    key: str | None
    name: str
    amount: Decimal | None = None
    due_date: date | None = None


class AgreedRate(msgspec.Struct, frozen=True, kw_only=True):
    role: str
    price: Decimal | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Complete: nothing of it is guessed later. `customer` and `client` are the ERP's and the PSA's ids, where they
    have the client already.
    """

    deal: str
    contract: str
    contract_id: str
    contract_platform: str
    contract_role: PlatformRole
    account: str
    account_id: str
    account_platform: str
    account_name: str
    entity: Entity
    customer: str | None
    client: str | None
    psa: str
    project_name: str
    kind: ProjectKind
    first_status: ProjectStatus
    billing_model: BillingModel
    value: Decimal
    currency: str
    start_date: date
    end_date: date | None
    milestones: tuple[AgreedMilestone, ...]
    tasks: tuple[str, ...]
    rates: tuple[AgreedRate, ...]


def project_key(deal: RecordKey) -> str:
    """What the one project of an opportunity bears."""
    return business_key("project", deal.platform, deal.external_id)


async def agreed_terms(
    firm: Firm,
    deal: RecordKey,
    *,
    contract_id: str | None,
    legal_entity_id: str | None,
    start_date: date | None,
    project_name: str | None,
    billing: Billing | None,
) -> Terms:
    """Refused with everything that is missing or doesn't fit together."""
    sold = await firm.one("Opportunity", deal, _DEAL)
    if sold is None:
        raise refused(RefusalCode.NOT_FOUND, f"{deal.platform} has no such opportunity.", "opportunityId")
    problems = list(_sold_problems(sold))
    contract_key = await _contract_key(firm, deal, sold, contract_id)
    if contract_key is None:
        message = "There is no contract for this opportunity: it is converted once its contract is approved."
        raise Refused(*problems, Refusal(RefusalCode.STATE, message, ("input", "contractId")))
    contract = await firm.one("Contract", contract_key, _CONTRACT)
    if contract is None:
        raise refused(RefusalCode.NOT_FOUND, f"{contract_key.platform} has no such contract.", "contractId")
    reading = _Reading(firm, deal, sold, contract_key, contract, problems)
    return await reading.terms(
        legal_entity_id=legal_entity_id, start_date=start_date, project_name=project_name, billing=billing
    )


class _Reading:
    """Collects terms and problems side by side."""

    def __init__(
        self, firm: Firm, deal: RecordKey, sold: Row, contract_key: RecordKey, contract: Row, problems: list[Refusal]
    ) -> None:
        self._firm = firm
        self._deal = deal
        self._sold = sold
        self._key = contract_key
        self._contract = contract
        self._problems = problems

    async def terms(
        self,
        *,
        legal_entity_id: str | None,
        start_date: date | None,
        project_name: str | None,
        billing: Billing | None,
    ) -> Terms:
        sold, contract = self._sold, self._contract
        self._problems += _contract_problems(sold, contract)
        starts = start_date or contract["startDate"]
        if starts is None:
            self._missing("The contract names no start: give startDate.", "startDate")
        elif contract["endDate"] is not None and contract["endDate"] < starts:
            self._missing(f"It would end ({contract['endDate']}) before it starts ({starts}).", "startDate")
        model = contract["billingModel"] or sold["billingModel"]
        milestones, rates = await self._parts()
        self._problems += _price_problems(model, contract, milestones, rates)
        template = self._template()
        psa = self._psa()
        account = sold["account"] or contract["account"]
        account_row, customer, entity = await self._client(account, legal_entity_id, billing)
        await self._check_unconverted(psa)
        if self._problems:
            raise Refused(*self._problems)
        assert entity is not None
        role = self._firm.anchor("Contract")
        assert role is not None
        plan = milestones or tuple(AgreedMilestone(key=None, name=name) for name in template.milestones)
        return Terms(
            deal=self._deal.external_id,
            contract=self._key.external_id,
            contract_id=self._firm.record_id("Contract", self._key.platform, self._key.external_id),
            contract_platform=self._key.platform,
            contract_role=role,
            account=account,
            account_id=self._firm.record_id("Account", self._deal.platform, account),
            account_platform=self._deal.platform,
            account_name=account_row["name"],
            entity=entity,
            customer=None if customer is None else customer.external_id,
            client=await self._client_in_psa(psa, account),
            psa=psa,
            project_name=project_name or sold["name"],
            kind=template.kind,
            first_status=ProjectStatus.PLANNED,
            billing_model=model,
            value=contract["value.amount"],
            currency=contract["value.currency"],
            start_date=starts,
            end_date=contract["endDate"],
            milestones=plan,
            tasks=template.tasks,
            rates=rates or tuple(AgreedRate(role=name) for name in template.roles),
        )

    def _missing(self, message: str, *path: str, code: RefusalCode = RefusalCode.INVALID) -> None:
        self._problems.append(Refusal(code, message, ("input", *path)))

    def _template(self) -> ServiceTemplate:
        code = self._sold["serviceCode"]
        found = self._firm.services.get(code or "")
        if found is None:
            known = ", ".join(sorted(self._firm.services)) or "none"
            what = f"the service code {code!r}" if code else "no service code"
            message = f"The opportunity has {what}, for which there is no template (known: {known})."
            self._missing(message, "opportunityId", code=RefusalCode.STATE)
        return found or ServiceTemplate()

    def _psa(self) -> str:
        bound = self._firm.tellers("Account", PSA, self._deal.platform) or [
            platform.name for platform in self._firm.bindings.roles.get(PSA, ())
        ]
        if not bound:
            self._missing("No PSA is connected that could run a project.", code=RefusalCode.UNSUPPORTED)
            return ""
        return bound[0]

    async def _check_unconverted(self, psa: str) -> None:
        """One opportunity becomes one project, however often and by whomever that is asked for."""
        door = None if not psa else self._firm.door(psa, "Project", PSA)
        if door is None:
            return
        for project in await door.writer.find(door.writable, project_key(self._deal)):
            message = f"The opportunity is converted already: its project is {project.external_id} on {psa}."
            self._missing(message, "opportunityId", code=RefusalCode.STATE)

    async def _parts(self) -> tuple[tuple[AgreedMilestone, ...], tuple[AgreedRate, ...]]:
        milestones = await self._of_contract("ContractMilestone", ("key", "name", "amount.amount", "dueDate"))
        rates = await self._of_contract("Rate", ("role", "price.amount"))
        return (
            tuple(
                AgreedMilestone(
                    key=row["key"], name=row["name"] or row["key"], amount=row["amount.amount"], due_date=row["dueDate"]
                )
                for row in milestones
            ),
            tuple(
                AgreedRate(role=role, price=price)
                for role, price in {row["role"]: row["price.amount"] for row in rates if row["role"]}.items()
            ),
        )

    async def _of_contract(self, type_name: str, paths: tuple[str, ...]) -> list[Row]:
        role = self._firm.anchor(type_name)
        if role is None:
            return []
        keys = (self._key.external_id,)
        return await self._firm.rows(self._key.platform, type_name, role, paths, by="contract", keys=keys)

    async def _client(
        self, account: str | None, legal_entity_id: str | None, billing: Billing | None
    ) -> tuple[Any, Customer | None, Entity | None]:
        """The client, its customer in the ERP, and the company that delivers to it."""
        if account is None:
            self._missing("The opportunity belongs to no account.", "opportunityId", code=RefusalCode.STATE)
            return None, None, None
        key = RecordKey("Account", self._deal.platform, account)
        row = await self._firm.one("Account", key, ("name",))
        if row is None:
            self._missing(
                "The opportunity's account isn't there any more.", "opportunityId", code=RefusalCode.NOT_FOUND
            )
        customers = await customers_of(self._firm, key)
        asked = legal_entity_id
        if asked is None and billing is not None and isinstance(billing.legal_entity_id, str):
            asked = billing.legal_entity_id
        if asked is None:
            return row, *await self._only(customers)
        entity = await entity_of(self._firm, asked)
        if entity is None:
            self._missing("The ERP has no such legal entity.", "legalEntityId", code=RefusalCode.NOT_FOUND)
            return row, None, None
        mine = [found for found in customers if (found.platform, found.entity) == (entity.platform, entity.external_id)]
        return row, self._fitting(mine[0] if mine else None, entity, billing), entity

    async def _only(self, customers: tuple[Customer, ...]) -> tuple[Customer | None, Entity | None]:
        if len(customers) != 1 or customers[0].entity is None:
            what = f"{len(customers)} customers" if customers else "no customer"
            message = f"The ERP has {what} for this account: say by legalEntityId which company delivers."
            self._missing(message, "legalEntityId", code=RefusalCode.STATE)
            return None, None
        only = customers[0]
        assert only.entity is not None
        entity = await entity_of(self._firm, self._firm.record_id("LegalEntity", only.platform, only.entity))
        if entity is None:
            self._missing("The customer's legal entity isn't there any more.", "legalEntityId")
            return only, None
        return self._fitting(only, entity, None), entity

    def _fitting(self, customer: Customer | None, entity: Entity, billing: Billing | None) -> Customer | None:
        """The customer, where contract and company agree on the currency; a new one needs its billing."""
        currency = self._contract["value.currency"]
        theirs = entity.currency if customer is None else customer.currency or entity.currency
        if currency is not None and theirs is not None and currency != theirs:
            message = f"The contract is in {currency}, and {entity.name} bills this client in {theirs}."
            self._missing(message, "legalEntityId")
        if customer is None and billing is None:
            message = (
                f"The ERP has no customer for this account at {entity.name}: give its billing, so that one is made."
            )
            self._missing(message, "billing")
        return customer

    async def _client_in_psa(self, psa: str, account: str) -> str | None:
        if ("Account", PSA) not in self._firm.bindings.platforms[psa].reader.facets:
            return None
        rows = await self._firm.rows(psa, "Account", PSA, ("anchor",), by="anchor", keys=(account,))
        return rows[0].external_id if rows else None


async def _contract_key(firm: Firm, deal: RecordKey, sold: Row, contract_id: str | None) -> RecordKey | None:
    """The contract that was named, that the opportunity names, or that names the opportunity."""
    if contract_id is not None:
        return firm.key("Contract", contract_id)
    role = firm.anchor("Contract")
    if role is None:
        return None
    platform = deal.platform if role is CRM else next(iter(firm.tellers("Contract", role, deal.platform)), None)
    if platform is None:
        platform = firm.bindings.holders("Contract", role)[0].name
    if sold["contract"] is not None:
        return RecordKey("Contract", platform, sold["contract"])
    facet = firm.bindings.facet(platform, "Contract", role)
    if "opportunity" not in facet.batch:
        return None
    rows = await firm.rows(platform, "Contract", role, ("status",), by="opportunity", keys=(deal.external_id,))
    approved = [row for row in rows if row["status"] in _APPROVED]
    chosen = approved or rows
    return RecordKey("Contract", platform, chosen[0].external_id) if chosen else None


def _sold_problems(sold: Row) -> Iterator[Refusal]:
    if sold["stage"] is not OpportunityStage.WON:
        stage = sold["stage"].value if sold["stage"] else "without a stage"
        message = f"The opportunity is {stage}: it is converted once it is WON."
        yield Refusal(RefusalCode.STATE, message, ("input", "opportunityId"))
    if not sold["name"]:
        yield Refusal(RefusalCode.STATE, "The opportunity has no name.", ("input", "opportunityId"))


def _contract_problems(sold: Row, contract: Row) -> Iterator[Refusal]:
    path = ("input", "contractId")
    if contract["status"] not in _APPROVED:
        status = contract["status"].value if contract["status"] else "without a status"
        message = f"The contract is {status}: an opportunity is converted on an approved contract, never alone."
        yield Refusal(RefusalCode.STATE, message, path)
    if sold["account"] and contract["account"] and sold["account"] != contract["account"]:
        yield Refusal(RefusalCode.INVALID, "The contract is another account's than the opportunity.", path)
    if contract["value.amount"] is None or contract["value.currency"] is None:
        yield Refusal(RefusalCode.STATE, "The contract has no value with a currency.", path)
    if (contract["billingModel"] or sold["billingModel"]) is None:
        yield Refusal(RefusalCode.STATE, "Neither contract nor opportunity says how it is billed.", path)


def _price_problems(
    model: BillingModel | None,
    contract: Row,
    milestones: tuple[AgreedMilestone, ...],
    rates: tuple[AgreedRate, ...],
) -> Iterator[Refusal]:
    path = ("input", "contractId")
    if model is BillingModel.MILESTONE:
        total = sum((milestone.amount or Decimal(0) for milestone in milestones), Decimal(0))
        if not milestones:
            yield Refusal(RefusalCode.STATE, "It is billed by milestone, and the contract has none.", path)
        elif contract["value.amount"] is not None and total != contract["value.amount"]:
            message = f"The milestones come to {total:f}, the contract's value is {contract['value.amount']:f}."
            yield Refusal(RefusalCode.STATE, message, path)
    if model is BillingModel.TIME_AND_MATERIALS and not rates:
        yield Refusal(RefusalCode.STATE, "It is billed by time, and the contract has no rates.", path)
    monthly = model in (BillingModel.RETAINER, BillingModel.SUBSCRIPTION)
    if monthly and contract["endDate"] is None:
        yield Refusal(RefusalCode.STATE, "It is billed monthly, and the contract has no end.", path)
