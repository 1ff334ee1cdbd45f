"""What an org shows of the ERP's invoices, in an object of Crosswalk's own, for comparing it in bulk."""

from platforms.mapping import choice, derived
from platforms.rows import Field
from platforms.salesforce.columns import ChoiceColumn
from platforms.salesforce.mapping import Row, day_row, facet, key_row, number_row, text_row
from platforms.salesforce.options import OrgOptions
from platforms.salesforce.soql import SoqlFacet
from platforms.salesforce.writables import INVOICE_STATUSES


def invoice_summary(options: OrgOptions) -> SoqlFacet:
    """`invoice` is the key that names the invoice's platform and id, as governed writes set it."""

    def field(path: str) -> str:
        return options.fields[f"InvoiceSummary.{path}"]

    status = field("status")
    return facet(
        "InvoiceSummary",
        "CW_Invoice__c",
        (
            text_row("invoice", options.key_field),
            text_row("number", "Name"),
            key_row("account", field("account")),
            key_row("contract", field("contract")),
            Row(choice("status", status, INVOICE_STATUSES), ChoiceColumn(status, INVOICE_STATUSES)),
            day_row("issueDate", field("issueDate")),
            day_row("dueDate", field("dueDate")),
            _currency(options.currency),
            *(number_row(path, field(path)) for path in ("total", "amountPaid", "balance", "credited")),
        ),
        relations=(),
        ignored=frozenset({"OwnerId", "CreatedDate"}),
    )


def _currency(only: str | None) -> Row:
    """An org with one currency has no field that tells it; `Id` stands in for being asked at all."""
    if only is None:
        return text_row("currency", "CurrencyIsoCode")
    return Row(derived("currency", (Field("Id"),), lambda _: only))
