"""The firm's invoices, payments and credit memos as transactions of the account."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from sandbox.firm.ids import numeric_id, salesforce_id
from sandbox.firm.model import CreditMemo, Invoice, Payment
from sandbox.firm.money import as_decimal
from sandbox.netsuite.books import ZERO, Books
from sandbox.store import Record

CONSULTING, MILESTONE = "45", "46"
_ONE = Decimal(1)
_INVOICE_STATE = {"PENDING_APPROVAL": ("D", "1"), "OPEN": ("A", "2"), "VOIDED": ("V", "2")}


class Receivables:
    """Enters transactions into the books; the account's lists give the ids of currencies, tax codes and methods."""

    def __init__(
        self, books: Books, currencies: Mapping[str, str], taxes: Mapping[str, str], methods: Mapping[str, str]
    ) -> None:
        self._books = books
        self._currencies = currencies
        self._taxes = taxes
        self._methods = methods

    def _head(self, code: str, key: str, number: str, invoice: Invoice) -> Record:
        return {
            "id": numeric_id("netsuite.transaction", key),
            "externalid": None,
            "tranid": number,
            "entity": numeric_id("netsuite.customer", invoice.client),
            "subsidiary": numeric_id("netsuite.subsidiary", invoice.legal_entity),
            "currency": self._currencies[invoice.currency],
            "exchangerate": _ONE,  # the firm's books carry no rates
            "posting": "T",
            "voided": "F",
            "type": code,
        }

    def enter(self, invoice: Invoice) -> None:
        books = self._books
        status, approval = _INVOICE_STATE[invoice.state]
        if status == "A" and invoice.balance == 0:
            status = "B"
        jobs = books.tables["job"].rows
        job = None if invoice.project is None else numeric_id("netsuite.job", invoice.project)
        currency = invoice.currency
        record = self._head("CustInvc", invoice.key, invoice.number, invoice) | {
            "trandate": invoice.issue_date,
            "duedate": invoice.due_date,
            "job": job if job in jobs else None,
            "otherrefnum": invoice.purchase_order,
            "terms": books.tables["customer"].rows[numeric_id("netsuite.customer", invoice.client)]["terms"],
            "status": status,
            "approvalstatus": approval,
            "posting": "F" if status == "D" else "T",
            "voided": "T" if status == "V" else "F",
            "subtotal": as_decimal(invoice.subtotal, currency),
            "taxtotal": as_decimal(invoice.tax, currency),
            "foreigntotal": as_decimal(invoice.total, currency),
            "foreignamountpaid": as_decimal(invoice.settled, currency),
            "foreignamountunpaid": as_decimal(invoice.balance, currency),
            "custbody_cw_contract": None if invoice.contract is None else salesforce_id("800", invoice.contract),
            "createddate": whole(invoice.created_at),
            "lastmodifieddate": whole(invoice.updated_at),
        }
        books.insert(books.tables["invoice"], record)
        self._lines(invoice, record["id"])
        parts: list[Payment | CreditMemo] = [*invoice.payments, *invoice.credit_memos]
        for part in parts:
            self._settlement(invoice, record, part)

    def _lines(self, invoice: Invoice, transaction: str) -> None:
        books = self._books
        for line in invoice.lines:
            job = None if line.project is None else numeric_id("netsuite.job", line.project)
            books.insert(
                books.lines,
                {
                    "uniquekey": f"{transaction}{line.number:03d}",
                    "transaction": transaction,
                    "line": line.number,
                    "item": CONSULTING if line.milestone is None else MILESTONE,
                    "memo": line.description,
                    "quantity": Decimal(-line.quantity_hundredths).scaleb(-2),
                    "rate": as_decimal(line.unit_price, invoice.currency),
                    "foreignamount": as_decimal(-line.amount, invoice.currency),
                    "job": job if job in books.tables["job"].rows else None,
                    "taxcode": self._taxes.get(line.tax_code or ""),
                    "custcol_cw_milestone": line.milestone,
                },
            )

    def _settlement(self, invoice: Invoice, billed: Record, part: Payment | CreditMemo) -> None:
        """A payment or credit memo, applied in full to its invoice."""
        books = self._books
        amount = as_decimal(part.amount, invoice.currency)
        noon = datetime.combine(part.day, invoice.created_at.timetz()).replace(
            hour=12, minute=0, second=0, microsecond=0
        )
        code = "CustPymt" if isinstance(part, Payment) else "CustCred"
        record = self._head(code, part.key, part.number, invoice) | {
            "trandate": part.day,
            "foreignpaymentamountused": amount,
            "foreignpaymentamountunused": ZERO,
            "createddate": noon,
            "lastmodifieddate": noon,
        }
        if isinstance(part, Payment):
            record |= {
                "foreigntotal": amount,
                "status": "C",
                "account": "6",
                "paymentoption": self._methods[part.method],
            }
            books.insert(books.tables["customerPayment"], record)
        else:
            record |= {
                "foreigntotal": -amount,
                "foreignamountunpaid": ZERO,
                "subtotal": amount,
                "taxtotal": ZERO,
                "status": "B",
                "memo": part.reason,
                "createdfrom": billed["id"],
                "job": billed["job"],
            }
            books.insert(books.tables["creditMemo"], record)
            books.insert(
                books.lines,
                {
                    "uniquekey": f"{record['id']}001",
                    "transaction": record["id"],
                    "line": 1,
                    "item": CONSULTING,
                    "memo": part.reason,
                    "quantity": _ONE,
                    "rate": amount,
                    "foreignamount": amount,
                    "job": billed["job"],
                    "taxcode": None,
                    "custcol_cw_milestone": None,
                },
            )
        books.insert(
            books.links,
            {
                "id": books.next_key(books.links),
                "previousdoc": billed["id"],
                "previoustype": "CustInvc",
                "nextdoc": record["id"],
                "nexttype": code,
                "linktype": "Payment",
                "foreignamount": amount,
                "lastmodifieddate": noon,
            },
        )


def whole(moment: datetime) -> datetime:
    """NetSuite's stamps have no fractions of a second."""
    return moment.replace(microsecond=0)
