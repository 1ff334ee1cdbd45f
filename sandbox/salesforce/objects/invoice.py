"""The custom object that mirrors the ERP's invoices to the people who sell. It begins empty."""

from sandbox.salesforce.fields import SObject, day, lookup, money, picklist, text
from sandbox.salesforce.objects.vocabulary import CURRENCY, EXTERNAL_KEY, IS_DELETED, OWNER, RECORD_ID, STAMPS

STATUSES = ("Draft", "Approved", "Posted", "Sent", "Partially Paid", "Paid", "Overdue", "Voided")

INVOICE = SObject(
    name="CW_Invoice__c",
    prefix="a03",
    label="Invoice",
    declared=(
        RECORD_ID,
        OWNER,
        IS_DELETED,
        text("Name", 80, required=True, name_field=True),
        CURRENCY,
        *STAMPS,
        EXTERNAL_KEY,
        lookup("Account__c", "Account", children="CW_Invoices__r"),
        lookup("Contract__c", "Contract", children="CW_Invoices__r"),
        picklist("Status__c", *STATUSES, restricted=True),
        day("Issue_Date__c"),
        day("Due_Date__c"),
        money("Total__c"),
        money("Paid__c"),
        money("Balance__c"),
        money("Credited__c"),
    ),
)
