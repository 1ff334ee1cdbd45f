"""The facets of what was agreed: contracts with their milestones, amendments and rates, until a CLM owns them."""

from platforms.salesforce.mapping import (
    BILLING_MODELS,
    address,
    choice_rows,
    day_row,
    facet,
    instant_row,
    key_row,
    money_rows,
    text_row,
)
from platforms.salesforce.options import OrgOptions
from platforms.salesforce.soql import SoqlFacet
from schema.enums import ContractStatus

CONTRACT_STATUSES = {
    "Draft": ContractStatus.DRAFT,
    "In Approval Process": ContractStatus.IN_REVIEW,
    "Approved": ContractStatus.APPROVED,
    "Activated": ContractStatus.ACTIVE,
    "Expired": ContractStatus.EXPIRED,
    "Terminated": ContractStatus.TERMINATED,
}
_OF_PARTS = frozenset({"OwnerId", "CreatedDate", "Name"})


def contract(options: OrgOptions) -> SoqlFacet:
    return facet(
        "Contract",
        "Contract",
        (
            text_row("number", "ContractNumber", writable=False),
            text_row("title", "Name"),
            *choice_rows("status", "Status", CONTRACT_STATUSES),
            *choice_rows("billingModel", "CW_Billing_Model__c", BILLING_MODELS),
            *money_rows("value", "CW_Value__c", options.currency),
            day_row("startDate", "StartDate"),
            day_row("endDate", "EndDate", writable=False),
            instant_row("approvedAt", "LastApprovedDate"),
            key_row("account", "AccountId"),
            key_row("opportunity", "CW_Opportunity__c"),
        ),
        relations=("account", "opportunity"),
        # StatusCode and ContractTerm are told by status and the two dates; who signed is the CLM's.
        ignored=address("Billing")
        | address("Shipping")
        | {
            "StatusCode", "ContractTerm", "OwnerId", "Pricebook2Id", "CompanySignedId", "CompanySignedDate",
            "CustomerSignedId", "CustomerSignedTitle", "CustomerSignedDate", "SpecialTerms", "OwnerExpirationNotice",
            "ActivatedById", "ActivatedDate", "Description", "CreatedDate", "CW_Key__c", "CW_Sync_Status__c",
            "CW_Project__c",
        },
    )  # fmt: skip


def contract_milestone(options: OrgOptions) -> SoqlFacet:
    return facet(
        "ContractMilestone",
        "CW_Contract_Milestone__c",
        (
            text_row("key", "Key__c"),
            text_row("name", "Name"),
            *money_rows("amount", "Amount__c", options.currency),
            day_row("dueDate", "Due_Date__c"),
            key_row("contract", "Contract__c"),
        ),
        relations=("contract",),
        ignored=_OF_PARTS,
    )


def amendment(options: OrgOptions) -> SoqlFacet:
    return facet(
        "Amendment",
        "CW_Amendment__c",
        (
            text_row("number", "Name"),
            text_row("title", "Title__c"),
            *choice_rows("status", "Status__c", CONTRACT_STATUSES),
            day_row("effectiveDate", "Effective_Date__c"),
            *money_rows("valueChange", "Value_Change__c", options.currency),
            key_row("contract", "Contract__c"),
        ),
        relations=("contract",),
        ignored=_OF_PARTS,
    )


def rate(options: OrgOptions) -> SoqlFacet:
    return facet(
        "Rate",
        "CW_Rate__c",
        (
            text_row("role", "Role__c"),
            text_row("unit", "Unit__c"),
            *money_rows("price", "Price__c", options.currency),
            key_row("contract", "Contract__c"),
        ),
        relations=("contract",),
        ignored=_OF_PARTS,
    )
