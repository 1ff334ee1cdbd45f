"""A wish of each workflow with every field of its input filled in, such as the firm as generated can grant or not."""

from collections.abc import Iterator, Mapping
from typing import Any

from strawberry.types.base import StrawberryList, StrawberryOptional, get_object_definition

from schema.types import inputs
from tests.sync.flows.stories import client, entity_id, unknown_to_erp
from tests.sync.office import Office

Wish = dict[str, Any]
Place = tuple[str | int, ...]
INPUTS: Mapping[str, type] = {
    "createAccount": inputs.CreateAccountInput,
    "updateAccount": inputs.UpdateAccountInput,
    "onboardCustomer": inputs.OnboardCustomerInput,
    "convertOpportunity": inputs.ConvertOpportunityInput,
    "updateContractStatus": inputs.UpdateContractStatusInput,
    "updateProject": inputs.UpdateProjectInput,
    "createInvoice": inputs.CreateInvoiceInput,
    "postInvoice": inputs.PostInvoiceInput,
    "syncInvoiceStatus": inputs.SyncInvoiceStatusInput,
    "syncRecords": inputs.SyncRecordsInput,
}
BESIDE = frozenset({"idempotencyKey", "reason", "dryRun", "ifVersion"})
_ADDRESS = {"lines": ["Quay 1"], "city": "Leeds", "region": "Yorkshire", "postalCode": "LS1 4AP", "country": "GB"}


def whole_wish(office: Office, workflow: str) -> Wish:
    """Fields that exclude each other are all there, but for syncRecords, which names one record."""
    ours = client(office, "acct-0001")
    account, company = office.id_of("Account", ours), entity_id(office, "le-se")
    billing = {
        "legalName": "Corvridge Power AB",
        "legalEntityId": company,
        "taxId": "SE647580938",
        "currency": "SEK",
        "paymentTermsDays": 14,
        "billTo": dict(_ADDRESS),
        "creditHold": False,
    }
    described = {
        "name": "Corvridge",
        "number": "C1",
        "status": "ACTIVE",
        "industry": "Energy",
        "website": "https://corvridge.example",
        "parentId": office.id_of("Account", client(office, "acct-0004")),
    }
    return {
        "createAccount": lambda: {**described, "billing": billing},
        "updateAccount": lambda: {"id": account, **described, "ownerName": "Somebody", "billing": billing},
        "onboardCustomer": lambda: _onboarding(office),
        "convertOpportunity": lambda: _conversion(office, company, billing),
        "updateContractStatus": lambda: {
            "id": office.id_of("Contract", office.of_firm("Contract", status="IN_REVIEW")[0]),
            "status": "APPROVED",
        },
        "updateProject": lambda: _project(office),
        "createInvoice": lambda: _invoice(office, account, company),
        "postInvoice": lambda: {"invoiceId": office.id_of("Invoice", office.of_firm("Invoice", status="DRAFT")[0])},
        "syncInvoiceStatus": lambda: {"invoiceId": office.id_of("Invoice", office.of_firm("Invoice")[0])},
        "syncRecords": lambda: {"recordId": account},
    }[workflow]()


def _onboarding(office: Office) -> Wish:
    return {
        "accountId": office.id_of("Account", unknown_to_erp(office)[0]),
        "legalEntityIds": [entity_id(office, "le-uk")],
        "legalName": "New Ltd",
        "taxId": "GB998877665",
        "currency": "GBP",
        "paymentTermsDays": 14,
        "billTo": dict(_ADDRESS),
    }


def _conversion(office: Office, company: str, billing: Wish) -> Wish:
    deal = next(found for found in office.of_firm("Opportunity") if found["key"] == "deal-000073")
    contract = next(found for found in office.of_firm("Contract") if found["key"] == deal["contract"])
    return {
        "opportunityId": office.id_of("Opportunity", deal),
        "contractId": office.id_of("Contract", contract),
        "legalEntityId": company,
        "startDate": "2026-12-01",
        "projectName": "By name",
        "billing": billing,
    }


def _project(office: Office) -> Wish:
    project = next(found for found in office.of_firm("Project", status="ACTIVE"))
    return {
        "id": office.id_of("Project", project),
        "code": "Z1",
        "name": "Renamed",
        "kind": "ADVISORY",
        "status": "ON_HOLD",
        "startDate": "2026-01-31",
        "endDate": "2029-01-31",
        "managerName": "Somebody",
        "budget": {"amount": "12.50", "currency": project["budget"]["currency"]},
        "budgetHours": "12.5",
    }


def _invoice(office: Office, account: str, company: str) -> Wish:
    project = next(found for found in office.of_firm("Project", status="ACTIVE", account="acct-0001"))
    contract = next(found for found in office.of_firm("Contract", account="acct-0001"))
    return {
        "projectId": office.id_of("Project", project),
        "accountId": account,
        "contractId": office.id_of("Contract", contract),
        "legalEntityId": company,
        "currency": "SEK",
        "issueDate": "2026-11-20",
        "dueDate": "2026-12-20",
        "purchaseOrder": "PO-1",
        "until": "2026-11-20",
        "time": True,
        "expenses": True,
        "milestones": True,
        "lines": [
            {
                "description": "Workshop",
                "quantity": "2",
                "unitPrice": "10.05",
                "amount": "20.10",
                "milestoneKey": "unheard-of",
            }
        ],
    }


# --------------------------------------------------------------------------------------------- the fields of an input


def fields_of(kind: type) -> dict[str, tuple[str, Any]]:
    """The fields of an input by their GraphQL names: the name of each type, and the input that it holds, if any."""
    definition = get_object_definition(kind, strict=True)
    found: dict[str, tuple[str, Any]] = {}
    for field in definition.fields:
        name = field.graphql_name or _camel(field.python_name)
        inner = field.type
        while isinstance(inner, StrawberryOptional | StrawberryList):
            inner = inner.of_type
        nested = inner if get_object_definition(inner) is not None and isinstance(inner, type) else None
        found[name] = (getattr(inner, "__name__", str(inner)), nested)
    return {name: told for name, told in found.items() if name not in BESIDE}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def leaves(workflow: str, wish: Wish) -> Iterator[tuple[Place, str]]:
    """Where each value of a wish stands, and the name of its type in the schema."""
    yield from _leaves(fields_of(INPUTS[workflow]), wish, ())


def _leaves(
    fields: Mapping[str, tuple[str, Any]], wish: Mapping[str, Any], place: Place
) -> Iterator[tuple[Place, str]]:
    for name, value in wish.items():
        type_name, nested = fields[name]
        parts = enumerate(value) if isinstance(value, list) else [(None, value)]
        for position, part in parts:
            where = (*place, name) if position is None else (*place, name, position)
            if nested is None:
                yield where, type_name
            else:
                yield from _leaves(fields_of(nested), part, where)


def with_value(wish: Wish, place: Place, value: Any) -> Wish:
    """The wish with another value at one place."""
    first, *rest = place
    copy: Any = list(wish) if isinstance(wish, list) else dict(wish)
    copy[first] = with_value(copy[first], tuple(rest), value) if rest else value
    changed: Wish = copy
    return changed
