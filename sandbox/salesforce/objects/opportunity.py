"""The Opportunity object."""

from datetime import date
from decimal import Decimal

from sandbox.salesforce.fields import (
    READ_ONLY,
    Field,
    SObject,
    day,
    flag,
    instant,
    long_text,
    lookup,
    money,
    percent,
    picklist,
    text,
    whole,
)
from sandbox.salesforce.objects.vocabulary import (
    BILLING_MODELS,
    CURRENCY,
    EXTERNAL_KEY,
    IS_DELETED,
    LEAD_SOURCES,
    OWNER,
    PROJECT,
    RECORD_ID,
    STAMPS,
    SYNC_STATUS,
)
from sandbox.salesforce.values import decimal_on_the_wire
from sandbox.store import Record

# Stage -> (probability in per cent, forecast category); the standard value set's defaults.
STAGES = {
    "Prospecting": (10, "Pipeline"),
    "Qualification": (10, "Pipeline"),
    "Needs Analysis": (20, "Pipeline"),
    "Value Proposition": (50, "Pipeline"),
    "Id. Decision Makers": (60, "Pipeline"),
    "Perception Analysis": (70, "Best Case"),
    "Proposal/Price Quote": (75, "Best Case"),
    "Negotiation/Review": (90, "Commit"),
    "Closed Won": (100, "Closed"),
    "Closed Lost": (0, "Omitted"),
}
_FORECAST_API_NAMES = {"Best Case": "BestCase", "Commit": "Forecast"}


def _follow_stage(record: Record) -> Record:
    stage = record["StageName"]
    probability, category = STAGES.get(stage, (50, "Pipeline"))
    if record.get("Probability") is None:
        record = {**record, "Probability": Decimal(f"{probability}.0")}
    close = date.fromisoformat(record["CloseDate"])
    quarter = (close.month - 1) // 3 + 1
    amount = record.get("Amount")
    expected = None if amount is None else decimal_on_the_wire(amount * record["Probability"] / 100, 2)
    return {
        "Probability": record["Probability"],
        "ExpectedRevenue": expected,
        "IsClosed": stage in {"Closed Won", "Closed Lost"},
        "IsWon": stage == "Closed Won",
        "ForecastCategoryName": category,
        "ForecastCategory": _FORECAST_API_NAMES.get(category, category),
        "FiscalYear": close.year,
        "FiscalQuarter": quarter,
        "Fiscal": f"{close.year} {quarter}",
    }


OPPORTUNITY = SObject(
    name="Opportunity",
    prefix="006",
    plural="Opportunities",
    derive=_follow_stage,
    declared=(
        RECORD_ID,
        IS_DELETED,
        lookup("AccountId", "Account", children="Opportunities", cascade=True),
        flag("IsPrivate"),
        text("Name", 120, required=True, name_field=True),
        long_text("Description"),
        picklist("StageName", *STAGES, required=True),
        money("Amount"),
        percent("Probability"),
        money("ExpectedRevenue", calculated=True, **READ_ONLY),
        whole("TotalOpportunityQuantity"),
        day("CloseDate", required=True),
        picklist("Type", "Existing Business", "New Business"),
        text("NextStep", 255),
        picklist("LeadSource", *LEAD_SOURCES),
        flag("IsClosed", **READ_ONLY),
        flag("IsWon", **READ_ONLY),
        picklist("ForecastCategory", "Omitted", "Pipeline", "BestCase", "Forecast", "Closed", length=40, **READ_ONLY),
        picklist("ForecastCategoryName", "Omitted", "Pipeline", "Best Case", "Commit", "Closed", length=40),
        CURRENCY,
        flag("HasOpportunityLineItem", **READ_ONLY),
        OWNER,
        *STAMPS,
        whole("FiscalQuarter", **READ_ONLY),
        whole("FiscalYear", **READ_ONLY),
        text("Fiscal", 6, **READ_ONLY),
        lookup("ContactId", "Contact", updateable=False),
        instant("LastStageChangeDate", **READ_ONLY),
        lookup("ContractId", "Contract", children="Opportunities"),
        EXTERNAL_KEY,
        text("CW_Service_Code__c", 40),
        picklist("CW_Billing_Model__c", *BILLING_MODELS, restricted=True),
        SYNC_STATUS,
        PROJECT,
        Field(name="CW_Project_URL__c", kind="url", length=255),
    ),
)
