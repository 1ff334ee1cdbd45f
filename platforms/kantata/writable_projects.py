"""What can be written of projects and of the clients that they are done for."""

from datetime import date
from decimal import Decimal

from platforms.kantata import mapping_projects
from platforms.kantata.kept import Kept, Path, Removal, archived_as_removed, kept
from platforms.kantata.mapping import custom
from platforms.kantata.mapping_copies import figure
from platforms.kantata.options import AccountOptions
from platforms.kantata.places import Amount, Attribute, Custom, Reference, iso_day
from platforms.mapping import Mapped, text
from platforms.writers import Settable
from schema.enums import ProjectKind, ProjectStatus

_DAY = Settable(kind=date)
_TEXT = Settable(kind=str)


def account(options: AccountOptions) -> Kept:
    """A company: groups that are none aren't clients."""
    facet = mapping_projects.account(options)
    rows = facet.by_path()
    anchor = Reference(service=options.account_reference, model="Account")
    return kept(
        facet,
        {
            "name": (Settable(kind=str, required=True), Attribute(name="name", clearable=False), rows["name"]),
            "anchor": (_TEXT, anchor, rows["anchor"]),
        },
        key_reference=options.key_reference,
        subject="WorkspaceGroup",
        fixed={"company": True},
    )


def project(options: AccountOptions, web: str) -> Kept:
    facet = mapping_projects.project(options, web)
    rows = facet.by_path()
    client = Reference(service=options.account_reference, model="Account")
    contract = Reference(service=options.contract_reference, model="Contract")
    paths: dict[str, Path] = {
        "name": (Settable(kind=str, required=True), Attribute(name="title", clearable=False), rows["name"]),
        "status": (Settable(kind=ProjectStatus), _status(options), rows["status"]),
        "startDate": (_DAY, Attribute(name="start_date", wire=iso_day), rows["startDate"]),
        "endDate": (_DAY, Attribute(name="due_date", wire=iso_day), rows["endDate"]),
        **_budget(rows["budget.amount"]),
        "account": (_TEXT, client, rows["account"]),
        "contract": (_TEXT, contract, rows["contract"]),
        **_custom_fields(rows["code"], rows["kind"], options),
    }
    return kept(
        facet,
        paths,
        key_reference=options.key_reference,
        subject="Workspace",
        gone=archived_as_removed(options.key_reference),
        removal=Removal.ARCHIVE,
        currency="budget.currency",
    )


def _budget(amount: Mapped) -> dict[str, Path]:
    return {
        "budget.amount": (Settable(kind=Decimal), Amount(name="price", minor=False, flag="budgeted"), amount),
        "budget.currency": (
            Settable(kind=str, update=False),
            Attribute(name="currency"),
            # Read also where the amount is missing, since it can be asked for alone.
            text("budget.currency", "currency", writable=False),
        ),
    }


def _status(options: AccountOptions) -> Attribute:
    keys: dict[ProjectStatus, str] = {}
    for key, meaning in options.project_statuses.items():
        keys.setdefault(meaning, key)

    def key_of(status: ProjectStatus) -> int | str:
        key = keys.get(status)
        if key is None:
            raise ValueError(f"options.project_statuses names no status of the account that means {status.value}")
        return int(key) if key.isdecimal() else key

    return Attribute(name="status_key", wire=key_of, clearable=False)


def _custom_fields(code: Mapped, kind: Mapped, options: AccountOptions) -> dict[str, Path]:
    choice = Custom(
        field=options.engagement_type_field,
        option="engagement_type_field",
        kind="single",
        names=options.engagement_types,
    )
    status = Custom(field=options.billing_status_field, option="billing_status_field")
    return {
        "code": (_TEXT, Custom(field=options.project_code_field, option="project_code_field"), code),
        "kind": (Settable(kind=ProjectKind), choice, kind),
        "billing.status": (_TEXT, status, custom("billing.status", status.field)),
        "billing.invoiced": _figure("billing.invoiced", options.billing_invoiced_field),
        "billing.paid": _figure("billing.paid", options.billing_paid_field),
        "billing.outstanding": _figure("billing.outstanding", options.billing_outstanding_field),
        "billing.credited": _figure("billing.credited", options.billing_credited_field),
    }


def _figure(path: str, name: str) -> Path:
    """An amount in a custom field, in the project's currency."""
    option = f"{path.replace('.', '_')}_field"
    return (
        Settable(kind=Decimal),
        Custom(field=name, option=option, kind="currency"),
        figure(path, name),
    )
