"""The User object, as far as records refer to it."""

from sandbox.salesforce.fields import READ_ONLY, Field, SObject, flag, text
from sandbox.salesforce.objects.vocabulary import CURRENCY, RECORD_ID, STAMPS
from sandbox.store import Record


def _full_name(record: Record) -> Record:
    return {"Name": " ".join(part for part in (record.get("FirstName"), record.get("LastName")) if part)}


USER = SObject(
    name="User",
    prefix="005",
    derive=_full_name,
    declared=(
        RECORD_ID,
        text("Username", 80, required=True, unique=True),
        text("LastName", 80, required=True),
        text("FirstName", 40),
        text("Name", 121, name_field=True, **READ_ONLY),
        text("Title", 80),
        text("Department", 80),
        Field(name="Email", kind="email", length=128, required=True),
        text("Alias", 8, required=True),
        flag("IsActive"),
        CURRENCY,
        *STAMPS,
    ),
)
