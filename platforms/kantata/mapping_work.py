"""The facets of who works and what it took: assignments, time, expenses, people."""

from platforms.kantata.conditions import Approval, Days, Flag
from platforms.kantata.endpoints import EXPENSES, TIME_ENTRIES, USERS, WORKSPACE_ALLOCATIONS, KantataFacet
from platforms.kantata.keys import OWN, Ids
from platforms.kantata.mapping import STAMPS, approval, billing_state, custom, facet, hours, minor_units
from platforms.kantata.options import AccountOptions
from platforms.mapping import Mapped, day, derived, same, text
from platforms.rows import Field


def _key(path: str, field: str) -> Mapped:
    """A related record's id."""
    return text(path, field, writable=False)


def assignment() -> KantataFacet:
    """An allocation of a project's resource, who may be nobody yet: then it has a role but no person."""
    return facet(
        "Assignment",
        "workspace_allocation",
        WORKSPACE_ALLOCATIONS,
        (
            _key("resource", "workspace_resource.user_id"),
            _key("project", "workspace_id"),
            text("role", "workspace_resource.role_name", writable=False),
            day("startDate", "start_date"),
            day("endDate", "end_date"),
            hours("hours", "minutes"),
            *STAMPS,
        ),
        keys={"id": OWN, "project": Ids("workspace_ids"), "resource": Ids("user_ids")},
        ignored=frozenset({"hard", "notes", "percentage", "created_at", "creator", "external_references"}),
    )


def time_entry() -> KantataFacet:
    return facet(
        "TimeEntry",
        "time_entry",
        TIME_ENTRIES,
        (
            day("date", "date_performed"),
            hours("hours", "time_in_minutes"),
            same("billable", "billable", bool),
            text("notes", "notes"),
            *approval(),
            billing_state("billable"),
            *minor_units("rate", "rate_in_cents"),
            _key("resource", "user_id"),
            _key("project", "workspace_id"),
            _key("task", "story_id"),
            *STAMPS,
        ),
        keys={"id": OWN, "project": Ids("workspace_ids"), "resource": Ids("with_user_ids")},
        conditions={
            "date": Days(between="date_performed_between"),
            "billable": Flag("billable"),
            "approval": Approval("approved", "in_active_submission"),
        },
        sorts={"date": "date_performed"},
        ignored=frozenset(
            {
                "cost_rate_in_cents", "location", "taxable", "currency_symbol", "created_at", "user_can_edit", "role",
                "invoice", "active_submission", "external_references",
            }
        ),
    )  # fmt: skip


def expense() -> KantataFacet:
    return facet(
        "Expense",
        "expense",
        EXPENSES,
        (
            day("date", "date"),
            text("category", "category"),
            *minor_units("amount", "amount_in_cents"),
            same("billable", "is_billable", bool),
            *approval(),
            billing_state("is_billable"),
            _key("resource", "user_id"),
            _key("project", "workspace_id"),
            *STAMPS,
        ),
        keys={"id": OWN, "project": Ids("workspace_ids", single="workspace_id")},
        conditions={"date": Days(between="date_expensed_between"), "approval": Approval("approved")},
        sorts={"date": "date"},
        ignored=frozenset(
            {
                "notes", "reimbursable", "taxable", "vendor_id", "vendor", "receipt_id", "receipt", "currency_symbol",
                "created_at", "user_can_edit", "story", "role", "expense_category", "invoice", "active_submission",
                "external_references",
            }
        ),
    )  # fmt: skip


def resource(options: AccountOptions) -> KantataFacet:
    return facet(
        "Resource",
        "user",
        USERS,
        (
            text("name", "full_name"),
            text("email", "email_address"),
            text("role", "headline"),
            custom("department", options.department_field),
            *minor_units("costRate", "cost_rate_in_cents", "account_membership.", currency=options.currency),
            derived("active", (Field("disabled", bool),), _active, lambda active: (not active,)),
        ),
        keys={"id": OWN},
        # What people say of themselves; the account's role is a rate's name, not a person's.
        ignored=frozenset(
            {
                "photo_path", "generic", "account_id", "bio", "website", "city", "state", "country",
                "last_site_activity", "classification", "role", "manager", "external_references", "skills",
            }
        ),
    )  # fmt: skip


def _active(disabled: bool | None) -> bool | None:
    return None if disabled is None else not disabled
