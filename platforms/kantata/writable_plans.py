"""What can be written of a project's plan: milestones, tasks, and who is still to be found for it."""

from datetime import date
from decimal import Decimal

from platforms.kantata import mapping_projects
from platforms.kantata.endpoints import WORKSPACE_RESOURCES
from platforms.kantata.envelope import part
from platforms.kantata.kept import Kept, Path, kept
from platforms.kantata.keys import OWN
from platforms.kantata.mapping import facet
from platforms.kantata.options import AccountOptions
from platforms.kantata.places import Amount, Attribute, Custom, Reference, Role, iso_day, kept_amount, record_id, title
from platforms.mapping import Mapped, derived, text
from platforms.rows import Field
from platforms.writers import Settable

_DAY = Settable(kind=date)
_NAME = Attribute(name="title", wire=title, clearable=False)


def milestone(options: AccountOptions) -> Kept:
    told = mapping_projects.milestone(options)
    rows = told.by_path()
    key = Reference(service=options.milestone_reference, model="Milestone")
    return kept(
        told,
        {
            "project": in_project(rows["project"]),
            "key": (Settable(kind=str), key, rows["key"]),
            "name": (Settable(kind=str, required=True), _NAME, rows["name"]),
            "dueDate": (_DAY, Attribute(name="due_date", wire=iso_day), rows["dueDate"]),
            "amount.amount": (
                Settable(kind=Decimal),
                Amount(name="budget_estimate_in_cents", minor=True),
                rows["amount.amount"],
            ),
        },
        key_reference=options.key_reference,
        subject="Story",
        fixed={"story_type": "milestone"},
    )


def task(options: AccountOptions) -> Kept:
    told = mapping_projects.task()
    rows = told.by_path()
    return kept(
        told,
        {
            "project": in_project(rows["project"]),
            "name": (Settable(kind=str, required=True), _NAME, rows["name"]),
            "startDate": (_DAY, Attribute(name="start_date", wire=iso_day), rows["startDate"]),
            "dueDate": (_DAY, Attribute(name="due_date", wire=iso_day), rows["dueDate"]),
            "parent": (Settable(kind=str), Attribute(name="parent_id", wire=record_id), rows["parent"]),
        },
        key_reference=options.key_reference,
        subject="Story",
        fixed={"story_type": "task"},
    )


def demand(options: AccountOptions) -> Kept:
    """Somebody who is still to be found for the project: a resource with a role, and no person yet.

    https://developer.kantata.com/tag/Workspace-Resources: without a person the role is required. The agreed rate has no
    attribute that the documentation lets anybody write, and stands in a custom field.
    """
    rate = Custom(field=options.rate_field, option="rate_field", kind="currency", of="Resource")
    fields = (
        Field(part("custom_field_values", rate.field), list),
        Field("workspace.currency"),
        Field("workspace.currency_base_unit", int),
    )
    return kept(
        facet("ResourceDemand", "workspace_resource", WORKSPACE_RESOURCES, (), keys={"id": OWN}, ignored=frozenset()),
        {
            "project": in_project(text("project", "workspace_id", writable=False)),
            "role": (Settable(kind=str, required=True), Role(), text("role", "role_name", writable=False)),
            "rate": (Settable(kind=Decimal), rate, derived("rate", fields, kept_amount)),
        },
        key_reference=options.key_reference,
        subject="WorkspaceResource",
    )


def in_project(row: Mapped) -> Path:
    """The project that a record is made in and stays in."""
    settable = Settable(kind=str, required=True, update=False)
    return settable, Attribute(name="workspace_id", wire=record_id, clearable=False), row
