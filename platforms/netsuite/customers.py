"""Customers as accounts' billing, and subsidiaries as legal entities.

Source: https://www.netsuite.com/help/helpcenter/en_US/srbrowser/Browser2016_1/schema/record/customer.html and, for
SuiteQL's names, the account's own Records Catalog (Setup > Records Catalog).
"""

from platforms.mapping import money, same, text
from platforms.netsuite import mapping
from platforms.netsuite.facets import Told, told
from platforms.netsuite.options import AccountOptions
from platforms.netsuite.tables import Join, Source, amount, flag, internal_id, key, moment
from platforms.netsuite.tables import text as column

_IGNORED = {
    "altname", "comments", "creditholdoverride", "creditlimit", "datecreated", "daysoverduesearch", "email", "entityid",
    "entitystatus", "firstname", "isinactive", "isperson", "lastname", "parent", "phone", "salesrep",
}  # fmt: skip


def customers(options: AccountOptions) -> Told:
    """What the ERP knows of an account. `externalid` holds the CRM's id: that is the link."""
    return told(
        "Account",
        "customer",
        _customer_source(options),
        (
            same("id", "id", writable=False),
            text("anchor", "externalid"),
            text("website", "url"),
            text("billing.legalName", "companyname"),
            same("billing.legalEntity", "subsidiary"),
            text("billing.taxId", "taxid"),
            text("billing.taxCode", "taxcode", writable=False),
            text("billing.currency", "currency", writable=False),
            mapping.whole("billing.paymentTermsDays", "termdays"),
            mapping.street("billing.billTo.lines", ("addr1", "addr2", "addr3")),
            text("billing.billTo.city", "city"),
            text("billing.billTo.region", "state"),
            text("billing.billTo.postalCode", "zip"),
            text("billing.billTo.country", "country"),
            mapping.flag("billing.creditHold", "credithold"),
            *money("billing.balance", "balance", "currency", writable=False),
            *money("billing.overdue", "overdue", "currency", writable=False),
            mapping.stamp("modifiedAt", "modified", options.zone),
        ),
        options,
        batch=("id", "anchor"),
        compared=(
            "anchor", "billing.legalName", "billing.legalEntity", "billing.taxId", "billing.billTo.country",
            "billing.creditHold", "billing.paymentTermsDays", "billing.balance.amount", "billing.overdue.amount",
        ),
        orders=("billing.balance.amount", "billing.overdue.amount"),
        ignored=_IGNORED,
        page="/app/common/entity/custjob.nl",
    )  # fmt: skip


def _customer_source(options: AccountOptions) -> Source:
    names = options.names
    return Source(
        table="customer c",
        id="c.id",
        joins=(
            Join("cur", "currency cur", "cur.id = c.currency"),
            Join("term", "term term", "term.id = c.terms"),
            Join("tax", "salestaxitem tax", "tax.id = c.taxitem"),
            Join("addr", "entityaddress addr", "addr.nkey = c.defaultbillingaddress"),
        ),
        columns={
            "id": internal_id("c.id"),
            "externalid": key("c.externalid"),
            "url": column("c.url"),
            "companyname": column("c.companyname"),
            "subsidiary": internal_id("c.subsidiary"),
            "taxid": column(f"c.{names['Account.billing.taxId']}"),
            "taxcode": column("tax.itemid", "tax"),
            "currency": column("cur.symbol", "cur"),
            "termdays": amount("term.daysuntilnetdue", "term"),
            "addr1": column("addr.addr1", "addr"),
            "addr2": column("addr.addr2", "addr"),
            "addr3": column("addr.addr3", "addr"),
            "city": column("addr.city", "addr"),
            "state": column("addr.state", "addr"),
            "zip": column("addr.zip", "addr"),
            "country": column("addr.country", "addr"),
            "credithold": flag(f"c.{names['Account.billing.creditHold']}"),
            "balance": amount(f"c.{names['Account.billing.balance']}"),
            "overdue": amount(f"c.{names['Account.billing.overdue']}"),
            "modified": moment("c.lastmodifieddate"),
        },
    )


def subsidiaries(options: AccountOptions) -> Told:
    """The firm's own companies."""
    source = Source(
        table="subsidiary s",
        id="s.id",
        joins=(Join("cur", "currency cur", "cur.id = s.currency"),),
        columns={
            "id": internal_id("s.id"),
            "name": column("s.name"),
            "country": column("s.country"),
            "currency": column("cur.symbol", "cur"),
            "modified": moment("s.lastmodifieddate"),
        },
    )
    return told(
        "LegalEntity",
        "subsidiary",
        source,
        (
            same("id", "id", writable=False),
            text("name", "name", writable=False),
            text("country", "country", writable=False),
            text("currency", "currency", writable=False),
            mapping.stamp("modifiedAt", "modified", options.zone),
        ),
        options,
        batch=("id",),
        compared=("name",),
        ignored={"externalid", "fullname", "iselimination", "isinactive", "legalname", "parent"},
        page="/app/common/otherlists/subsidiarytype.nl",
    )
