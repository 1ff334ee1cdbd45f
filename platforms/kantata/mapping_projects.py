"""The facets of what is delivered: clients, projects, milestones, tasks."""

from decimal import Decimal

from platforms.kantata.conditions import CustomText, Days
from platforms.kantata.endpoints import WORKSPACE_GROUPS, WORKSPACES, KantataFacet, stories
from platforms.kantata.envelope import part
from platforms.kantata.keys import OWN, Ids, References
from platforms.kantata.mapping import STAMPS, custom, facet, hours, meaning, minor_units, reference
from platforms.kantata.options import AccountOptions
from platforms.mapping import day, derived, instant, same, text
from platforms.rows import Field
from schema.enums import MilestoneStatus

_STORY_STATES = {
    "not started": MilestoneStatus.PLANNED,
    "started": MilestoneStatus.IN_PROGRESS,
    "needs info": MilestoneStatus.IN_PROGRESS,
    "completed": MilestoneStatus.COMPLETED,
}
_BY_PROJECT = Ids("with_projects", single="workspace_id")
_STORY_LEFT_OUT = frozenset(
    {
        # the person's own planning, and what Kantata computes from time and invoices
        "account_id", "description", "story_type", "priority", "time_estimate_in_minutes", "billable", "fixed_fee",
        "weight", "position", "archived", "deleted_at", "ancestry_depth", "ancestor_ids", "ancestors", "root_id",
        "root", "sub_story_count", "sub_stories", "logged_billable_time_in_minutes",
        "logged_nonbillable_time_in_minutes", "budget_used_in_cents",
        "invoiced_balance_in_cents", "uninvoiced_balance_in_cents", "time_trackable",
        "created_at", "creator", "assignees", "current_assignments", "custom_field_values", "tag_list", "tags",
        "checklist", "story_tasks", "workspace_resources", "currency_symbol",
    }
)  # fmt: skip


def account(options: AccountOptions) -> KantataFacet:
    return facet(
        "Account",
        "workspace_group",
        WORKSPACE_GROUPS,
        (
            reference("anchor", options.account_reference),
            text("name", "name"),
            text("website", "website"),
            *STAMPS,
        ),
        keys={"id": OWN, "anchor": References(options.account_reference)},
        sorts={"name": "name"},
        # Whom to call and what the CRM knows better.
        ignored=frozenset(
            {
                "company", "contact_name", "email", "phone_number", "address", "notes", "created_at", "workspaces",
                "custom_field_values", "rate_card_sets",
            }
        ),
    )  # fmt: skip


def project(options: AccountOptions, web: str) -> KantataFacet:
    kind = part("custom_field_values", options.engagement_type_field)
    return facet(
        "Project",
        "workspace",
        WORKSPACES,
        (
            custom("code", options.project_code_field),
            text("name", "title"),
            meaning("kind", Field(kind), options.engagement_types),
            custom("nativeKind", options.engagement_type_field),
            meaning("status", Field("status.key", int | str), options.project_statuses, writable=True),
            text("nativeStatus", "status.message", writable=False),
            day("startDate", "start_date"),
            day("endDate", "due_date"),
            text("managerName", "primary_maven.full_name", writable=False),
            *minor_units("budget", "price_in_cents"),
            hours("budgetHours", "estimated_minutes"),
            same("percentComplete", "percentage_complete", Decimal, writable=False),
            reference("account", options.account_reference),
            reference("contract", options.contract_reference),
            *STAMPS,
        ),
        keys={
            "id": OWN,
            "account": References(options.account_reference),
            "contract": References(options.contract_reference),
        },
        conditions={
            "code": CustomText(options.project_code_field),
            "startDate": Days(after="start_date_after", before="start_date_before"),
            "endDate": Days(after="due_date_after", before="due_date_before"),
        },
        sorts={"name": "title", "startDate": "start_date", "endDate": "due_date"},
        # Money as text repeats what is in cents; rights, preferences and what Kantata computes are its own.
        ignored=frozenset(
            {
                "account_id", "archived", "description", "effective_due_date", "budgeted", "price", "budget_used",
                "budget_used_in_cents", "budget_remaining", "percent_of_budget_used", "over_budget", "currency_symbol",
                "access_level", "target_margin", "rate_card_id", "consultant_role_name", "client_role_name",
                "require_time_approvals", "require_expense_approvals", "has_active_timesheet_submissions",
                "has_active_expense_report_submissions", "total_expenses_in_cents", "change_orders_enabled",
                "tasks_default_non_billable", "stories_are_fixed_fee_by_default", "expenses_in_burn_rate",
                "permissions", "created_at", "stage", "total_invoiced", "billable_minutes", "minutes_logged",
                "total_minutes_approved", "lock_date", "provider_lead_name", "client_lead_name",
                "revenue_recognition_method_id", "revenue_recognition_method_name", "creator", "primary_counterpart",
                "primary_workspace_group", "approvers", "participants", "participations", "workspace_groups",
                "workspace_resources", "workspace_resources_with_unnamed", "billing_milestones",
                "timesheet_submissions", "status_reports", "current_status_report", "next_uncompleted_milestone",
                "account_color",
            }
        ),
        url=f"{web}/workspaces/{{id}}",
    )  # fmt: skip


def milestone(options: AccountOptions) -> KantataFacet:
    statuses = options.milestone_statuses

    def status(key: int | str | None, state: str | None) -> MilestoneStatus | None:
        """The account's own status where it is known, else the state behind it, which every account has."""
        return statuses.get(str(key)) or _STORY_STATES.get(state or "")

    return facet(
        "Milestone",
        "story",
        stories("milestone"),
        (
            reference("key", options.milestone_reference),
            text("name", "title"),
            derived("status", (Field("status.key", int | str), Field("state")), status),
            text("nativeStatus", "status.message", writable=False),
            day("dueDate", "due_date"),
            instant("completedAt", "completed_at"),
            *minor_units("amount", "budget_estimate_in_cents"),
            text("project", "workspace_id", writable=False),
            *STAMPS,
        ),
        keys={"id": OWN, "project": _BY_PROJECT},
        sorts={"dueDate": "due_date"},
        kinds=(Field("story_type"), frozenset({"milestone"})),
        ignored=_STORY_LEFT_OUT | {"start_date", "percentage_complete", "parent"},
    )


def task() -> KantataFacet:
    return facet(
        "Task",
        "story",
        stories("task", "deliverable", "issue"),
        (
            text("name", "title"),
            text("parent", "parent_id", writable=False),
            day("startDate", "start_date"),
            day("dueDate", "due_date"),
            same("percentComplete", "percentage_complete", Decimal, writable=False),
            text("project", "workspace_id", writable=False),
            *STAMPS,
        ),
        keys={"id": OWN, "project": _BY_PROJECT},
        sorts={"startDate": "start_date", "dueDate": "due_date"},
        kinds=(Field("story_type"), frozenset({"task", "deliverable", "issue"})),
        ignored=_STORY_LEFT_OUT
        | {
            "state", "status", "completed_at", "budget_estimate_in_cents", "currency", "currency_base_unit",
            "external_references",
        },
    )  # fmt: skip
