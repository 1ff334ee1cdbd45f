"""Invoices and their lines.

SuiteQL tells an invoice's project on its main line. Revenue lines carry negative quantities and amounts, so their
signs are turned here. Source: docs.oracle.com, SuiteTalk REST web services, SuiteQL; NetSuite's Records Catalog.
"""

from platforms.mapping import choice, day, money, number, same, text
from platforms.netsuite import mapping
from platforms.netsuite.facets import Told, told
from platforms.netsuite.options import AccountOptions
from platforms.netsuite.tables import Column, Join, Source, amount, internal_id, key, moment
from platforms.netsuite.tables import day as day_column
from platforms.netsuite.tables import text as column

CURRENCY = Join("cur", "currency cur", "cur.id = t.currency")
IGNORED = {
    "createddate", "enddate", "exchangerate", "externalid", "orderstatus", "posting", "recordtype", "startdate",
    "taxtotal", "terms",
}  # fmt: skip
"""Columns of transactions that say nothing canonical, whatever the transaction."""

_INVOICE_ROWS = (
    same("id", "id", writable=False),
    text("account", "account", writable=False),
    text("project", "project", writable=False),
    text("contract", "contract"),
    text("number", "docnumber"),
    choice("status", "status", mapping.STATUSES, writable=False),
    text("nativeStatus", "nativestatus", writable=False),
    day("issueDate", "issued"),
    day("dueDate", "due"),
    *money("subtotal", "subtotal", "currency", writable=False),
    *money("tax", "tax", "currency", writable=False),
    *money("total", "total", "currency", writable=False),
    *money("amountPaid", "paid", "currency", writable=False),
    *money("balance", "unpaid", "currency", writable=False),
    text("purchaseOrder", "purchaseorder"),
)
_LINE_ROWS = (
    same("id", "id", writable=False),
    same("invoice", "invoice"),
    text("project", "project", writable=False),
    mapping.whole("number", "line"),
    text("description", "description"),
    number("quantity", "quantity"),
    *money("unitPrice", "unitprice", "currency"),
    *money("amount", "amount", "currency"),
    text("taxCode", "taxcode", writable=False),
    text("milestoneKey", "milestone"),
)


def invoices(options: AccountOptions) -> Told:
    """Receivables of type CustInvc, whatever their approval."""
    return told(
        "Invoice",
        "invoice",
        _invoice_source(options),
        (*_INVOICE_ROWS, mapping.stamp("modifiedAt", "modified", options.zone)),
        options,
        batch=("id", "account", "project", "contract"),
        compared=(
            "account", "project", "contract", "number", "status", "issueDate", "dueDate", "total.amount",
            "balance.amount", "purchaseOrder",
        ),
        orders=("number", "issueDate", "dueDate", "total.amount", "balance.amount"),
        ignored=IGNORED | {"foreignpaymentamountunused", "foreignpaymentamountused", "memo", "paymentoption"}
        | {"approvalstatus"},
        page="/app/accounting/transactions/custinvc.nl",
    )  # fmt: skip


def _invoice_source(options: AccountOptions) -> Source:
    total, paid, unpaid = (f"t.{options.names[f'Invoice.{name}']}" for name in ("total", "amountPaid", "balance"))
    return Source(
        table="transaction t",
        id="t.id",
        always="t.type = 'CustInvc'",
        joins=(
            CURRENCY,
            Join("c", "customer c", "c.id = t.entity"),
            Join("head", "transactionline head", "head.transaction = t.id AND head.mainline = 'T'"),
            Join("j", "job j", "j.id = head.entity", after="head"),
        ),
        columns={
            "id": internal_id("t.id"),
            "account": key("c.externalid", "c"),
            "project": key("j.externalid", "j"),
            "contract": key(f"t.{options.names['Invoice.contract']}"),
            "docnumber": column("t.tranid"),
            "status": _status(paid, unpaid),
            "nativestatus": column("BUILTIN.DF(t.status)"),
            "issued": day_column("t.trandate"),
            "due": day_column("t.duedate"),
            "subtotal": amount(f"({total} - {_TAX})"),
            "tax": amount(_TAX),
            "total": amount(total),
            "paid": amount(paid),
            "unpaid": amount(unpaid),
            "currency": column("cur.symbol", "cur"),
            "purchaseorder": column("t.otherrefnum"),
            "modified": moment("t.lastmodifieddate"),
        },
    )


# Tax is the sum of the tax lines, whose sign is turned like every line's: the header's own tax column has no currency
# that anybody documents.
_TAX = (
    "NVL((SELECT SUM(0 - tl.foreignamount) FROM transactionline tl"
    " WHERE tl.transaction = t.id AND tl.taxline = 'T'), 0)"
)


def _status(paid: str, unpaid: str) -> Column:
    """The canonical status. NetSuite's own says A open, B paid in full, D pending approval, E rejected, V voided."""
    return Column(
        "CASE WHEN t.voided = 'T' OR t.status = 'V' THEN 'VOIDED'"
        " WHEN t.status IN ('D', 'E') THEN 'DRAFT'"
        f" WHEN {unpaid} = 0 THEN 'PAID'"
        " WHEN t.duedate < TO_DATE(?, 'YYYY-MM-DD') THEN 'OVERDUE'"
        f" WHEN {paid} <> 0 THEN 'PARTIALLY_PAID'"
        " ELSE 'POSTED' END",
        todays=1,
    )


def invoice_lines(options: AccountOptions) -> Told:
    """What an invoice bills, line by line; its main and tax lines are left out."""
    return told(
        "InvoiceLine",
        "transactionline",
        _line_source(options),
        _LINE_ROWS,
        options,
        batch=("id", "invoice"),
        compared=("invoice", "project", "milestoneKey", "number", "amount.amount"),
        orders=("number",),
        ignored={"createdfrom", "custcol_cw_bill_on", "item", "itemtype", "netamount", "subsidiary"},
    )


def _line_source(options: AccountOptions) -> Source:
    return Source(
        table="transactionline l",
        id="l.uniquekey",
        always="t.type = 'CustInvc' AND l.mainline = 'F' AND l.taxline = 'F' AND l.iscogs = 'F'",
        joins=(
            Join("t", "transaction t", "t.id = l.transaction", always=True, inner=True),
            Join("cur", "currency cur", "cur.id = t.currency"),
            Join("j", "job j", "j.id = l.entity"),
            Join("tax", "salestaxitem tax", "tax.id = l.taxcode"),
        ),
        columns={
            "id": internal_id("l.uniquekey"),
            "invoice": internal_id("l.transaction"),
            "project": key("j.externalid", "j"),
            "line": amount("l.linesequencenumber"),
            "description": column("l.memo"),
            "quantity": amount("(0 - l.quantity)"),
            "unitprice": amount("l.rate"),
            "amount": amount("(0 - l.foreignamount)"),
            "currency": column("cur.symbol", "cur"),
            "taxcode": column("tax.itemid", "tax"),
            "milestone": column(f"l.{options.names['InvoiceLine.milestoneKey']}"),
        },
    )
