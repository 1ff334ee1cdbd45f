"""All collections that the emulated API serves."""

from sandbox.kantata.assignments import ASSIGNMENTS
from sandbox.kantata.collection import Collection
from sandbox.kantata.custom_fields import CUSTOM_FIELD_CHOICES, CUSTOM_FIELD_VALUES, CUSTOM_FIELDS
from sandbox.kantata.events import SUBSCRIBED_EVENTS
from sandbox.kantata.expenses import EXPENSE_CATEGORIES, EXPENSES
from sandbox.kantata.invoice_items import ADDITIONAL_ITEMS, FIXED_FEE_ITEMS
from sandbox.kantata.invoicing import BILLING_MILESTONES, EXTERNAL_PAYMENTS, INVOICES
from sandbox.kantata.participations import PARTICIPATIONS
from sandbox.kantata.people import ACCOUNT_MEMBERSHIPS, ROLES, USERS
from sandbox.kantata.references import EXTERNAL_REFERENCES
from sandbox.kantata.resourcing import WORKSPACE_ALLOCATIONS, WORKSPACE_RESOURCES
from sandbox.kantata.stories import STORIES
from sandbox.kantata.submissions import EXPENSE_REPORT_SUBMISSIONS, TIMESHEET_SUBMISSIONS
from sandbox.kantata.time_entries import TIME_ENTRIES
from sandbox.kantata.workspace_groups import WORKSPACE_GROUPS
from sandbox.kantata.workspaces import WORKSPACES

COLLECTIONS: tuple[Collection, ...] = (
    WORKSPACES,
    WORKSPACE_GROUPS,
    PARTICIPATIONS,
    STORIES,
    ASSIGNMENTS,
    TIME_ENTRIES,
    EXPENSES,
    EXPENSE_CATEGORIES,
    TIMESHEET_SUBMISSIONS,
    EXPENSE_REPORT_SUBMISSIONS,
    USERS,
    ACCOUNT_MEMBERSHIPS,
    ROLES,
    WORKSPACE_RESOURCES,
    WORKSPACE_ALLOCATIONS,
    INVOICES,
    FIXED_FEE_ITEMS,
    ADDITIONAL_ITEMS,
    EXTERNAL_PAYMENTS,
    BILLING_MILESTONES,
    CUSTOM_FIELDS,
    CUSTOM_FIELD_CHOICES,
    CUSTOM_FIELD_VALUES,
    EXTERNAL_REFERENCES,
    SUBSCRIBED_EVENTS,
)
