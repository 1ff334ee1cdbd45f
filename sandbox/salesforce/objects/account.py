"""The Account object."""

from sandbox.firm.words import INDUSTRIES
from sandbox.salesforce.fields import (
    READ_ONLY,
    Field,
    SObject,
    address,
    day,
    long_text,
    lookup,
    money,
    picklist,
    text,
    whole,
)
from sandbox.salesforce.objects.vocabulary import (
    CURRENCY,
    EXTERNAL_KEY,
    IS_DELETED,
    LEAD_SOURCES,
    OWNER,
    RECORD_ID,
    STAMPS,
    SYNC_STATUS,
)

TYPES = (
    "Prospect", "Customer - Direct", "Customer - Channel", "Channel Partner / Reseller", "Installation Partner",
    "Technology Partner", "Other",
)  # fmt: skip
STATUSES = ("Prospect", "Active", "On Hold", "Inactive")

ACCOUNT = SObject(
    name="Account",
    prefix="001",
    declared=(
        RECORD_ID,
        IS_DELETED,
        lookup("MasterRecordId", "Account", relationship="MasterRecord", **READ_ONLY),
        text("Name", 255, required=True, name_field=True),
        picklist("Type", *TYPES, length=40),
        lookup("ParentId", "Account", children="ChildAccounts"),
        *address("Billing"),
        *address("Shipping"),
        Field(name="Phone", kind="phone", length=40),
        Field(name="Fax", kind="phone", length=40),
        text("AccountNumber", 40),
        Field(name="Website", kind="url", length=255),
        picklist("Industry", *INDUSTRIES),
        money("AnnualRevenue", scale=0),
        whole("NumberOfEmployees"),
        picklist("Ownership", "Public", "Private", "Subsidiary", "Other"),
        text("TickerSymbol", 20),
        long_text("Description"),
        picklist("Rating", "Hot", "Warm", "Cold"),
        text("Site", 80),
        OWNER,
        CURRENCY,
        *STAMPS,
        day("LastActivityDate", **READ_ONLY),
        picklist("AccountSource", *LEAD_SOURCES),
        text("DunsNumber", 9),
        text("NaicsCode", 8),
        text("Sic", 20),
        text("Tradestyle", 255),
        text("YearStarted", 4),
        EXTERNAL_KEY,
        picklist("CW_Status__c", *STATUSES, restricted=True),
        SYNC_STATUS,
        long_text("CW_ERP_Customers__c"),
    ),
)
