"""Contract approved and opportunity won: the deal becomes a project."""

from collections.abc import Sequence
from dataclasses import dataclass

from schema.enums import OpportunityStage
from schema.errors import Queue
from schema.ids import RecordKey
from schema.roles import PlatformRole
from sync.acting.rule import Condition, Owner, Rule, Wake
from sync.firm import Firm, Row, client_of
from sync.flows.term_problems import NO_CONTRACT, approval_problem, stage_problem
from sync.flows.terms import contract_of, converted_already, project_of
from sync.ledger.records import Json
from sync.values import to_json

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP
_DEAL = ("name", "stage", "serviceCode", "billingModel", "account", "contract")
_CONTRACT = ("status", "billingModel", "value.amount", "value.currency", "startDate", "endDate", "account")
_SALES, _LEGAL, _BILLING = Owner(Queue.SALES_OPS, CRM), Owner(Queue.SALES_OPS, CRM), Owner(Queue.FINANCE, ERP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """An opportunity with its contract and, once all else holds, the project that it has become."""

    key: RecordKey
    sold: Row
    contract: RecordKey | None
    agreed: Row | None
    project: RecordKey | None

    @property
    def agreed_to(self) -> bool:
        """Whether it is won, and its contract approved."""
        won = stage_problem(self.sold) is None
        return won and self.agreed is not None and approval_problem(self.agreed) is None


async def look(firm: Firm, key: RecordKey) -> Deal | None:
    sold = await firm.one("Opportunity", key, _DEAL)
    if sold is None:
        return None
    contract = await contract_of(firm, key, sold, None)
    agreed = None if contract is None else await firm.one("Contract", contract, _CONTRACT)
    deal = Deal(key=key, sold=sold, contract=contract, agreed=agreed, project=None)
    if not deal.agreed_to:
        return deal
    project = await project_of(firm, key, contract)
    return Deal(key=key, sold=sold, contract=contract, agreed=agreed, project=project)


def _identity(deal: Deal) -> Json:
    """What was sold and agreed: where a person has refused that, only other terms are proposed again."""
    agreed = {} if deal.agreed is None else deal.agreed.values
    return [deal.contract and deal.contract.external_id, to_json(dict(deal.sold.values)), to_json(dict(agreed))]


def _no_contract(deal: Deal) -> str | None:
    return NO_CONTRACT if deal.agreed is None else None


def _unapproved(deal: Deal) -> str | None:
    return None if deal.agreed is None else approval_problem(deal.agreed)


async def deals_of_contract(firm: Firm, contract: RecordKey) -> Sequence[RecordKey]:
    """The opportunity that a contract names, and those that name it."""
    role = firm.anchor("Contract")
    if role is None:
        return ()
    rows = await firm.rows(contract.platform, "Contract", role, ("opportunity",), by="id", keys=(contract.external_id,))
    found = [row["opportunity"] for row in rows if row["opportunity"] is not None]
    crm = firm.bindings.peer(contract.platform, CRM)
    return await _deals(firm, crm, found, by="contract", of=contract.external_id)


async def deals_of_customer(firm: Firm, customer: RecordKey) -> Sequence[RecordKey]:
    """What the client of an ERP's customer has bought: a deal may wait for its customer."""
    rows = await firm.rows(customer.platform, "Account", ERP, ("anchor",), by="id", keys=(customer.external_id,))
    crm = firm.bindings.peer(customer.platform, CRM)
    if not rows or rows[0]["anchor"] is None:
        return ()  # nobody's, so far
    return await _deals(firm, crm, [], by="account", of=client_of(rows[0]["anchor"]))


async def _deals(firm: Firm, crm: str | None, found: Sequence[str], *, by: str, of: str) -> Sequence[RecordKey]:
    """The won ones among those that a key leads to, beside those found already."""
    if crm is None or ("Opportunity", CRM) not in firm.bindings.platforms[crm].reader.facets:
        return ()
    rows: list[Row] = []
    if by in firm.bindings.facet(crm, "Opportunity", CRM).batch:
        rows = await firm.rows(crm, "Opportunity", CRM, ("stage",), by=by, keys=(of,))
    won = [row.external_id for row in rows if row["stage"] is OpportunityStage.WON]
    return [RecordKey("Opportunity", crm, each) for each in dict.fromkeys((*found, *won))]


RULE = Rule[Deal](
    name="convertWonDeals",
    says="A won opportunity whose contract is approved becomes a project.",
    subject="Opportunity",
    flow="convertOpportunity",
    wish=lambda opportunity: {"opportunityId": opportunity},
    wakes=(
        Wake(type="Opportunity"),
        Wake(type="Contract", leads=deals_of_contract, by="opportunity"),
        Wake(type="Account", role=ERP, paths=("anchor", "billing.legalEntity"), leads=deals_of_customer),
    ),
    look=look,
    conditions=(
        Condition(
            name="opportunity-won",
            says="The opportunity is won.",
            queue=Queue.SALES_OPS,
            role=CRM,
            lacks=lambda deal: stage_problem(deal.sold),
            record=lambda deal: deal.key,
        ),
        Condition(
            name="contract-there",
            says="It has a contract.",
            queue=Queue.SALES_OPS,
            role=CRM,
            lacks=_no_contract,
            record=lambda deal: deal.key,
        ),
        Condition(
            name="contract-approved",
            says="The contract is approved.",
            queue=Queue.SALES_OPS,
            role=CRM,
            lacks=_unapproved,
            record=lambda deal: deal.contract,
        ),
        Condition(
            name="not-converted",
            says="It has not become a project yet.",
            queue=Queue.PMO,
            role=PSA,
            lacks=lambda deal: None if deal.project is None else converted_already(deal.project),
            record=lambda deal: deal.project,
        ),
    ),
    identity=_identity,
    queue=Queue.PMO,
    approver="pmo",
    default="propose",
    owners={
        "opportunityId": _SALES,
        "contractId": _LEGAL,
        "startDate": _LEGAL,
        "legalEntityId": _BILLING,
        "billing": _BILLING,
    },
    one_at_a_time=True,
)
