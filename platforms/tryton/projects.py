"""Analytic accounts as projects' financials: what a project was billed, and what was paid of it.

Source: the module analytic_account. What was billed is added up from the invoices that name the project, taxes
included; an analytic account itself knows revenue only, before taxes. Tryton as set up here doesn't tell what is
unbilled, in progress, recognized or deferred.
"""

from collections.abc import Sequence

import msgspec

from platforms.rows import Field
from platforms.tryton.amounts import Amount, Currency, computed_money, summed
from platforms.tryton.domains import LinkColumn
from platforms.tryton.facets import Aside, Row, TrytonFacet, facet, link
from platforms.tryton.invoices import NO_CREDIT_NOTE
from platforms.tryton.options import LinkOptions
from platforms.tryton.wire import Number, Record

_INVOICES = "invoices_billed"
_IGNORED = {
    "active", "balance", "childs", "company", "credit", "currency", "debit", "distribution_parents", "distributions",
    "name", "note", "parent", "root", "state", "type",
}  # fmt: skip


class BilledInvoice(Record, gc=False):
    """A posted invoice of a project; a subclass names the field that says which."""

    total_amount: Number
    amount_to_pay: Number
    currency: Currency = msgspec.field(name="currency.")

    @property
    def total(self) -> Amount:
        return self.total_amount.decimal, self.currency.code

    @property
    def paid(self) -> Amount:
        return self.total_amount.decimal - self.amount_to_pay.decimal, self.currency.code


def project(options: LinkOptions, database: str) -> TrytonFacet:
    """What the ERP knows of a project; the analytic account's `code` holds the PSA's id."""
    record = _billed_by(options.project_field)
    billed = Field(_INVOICES, list[record])  # type: ignore[valid-type]  # made at run time
    fields = (billed, Field("company.currency.code"))
    return facet(
        "Project",
        "analytic_account.account",
        (
            Row(link("anchor", "code", options.is_psa_id), LinkColumn("code", options.is_psa_id)),
            *map(Row, computed_money("financials.billed", fields, _billed)),
            *map(Row, computed_money("financials.paid", fields, _paid)),
        ),
        batch=("anchor",),
        always=[["type", "=", "normal"]],
        ignored=_IGNORED,
        page_size=options.page_size,
        database=database,
        twins=True,
        asides=(
            Aside(
                field=_INVOICES,
                model="account.invoice",
                always=[["type", "=", "out"], ["state", "in", ["posted", "paid"]], NO_CREDIT_NOTE],
                record=record,
                key=lambda invoice: invoice.project,
                mine=lambda row: row.code,
                theirs=options.project_field,
                by={"anchor": LinkColumn(options.project_field, options.is_psa_id)},
            ),
        ),
    )


def _billed_by(project_field: str) -> type[BilledInvoice]:
    """The invoices with what their `project_field` holds as `project`."""
    made = msgspec.defstruct(
        "ProjectInvoice",
        [("project", str | None, None)],
        bases=(BilledInvoice,),
        rename={"project": project_field},
        gc=False,
    )
    assert issubclass(made, BilledInvoice)
    return made


def _billed(invoices: Sequence[BilledInvoice] | None, home: str | None) -> Amount | None:
    return summed((one.total for one in invoices or ()), home)


def _paid(invoices: Sequence[BilledInvoice] | None, home: str | None) -> Amount | None:
    return summed((one.paid for one in invoices or ()), home)
