"""Fields and picklists that several objects share."""

from sandbox.salesforce.fields import READ_ONLY, Field, flag, instant, lookup, picklist, text

CURRENCIES = (
    "AUD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HUF", "INR", "JPY", "KWD", "NOK", "NZD", "PLN", "SEK", "SGD",
    "USD", "ZAR",
)  # fmt: skip
BILLING_MODELS = ("Fixed Fee", "Time and Materials", "Milestone", "Retainer", "Subscription")
CONTRACT_STATUSES = ("Draft", "In Approval Process", "Approved", "Activated", "Expired", "Terminated")
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")

RECORD_ID = Field(name="Id", kind="id", length=18, **READ_ONLY)
IS_DELETED = flag("IsDeleted", **READ_ONLY)
OWNER = lookup("OwnerId", "User", required=False)
CURRENCY = picklist("CurrencyIsoCode", *CURRENCIES, length=3, restricted=True)
EXTERNAL_KEY = text("CW_Key__c", 255, external_id=True, unique=True)
SYNC_STATUS = text("CW_Sync_Status__c", 255)
PROJECT = text("CW_Project__c", 40)
STAMPS = (
    instant("CreatedDate", **READ_ONLY),
    lookup("CreatedById", "User", **READ_ONLY),
    instant("LastModifiedDate", **READ_ONLY),
    lookup("LastModifiedById", "User", **READ_ONLY),
    instant("SystemModstamp", **READ_ONLY),
)
