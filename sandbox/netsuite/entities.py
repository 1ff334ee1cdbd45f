"""The record types that are no transactions: customers, projects, people, companies, lists."""

from sandbox.netsuite.fields import (
    CREATED,
    IDENTITY,
    Field,
    RecordType,
    choice,
    day,
    flag,
    number,
    ref,
    stamp,
    text,
)

PROJECT_STATUSES = {"1": "Closed", "2": "In Progress", "3": "Cancelled", "4": "Planned", "5": "On Hold"}
CUSTOMER_STATUSES = {"13": "CUSTOMER-Closed Won", "16": "CUSTOMER-Lost Customer"}
CREDIT_HOLD = {"AUTO": "Auto", "ON": "On", "OFF": "Off"}
TASK_STATUSES = {"NOTSTART": "Not Started", "PROGRESS": "In Progress", "COMPLETE": "Completed"}
TIME_APPROVAL = {"1": "Open", "2": "Pending Approval", "3": "Approved", "4": "Rejected"}

_PERSON = (*IDENTITY, text("entityId"), text("firstName"), text("lastName"), text("title"), text("email"))

CUSTOMER = RecordType(
    "customer",
    (
        *IDENTITY,
        text("entityId"),
        text("companyName"),
        flag("isPerson"),
        text("firstName"),
        text("lastName"),
        text("email"),
        text("phone"),
        text("url"),
        text("comments"),
        # Legacy tax: the VAT number stands on the customer. With SuiteTax it would be `defaulttaxreg`, a record.
        text("vatRegNumber"),
        ref("taxItem", "salesTaxItem"),
        ref("subsidiary", "subsidiary", required=True),
        ref("currency", "currency"),
        ref("terms", "term"),
        ref("parent", "customer"),
        ref("salesRep", "employee"),
        choice("entityStatus", CUSTOMER_STATUSES),
        choice("creditHoldOverride", CREDIT_HOLD),
        number("creditLimit"),
        number("balance", writable=False, column="balancesearch"),
        number("overdueBalance", writable=False, column="overduebalancesearch"),
        number("daysOverdue", writable=False, column="daysoverduesearch"),
        flag("isInactive"),
        *CREATED,
        Field(None, "id", "defaultbillingaddress"),
        Field(None, "text", "altname"),
    ),
    table="customer",
    sublists=("addressBook",),
)

JOB = RecordType(
    "job",
    (
        *IDENTITY,
        text("entityId"),
        text("companyName", required=True),
        ref("parent", "customer"),
        Field(None, "ref", "customer", to="customer"),
        ref("subsidiary", "subsidiary"),
        ref("currency", "currency"),
        ref("projectManager", "employee"),
        choice("entityStatus", PROJECT_STATUSES),
        Field("jobBillingType", "choice", "jobbillingtype", choices={str(n): f"Type {n}" for n in range(1, 6)}),
        day("startDate"),
        day("projectedEndDate"),
        day("endDate"),
        number("percentComplete"),
        number("estimatedCost"),
        number("estimatedRevenue"),
        flag("isInactive"),
        text("comments"),
        *CREATED,
        *(number(f"custentity_cw_{name}") for name in ("unbilled", "wip", "recognized", "deferred", "cost")),
        Field("custentity_cw_asof", "moment", "custentity_cw_asof"),
    ),
    table="job",
)

CONTACT = RecordType(
    "contact",
    (
        *_PERSON,
        text("phone"),
        ref("company", "customer"),
        ref("subsidiary", "subsidiary"),
        flag("isInactive"),
        *CREATED,
    ),
    table="contact",
)

EMPLOYEE = RecordType(
    "employee",
    (
        *_PERSON,
        ref("subsidiary", "subsidiary"),
        number("laborCost"),
        flag("isInactive"),
        *CREATED,
    ),
    table="employee",
)

SUBSIDIARY = RecordType(
    "subsidiary",
    (
        *IDENTITY,
        text("name"),
        text("fullName"),
        text("legalName"),
        ref("parent", "subsidiary"),
        Field("country", "choice", "country"),
        ref("currency", "currency"),
        flag("isElimination"),
        flag("isInactive"),
        stamp("lastModifiedDate"),
    ),
    table="subsidiary",
    read_only=True,
)

PROJECT_TASK = RecordType(
    "projectTask",
    (
        *IDENTITY,
        text("title", required=True),
        ref("project", "job", required=True),
        ref("parent", "projectTask"),
        Field("startDateTime", "moment", "startdatetime"),
        day("endDate"),
        number("estimatedWork"),
        choice("status", TASK_STATUSES),
        flag("nonBillableTask"),
        *CREATED,
    ),
    table="projecttask",
)

TIME_BILL = RecordType(
    "timeBill",
    (
        *IDENTITY,
        ref("employee", "employee", required=True),
        ref("customer", "job"),
        ref("caseTaskEvent", "projectTask"),
        ref("item", "serviceSaleItem"),
        day("tranDate"),
        Field("hours", "duration", "hours", required=True),
        flag("isBillable"),
        text("memo"),
        choice("approvalStatus", TIME_APPROVAL),
        *CREATED,
    ),
    table="timebill",
)

CURRENCY = RecordType(
    "currency",
    (
        *IDENTITY,
        text("name"),
        text("symbol"),
        number("currencyPrecision"),
        flag("isInactive"),
        stamp("lastModifiedDate"),
    ),
    table="currency",
    read_only=True,
)
TERM = RecordType(
    "term", (*IDENTITY, text("name"), number("daysUntilNetDue"), flag("isInactive")), table="term", read_only=True
)
SALES_TAX_ITEM = RecordType(
    "salesTaxItem",
    (*IDENTITY, text("itemId"), text("displayName"), number("rate"), flag("isInactive")),
    table="salestaxitem",
    read_only=True,
)
SERVICE_ITEM = RecordType(
    "serviceSaleItem",
    (*IDENTITY, text("itemId"), text("displayName"), text("itemType"), flag("isInactive")),
    table="item",
    read_only=True,
)
ACCOUNT = RecordType(
    "account",
    (*IDENTITY, text("acctNumber"), text("acctName"), text("acctType"), flag("isInactive")),
    table="account",
    read_only=True,
)
PAYMENT_METHOD = RecordType(
    "paymentMethod", (*IDENTITY, text("name"), flag("isInactive")), table="paymentmethod", read_only=True
)

ENTITIES = (
    CUSTOMER, JOB, CONTACT, EMPLOYEE, SUBSIDIARY, PROJECT_TASK, TIME_BILL, CURRENCY, TERM, SALES_TAX_ITEM, SERVICE_ITEM,
    ACCOUNT, PAYMENT_METHOD,
)  # fmt: skip
