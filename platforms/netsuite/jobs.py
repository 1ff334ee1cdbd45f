"""Jobs, which the user interface calls projects, as projects' financials.

A project's key figures stand in the job's own custom fields; what was billed and paid is added up from its invoices.
"""

from platforms.mapping import day, money, same, text
from platforms.netsuite import mapping
from platforms.netsuite.facets import Told, told
from platforms.netsuite.options import AccountOptions
from platforms.netsuite.tables import Column, Join, Source, amount, internal_id, key, moment
from platforms.netsuite.tables import day as date_column
from platforms.netsuite.tables import text as column

_FIGURES = ("unbilled", "workInProgress", "recognizedRevenue", "deferredRevenue", "cost")
_IGNORED = {
    "comments", "companyname", "customer", "datecreated", "enddate", "entityid", "entitystatus", "estimatedcost",
    "estimatedrevenue", "isinactive", "jobbillingtype", "parent", "percentcomplete", "projectedenddate",
    "projectmanager", "startdate", "subsidiary",
}  # fmt: skip


def jobs(options: AccountOptions) -> Told:
    """What the ERP knows of a project. `externalid` holds the PSA's id: that is the link."""
    figures = [row for name in _FIGURES for row in money(f"financials.{name}", name.lower(), "currency")]
    return told(
        "Project",
        "job",
        _source(options),
        (
            same("id", "id", writable=False),
            text("anchor", "externalid"),
            *money("financials.billed", "billed", "currency", writable=False),
            *money("financials.paid", "paid", "currency", writable=False),
            *figures,
            mapping.margin("financials.margin", "recognizedrevenue", "cost"),
            mapping.stamp("financials.asOf", "asof", options.zone),
            mapping.stamp("modifiedAt", "modified", options.zone),
        ),
        options,
        batch=("id", "anchor"),
        compared=("anchor",),
        ignored=_IGNORED,
        page="/app/accounting/project/project.nl",
    )


def job_copies(options: AccountOptions) -> Told:
    """What a job repeats of its project, under the paths by which governed writes bring it there."""
    return told(
        "ProjectCopy",
        "job",
        Source(
            table="job j",
            id="j.id",
            columns={
                "id": internal_id("j.id"),
                "externalid": key("j.externalid"),
                "startdate": date_column("j.startdate"),
                "enddate": date_column("j.enddate"),
                "modified": moment("j.lastmodifieddate"),
            },
        ),
        (
            same("id", "id", writable=False),
            text("anchor", "externalid"),
            text("name", "companyname"),
            same("legalEntity", "subsidiary", writable=False),
            day("startDate", "startdate"),
            day("endDate", "enddate"),
            mapping.stamp("modifiedAt", "modified", options.zone),
        ),
        options,
        batch=("id", "anchor"),
        compared=("anchor",),
    )


def _source(options: AccountOptions) -> Source:
    names = options.names
    return Source(
        table="job j",
        id="j.id",
        joins=(Join("cur", "currency cur", "cur.id = j.currency"),),
        columns={
            "id": internal_id("j.id"),
            "externalid": key("j.externalid"),
            "currency": column("cur.symbol", "cur"),
            "billed": _invoiced(names["Invoice.total"]),
            "paid": _invoiced(names["Invoice.amountPaid"]),
            **{name.lower(): amount(f"j.{names[f'Project.financials.{name}']}") for name in _FIGURES},
            "asof": moment(f"j.{names['Project.financials.asOf']}"),
            "modified": moment("j.lastmodifieddate"),
        },
    )


# A transaction has one main line, so adding headers up over main lines counts each once; over all lines it wouldn't.
def _invoiced(total: str) -> Column:
    """The sum over the job's posted invoices."""
    return amount(
        f"(SELECT NVL(SUM(bill.{total}), 0)"  # noqa: S608 - a column name that was checked
        " FROM transactionline head JOIN transaction bill ON bill.id = head.transaction"
        " WHERE head.entity = j.id AND head.mainline = 'T' AND bill.type = 'CustInvc' AND bill.voided = 'F'"
        " AND bill.status IN ('A', 'B'))"
    )
