"""Seeds one database: `python -m seeding CONFIG DATABASE LEDGER.json KNOWN_AS.json`, progress on standard output."""

# mypy: disable-error-code="import-not-found,import-untyped"

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

from trytond import config
from trytond.pool import Pool
from trytond.transaction import Transaction, TransactionError

from .books import (
    Books,
    add_currencies,
    add_payment_terms,
    add_projects,
    add_taxes,
    add_ways_of_payment,
    open_books,
    open_company,
    years_of,
)
from .invoices import add_invoices, bring_to_stage, days_to_pay
from .ledger import Company, Invoice, Ledger
from .parties import add_countries, add_customers, add_regions
from .settlements import Settled, settle
from .users import let_in, widen_admin

ADMIN = 1
# Tryton asks for these one by one, and each time the step begins anew.
LOCKED = ("account_configuration", "account_journal_period", "ir_sequence_strict")
AT_SIGHT = 0  # days: the terms of credit notes
BATCH = 40  # a transaction's cache of records grows with what it touched, and with it the time of each step


Result = TypeVar("Result")


class Seeding:
    """The order of the work, each step in a transaction of its own."""

    def __init__(self, database: str, ledger: Ledger) -> None:
        self.database = database
        self.ledger = ledger
        self.digits = {currency.code: currency.digits for currency in ledger.currencies}
        self.locks: dict[str, list[str]] = {"_lock_tables": list(LOCKED)}
        self.books: dict[str, Books] = {}  # by the company's key
        self.parties: dict[str, int] = {}  # by the customer's key
        self.known_as: dict[str, dict[str, int]] = {"Invoice": {}, "Payment": {}, "CreditMemo": {}}

    def run(self, login: str, password: str) -> None:
        companies = self.apart(self.found_companies)
        years = years_of(self.ledger)
        for company in self.ledger.companies:
            number = companies[company.key]
            self.books[company.key] = self.apart(partial(self.open_books, company, number, years), number)
            say(f"books of {company.name}")
        self.apart(self.agree_ways_of_payment)
        for key, books in self.books.items():
            self.parties |= self.apart(partial(self.enter_customers, key), books.company)
        say(f"{len(self.parties)} customers")
        for key in self.books:
            self.bill(key)
        self.apart(partial(let_in, login, password, list(companies.values())))
        projects = {key: number for books in self.books.values() for key, number in books.projects.items()}
        self.known_as |= {"LegalEntity": companies, "Account": self.parties, "Project": projects}

    def apart(self, work: Callable[[], Result], company: int | None = None) -> Result:
        """Does `work` in one transaction, seen from `company`; it may be begun anew where Tryton asks for a lock.

        Tryton's warnings are questions to a person: all are answered with yes.
        """
        context: dict[str, object] = {"language": "en", "_skip_warnings": True}
        if company is not None:
            context |= {"company": company, "companies": [company]}
        while True:
            with Transaction().start(self.database, ADMIN, context=context, **self.locks) as transaction:
                try:
                    return work()
                except TransactionError as lack:
                    transaction.rollback()
                    lack.fix(self.locks)

    def found_companies(self) -> dict[str, int]:
        ledger = self.ledger
        at_home = {company.country for company in ledger.companies}
        self.countries = add_countries(at_home | {customer.country for customer in ledger.customers})
        self.regions = add_regions(ledger.customers, self.countries)
        self.currency_ids = add_currencies(ledger.currencies, date(years_of(ledger).start, 1, 1))
        days = {customer.terms_days for customer in ledger.customers} | {days_to_pay(bill) for bill in ledger.invoices}
        self.terms = add_payment_terms(days | {AT_SIGHT})
        companies = {
            company.key: open_company(company, self.currency_ids, self.countries) for company in ledger.companies
        }
        widen_admin(list(companies.values()))
        return companies

    def open_books(self, company: Company, number: int, years: range) -> Books:
        books = open_books(number, company.currency, years)
        add_taxes(books, [tax for tax in self.ledger.taxes if tax.company == company.key])
        add_projects(books, [project for project in self.ledger.projects if project.company == company.key])
        return books

    def agree_ways_of_payment(self) -> None:
        methods = {payment.method for invoice in self.ledger.invoices for payment in invoice.payments}
        add_ways_of_payment(self.books.values(), methods)

    def enter_customers(self, company: str) -> dict[str, int]:
        customers = [customer for customer in self.ledger.customers if customer.company == company]
        return add_customers(
            customers,
            books=self.books[company],
            terms=self.terms,
            countries=self.countries,
            regions=self.regions,
        )

    def bill(self, company: str) -> None:
        """One company's invoices, from draft to paid."""
        invoices = [invoice for invoice in self.ledger.invoices if invoice.company == company]
        for start in range(0, len(invoices), BATCH):
            batch = invoices[start : start + BATCH]
            ids = self.apart(partial(self.write, batch, self.books[company]), self.books[company].company)
            settled = self.apart(partial(self.settle, batch, ids, self.books[company]), self.books[company].company)
            self.known_as["Invoice"] |= ids
            self.known_as["Payment"] |= settled.payments
            self.known_as["CreditMemo"] |= settled.credit_notes
            say(f"{start + len(batch)} of {len(invoices)} invoices of {company}")

    def write(self, batch: Sequence[Invoice], books: Books) -> dict[str, int]:
        currencies = {code: (self.currency_ids[code], digits) for code, digits in self.digits.items()}
        drafts = add_invoices(batch, books=books, parties=self.parties, terms=self.terms, currencies=currencies)
        bring_to_stage(batch, drafts)
        return {invoice.key: draft.id for invoice, draft in zip(batch, drafts, strict=True)}

    def settle(self, batch: Sequence[Invoice], ids: Mapping[str, int], books: Books) -> Settled:
        owing = [invoice for invoice in batch if invoice.stage == "posted"]
        posted = Pool().get("account.invoice").browse([ids[invoice.key] for invoice in owing])
        return settle(owing, posted, books=books, digits=self.digits, at_sight=self.terms[AT_SIGHT])


def say(text: str) -> None:
    """A line of progress for whoever started this."""
    print(text, flush=True)  # noqa: T201 - standard output is this program's report


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    configuration, database, ledger, known_as = arguments
    config.update_etc(configuration)
    Pool.start()
    with Transaction().start(database, 0, readonly=True):
        Pool(database).init()
    seeding = Seeding(database, Ledger.from_json(Path(ledger).read_text(encoding="utf-8")))
    seeding.run(environment["SEED_LOGIN"], environment["SEED_PASSWORD"])
    Path(known_as).write_text(json.dumps(seeding.known_as), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:], os.environ)
