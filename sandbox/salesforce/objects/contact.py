"""The Contact object."""

from sandbox.salesforce.fields import (
    READ_ONLY,
    Field,
    SObject,
    address,
    day,
    flag,
    instant,
    long_text,
    lookup,
    picklist,
    text,
)
from sandbox.salesforce.objects.vocabulary import (
    CURRENCY,
    EXTERNAL_KEY,
    IS_DELETED,
    LEAD_SOURCES,
    OWNER,
    RECORD_ID,
    STAMPS,
)
from sandbox.store import Record


def _full_name(record: Record) -> Record:
    return {"Name": " ".join(part for part in (record.get("FirstName"), record.get("LastName")) if part)}


CONTACT = SObject(
    name="Contact",
    prefix="003",
    derive=_full_name,
    declared=(
        RECORD_ID,
        IS_DELETED,
        lookup("MasterRecordId", "Contact", relationship="MasterRecord", **READ_ONLY),
        lookup("AccountId", "Account", children="Contacts", cascade=True),
        text("LastName", 80, required=True),
        text("FirstName", 40),
        picklist("Salutation", "Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", length=40),
        text("Name", 121, name_field=True, calculated=False, **READ_ONLY),
        *address("Other"),
        *address("Mailing"),
        *(
            Field(name=name, kind="phone", length=40)
            for name in ("Phone", "Fax", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone")
        ),
        lookup("ReportsToId", "Contact", relationship="ReportsTo"),
        Field(name="Email", kind="email", length=80),
        text("Title", 128),
        text("Department", 80),
        picklist("LeadSource", *LEAD_SOURCES),
        day("Birthdate"),
        long_text("Description"),
        OWNER,
        flag("HasOptedOutOfEmail"),
        CURRENCY,
        *STAMPS,
        text("EmailBouncedReason", 255),
        instant("EmailBouncedDate"),
        flag("IsEmailBounced", **READ_ONLY),
        EXTERNAL_KEY,
    ),
)
