"""What can be written of an org's records, and under which fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from platforms import readers
from platforms.mapping import Mapped, choice, day, instant, number, same, text
from platforms.readers import Facet, Projection
from platforms.salesforce import mapping_contracts, mapping_sales
from platforms.salesforce.cells import (
    Cell,
    amount_cell,
    by_path,
    choice_cell,
    currency_cell,
    day_cell,
    key_cell,
    text_cell,
)
from platforms.salesforce.options import OrgOptions
from platforms.writers import Writable
from schema.enums import AccountStatus, ContractStatus, InvoiceStatus
from schema.roles import PlatformRole

INVOICE_STATUSES = {
    "Draft": InvoiceStatus.DRAFT,
    "Approved": InvoiceStatus.APPROVED,
    "Posted": InvoiceStatus.POSTED,
    "Sent": InvoiceStatus.SENT,
    "Partially Paid": InvoiceStatus.PARTIALLY_PAID,
    "Paid": InvoiceStatus.PAID,
    "Overdue": InvoiceStatus.OVERDUE,
    "Voided": InvoiceStatus.VOIDED,
}
_OWN_FIELD, _PROJECT, _LONG_TEXT = 255, 40, 32_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class SObjectWritable(Writable):
    """A writable with how its values are written, and how a record of it is read back in one call."""

    cells: Mapping[str, Cell]
    key_field: str
    projection: Projection
    rows: msgspec.json.Decoder[Any]

    @property
    def fields(self) -> str:
        """What a read-back asks for."""
        return ",".join(self.projection.fields)


def writables(options: OrgOptions) -> tuple[SObjectWritable, ...]:
    """Everything that an org lets us write. Contacts are the sales team's own."""
    return (_account(options), _opportunity(options), _contract(options), _invoice_summary(options))


def _account(options: OrgOptions) -> SObjectWritable:
    read = mapping_sales.account().by_path()
    return _writable(
        "Account",
        "Account",
        by_path(
            text_cell(read["name"], 255, required=True),
            text_cell(read["number"], 40),
            choice_cell(read["status"], AccountStatus),
            text_cell(read["industry"], 255),
            text_cell(read["website"], 255),
            key_cell(read["parent"]),
            text_cell(text("syncStatus", options.fields["Account.syncStatus"]), _OWN_FIELD),
            text_cell(text("erpCustomers", options.fields["Account.erpCustomers"]), _LONG_TEXT),
        ),
        options,
    )


def _opportunity(options: OrgOptions) -> SObjectWritable:
    return _writable(
        "Opportunity",
        "Opportunity",
        by_path(
            text_cell(text("project", options.fields["Opportunity.project"]), _PROJECT),
            text_cell(text("projectUrl", options.fields["Opportunity.projectUrl"]), 255),
            text_cell(text("syncStatus", options.fields["Opportunity.syncStatus"]), _OWN_FIELD),
        ),
        options,
        creatable=False,
    )


def _contract(options: OrgOptions) -> SObjectWritable:
    read = mapping_contracts.contract(options).by_path()
    return _writable(
        "Contract",
        "Contract",
        by_path(
            choice_cell(read["status"], ContractStatus, required=True),
            text_cell(text("project", options.fields["Contract.project"]), _PROJECT),
            text_cell(text("syncStatus", options.fields["Contract.syncStatus"]), _OWN_FIELD),
        ),
        options,
        creatable=False,
    )


def _invoice_summary(options: OrgOptions) -> SObjectWritable:
    """What the CRM shows of an invoice of the ERP's, in an object of Crosswalk's own."""

    def field(path: str) -> str:
        return options.fields[f"InvoiceSummary.{path}"]

    return _writable(
        "InvoiceSummary",
        "CW_Invoice__c",
        by_path(
            text_cell(text("number", "Name"), 80, required=True),
            key_cell(same("account", field("account")), required=True),
            key_cell(same("contract", field("contract"))),
            choice_cell(choice("status", field("status"), INVOICE_STATUSES), InvoiceStatus),
            day_cell(day("issueDate", field("issueDate"))),
            day_cell(day("dueDate", field("dueDate"))),
            currency_cell("currency", options.currency),
            *(amount_cell(number(path, field(path))) for path in ("total", "amountPaid", "balance", "credited")),
        ),
        options,
    )


def _writable(
    type_name: str, entity: str, cells: Mapping[str, Cell], options: OrgOptions, *, creatable: bool = True
) -> SObjectWritable:
    """A record that we may not create is none that we may delete."""
    projection = _projection(type_name, entity, cells)
    return SObjectWritable(
        type=type_name,
        role=PlatformRole.CRM,
        entity=entity,
        paths={path: cell.settable for path, cell in cells.items()},
        unique=True,
        creatable=creatable,
        removable=creatable,
        cells=cells,
        key_field=options.key_field,
        projection=projection,
        rows=msgspec.json.Decoder(projection.row.struct),
    )


def _projection(type_name: str, entity: str, cells: Mapping[str, Cell]) -> Projection:
    beside: tuple[Mapped, ...] = (
        same("id", "Id", writable=False),
        same("createdAt", "CreatedDate", writable=False),
        instant("modifiedAt", "SystemModstamp"),
        same("version", "LastModifiedDate", writable=False),
    )
    rows = (*beside, *(cell.mapped for cell in cells.values()))
    facet = Facet(type=type_name, role=PlatformRole.CRM, entity=entity, rows=rows, batch={}, page_size=1)
    return readers.project(facet, [row.path for row in rows])
