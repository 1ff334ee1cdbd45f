"""What a firm may say of its account beyond address and token: names of custom fields and references, and statuses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from platforms.registry import Connection
from schema.enums import MilestoneStatus, ProjectKind, ProjectStatus

OPTIONS = {
    "account_reference": "Service name of the external references to accounts. Default: salesforce.",
    "contract_reference": "Service name of the external references to contracts. Default: salesforce_contract.",
    "milestone_reference": "Service name of the external references that hold milestones' keys. Default: "
    "crosswalk_milestone.",
    "project_code_field": "Name of the project custom field that holds the code. Default: Project code.",
    "engagement_type_field": "Name of the project custom field that says the kind. Default: Engagement type.",
    "department_field": "Name of the user custom field that holds the department. Default: Department.",
    "key_reference": "Service name of the external references that hold the keys of what Crosswalk made. Default: "
    "crosswalk.",
    "invoice_reference": "Service name of the external references of invoices to the ERP's. Default: "
    "crosswalk_invoice.",
    "billing_status_field": "Name of the project custom field (text) that says where billing stands. Default: "
    "Billing status.",
    "billing_invoiced_field": "Name of the project custom field (currency) for what is invoiced. Default: Invoiced.",
    "billing_paid_field": "Name of the project custom field (currency) for what is paid. Default: Paid.",
    "billing_outstanding_field": "Name of the project custom field (currency) for what is open. Default: Outstanding.",
    "billing_credited_field": "Name of the project custom field (currency) for what is credited. Default: Credited.",
    "rate_field": "Name of the resource custom field (currency) for the agreed rate an hour. Default: Bill rate.",
    "settle_seconds": "How long Kantata may still be at work on a call whose answer was lost. Default: 180.",
    "engagement_types": "What the choices of the engagement type mean: {Retainer: RETAINER, ...}.",
    "project_statuses": "What the keys of the account's project statuses mean: {'301': ACTIVE, ...}.",
    "milestone_statuses": "What the keys of the account's task statuses mean for a milestone: {'40': ACCEPTED, ...}.",
    "currency": "The account's currency, such as EUR: of cost rates where the answer doesn't name one.",
    "page_size": "Rows in one answer, 200 at most (the default); fewer where Kantata takes too long to make them.",
}
MOST_ROWS = 200
"""The most that `per_page` grants."""
SETTLE_SECONDS = 180.0
"""Every call times out on Kantata's side after 3 minutes: https://developer.kantata.com/section/timeouts"""
_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST_SETTLE = 3600
_LONGEST_NAME = 100  # service names stand in URLs, which have to stay short
E = TypeVar("E", bound=Enum)

PROJECT_STATUSES = {
    "201": ProjectStatus.PLANNED,
    "301": ProjectStatus.ACTIVE,
    "401": ProjectStatus.ON_HOLD,
    "501": ProjectStatus.CANCELLED,
    "601": ProjectStatus.COMPLETED,
}
MILESTONE_STATUSES = {
    "10": MilestoneStatus.PLANNED,
    "20": MilestoneStatus.IN_PROGRESS,
    "30": MilestoneStatus.COMPLETED,
    "40": MilestoneStatus.ACCEPTED,
    "50": MilestoneStatus.BILLED,
}
ENGAGEMENT_TYPES = {
    "Project": ProjectKind.PROJECT,
    "Retainer": ProjectKind.RETAINER,
    "Managed service": ProjectKind.MANAGED_SERVICE,
    "Advisory": ProjectKind.ADVISORY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptions:
    """Both status lists are each account's own; the defaults are those that a new account begins with."""

    account_reference: str = "salesforce"
    contract_reference: str = "salesforce_contract"
    milestone_reference: str = "crosswalk_milestone"
    project_code_field: str = "Project code"
    engagement_type_field: str = "Engagement type"
    department_field: str = "Department"
    key_reference: str = "crosswalk"
    invoice_reference: str = "crosswalk_invoice"
    billing_status_field: str = "Billing status"
    billing_invoiced_field: str = "Invoiced"
    billing_paid_field: str = "Paid"
    billing_outstanding_field: str = "Outstanding"
    billing_credited_field: str = "Credited"
    rate_field: str = "Bill rate"
    settle_seconds: float = SETTLE_SECONDS
    engagement_types: Mapping[str, ProjectKind] = field(default_factory=lambda: ENGAGEMENT_TYPES)
    project_statuses: Mapping[str, ProjectStatus] = field(default_factory=lambda: PROJECT_STATUSES)
    milestone_statuses: Mapping[str, MilestoneStatus] = field(default_factory=lambda: MILESTONE_STATUSES)
    currency: str | None = None
    page_size: int = MOST_ROWS


def read_options(connection: Connection) -> AccountOptions:
    """The options of the settings, checked; SettingsError says which one can't be meant."""
    given = dict(connection.options)
    usual = AccountOptions()
    names = {name: _name(connection, name, given.get(name, getattr(usual, name))) for name in _NAMES}
    currency = given.get("currency")
    if currency is not None and not (isinstance(currency, str) and _CURRENCY.fullmatch(currency)):
        raise connection.problem("options.currency", "must be an ISO 4217 code, such as EUR")
    size = given.get("page_size", usual.page_size)
    if not isinstance(size, int) or not 1 <= size <= MOST_ROWS:
        raise connection.problem("options.page_size", f"must be from 1 to {MOST_ROWS}")
    settle = given.get("settle_seconds", usual.settle_seconds)
    if isinstance(settle, bool) or not isinstance(settle, int | float) or not 0 <= settle <= _LONGEST_SETTLE:
        raise connection.problem("options.settle_seconds", f"must be from 0 to {_LONGEST_SETTLE} seconds")
    others = [names[name] for name in _NAMES if name.endswith("_reference") and name != "key_reference"]
    if names["key_reference"] in others:  # a record has one reference to a service
        raise connection.problem("options.key_reference", "must be none of the other references' names")
    return AccountOptions(
        **names,
        settle_seconds=float(settle),
        engagement_types=_meanings(connection, "engagement_types", given, ProjectKind) or usual.engagement_types,
        project_statuses=_meanings(connection, "project_statuses", given, ProjectStatus) or usual.project_statuses,
        milestone_statuses=_meanings(connection, "milestone_statuses", given, MilestoneStatus)
        or usual.milestone_statuses,
        currency=currency,
        page_size=size,
    )


_NAMES = (
    "account_reference", "contract_reference", "milestone_reference", "project_code_field", "engagement_type_field",
    "department_field", "key_reference", "invoice_reference", "billing_status_field", "billing_invoiced_field",
    "billing_paid_field", "billing_outstanding_field", "billing_credited_field", "rate_field",
)  # fmt: skip


def _name(connection: Connection, option: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_NAME:
        raise connection.problem(f"options.{option}", f"must be a name of at most {_LONGEST_NAME} characters")
    return value


def _meanings(connection: Connection, option: str, given: Mapping[str, Any], kind: type[E]) -> dict[str, E] | None:
    if option not in given:
        return None
    value = given[option]
    known = kind.__members__
    if not isinstance(value, Mapping) or not value or any(meaning not in known for meaning in value.values()):
        raise connection.problem(
            f"options.{option}", f"must map each of the account's own to one of {', '.join(known)}"
        )
    return {str(key): known[meaning] for key, meaning in value.items()}
