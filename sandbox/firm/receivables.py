"""What clients owe the firm: invoices, what was paid and credited on them, and what each project has earned."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sandbox.firm import words
from sandbox.firm.dice import Dice
from sandbox.firm.model import Client, Contract, CreditMemo, Financials, Invoice, InvoiceLine, Payment, Project
from sandbox.firm.money import share, worth


@dataclass(slots=True)
class Ledger:
    """The receivables while they are made; numbered at the end, in the order of their days."""

    dice: Dice
    as_of: date
    contracts: dict[str, Contract]
    invoices: list[Invoice] = field(default_factory=list)
    billed_milestones: set[str] = field(default_factory=set)

    def bill(self, client: Client, projects: list[Project]) -> None:
        for _ in range(self.dice.between(0, 9)):
            project = self.dice.pick(projects) if projects and self.dice.chance(86) else None
            self._invoice(client, project, projects)

    def _invoice(self, client: Client, project: Project | None, projects: list[Project]) -> None:
        dice = self.dice
        issued = dice.day(self.as_of - timedelta(days=540), self.as_of - timedelta(days=1))
        recent = (self.as_of - issued).days < 25
        state = "PENDING_APPROVAL" if recent and dice.chance(35) else "VOIDED" if dice.chance(3) else "OPEN"
        created = datetime.combine(issued, time(8), UTC) + timedelta(seconds=dice.between(0, 36_000))
        invoice = Invoice(
            key="",
            client=client.key,
            project=project.key if project else None,
            contract=project.contract if project else None,
            number="",
            state=state,
            issue_date=issued,
            due_date=issued + timedelta(days=client.terms_days),
            currency=client.currency,
            legal_entity=client.legal_entity,
            purchase_order=f"PO-{dice.between(10_000, 99_999)}" if dice.chance(60) else None,
            subtotal=0,
            tax=0,
            total=0,
            created_at=created,
            updated_at=created,
        )
        invoice.lines = self._lines(client, invoice, projects)
        invoice.subtotal = sum(line.amount for line in invoice.lines)
        invoice.tax = _tax(invoice.lines)
        invoice.total = invoice.subtotal + invoice.tax
        if state == "OPEN":
            self._settle(invoice)
        self.invoices.append(invoice)

    def _lines(self, client: Client, invoice: Invoice, projects: list[Project]) -> list[InvoiceLine]:
        dice = self.dice
        contract = self.contracts.get(invoice.contract or "")
        lines = []
        for number in range(1, dice.weighted((1, 2, 3, 4), (35, 35, 20, 10)) + 1):
            line = self._milestone_line(number, contract, invoice) or self._work_line(number)
            line.tax_code = "ZERO" if client.tax_code is None or dice.chance(7) else client.tax_code
            other = invoice.project is not None and dice.chance(4)
            line.project = dice.pick(projects).key if other else invoice.project
            lines.append(line)
        return lines

    def _milestone_line(self, number: int, contract: Contract | None, invoice: Invoice) -> InvoiceLine | None:
        """A milestone is billed once, when it is due; a voided or unapproved invoice leaves it to be billed."""
        if contract is None or invoice.state != "OPEN":
            return None
        for milestone in contract.milestones:
            if milestone.due_date <= invoice.issue_date and milestone.key not in self.billed_milestones:
                self.billed_milestones.add(milestone.key)
                text = f"Milestone: {milestone.name}"
                return InvoiceLine(number, text, 100, milestone.amount, milestone.amount, None, None, milestone.key)
        return None

    def _work_line(self, number: int) -> InvoiceLine:
        dice = self.dice
        if dice.chance(65):
            quarters, rate = dice.between(2, 480), dice.between(70, 250) * 100
            text = f"{dice.pick(words.CONSULTANT_ROLES)} hours"
            return InvoiceLine(number, text, quarters * 25, rate, quarters * rate // 4, None, None, None)
        pieces, price = dice.between(1, 3), dice.between(1_990, 900_000)
        text = dice.pick(("Travel expenses", "Licence fee", "Support package", "Workshop"))
        return InvoiceLine(number, text, pieces * 100, price, pieces * price, None, None, None)

    def _settle(self, invoice: Invoice) -> None:
        dice = self.dice
        if dice.chance(6):
            credit = invoice.total if dice.chance(12) else share(invoice.total, dice.between(3, 25), 100)
            day = self._settling_day(invoice)
            invoice.credit_memos = [CreditMemo("", "", day, credit, dice.pick(words.CREDIT_REASONS))]
        left = invoice.balance
        overdue = invoice.due_date < self.as_of
        full, partly = (80, 9) if overdue else (25, 10)
        if left and dice.chance(full):
            self._pay(invoice, left, in_parts=dice.chance(20))
        elif left and dice.chance(100 * partly // (100 - full)):
            self._pay(invoice, share(left, dice.between(10, 85), 100), in_parts=False)
        days = [payment.day for payment in invoice.payments] + [memo.day for memo in invoice.credit_memos]
        if days:
            invoice.updated_at = max(invoice.updated_at, datetime.combine(max(days), time(16, 30), UTC))

    def _pay(self, invoice: Invoice, amount: int, *, in_parts: bool) -> None:
        first = share(amount, 2, 5) if in_parts else amount
        for part in (first, amount - first):
            if part:
                method = self.dice.pick(words.PAYMENT_METHODS)
                invoice.payments.append(Payment("", "", self._settling_day(invoice), part, method))
        invoice.payments.sort(key=lambda payment: payment.day)

    def _settling_day(self, invoice: Invoice) -> date:
        yesterday = self.as_of - timedelta(days=1)
        earliest = min(invoice.issue_date + timedelta(days=4), yesterday)
        return self.dice.day(earliest, min(invoice.due_date + timedelta(days=25), yesterday))

    def number(self) -> None:
        """Numbers invoices, payments and credit memos as the ERP did, each in the order of issue."""
        self.invoices.sort(key=lambda invoice: invoice.created_at)
        payments = credits_given = 0
        for at, invoice in enumerate(self.invoices, start=1):
            invoice.key, invoice.number = f"inv-{at:06}", f"INV{100_000 + at}"
            for payment in invoice.payments:
                payments += 1
                payment.key, payment.number = f"pay-{payments:06}", f"PYMT{payments:06}"
            for memo in invoice.credit_memos:
                credits_given += 1
                memo.key, memo.number = f"cm-{credits_given:06}", f"CM{credits_given:06}"


def receivables(
    dice: Dice, clients: list[Client], contracts: list[Contract], projects: list[Project], as_of: date
) -> list[Invoice]:
    in_erp = defaultdict(list)
    for project in projects:
        if project.in_erp and project.client:
            in_erp[project.client].append(project)
    ledger = Ledger(dice, as_of, {contract.key: contract for contract in contracts})
    for client in clients:
        if client.in_erp:
            ledger.bill(client, in_erp[client.key])
    ledger.number()
    return ledger.invoices


def close_books(
    dice: Dice, projects: list[Project], contracts: list[Contract], invoices: list[Invoice], as_of: date
) -> None:
    """Gives every project in the ERP its financials.

    Laws: unbilled is the approved, billable, not yet billed time and expenses; work in progress the billable time that
    nobody has approved; recognized + deferred revenue == net billed + unbilled, where net billed is the subtotals of
    the project's posted invoices.
    """
    billed: dict[str, int] = defaultdict(int)
    for invoice in invoices:
        if invoice.project and invoice.state == "OPEN":
            billed[invoice.project] += invoice.subtotal
    models = {contract.key: contract.billing_model for contract in contracts}
    closed = datetime.combine(as_of, time(2), UTC)
    for project in projects:
        if project.in_erp:
            in_advance = project.kind == "RETAINER" or models.get(project.contract or "") in {
                "RETAINER",
                "SUBSCRIPTION",
            }
            deferred = share(billed[project.key], dice.between(5, 40), 100) if in_advance else 0
            unbilled = unbilled_work(project)
            recognized = billed[project.key] + unbilled - deferred
            project.financials = Financials(
                unbilled=unbilled,
                work_in_progress=unapproved_time(project),
                recognized_revenue=recognized,
                deferred_revenue=deferred,
                cost=share(recognized, dice.between(48, 104), 100) + dice.between(0, 9_999),
                as_of=closed,
            )


def unbilled_work(project: Project) -> int:
    """What approved and billable, but not yet billed, time and expenses are worth."""
    hours = sum(
        worth(entry.minutes, entry.rate or 0)
        for entry in project.time_entries
        if entry.billing_state == "UNBILLED" and entry.approval == "APPROVED"
    )
    return hours + sum(
        expense.amount
        for expense in project.expenses
        if expense.billing_state == "UNBILLED" and expense.approval == "APPROVED"
    )


def unapproved_time(project: Project) -> int:
    return sum(
        worth(entry.minutes, entry.rate or 0)
        for entry in project.time_entries
        if entry.billing_state == "UNBILLED" and entry.approval in {"DRAFT", "SUBMITTED"}
    )


def _tax(lines: list[InvoiceLine]) -> int:
    """Each tax code's lines are summed first and taxed once."""
    bases: dict[str, int] = defaultdict(int)
    for line in lines:
        bases[line.tax_code or "ZERO"] += line.amount
    return sum(share(base, words.TAX_RATES[code], 1_000) for code, base in bases.items())
