"""Payments and credit memos, each by the invoices that it settles.

A document that settles several invoices is told once per invoice, with the amount that went to that one and the same
id; one that settles none yet is told once, with its whole amount.
Source: NetSuite's Records Catalog, NextTransactionLineLink.
"""

from platforms.mapping import Mapped, day, money, same, text
from platforms.netsuite import mapping
from platforms.netsuite.facets import Told, told
from platforms.netsuite.invoices import CURRENCY, IGNORED
from platforms.netsuite.options import AccountOptions
from platforms.netsuite.tables import Column, Join, Source, amount, internal_id, moment
from platforms.netsuite.tables import day as day_column
from platforms.netsuite.tables import text as column

_IGNORED = IGNORED | {
    "approvalstatus", "custbody_cw_contract", "duedate", "entity", "foreignamountpaid", "foreignamountunpaid",
    "foreignpaymentamountunused", "foreignpaymentamountused", "otherrefnum", "status", "voided",
}  # fmt: skip
_COMPARED = ("invoice", "date", "amount.amount")


def payments(options: AccountOptions) -> Told:
    """Customer payments."""
    return told(
        "Payment",
        "customerPayment",
        _source("CustPymt", {"method": column("BUILTIN.DF(t.paymentoption)")}),
        _rows(text("method", "method", writable=False), options),
        options,
        batch=("id", "invoice"),
        compared=_COMPARED,
        orders=("date",),
        ignored=_IGNORED | {"memo"},
        page="/app/accounting/transactions/custpymt.nl",
    )


def credit_memos(options: AccountOptions) -> Told:
    """Credit memos; the memo field says why."""
    return told(
        "CreditMemo",
        "creditMemo",
        _source("CustCred", {"reason": column("t.memo")}),
        _rows(text("reason", "reason"), options),
        options,
        batch=("id", "invoice"),
        compared=_COMPARED,
        orders=("date",),
        ignored=_IGNORED | {"paymentoption"},
        page="/app/accounting/transactions/custcred.nl",
    )


def _rows(own: Mapped, options: AccountOptions) -> tuple[Mapped, ...]:
    return (
        same("id", "id", writable=False),
        same("invoice", "invoice", writable=False),
        text("number", "docnumber"),
        day("date", "dated"),
        *money("amount", "amount", "currency", writable=False),
        own,
        mapping.stamp("modifiedAt", "modified", options.zone),
    )


def _source(kind: str, own: dict[str, Column]) -> Source:
    return Source(
        table="transaction t",
        id="t.id",
        always=f"t.type = '{kind}'",
        joins=(
            Join(
                "applied",
                "nexttransactionlinelink applied",
                "applied.nextdoc = t.id AND applied.linktype = 'Payment' AND applied.previoustype = 'CustInvc'",
                always=True,
            ),
            CURRENCY,
        ),
        columns={
            "id": internal_id("t.id"),
            "invoice": internal_id("applied.previousdoc", "applied"),
            "docnumber": column("t.tranid"),
            "dated": day_column("t.trandate"),
            # A credit memo's total is negative. The join is always there, and may find nothing.
            "amount": amount("ABS(NVL(applied.foreignamount, t.foreigntotal))"),
            "currency": column("cur.symbol", "cur"),
            "modified": moment("t.lastmodifieddate"),
            **own,
        },
        repeats=True,
    )
