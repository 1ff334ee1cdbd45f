"""Everything that is compared, and how: docs/reconciliation.md says it in words."""

from collections.abc import Mapping
from typing import Any

from schema.enums import AccountStatus, InvoiceStatus
from schema.errors import Queue
from schema.ids import RecordKey, encode_id
from schema.roles import PlatformRole
from sync.firm import Firm
from sync.flows.sync_records import COPIES
from sync.ledger.port_of_reconciliations import DifferenceKind
from sync.reconciling.comparison import Client, Comparison, Repair, Walk, keyed, named
from sync.reconciling.completing import (
    FIGURES,
    Completed,
    as_the_crm_is_told,
    closed_books_alone,
    never_told_is_nothing,
)
from sync.reconciling.crosswalk_rows import CrosswalkRows, LinkedRecords
from sync.reconciling.judging import Compared, Expected, Rules
from sync.reconciling.links import Anchored, Customers, Own, Summaries
from sync.reconciling.seen import Unit
from sync.reconciling.sides import FacetSide
from sync.reconciling.summing import ProjectFigures, ProjectWork

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP
_STATUS = DifferenceKind.STATUS
_REPEATED = frozenset({DifferenceKind.MISSING, DifferenceKind.VALUE, DifferenceKind.STATUS})

# ------------------------------------------------------------------------------------------------------------ clients

_ACCOUNTS = FacetSide(type="Account", role=CRM, paths=("name", "status"), linked=Own())
_CUSTOMERS = FacetSide(
    type="Account",
    role=ERP,
    paths=("billing.legalName", "billing.legalEntity", "billing.creditHold", "billing.balance.amount",
           "billing.balance.currency"),
    linked=Customers(),
)  # fmt: skip
_GROUPS = FacetSide(type="Account", role=PSA, paths=("name",), linked=Anchored(CRM))
_CLIENTS = frozenset({AccountStatus.ACTIVE, AccountStatus.ON_HOLD})
_HELD = {AccountStatus.ON_HOLD: True}
"""A client that sales has put on hold is held in the ERP as well; the ERP may hold others on its own grounds."""


def _itself(_: Firm, unit: Unit) -> Client | None:
    return None if unit.key is None else Client(platform=unit.key[0], link=unit.key[1])


def _bring_into_line(type_name: str) -> Repair:
    def wish(_: Firm, unit: Unit) -> Mapping[str, Any] | None:
        return None if unit.key is None else {"recordId": encode_id(RecordKey(type_name, *unit.key))}

    return Repair(workflow="syncRecords", kinds=frozenset({DifferenceKind.VALUE}), wish=wish)


CUSTOMERS = Comparison(
    name="customers",
    title="Clients in the CRM and customers in the ERP",
    left_name="client",
    right_name="customer",
    left=_ACCOUNTS,
    right=_CUSTOMERS,
    walks=(Walk(which="right", side=_CUSTOMERS), Walk(which="left", side=_ACCOUNTS)),
    rules=Rules(
        fields=(Compared(path="status", right="billing.creditHold", kind=_STATUS, says=_HELD),),
        missing=Expected(path="status", among=_CLIENTS),
        one_per="billing.legalEntity",
        right_stake=("billing.balance.amount", "billing.balance.currency"),
    ),
    queue=Queue.FINANCE,
    days=5,
    type="Account",
    record=keyed("Account"),
    client=_itself,
)

CLIENTS = Comparison(
    name="clients",
    title="Clients in the CRM and in the PSA",
    left_name="client",
    right_name="client group",
    left=_ACCOUNTS,
    right=_GROUPS,
    walks=(Walk(which="right", side=_GROUPS),),
    rules=Rules(fields=tuple(Compared(path=path) for path in COPIES["Account"][PSA])),
    queue=Queue.PMO,
    days=10,
    type="Account",
    record=keyed("Account"),
    client=_itself,
    repair=_bring_into_line("Account"),
)

# ----------------------------------------------------------------------------------------------------------- projects

_COPIED = COPIES["Project"][ERP]
_PROJECTS = FacetSide(type="Project", role=PSA, paths=(*_COPIED, "account"), linked=Own())
_JOBS = FacetSide(type="ProjectCopy", role=ERP, paths=(*_COPIED, "legalEntity"), linked=Anchored(PSA))
_CONTRACTS = FacetSide(type="Contract", role=CRM, paths=("account",), linked=Own())
_OF_CONTRACTS = FacetSide(type="Project", role=PSA, paths=("account",), linked=Anchored(CRM, "contract"))
_OF_CLIENTS = FacetSide(type="Project", role=PSA, paths=("name",), linked=Anchored(CRM, "account"))


def _client_of_project(firm: Firm, unit: Unit) -> Client | None:
    """The client of the PSA's project, whichever side it stands on."""
    for seen in (*unit.lefts, *unit.rights):
        crm = firm.bindings.peer(seen.platform, CRM)
        account = seen.values.get("account")
        if crm is not None and isinstance(account, str):
            return Client(platform=crm, link=account)
    return None


def _project_on_the_right(_: Firm, unit: Unit) -> str | None:
    right = unit.rights[0] if unit.rights else None
    return None if right is None else encode_id(RecordKey("Project", right.platform, right.external_id))


PROJECTS = Comparison(
    name="projects",
    title="Projects in the PSA and in the ERP, where it has them",
    left_name="project",
    right_name="project in the ERP",
    left=_PROJECTS,
    right=_JOBS,
    walks=(Walk(which="right", side=_JOBS),),
    rules=Rules(fields=tuple(Compared(path=path) for path in _COPIED)),
    queue=Queue.PMO,
    days=10,
    type="Project",
    record=keyed("Project"),
    client=_client_of_project,
    repair=_bring_into_line("Project"),
)

DEALS = Comparison(
    name="deals",
    title="Projects in the PSA and the contracts in the CRM that they are done under",
    left_name="contract",
    right_name="project",
    left=_CONTRACTS,
    right=_OF_CONTRACTS,
    walks=(Walk(which="right", side=_OF_CONTRACTS),),
    rules=Rules(fields=(Compared(path="account"),), unlinked=False, one_per=None),
    queue=Queue.SALES_OPS,
    days=10,
    type="Project",
    record=_project_on_the_right,
    client=_client_of_project,
)

PROJECT_CLIENTS = Comparison(
    name="projectClients",
    title="Projects in the PSA and the clients in the CRM that they are done for",
    left_name="client",
    right_name="project",
    left=_ACCOUNTS,
    right=_OF_CLIENTS,
    walks=(Walk(which="right", side=_OF_CLIENTS),),
    rules=Rules(unlinked=False, one_per=None),
    queue=Queue.PMO,
    days=10,
    type="Project",
    record=_project_on_the_right,
    client=_itself,
)

# ----------------------------------------------------------------------------------------------------------- invoices

_INVOICES = Completed(
    FacetSide(
        type="Invoice",
        role=ERP,
        paths=(
            "number", "status", "issueDate", "dueDate", "total.amount", "total.currency", "amountPaid.amount",
            "balance.amount", "account", "contract",
        ),
        linked=Own(),
    ),
    as_the_crm_is_told,
)  # fmt: skip
_SUMMARIES = FacetSide(
    type="InvoiceSummary",
    role=CRM,
    paths=(
        "number", "account", "contract", "status", "issueDate", "dueDate", "currency", "total", "amountPaid",
        "balance", "credited",
    ),
    linked=Summaries(),
)  # fmt: skip
_BILLING = Completed(
    FacetSide(type="ProjectBilling", role=PSA, paths=("billing.status", *FIGURES, "currency", "account"), linked=Own()),
    never_told_is_nothing,
)
_SENT = frozenset(InvoiceStatus) - {InvoiceStatus.DRAFT, InvoiceStatus.APPROVED, InvoiceStatus.VOIDED}


def _client_of_invoice(firm: Firm, unit: Unit) -> Client | None:
    """The ERP's invoice names one customer; what the CRM shows without it, a client."""
    for seen in unit.lefts:
        crm = firm.bindings.peer(seen.platform, CRM)
        if crm is not None and seen["account"] is not None:
            return Client(platform=crm, link=seen["account"], exact=True)
    for seen in unit.rights:
        if seen["account"] is not None:
            return Client(platform=seen.platform, link=seen["account"])
    return None


def _tell_invoice(_: Firm, unit: Unit) -> Mapping[str, Any] | None:
    return None if unit.key is None else {"invoiceId": encode_id(RecordKey("Invoice", *unit.key))}


def _tell_an_invoice(_: Firm, unit: Unit) -> Mapping[str, Any] | None:
    """A project's figures are told along with any of its invoices."""
    invoice = unit.lefts[0]["invoice"] if unit.lefts else None
    return None if invoice is None else {"invoiceId": encode_id(RecordKey("Invoice", *invoice))}


INVOICES = Comparison(
    name="invoices",
    title="Invoices in the ERP and what the CRM shows of them",
    left_name="invoice",
    right_name="invoice in the CRM",
    left=_INVOICES,
    right=_SUMMARIES,
    walks=(
        Walk(which="right", side=_SUMMARIES, dated="issueDate"),
        Walk(which="left", side=_INVOICES, dated="issueDate"),
    ),
    rules=Rules(
        fields=(
            Compared(path="status", kind=_STATUS),
            Compared(path="number"),
            Compared(path="account", left="client"),
            Compared(path="contract"),
            Compared(path="issueDate"),
            Compared(path="dueDate"),
            Compared(path="total.currency", right="currency"),
            Compared(path="total.amount", right="total", currency="total.currency"),
            Compared(path="amountPaid.amount", right="amountPaid", currency="total.currency"),
            Compared(path="balance.amount", right="balance", currency="total.currency"),
            Compared(path="credited", currency="total.currency"),
        ),
        missing=Expected(path="status", among=_SENT, having=("number", "account")),
        left_stake=("total.amount", "total.currency"),
        right_stake=("total", "currency"),
    ),
    queue=Queue.FINANCE,
    days=2,
    type="Invoice",
    record=keyed("Invoice"),
    client=_client_of_invoice,
    repair=Repair(workflow="syncInvoiceStatus", kinds=_REPEATED, wish=_tell_invoice),
)  # fmt: skip

_FIGURES = ProjectFigures()
PROJECT_BILLING = Comparison(
    name="projectBilling",
    title="What the ERP has invoiced of each project and what the PSA shows of it",
    left_name="project's invoices in the ERP",
    right_name="project in the PSA",
    left=_FIGURES,
    right=_BILLING,
    walks=(Walk(which="right", side=_BILLING),),
    rules=Rules(
        fields=(
            Compared(path="billing.status", kind=_STATUS),
            *(Compared(path=path, currency="currency") for path in FIGURES),
        )
    ),
    queue=Queue.FINANCE,
    days=2,
    type="Project",
    record=keyed("Project"),
    client=_client_of_project,
    repair=Repair(workflow="syncInvoiceStatus", kinds=_REPEATED, wish=_tell_an_invoice),
)

# ------------------------------------------------------------------------------------------------------------ billing

_WORK = ProjectWork()
_BOOKS = Completed(
    FacetSide(
        type="Project",
        role=ERP,
        paths=(
            "financials.unbilled.amount", "financials.workInProgress.amount", "financials.unbilled.currency",
            "financials.asOf",
        ),
        linked=Anchored(PSA),
    ),
    closed_books_alone,
)  # fmt: skip


def _closed_since(unit: Unit) -> bool:
    """The ERP computes its figures at the close of a day: work that changed after it isn't in them yet."""
    changed = max((seen.modified_at for seen in unit.lefts if seen.modified_at is not None), default=None)
    closed = [seen["financials.asOf"] for seen in unit.rights]
    return changed is None or all(each is None or changed <= each for each in closed)


BILLING = Comparison(
    name="billing",
    title="Approved work that is still to be billed, as the PSA has it and as the ERP has it",
    left_name="project's work in the PSA",
    right_name="project in the ERP",
    left=_WORK,
    right=_BOOKS,
    walks=(Walk(which="right", side=_BOOKS),),
    rules=Rules(
        fields=(
            Compared(
                path="financials.unbilled.amount",
                left="unbilled",
                right="financials.unbilled.amount",
                currency="currency",
            ),
            Compared(
                path="financials.workInProgress.amount",
                left="workInProgress",
                right="financials.workInProgress.amount",
                currency="currency",
            ),
        ),
        unlinked=False,
    ),
    queue=Queue.FINANCE,
    days=5,
    type="Project",
    record=keyed("Project"),
    client=_client_of_project,
    settled=_closed_since,
)

# --------------------------------------------------------------------------------------------------------- crosswalk

_ROWS = CrosswalkRows()


def _of_row(_: Firm, unit: Unit) -> str | None:
    found = unit.lefts[0]["record"] if unit.lefts else None
    return found if isinstance(found, str) else None


LINKS = Comparison(
    name="links",
    title="Rows of the crosswalk table and the records that they point at",
    left_name="row of the crosswalk table",
    right_name="record",
    left=_ROWS,
    right=LinkedRecords(),
    walks=(Walk(which="left", side=_ROWS, dated="at"),),
    rules=Rules(
        missing=Expected(),
        missing_kind=DifferenceKind.STALE_LINK,
        one_per=None,
    ),
    queue=Queue.INTEGRATION,
    days=10,
    type="",
    record=_of_row,
)

COMPARISONS: Mapping[str, Comparison] = named(
    (CUSTOMERS, CLIENTS, PROJECTS, DEALS, PROJECT_CLIENTS, INVOICES, PROJECT_BILLING, BILLING, LINKS)
)
