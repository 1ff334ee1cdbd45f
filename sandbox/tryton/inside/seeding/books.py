"""Opens a company's books, from its chart of accounts to the projects by which revenue is analysed."""

# mypy: disable-error-code="import-not-found,import-untyped"

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from trytond.pool import Pool
from trytond.transaction import Transaction

from .ledger import Company, Currency, Ledger, Project, Tax


@dataclass
class Books:
    """Tryton's ids of one company's accounts and settings."""

    company: int
    currency: str
    receivable: int
    revenue: int
    bank: int
    tax_account: int
    revenue_journal: int
    periods: list[tuple[date, date, int]]
    taxes: dict[str, int] = field(default_factory=dict)
    tax_rules: dict[str, int] = field(default_factory=dict)
    journals: dict[str, int] = field(default_factory=dict)  # by way of payment
    projects: dict[str, int] = field(default_factory=dict)  # analytic accounts by the firm's key
    project_axis: int = 0

    def period(self, day: date) -> int:
        """The posting period that `day` falls in; StopIteration where no fiscal year was opened for it."""
        return next(period for first, last, period in self.periods if first <= day <= last)


def add_currencies(currencies: Iterable[Currency], first_day: date) -> dict[str, int]:
    """Tryton's id by ISO code, each with one rate that holds from `first_day` on."""
    rows = [
        {
            "name": currency.code,
            "code": currency.code,
            "symbol": currency.code,
            "digits": currency.digits,
            "rounding": Decimal(1).scaleb(-currency.digits),
            "rates": [("create", [{"date": first_day, "rate": Decimal(currency.rate)}])],
        }
        for currency in currencies
    ]
    return {record.code: record.id for record in Pool().get("currency.currency").create(rows)}


def open_company(company: Company, currencies: dict[str, int], countries: dict[str, int]) -> int:
    """Tryton's id of the new company, with its party and address."""
    pool = Pool()
    address = {"country": countries[company.country], "invoice": True}
    (party,) = pool.get("party.party").create(
        [{"name": company.name, "code": company.key.upper(), "addresses": [("create", [address])]}]
    )
    values = {"party": party.id, "currency": currencies[company.currency], "cancel_invoice_out": True}
    (record,) = pool.get("company.company").create([values])
    return int(record.id)


def open_books(company: int, currency: str, years: range) -> Books:
    """The books of `company` (Tryton's id) with fiscal years for `years`; call it in that company's context."""
    _chart_of_accounts(company)
    accounts = {kind: _account(company, f"type.{kind}") for kind in ("receivable", "payable", "revenue", "expense")}
    configuration = Pool().get("account.configuration")(1)
    configuration.default_account_receivable = accounts["receivable"]
    configuration.default_account_payable = accounts["payable"]
    configuration.currency_exchange_credit_account = accounts["revenue"]
    configuration.currency_exchange_debit_account = accounts["expense"]
    configuration.tax_rounding = "document"
    configuration.save()
    return Books(
        company=company,
        currency=currency,
        receivable=accounts["receivable"].id,
        revenue=accounts["revenue"].id,
        bank=_account(company, "code", "1.1.1").id,
        tax_account=_account(company, "code", "6.3.6").id,
        revenue_journal=Pool().get("account.journal").search([("type", "=", "revenue")], limit=1)[0].id,
        periods=[period for year in years for period in _fiscal_year(company, year)],
    )


def _chart_of_accounts(company: int) -> None:
    pool = Pool()
    template = pool.get("ir.model.data").get_id("account", "account_template_root_en")
    wizard = pool.get("account.create_chart", type="wizard")
    session, _, _ = wizard.create()
    chart = wizard(session)
    chart.account.account_template = template
    chart.account.company = company
    chart.transition_create_account()
    wizard.delete(session)


def _account(company: int, name: str, value: object = True) -> Any:
    domain = [("company", "=", company), (name, "=", value), ("closed", "!=", True)]
    (account,) = Pool().get("account.account").search(domain, limit=1)
    return account


def _fiscal_year(company: int, year: int) -> list[tuple[date, date, int]]:
    pool = Pool()
    sequence = pool.get("ir.sequence.strict")
    types = pool.get("ir.sequence.type")
    (move_type,) = types.search([("name", "=", "Account Move")])
    (invoice_type,) = types.search([("name", "=", "Invoice")])
    moves, invoices, credit_notes = sequence.create(
        [
            {"name": f"Moves {year}", "sequence_type": move_type.id, "company": company},
            {"name": f"Invoices {year}", "sequence_type": invoice_type.id, "company": company, "prefix": f"T{year}-"},
            {
                "name": f"Credit notes {year}",
                "sequence_type": invoice_type.id,
                "company": company,
                "prefix": f"TC{year}-",
            },
        ]
    )
    numbering = {
        "company": company,
        "out_invoice_sequence": invoices.id,
        "in_invoice_sequence": invoices.id,
        "out_credit_note_sequence": credit_notes.id,
        "in_credit_note_sequence": credit_notes.id,
    }
    fiscal_year = pool.get("account.fiscalyear")
    values = {
        "name": str(year),
        "company": company,
        "start_date": date(year, 1, 1),
        "end_date": date(year, 12, 31),
        "move_sequence": moves.id,
        "invoice_sequences": [("create", [numbering])],
    }
    (record,) = fiscal_year.create([values])
    fiscal_year.create_period([record])
    return [(period.start_date, period.end_date, period.id) for period in fiscal_year(record.id).periods]


def add_taxes(books: Books, taxes: Iterable[Tax]) -> None:
    """One tax per code, and one tax rule of the same name which stands for the code on a customer."""
    pool = Pool()
    for tax in taxes:
        values = {
            "name": tax.code,
            "description": tax.code,
            "company": books.company,
            "type": "percentage",
            "rate": Decimal(tax.rate),
            "invoice_account": books.tax_account,
            "credit_note_account": books.tax_account,
        }
        (record,) = pool.get("account.tax").create([values])
        rule = {"name": tax.code, "kind": "sale", "company": books.company}
        rule["lines"] = [("create", [{"tax": record.id}])]
        (rule_record,) = pool.get("account.tax.rule").create([rule])
        books.taxes[tax.code], books.tax_rules[tax.code] = record.id, rule_record.id


def add_payment_terms(days: Iterable[int]) -> dict[int, int]:
    """Tryton's id of `Net N` by N days."""
    rows = [
        {
            "name": f"Net {count}",
            "lines": [("create", [{"type": "remainder", "relativedeltas": [("create", [{"days": count}])]}])],
        }
        for count in sorted(set(days))
    ]
    terms = Pool().get("account.invoice.payment_term").create(rows)
    return dict(zip(sorted(set(days)), (term.id for term in terms), strict=True))


def add_ways_of_payment(all_books: Iterable[Books], methods: Iterable[str]) -> None:
    """One cash journal per way of payment: journals belong to all companies."""
    pool = Pool()
    rows = [{"name": method, "code": f"PAY{place}", "type": "cash"} for place, method in enumerate(sorted(methods), 1)]
    journals = {journal.name: journal.id for journal in pool.get("account.journal").create(rows)}
    for books in all_books:
        books.journals = dict(journals)
        ways = [
            {
                "name": method,
                "company": books.company,
                "journal": journal,
                "debit_account": books.bank,
                "credit_account": books.bank,
            }
            for method, journal in journals.items()
        ]
        with Transaction().set_context(company=books.company):
            pool.get("account.invoice.payment.method").create(ways)


def add_projects(books: Books, projects: Sequence[Project]) -> None:
    """An analytic axis for projects, and below it an account per project whose code is the PSA's id."""
    analytic = Pool().get("analytic_account.account")
    (root,) = analytic.create([{"name": "Projects", "type": "root", "company": books.company}])
    rows = [
        {
            "name": project.name,
            "code": project.psa_id,
            "type": "normal",
            "company": books.company,
            "root": root.id,
            "parent": root.id,
        }
        for project in projects
    ]
    books.project_axis = root.id
    books.projects = {project.key: record.id for project, record in zip(projects, analytic.create(rows), strict=True)}


def years_of(ledger: Ledger) -> range:
    """The calendar years in which something is posted, and the one after."""
    days = [invoice.issued for invoice in ledger.invoices]
    days += [payment.day for invoice in ledger.invoices for payment in invoice.payments]
    days += [note.day for invoice in ledger.invoices for note in invoice.credit_notes]
    years = [int(day[:4]) for day in days] or [date.min.year]
    return range(min(years), max(years) + 2)
