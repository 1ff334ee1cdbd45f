"""The Contract object."""

from datetime import date, timedelta

from sandbox.salesforce.fields import (
    READ_ONLY,
    SObject,
    address,
    day,
    instant,
    long_text,
    lookup,
    money,
    picklist,
    text,
    whole,
)
from sandbox.salesforce.objects.vocabulary import (
    BILLING_MODELS,
    CONTRACT_STATUSES,
    CURRENCY,
    EXTERNAL_KEY,
    IS_DELETED,
    OWNER,
    PROJECT,
    RECORD_ID,
    STAMPS,
    SYNC_STATUS,
)
from sandbox.store import Record

STATUS_CODES = dict(
    zip(
        CONTRACT_STATUSES,
        ("Draft", "InApproval", "InApproval", "Activated", "Activated", "Activated"),
        strict=True,
    )
)


def last_day(start: date, months: int) -> date:
    """The last day of a term: 12 months from 1 January end on 31 December."""
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    last_of_month = (following - timedelta(days=1)).day
    if start.day > last_of_month:
        return date(year, month, last_of_month)
    return date(year, month, start.day) - timedelta(days=1)


def _follow_term(record: Record) -> Record:
    start, months = record.get("StartDate"), record.get("ContractTerm")
    ends = None if not start or months is None else last_day(date.fromisoformat(start), months).isoformat()
    return {"StatusCode": STATUS_CODES[record["Status"]], "EndDate": ends}


CONTRACT = SObject(
    name="Contract",
    prefix="800",
    derive=_follow_term,
    declared=(
        RECORD_ID,
        lookup("AccountId", "Account", required=True, children="Contracts", cascade=True),
        picklist("OwnerExpirationNotice", "15", "30", "45", "60", "90", "120", length=40),
        day("StartDate"),
        day("EndDate", **READ_ONLY),
        *address("Billing"),
        *address("Shipping"),
        whole("ContractTerm"),
        OWNER,
        picklist("Status", *CONTRACT_STATUSES, default="Draft", restricted=True),
        lookup("CompanySignedId", "User", relationship="CompanySigned"),
        day("CompanySignedDate"),
        lookup("CustomerSignedId", "Contact", relationship="CustomerSigned"),
        text("CustomerSignedTitle", 40),
        day("CustomerSignedDate"),
        long_text("SpecialTerms", 4000),
        lookup("ActivatedById", "User", relationship="ActivatedBy", **READ_ONLY),
        instant("ActivatedDate", **READ_ONLY),
        picklist("StatusCode", "Draft", "InApproval", "Activated", length=40, **READ_ONLY),
        long_text("Description"),
        text("Name", 80),
        IS_DELETED,
        text("ContractNumber", 30, auto_number=True, name_field=True, **READ_ONLY),
        instant("LastApprovedDate", **READ_ONLY),
        CURRENCY,
        *STAMPS,
        EXTERNAL_KEY,
        money("CW_Value__c"),
        picklist("CW_Billing_Model__c", *BILLING_MODELS, restricted=True),
        lookup("CW_Opportunity__c", "Opportunity", children="CW_Contracts__r"),
        SYNC_STATUS,
        PROJECT,
    ),
)
