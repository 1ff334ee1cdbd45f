"""The facets of who is sold to and what is hoped for: accounts, contacts, opportunities."""

from platforms.mapping import derived, text
from platforms.rows import Field
from platforms.salesforce.columns import StageColumn
from platforms.salesforce.mapping import (
    BILLING_MODELS,
    Row,
    Rows,
    address,
    choice_rows,
    day_row,
    facet,
    instant_row,
    key_row,
    money_rows,
    native,
    number_row,
    owner_name,
    text_row,
)
from platforms.salesforce.options import OrgOptions
from platforms.salesforce.soql import SoqlFacet
from schema.enums import AccountStatus, OpportunityStage

ACCOUNT_STATUSES = {
    "Prospect": AccountStatus.PROSPECT,
    "Active": AccountStatus.ACTIVE,
    "On Hold": AccountStatus.ON_HOLD,
    "Inactive": AccountStatus.INACTIVE,
}
_WON, _LOST, _OPEN = "Closed Won", "Closed Lost", "Prospecting"  # the standard stages that are written


def account() -> SoqlFacet:
    return facet(
        "Account",
        "Account",
        (
            text_row("name", "Name"),
            text_row("number", "AccountNumber"),
            *choice_rows("status", "CW_Status__c", ACCOUNT_STATUSES),
            text_row("industry", "Industry"),
            text_row("website", "Website"),
            owner_name(),
            key_row("parent", "ParentId"),
            instant_row("createdAt", "CreatedDate"),
            instant_row("updatedAt", "LastModifiedDate"),
        ),
        relations=("parent",),
        # Addresses, terms and receivables are the ERP's; CW_Key__c is for writes; the rest is the sales team's own.
        ignored=address("Billing")
        | address("Shipping")
        | {
            "MasterRecordId", "Type", "RecordTypeId", "Phone", "Fax", "AnnualRevenue", "NumberOfEmployees", "Ownership",
            "TickerSymbol", "Description", "Rating", "Site", "OwnerId", "LastActivityDate", "AccountSource",
            "DunsNumber", "NaicsCode", "Sic", "Tradestyle", "YearStarted", "CW_Key__c", "CW_Sync_Status__c",
            "CW_ERP_Customers__c",
        },
    )  # fmt: skip


def contact() -> SoqlFacet:
    return facet(
        "Contact",
        "Contact",
        (
            text_row("name", "Name", writable=False),
            text_row("email", "Email"),
            text_row("phone", "Phone"),
            text_row("title", "Title"),
            key_row("account", "AccountId"),
        ),
        relations=("account",),
        # The vendor makes the name of its parts; what a person asked us not to use isn't read.
        ignored=address("Mailing")
        | address("Other")
        | {
            "MasterRecordId", "LastName", "FirstName", "Salutation", "Fax", "MobilePhone", "HomePhone", "OtherPhone",
            "AssistantPhone", "ReportsToId", "Department", "LeadSource", "Birthdate", "Description", "OwnerId",
            "HasOptedOutOfEmail",
            "EmailBouncedReason", "EmailBouncedDate", "IsEmailBounced", "CreatedDate", "CW_Key__c",
        },
    )  # fmt: skip


def opportunity(options: OrgOptions) -> SoqlFacet:
    return facet(
        "Opportunity",
        "Opportunity",
        (
            text_row("name", "Name"),
            *_stage_rows(options.committed_stages),
            *money_rows("amount", "Amount", options.currency),
            number_row("probability", "Probability"),
            day_row("closeDate", "CloseDate"),
            text_row("serviceCode", "CW_Service_Code__c"),
            *choice_rows("billingModel", "CW_Billing_Model__c", BILLING_MODELS),
            key_row("account", "AccountId"),
            key_row("contract", "ContractId"),
        ),
        relations=("account", "contract"),
        # Forecast and fiscal fields follow from stage and close date.
        ignored={
            "IsPrivate", "Description", "ExpectedRevenue", "TotalOpportunityQuantity", "Type", "NextStep", "LeadSource",
            "ForecastCategory", "ForecastCategoryName", "CampaignId", "HasOpportunityLineItem", "Pricebook2Id",
            "OwnerId", "FiscalQuarter", "FiscalYear", "Fiscal", "ContactId", "LastStageChangeDate", "SyncedQuoteId",
            "CreatedDate", "CW_Key__c", "CW_Sync_Status__c", "CW_Project__c", "CW_Project_URL__c",
        },
    )  # fmt: skip


def _stage_rows(committed: tuple[str, ...]) -> Rows:
    """Closed and won are the vendor's flags, whatever the firm calls its stages; only COMMITTED goes by name."""
    known = frozenset(stage.casefold() for stage in committed)

    def read(closed: bool | None, won: bool | None, stage: str | None) -> OpportunityStage | None:
        if closed is None:
            return None
        if won:
            return OpportunityStage.WON
        if closed:
            return OpportunityStage.LOST
        return OpportunityStage.COMMITTED if (stage or "").casefold() in known else OpportunityStage.OPEN

    written = {
        OpportunityStage.WON: (True, True, _WON),
        OpportunityStage.LOST: (True, False, _LOST),
        OpportunityStage.OPEN: (False, False, _OPEN),
    }
    if committed:
        written[OpportunityStage.COMMITTED] = (False, False, committed[0])
    fields = (Field("IsClosed", bool), Field("IsWon", bool), Field("StageName"))
    return (
        Row(derived("stage", fields, read, lambda stage: written[stage]), StageColumn(committed)),
        Row(text(native("stage"), "StageName", writable=False)),
    )
