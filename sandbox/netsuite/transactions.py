"""The record types that are transactions: invoices, credit memos, payments, sales orders, with their lines."""

from sandbox.netsuite.entities import ENTITIES
from sandbox.netsuite.fields import IDENTITY, Field, RecordType, choice, day, flag, number, ref, stamp, text

INVOICE_STATUSES = {"A": "Open", "B": "Paid In Full", "D": "Pending Approval", "E": "Rejected", "V": "Voided"}
CREDIT_STATUSES = {"A": "Open", "B": "Fully Applied", "V": "Voided"}
PAYMENT_STATUSES = {"A": "Unapproved Payment", "B": "Not Deposited", "C": "Deposited", "R": "Rejected"}
ORDER_STATUSES = {
    "A": "Pending Approval",
    "B": "Pending Fulfillment",
    "C": "Cancelled",
    "D": "Partially Fulfilled",
    "E": "Pending Billing/Partially Fulfilled",
    "F": "Pending Billing",
    "G": "Billed",
    "H": "Closed",
}
APPROVAL_STATUSES = {"1": "Pending Approval", "2": "Approved", "3": "Rejected", "11": "Pending Approval"}

_HEAD = (
    *IDENTITY,
    Field("tranId", "text", "tranid"),
    day("tranDate"),
    text("memo"),
    text("otherRefNum"),
    ref("subsidiary", "subsidiary", queryable=False),  # SuiteQL has it on the lines alone
    ref("currency", "currency"),
    number("exchangeRate"),
    Field("createdFrom", "ref", "createdfrom", to="transaction", writable=False, queryable=False),
    Field("posting", "flag", "posting", writable=False),
    flag("voided"),
    stamp("createdDate"),
    stamp("lastModifiedDate"),
    text("custbody_cw_contract"),
)
_BILLED = (
    ref("entity", "customer", required=True),
    ref("job", "job", queryable=False),
    ref("terms", "term"),
    number("subtotal", writable=False, queryable=False),
    number("discountTotal", writable=False, queryable=False),
    number("taxTotal"),  # writable only because the legacy tax engine, which would compute it, is not emulated
    number("total", writable=False, column="foreigntotal"),
)
_APPLIED = (
    number("applied", writable=False, column="foreignpaymentamountused"),
    number("unapplied", writable=False, column="foreignpaymentamountunused"),
)

INVOICE = RecordType(
    "invoice",
    (
        *_HEAD,
        *_BILLED,
        day("dueDate"),
        choice("status", INVOICE_STATUSES, writable=False),
        choice("approvalStatus", APPROVAL_STATUSES),
        number("amountPaid", writable=False, column="foreignamountpaid"),
        number("amountRemaining", writable=False, column="foreignamountunpaid"),
        day("startDate"),
        day("endDate"),
    ),
    code="CustInvc",
    sublists=("item",),
)
CREDIT_MEMO = RecordType(
    "creditMemo",
    (
        *_HEAD,
        *_BILLED,
        choice("status", CREDIT_STATUSES, writable=False),
        number("amountRemaining", writable=False, column="foreignamountunpaid"),
        *_APPLIED,
    ),
    code="CustCred",
    sublists=("item", "apply"),
)
CUSTOMER_PAYMENT = RecordType(
    "customerPayment",
    (
        *_HEAD,
        Field("customer", "ref", "entity", to="customer", required=True),
        Field("payment", "number", "foreigntotal", required=True),
        ref("account", "account", queryable=False),
        ref("paymentOption", "paymentMethod"),
        Field("checkNumber", "text", "checknumber", queryable=False),
        choice("status", PAYMENT_STATUSES, writable=False),
        *_APPLIED,
    ),
    code="CustPymt",
    sublists=("apply",),
)
SALES_ORDER = RecordType(
    "salesOrder",
    (
        *_HEAD,
        *_BILLED,
        choice("status", ORDER_STATUSES, writable=False),
        choice("orderStatus", {"A": "Pending Approval", "B": "Pending Fulfillment"}),
        day("startDate"),
        day("endDate"),
    ),
    code="SalesOrd",
    sublists=("item",),
)

TRANSACTIONS = (INVOICE, CREDIT_MEMO, CUSTOMER_PAYMENT, SALES_ORDER)
RECORD_TYPES = {record_type.name: record_type for record_type in (*ENTITIES, *TRANSACTIONS)}
BY_PATH = {name.lower(): record_type for name, record_type in RECORD_TYPES.items()}
"""The record API takes a type's name in any case."""

LINE_FIELDS = (
    Field("line", "number", "line"),
    Field("lineUniqueKey", "id", "uniquekey", writable=False),
    ref("item", "serviceSaleItem"),
    Field("description", "text", "memo"),
    number("quantity"),
    number("rate"),
    number("amount"),
    ref("job", "job"),
    Field("taxCode", "ref", "taxcode", to="salesTaxItem"),
    text("custcol_cw_milestone"),
    day("custcol_cw_bill_on"),
)
APPLY_FIELDS = (
    Field("doc", "ref", "doc", to="invoice"),
    Field("line", "number", "line"),
    Field("apply", "flag", "apply"),
    number("amount"),
    Field("applyDate", "date", "applydate", writable=False),
    Field("due", "number", "due", writable=False),
    Field("total", "number", "total", writable=False),
    Field("refNum", "text", "refnum", writable=False),
    Field("type", "text", "type", writable=False),
)
ADDRESS_FIELDS = (
    text("addressee"),
    text("attention"),
    text("addr1"),
    text("addr2"),
    text("addr3"),
    text("city"),
    text("state"),
    text("zip"),
    Field("country", "choice", "country"),
)
