"""The traces of each process on the platforms: what its runs leave there, to be counted by their marks."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.chaos.world import Record
from schema.ids import decode_id
from sync.ledger.records import BusinessException, Operation, Run, RunStatus, Step

Truth = Mapping[tuple[str, str], list[Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A run, and what the ledger holds of it."""

    run: Run
    steps: tuple[Step, ...]
    problems: tuple[BusinessException, ...]


class Traces:
    """What there is on the platforms, without what is deleted, archived or cancelled."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self._index: dict[tuple[str, str, str], dict[str, list[Record]]] = {}

    def count(self, platform: str, entity: str, name: str, value: Any) -> int:
        return len(self.found(platform, entity, name, value))

    def found(self, platform: str, entity: str, name: str, value: Any) -> list[Record]:
        index = self._index.get((platform, entity, name))
        if index is None:
            index = self._index[platform, entity, name] = defaultdict(list)
            for record in self._truth[platform, entity]:
                if not gone(record):
                    index[str(record.get(name))].append(record)
        return index.get(str(value), [])

    def value(self, record_id: str, field_name: str) -> Any:
        """The field of the record as it is; None where there is no such record."""
        key = decode_id(record_id)
        platform, entity, id_name, name = _FIELDS[field_name]
        if field_name == "taxId":
            id_name = "externalId"
        found = self.found(platform, entity, id_name, key.external_id)
        return found[0].get(name) if found else None


_FIELDS = {
    "website": ("salesforce", "Account", "Id", "Website"),
    "taxId": ("netsuite", "customer", "externalId", "vatRegNumber"),
    "project name": ("kantata", "workspaces", "id", "title"),
    "contract status": ("salesforce", "Contract", "Id", "Status"),
}
_CONTRACT_STATUS = {"IN_REVIEW": "In Approval Process", "APPROVED": "Approved"}
Count = tuple[str, int, int]
"""What was counted, how many there are, and how many there should be."""


def updates(run: Run) -> Iterator[tuple[str, Any]]:
    match run.workflow:
        case "updateAccount":
            if "website" in run.input:
                yield "website", run.input["website"]
            if "billing" in run.input:
                yield "taxId", run.input["billing"]["taxId"]
        case "updateProject":
            yield "project name", run.input["name"]


def _new_account(traces: Traces, story: Story) -> Iterable[Count]:
    given = story.run.input
    yield "accounts", traces.count("salesforce", "Account", "Name", given["name"]), 1
    if "billing" in given:
        yield "customers", traces.count("netsuite", "customer", "companyName", given["billing"]["legalName"]), 1


def _onboarding(traces: Traces, story: Story) -> Iterable[Count]:
    given = story.run.input
    found = traces.found("netsuite", "customer", "companyName", given["legalName"])
    yield "customers", len(found), len(given["legalEntityIds"])
    if story.run.status is RunStatus.SUCCEEDED:
        account = traces.found("salesforce", "Account", "Id", decode_id(given["accountId"]).external_id)
        told = sum(1 for each in account if all(str(one["id"]) in (each["CW_ERP_Customers__c"] or "") for one in found))
        yield "accounts that are told their customers", told, 1


def _conversion(traces: Traces, story: Story) -> Iterable[Count]:
    run = story.run
    projects = traces.found("kantata", "workspaces", "title", run.input["projectName"])
    if run.status is RunStatus.SUCCEEDED or len(projects) > 1:  # asked for twice, one run's project is the other's too
        yield "projects", len(projects), 1
        yield "schedules", traces.count("netsuite", "salesOrder", "memo", run.input["projectName"]), 1
    for project in projects:
        yield "jobs in the ERP", traces.count("netsuite", "job", "externalId", project["id"]), 1
        stories = traces.found("kantata", "stories", "workspace_id", project["id"])
        copies = Counter((each["story_type"], each["title"]) for each in stories)
        yield "copies of a task or milestone", max(copies.values(), default=1), 1
        deal = traces.found("salesforce", "Opportunity", "Id", decode_id(run.input["opportunityId"]).external_id)
        if run.status is RunStatus.SUCCEEDED:
            yield "links back", sum(1 for each in deal if each["CW_Project__c"] == project["id"]), 1


def _invoice(traces: Traces, story: Story) -> Iterable[Count]:
    given = story.run.input
    found = traces.found("netsuite", "invoice", "otherRefNum", given["purchaseOrder"])
    yield "invoices", len(found), 1
    for invoice in found if "lines" in given else ():
        yield "lines", invoice["item"]["totalResults"], len(given["lines"])
    taken = [step for step in story.steps if step.type == "ProjectInvoice" and step.operation is Operation.CREATE]
    if taken and story.run.status is RunStatus.SUCCEEDED:
        yield "invoices in the PSA", traces.count("kantata", "invoices", "id", taken[0].external_id), 1


def _posting(traces: Traces, story: Story) -> Iterable[Count]:
    if story.run.status is RunStatus.SUCCEEDED:
        found = traces.found("netsuite", "invoice", "id", decode_id(story.run.input["invoiceId"]).external_id)
        yield "posted invoices", sum(1 for each in found if each["approvalStatus"]["id"] == "2"), 1


def _telling(traces: Traces, story: Story) -> Iterable[Count]:
    for step in story.steps:
        if step.type == "InvoiceSummary" and story.run.status is RunStatus.SUCCEEDED:
            key = f"netsuite-{decode_id(story.run.input['invoiceId']).external_id}"
            yield "invoices in the CRM", traces.count("salesforce", "CW_Invoice__c", "CW_Key__c", key), 1


def _contract(traces: Traces, story: Story) -> Iterable[Count]:
    if story.run.status is RunStatus.SUCCEEDED:
        found = traces.found("salesforce", "Contract", "Id", decode_id(story.run.input["id"]).external_id)
        wanted = _CONTRACT_STATUS[story.run.input["status"]]
        yield f"contracts that are {wanted}", sum(1 for each in found if each["Status"] == wanted), 1


COUNTED: Mapping[str, Callable[[Traces, Story], Iterable[Count]]] = {
    "createAccount": _new_account,
    "onboardCustomer": _onboarding,
    "convertOpportunity": _conversion,
    "createInvoice": _invoice,
    "postInvoice": _posting,
    "syncInvoiceStatus": _telling,
    "updateContractStatus": _contract,
}


def gone(record: Record) -> bool:
    """Deleted, archived or cancelled: no effect any more."""
    return bool(
        record.get("IsDeleted")
        or record.get("archived")
        or record.get("deleted_at")
        or record.get("status") == "cancelled"
    )
