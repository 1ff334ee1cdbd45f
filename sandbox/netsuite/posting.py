"""What NetSuite itself does to a transaction that is entered: lines, totals, numbers, what it settles."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sandbox.netsuite.accepting import Accepted, Intake
from sandbox.netsuite.books import ZERO, Books
from sandbox.netsuite.errors import business_rule, invalid_content
from sandbox.netsuite.fields import RecordType
from sandbox.netsuite.receivables import CONSULTING
from sandbox.netsuite.transactions import APPLY_FIELDS, LINE_FIELDS
from sandbox.store import Record

_PREFIXES = {"invoice": "INV", "creditMemo": "CM", "customerPayment": "PYMT", "salesOrder": "SO"}


class Posting:
    def __init__(self, books: Books, intake: Intake) -> None:
        self._books = books
        self._intake = intake

    def defaults(self, record_type: RecordType, record: Record) -> None:
        """Fills in what the entry form would have, from the customer and the day."""
        books = self._books
        customer = books.customer_of(record["entity"])
        job = books.tables["job"].get(record["entity"])
        source = job or customer or {}
        record.setdefault("tranid", f"{_PREFIXES[record_type.name]}{record['id']}")
        record.setdefault("trandate", books.today())
        for name in ("currency", "subsidiary"):
            record[name] = record.get(name) or source.get(name) or (customer or {}).get(name)
        record.setdefault("exchangerate", Decimal(1))
        record |= {"type": record_type.code, "createddate": books.now(), "lastmodifieddate": books.now()}
        record.setdefault("voided", "F")
        record["posting"] = "F" if record_type.name == "salesOrder" else "T"
        if job is not None:
            record.setdefault("job", job["id"])
        if record_type.name == "invoice":
            record.setdefault("terms", (customer or {}).get("terms"))
            record.setdefault("approvalstatus", "2")
            if record.get("duedate") is None:
                record["duedate"] = record["trandate"] + timedelta(days=self._days(record.get("terms")))
        if record_type.name == "customerPayment":
            record.setdefault("account", "6")
            record["status"] = "C"
        if record_type.name == "salesOrder":
            record["status"] = record.get("orderstatus") or "B"

    def _days(self, terms: str | None) -> int:
        term = self._books.tables["term"].get(terms or "")
        return 0 if term is None else int(term["daysuntilnetdue"])

    # -- lines

    def enter_lines(self, record_type: RecordType, record: Record, accepted: Accepted) -> None:
        """Keyed by `line`: a line that is named changes, one that is not is added, a replaced sublist starts empty."""
        sent = accepted.sublists["item"]
        books = self._books
        existing = {line["line"]: line for line in books.lines.where("transaction", [record["id"]])}
        if sent is None or "item" in accepted.replaced:
            for line in existing.values():
                books.delete(books.lines, line["uniquekey"])
            existing = {}
        for position, item in enumerate(sent or []):
            path = f"item.items[{position}]"
            values = self._intake.fields(LINE_FIELDS, item, path)
            accepted.struck += books.write_faults.spoil(f"{record_type.name}.item", values)
            number = values.pop("line", None)
            known = None if number is None else existing.get(int(number))
            if number is not None and known is None and existing:
                raise invalid_content(f"Line {number} does not exist.", path)
            signed = self._signed(record_type, record, known, values)
            if known is not None:
                books.update(books.lines, known["uniquekey"], signed)
            else:
                self._add_line(record, existing, signed)

    def _add_line(self, record: Record, existing: dict[int, Record], values: Record) -> None:
        number = max(existing, default=0) + 1
        line: Record = {
            "job": None,
            "taxcode": None,
            "custcol_cw_milestone": None,
            "custcol_cw_bill_on": None,
            "memo": None,
            "item": CONSULTING,
        } | values
        line |= {"uniquekey": f"{record['id']}{number:03d}", "transaction": record["id"], "line": number}
        existing[number] = self._books.insert(self._books.lines, line)

    def _signed(self, record_type: RecordType, record: Record, known: Record | None, sent: Record) -> Record:
        """Quantity, rate and amount made to agree, then with the sign they have in the ledger."""
        sign = 1 if record_type.name == "creditMemo" else -1
        before = known or {}
        quantity = sent.get("quantity", sign * before["quantity"] if known else None) or Decimal(1)
        rate, amount = sent.get("rate"), sent.get("amount")
        if amount is None:
            rate = rate if rate is not None else before.get("rate") or ZERO
            amount = quantity * rate
        elif rate is None:
            rate = amount / quantity
        changes = {name: value for name, value in sent.items() if name not in ("amount", "quantity", "rate")}
        return changes | {
            "quantity": sign * quantity,
            "rate": rate,
            "foreignamount": sign * self._books.rounded(amount, record["currency"]),
        }

    def total(self, record_type: RecordType, record: Record, tax: Decimal | None) -> None:
        """subtotal - discount + tax; tax follows the lines' codes unless it was given."""
        books = self._books
        lines = books.lines.where("transaction", [record["id"]])
        sign = 1 if record_type.name == "creditMemo" else -1
        subtotal = sum((sign * line["foreignamount"] for line in lines), ZERO)
        if tax is None:
            bases: dict[str, Decimal] = {}
            for line in lines:
                if line["taxcode"] is not None:
                    bases[line["taxcode"]] = bases.get(line["taxcode"], ZERO) + sign * line["foreignamount"]
            rates = books.tables["salesTaxItem"].rows
            tax = sum(
                (books.rounded(base * (rates[code]["rate"] or ZERO) / 100, record["currency"])
                 for code, base in bases.items()),
                ZERO,
            )  # fmt: skip
        total = books.rounded(subtotal + tax, record["currency"])
        changes: Record = {"subtotal": subtotal, "taxtotal": tax}
        changes["foreigntotal"] = -total if record_type.name == "creditMemo" else total
        books.update(books.tables[record_type.name], record["id"], changes)

    # -- settling

    def apply(self, record_type: RecordType, record: Record, sent: list[Mapping[str, Any]] | None) -> list[str]:
        """Settles invoices with a payment or credit memo; returns every invoice whose balance moved."""
        books = self._books
        touched: list[str] = []
        links = {link["previousdoc"]: link for link in books.applied_by(record["id"])}
        for position, item in enumerate(sent or []):
            path = f"apply.items[{position}]"
            values = self._intake.fields(APPLY_FIELDS, item, path)
            invoice = books.tables["invoice"].get(values.get("doc") or "")
            if invoice is None:
                raise invalid_content("Invalid reference key for doc.", f"{path}.doc")
            touched.append(invoice["id"])
            link = links.pop(invoice["id"], None)
            if link is not None:
                books.delete(books.links, link["id"])
            if values.get("apply", "T") == "F":
                continue
            self._link(record_type, record, invoice, values.get("amount"))
        books.settle(touched)
        return touched

    def _link(self, record_type: RecordType, record: Record, invoice: Record, amount: Decimal | None) -> None:
        books = self._books
        ours, theirs = books.customer_of(record["entity"]), books.customer_of(invoice["entity"])
        if ours is not theirs or invoice["status"] not in ("A", "B") or invoice["currency"] != record["currency"]:
            raise business_rule(f"You cannot apply this transaction to {invoice['tranid']}.")
        left = invoice["foreigntotal"] - books.applied_to(invoice["id"])
        spare = abs(record["foreigntotal"]) - sum((x["foreignamount"] for x in books.applied_by(record["id"])), ZERO)
        amount = min(left, spare) if amount is None else amount
        if not ZERO < amount <= left:
            raise business_rule(f"The amount applied to {invoice['tranid']} exceeds its amount due of {left}.")
        if amount > spare:
            raise business_rule("The amounts applied exceed the amount of this transaction.")
        books.insert(
            books.links,
            {
                "id": books.next_key(books.links),
                "previousdoc": invoice["id"],
                "previoustype": "CustInvc",
                "nextdoc": record["id"],
                "nexttype": record_type.code,
                "linktype": "Payment",
                "foreignamount": amount,
                "lastmodifieddate": books.now(),
            },
        )

    def finish(self, record_type: RecordType, record: Record) -> None:
        """The status and the open amounts that follow from everything else."""
        books = self._books
        changes: Record = {}
        if record_type.name == "invoice":
            approval = record.get("approvalstatus")
            changes["status"] = "D" if approval in ("1", "11") else "E" if approval == "3" else "A"
            if record["voided"] == "T":
                changes["status"] = "V"
            changes["posting"] = "T" if changes["status"] in ("A", "V") else "F"
            books.update(books.tables["invoice"], record["id"], changes)
            books.settle([record["id"]])
            if record["foreignamountunpaid"] < 0:
                raise business_rule("The total is less than what has been applied to this invoice.")
            return
        if record_type.name in ("creditMemo", "customerPayment"):
            used = sum((link["foreignamount"] for link in books.applied_by(record["id"])), ZERO)
            unused = abs(record["foreigntotal"]) - used
            if unused < 0:
                raise business_rule("The total is less than what this transaction has been applied to.")
            changes = {"foreignpaymentamountused": used, "foreignpaymentamountunused": unused}
            if record_type.name == "creditMemo":
                status = "V" if record["voided"] == "T" else "B" if unused == 0 else "A"
                changes |= {"foreignamountunpaid": unused, "status": status}
        books.update(books.tables[record_type.name], record["id"], changes)


def refuse_step_back(invoice: Record, changes: Record) -> None:
    """An invoice that was approved is posted: no caller makes it pending or rejected again."""
    if invoice.get("approvalstatus") == "2" and changes.get("approvalstatus", "2") != "2":
        raise business_rule("The approval status of an approved transaction cannot be changed.")
