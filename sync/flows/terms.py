"""The commercial terms of a deal, read from where they were agreed; whatever is missing is said all at once."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from schema.enums import BillingModel, ProjectKind, ProjectStatus
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.desk import Refusal, RefusalCode
from sync.firm import Firm, Row
from sync.flows.customers import Customer, Entity
from sync.flows.deal_parties import Asked, Parties
from sync.flows.given import named
from sync.flows.term_problems import (
    APPROVED,
    NO_CONTRACT,
    AgreedMilestone,
    AgreedRate,
    contract_problems,
    deal_problems,
    price_problems,
    term_problem,
)
from sync.keys import business_key
from sync.process import Refused, refused
from sync.services import ServiceTemplate

CRM, PSA = PlatformRole.CRM, PlatformRole.PSA
_DEAL = ("name", "stage", "serviceCode", "billingModel", "account", "contract")
_CONTRACT = (
    "title", "status", "billingModel", "value.amount", "value.currency", "startDate", "endDate", "account",
    "opportunity",
)  # fmt: skip


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Complete: nothing of it is guessed later. `customer` and `client` are the ERP's and the PSA's ids, where they
    have the client already; `customers` are all that it is in the ERPs.
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
    customers: tuple[Customer, ...]
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


def psa_of(firm: Firm, deal: RecordKey) -> str | None:
    """The platform that runs the projects of what is sold there."""
    bound = firm.tellers("Account", PSA, deal.platform)
    return next(iter([*bound, *(platform.name for platform in firm.bindings.roles.get(PSA, ()))]), None)


async def project_of(firm: Firm, deal: RecordKey, contract: RecordKey | None) -> RecordKey | None:
    """What the opportunity has become. One becomes one project, however often and by whomever that is asked for."""
    psa = psa_of(firm, deal)
    door = None if psa is None else firm.door(psa, "Project", PSA)
    if door is None:
        return None
    projects = [found.external_id for found in await door.writer.find(door.writable, project_key(deal))]
    if contract is not None and not projects:
        rows = await firm.rows(door.platform, "Project", PSA, ("id",), by="contract", keys=(contract.external_id,))
        # One that was taken back is still read, and isn't there for writing any more.
        there = [row for row in rows if await door.writer.fetch(door.writable, row.external_id) is not None]
        projects = [row.external_id for row in there]
    return RecordKey("Project", door.platform, projects[0]) if projects else None


def converted_already(project: RecordKey) -> str:
    return f"The opportunity is converted already: its project is {project.external_id} on {project.platform}."


async def agreed_terms(firm: Firm, deal: RecordKey, asked: Asked) -> Terms:
    """Refused with everything that is missing or doesn't fit together."""
    sold = await firm.one("Opportunity", deal, _DEAL)
    if sold is None:
        raise refused(RefusalCode.NOT_FOUND, f"{deal.platform} has no such opportunity.", "opportunityId")
    key = await contract_of(firm, deal, sold, asked.contract_id)
    contract = None if key is None else await firm.one("Contract", key, _CONTRACT)
    return await _Reading(firm, deal, sold, asked, key, contract).terms()


class _Reading:
    """Collects terms and problems side by side."""

    def __init__(
        self, firm: Firm, deal: RecordKey, sold: Row, asked: Asked, key: RecordKey | None, contract: Row | None
    ) -> None:
        self._firm = firm
        self._deal = deal
        self._sold = sold
        self._asked = asked
        self._key = key
        self._contract = contract
        self._problems: list[Refusal] = []

    async def terms(self) -> Terms:
        self._problems += deal_problems(self._sold)
        if self._contract is None:
            self._no_contract()
        model = self._agreed("billingModel") or self._sold["billingModel"]
        starts = self._asked.start_date or self._agreed("startDate")
        milestones, rates = await self._priced(model)
        self._check_days(model, starts)
        template = self._template()
        psa = self._psa()
        parties = Parties(self._firm, self._deal, self._asked, self._agreed("value.currency"), self._problems)
        client = await parties.client(self._account())
        await self._check_unconverted()
        if self._problems:
            raise Refused(*self._problems)
        assert self._key is not None
        assert client is not None
        role = self._firm.anchor("Contract")
        assert role is not None
        account = self._account()
        assert account is not None
        plan = milestones or tuple(AgreedMilestone(key=None, name=each) for each in dict.fromkeys(template.milestones))
        return Terms(
            deal=self._deal.external_id,
            contract=self._key.external_id,
            contract_id=self._firm.record_id("Contract", self._key.platform, self._key.external_id),
            contract_platform=self._key.platform,
            contract_role=role,
            account=account,
            account_id=self._firm.record_id("Account", self._deal.platform, account),
            account_platform=self._deal.platform,
            account_name=client.name,
            entity=client.entity,
            customers=client.customers,
            customer=None if client.customer is None else client.customer.external_id,
            client=await self._client_in_psa(psa, account),
            psa=psa,
            project_name=self._asked.project_name or self._sold["name"],
            kind=template.kind,
            first_status=ProjectStatus.PLANNED,
            billing_model=model,
            value=self._agreed("value.amount"),
            currency=self._agreed("value.currency"),
            start_date=starts,
            end_date=self._agreed("endDate"),
            milestones=plan,
            tasks=tuple(dict.fromkeys(template.tasks)),
            rates=rates or tuple(AgreedRate(role=each) for each in dict.fromkeys(template.roles)),
        )

    def _agreed(self, path: str) -> Any:
        """What the contract says, where there is one."""
        return None if self._contract is None else self._contract[path]

    def _account(self) -> str | None:
        account: str | None = self._sold["account"] or self._agreed("account")
        return account

    def _missing(self, message: str, *path: str, code: RefusalCode = RefusalCode.INVALID) -> None:
        self._problems.append(Refusal(code, message, ("input", *path)))

    def _no_contract(self) -> None:
        if self._asked.contract_id is not None:
            self._missing("There is no such contract.", "contractId", code=RefusalCode.NOT_FOUND)
            return
        self._missing(NO_CONTRACT, "contractId", code=RefusalCode.STATE)

    def _check_days(self, model: BillingModel | None, starts: date | None) -> None:
        if starts is None:
            self._missing("No contract names a start: give startDate.", "startDate")
            return
        problem = term_problem(model, starts, self._agreed("endDate"))
        if problem is not None:
            self._problems.append(problem)

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
        psa = psa_of(self._firm, self._deal)
        if psa is None:
            self._missing("No PSA is connected that could run a project.", code=RefusalCode.UNSUPPORTED)
            return ""
        if self._firm.door(psa, "Project", PSA) is None:
            self._missing(f"{psa} doesn't let Crosswalk write projects.", code=RefusalCode.UNSUPPORTED)
            return ""
        return psa

    async def _check_unconverted(self) -> None:
        project = await project_of(self._firm, self._deal, self._key)
        if project is not None:
            self._missing(converted_already(project), "opportunityId", code=RefusalCode.STATE)

    async def _priced(self, model: BillingModel | None) -> tuple[tuple[AgreedMilestone, ...], tuple[AgreedRate, ...]]:
        """Milestones and rates of the contract, held against how it is billed."""
        if self._contract is None or self._key is None:
            return (), ()
        milestones = await self._of_contract("ContractMilestone", ("key", "name", "amount.amount", "dueDate"))
        rates = await self._of_contract("Rate", ("role", "price.amount"))
        agreed = tuple(
            AgreedMilestone(
                key=row["key"],
                name=row["name"] or row["key"] or "Milestone",
                amount=row["amount.amount"],
                due_date=row["dueDate"],
            )
            for row in sorted(milestones, key=lambda row: (row["dueDate"] or date.max, row["key"] or ""))
        )
        prices = dict.fromkeys((row["role"], row["price.amount"]) for row in rates if row["role"])
        priced = tuple(AgreedRate(role=role, price=price) for role, price in prices)
        self._problems += contract_problems(self._sold, self._contract)
        self._problems += price_problems(model, self._contract, agreed, priced)
        return agreed, priced

    async def _of_contract(self, type_name: str, paths: tuple[str, ...]) -> list[Row]:
        role = self._firm.anchor(type_name)
        if role is None:
            return []
        assert self._key is not None
        keys = (self._key.external_id,)
        return await self._firm.rows(self._key.platform, type_name, role, paths, by="contract", keys=keys)

    async def _client_in_psa(self, psa: str, account: str) -> str | None:
        if ("Account", PSA) not in self._firm.bindings.platforms[psa].reader.facets:
            return None
        rows = await self._firm.rows(psa, "Account", PSA, ("anchor",), by="anchor", keys=(account,))
        return rows[0].external_id if rows else None


async def contract_of(firm: Firm, deal: RecordKey, sold: Row, contract_id: str | None) -> RecordKey | None:
    """The contract that was named, that the opportunity names, or that names the opportunity."""
    if contract_id is not None:
        return named(firm, "Contract", contract_id, "contractId")
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
    approved = [row for row in rows if row["status"] in APPROVED]
    chosen = approved or rows
    return RecordKey("Contract", platform, chosen[0].external_id) if chosen else None
