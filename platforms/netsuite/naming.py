"""Names that differ from account to account: the usual ones, and those that the settings give instead.

SuiteQL's columns are those of NetSuite's Records Catalog, the record API's fields those of its REST API Browser; the
`cust…` ones are this firm's own fields, which bear one name in both.
"""

import re
from collections.abc import Mapping

from runtime.settings.problems import nearest

USUAL: Mapping[str, str] = {
    "Account.billing.taxId": "vatregnumber",
    "Account.billing.creditHold": "oncredithold",
    "Account.billing.balance": "balancesearch",
    "Account.billing.overdue": "overduebalancesearch",
    "Project.financials.unbilled": "custentity_cw_unbilled",
    "Project.financials.workInProgress": "custentity_cw_wip",
    "Project.financials.recognizedRevenue": "custentity_cw_recognized",
    "Project.financials.deferredRevenue": "custentity_cw_deferred",
    "Project.financials.cost": "custentity_cw_cost",
    "Project.financials.asOf": "custentity_cw_asof",
    "Invoice.total": "foreigntotal",
    "Invoice.amountPaid": "foreignamountpaid",
    "Invoice.balance": "foreignamountunpaid",
    "Invoice.contract": "custbody_cw_contract",
    "InvoiceLine.milestoneKey": "custcol_cw_milestone",
}
USUAL_FIELDS: Mapping[str, str] = {
    "Account.billing.taxId": "vatRegNumber",
    "Invoice.contract": "custbody_cw_contract",
    "InvoiceLine.milestoneKey": "custcol_cw_milestone",
    "BillingSchedule.lines.billOn": "custcol_cw_bill_on",
}
"""The record API's fields, by what they mean; a sales order calls its contract and milestones as an invoice does."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")

Names = Mapping[str, str]


def named(given: Mapping[str, object]) -> Names:
    """The usual names with the given ones in their place; ValueError says which of them can't be meant."""
    for path, name in given.items():
        if path not in USUAL:
            raise ValueError(f"{path} has no column to choose{nearest(path, USUAL)}")
        if not isinstance(name, str) or not _NAME.fullmatch(name.lower()):
            raise ValueError(f"the column for {path} isn't a column name: letters, digits and _ only")
    return {**USUAL, **{path: str(name).lower() for path, name in given.items()}}


def named_fields(given: Mapping[str, object], columns: Names) -> Names:
    """The record API's fields; ValueError as above. A custom column of this account is a field of the same name."""
    for path, name in given.items():
        if path not in USUAL_FIELDS:
            raise ValueError(f"{path} has no field to choose{nearest(path, USUAL_FIELDS)}")
        if not isinstance(name, str) or not _FIELD.fullmatch(name):
            raise ValueError(f"the field for {path} isn't a field name: letters, digits and _ only")
    custom = {path: name for path, name in columns.items() if path in USUAL_FIELDS and name.startswith("cust")}
    return {**USUAL_FIELDS, **custom, **{path: str(name) for path, name in given.items()}}
