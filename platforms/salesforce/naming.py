"""Custom fields that differ from org to org: the usual names, and those that the settings give instead."""

import re
from collections.abc import Mapping

from runtime.settings.problems import nearest

USUAL: Mapping[str, str] = {
    "Account.syncStatus": "CW_Sync_Status__c",
    "Account.erpCustomers": "CW_ERP_Customers__c",
    "Opportunity.project": "CW_Project__c",
    "Opportunity.projectUrl": "CW_Project_URL__c",
    "Opportunity.syncStatus": "CW_Sync_Status__c",
    "Contract.project": "CW_Project__c",
    "Contract.syncStatus": "CW_Sync_Status__c",
    "InvoiceSummary.account": "Account__c",
    "InvoiceSummary.contract": "Contract__c",
    "InvoiceSummary.status": "Status__c",
    "InvoiceSummary.issueDate": "Issue_Date__c",
    "InvoiceSummary.dueDate": "Due_Date__c",
    "InvoiceSummary.total": "Total__c",
    "InvoiceSummary.amountPaid": "Paid__c",
    "InvoiceSummary.balance": "Balance__c",
    "InvoiceSummary.credited": "Credited__c",
}
_CUSTOM = re.compile(r"[A-Za-z][0-9A-Za-z_]{0,76}__c")

Names = Mapping[str, str]


def is_custom_field(name: object) -> bool:
    return isinstance(name, str) and _CUSTOM.fullmatch(name) is not None


def named(given: Mapping[str, object]) -> Names:
    """The usual names with the given ones in their place; ValueError says which of them can't be meant."""
    for path, name in given.items():
        if path not in USUAL:
            raise ValueError(f"{path} has no field to choose{nearest(path, USUAL)}")
        if not is_custom_field(name):
            raise ValueError(f"the field for {path} isn't a custom field's API name, such as My_Status__c")
    names = {**USUAL, **{path: str(name) for path, name in given.items()}}
    holders: dict[tuple[str, str], str] = {}
    for path, name in names.items():
        first = holders.setdefault((path.partition(".")[0], name.lower()), path)
        if first != path:
            raise ValueError(f"{first} and {path} can't both be {name}")
    return names
