"""Columns that differ from account to account: the usual names, and those that the settings give instead.

Standard names are those of NetSuite's Records Catalog; the `cust…` ones are this firm's own fields.
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
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

Names = Mapping[str, str]


def named(given: Mapping[str, object]) -> Names:
    """The usual names with the given ones in their place; ValueError says which of them can't be meant."""
    for path, name in given.items():
        if path not in USUAL:
            raise ValueError(f"{path} has no column to choose{nearest(path, USUAL)}")
        if not isinstance(name, str) or not _NAME.fullmatch(name.lower()):
            raise ValueError(f"the column for {path} isn't a column name: letters, digits and _ only")
    return {**USUAL, **{path: str(name).lower() for path, name in given.items()}}
