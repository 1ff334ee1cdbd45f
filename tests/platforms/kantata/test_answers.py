"""What is made of Kantata's answers: rows in the answer's order, with what came beside them, exact and in our words."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from platforms.predicates import TRUE
from platforms.readers import Order, ReadQuery
from schema.enums import ApprovalStatus, BillingState, MilestoneStatus, ProjectKind, ProjectStatus
from schema.errors import TooWide, UpstreamInvalidResponse
from schema.roles import PlatformRole


@pytest.fixture
def told(connect, account):
    """The values of every path of the rows that an answer gives."""

    async def reading(type_name, answer, options=None, **query):
        platform = connect(**(options or {}))
        facet = platform.reader.facets[type_name, PlatformRole.PSA]
        account.answers = [(200, answer)]
        projection = platform.reader.project(facet, [row.path for row in facet.rows])
        page = await platform.reader.read(projection, ReadQuery(**query))
        return [{row.path: projection.getter(row.path)(found) for row in facet.rows} for found in page.rows]

    return reading


def references(*pairs):
    return {str(n): {"service_name": name, "service_model_ref": ref} for n, (name, ref) in enumerate(pairs, start=1)}


async def test_a_project_is_put_together_from_its_answer(told, answer):
    record = {
        "id": "280335", "title": "Halden rollout", "start_date": "2026-03-01", "due_date": "2026-09-30",
        "status": {"color": "green", "key": 301, "message": "In progress"}, "percentage_complete": 35,
        "price_in_cents": 1234567, "currency": "EUR", "currency_base_unit": 100, "estimated_minutes": 90,
        "primary_maven_id": "2", "external_reference_ids": ["1", "2", "3"], "custom_field_value_ids": ["7", "8", "9"],
        "updated_at": "2026-03-31T10:54:39-07:00",
    }  # fmt: skip
    found = await told(
        "Project",
        answer(
            "workspaces",
            record,
            users={"2": {"id": "2", "full_name": "Ada L"}},
            external_references=references(("jira", "X-1"), ("salesforce", "001A"), ("salesforce_contract", "800B")),
            custom_field_values={
                "7": {"custom_field_name": "Project code", "display_value": "HAL-1", "value": "HAL-1"},
                "8": {"custom_field_name": "Engagement type", "display_value": "Managed service", "value": [870003]},
                "9": {"custom_field_name": "Colour", "display_value": "red", "value": "red"},
            },
        ),
    )
    assert [repr(row["budget.amount"]) for row in found] == ["Decimal('12345.67')"]
    assert found == [
        {
            "id": "280335", "code": "HAL-1", "name": "Halden rollout", "kind": ProjectKind.MANAGED_SERVICE,
            "nativeKind": "Managed service", "status": ProjectStatus.ACTIVE, "nativeStatus": "In progress",
            "startDate": record_day("2026-03-01"), "endDate": record_day("2026-09-30"), "managerName": "Ada L",
            "budget.amount": Decimal("12345.67"), "budget.currency": "EUR", "budgetHours": Decimal("1.5"),
            "percentComplete": Decimal(35), "account": "001A", "contract": "800B",
            "modifiedAt": datetime(2026, 3, 31, 17, 54, 39, tzinfo=UTC),
        }
    ]  # fmt: skip


def record_day(text):
    return datetime.fromisoformat(text).date()


async def test_what_the_user_may_not_see_is_missing_not_zero(told, answer):
    (found,) = await told("Project", answer("workspaces", {"id": "1", "currency": "EUR"}))
    assert {path for path, value in found.items() if value is not None} == {"id"}


@pytest.mark.parametrize(
    ("minor", "currency", "base", "amount"),
    [
        (5, "USD", 100, "0.05"), (5760, "JPY", 1, "5760"), (1234, "KWD", 1000, "1.234"), (1200, "EUR", None, "12.00"),
        (-1, "EUR", 100, "-0.01"), (2**53 + 1, "USD", 100, "90071992547409.93"), (0, "EUR", 100, "0.00"),
    ],
)  # fmt: skip
async def test_money_is_exact_and_goes_by_the_currencys_own_unit(told, answer, minor, currency, base, amount):
    record = {"id": "1", "amount_in_cents": minor, "currency": currency, "currency_base_unit": base}
    (found,) = await told("Expense", answer("expenses", record))
    assert str(found["amount.amount"]) == amount
    assert found["amount.currency"] == currency


async def test_a_cost_rate_without_a_currency_needs_the_option(told, answer):
    user = {"id": "1", "account_membership_id": "5", "disabled": True}
    body = answer("users", user, account_memberships={"5": {"id": "5", "cost_rate_in_cents": 6150}})
    (found,) = await told("Resource", body)
    assert (found["costRate.amount"], found["costRate.currency"]) == (None, None)
    (found,) = await told("Resource", body, {"currency": "CHF"})
    assert (found["costRate.amount"], found["costRate.currency"]) == (Decimal("61.50"), "CHF")
    assert found["active"] is False


@pytest.mark.parametrize(
    ("approved", "status", "approval"),
    [
        (True, None, ApprovalStatus.APPROVED),
        (True, "approved", ApprovalStatus.APPROVED),
        (False, "pending", ApprovalStatus.SUBMITTED),
        (False, "rejected", ApprovalStatus.REJECTED),
        (False, "cancelled", ApprovalStatus.DRAFT),
        (False, None, ApprovalStatus.DRAFT),
        (None, None, None),
    ],
)
async def test_approval_is_the_flag_or_the_submission_it_was_last_part_of(told, answer, approved, status, approval):
    entry = {"id": "1", "approved": approved, "recent_submission_id": status and "9"}
    submissions = {"9": {"id": "9", "status": status}} if status else {}
    (found,) = await told("TimeEntry", answer("time_entries", entry, timesheet_submissions=submissions))
    assert found["approval"] is approval
    assert found["nativeApproval"] == status


@pytest.mark.parametrize(
    ("billable", "invoiced", "state"),
    [
        (True, False, BillingState.UNBILLED),
        (True, True, BillingState.BILLED),
        (False, False, BillingState.NOT_BILLABLE),
        (None, None, None),
    ],
)
async def test_the_billing_state_follows_from_two_flags(told, answer, billable, invoiced, state):
    (found,) = await told(
        "TimeEntry", answer("time_entries", {"id": "1", "billable": billable, "is_invoiced": invoiced})
    )
    assert found["billingState"] is state


@pytest.mark.parametrize(("minutes", "hours"), [(90, "1.5"), (6000, "100"), (20, "0.3333"), (3, "0.05"), (0, "0")])
async def test_minutes_are_hours(told, answer, minutes, hours):
    (found,) = await told("TimeEntry", answer("time_entries", {"id": "1", "time_in_minutes": minutes}))
    assert str(found["hours"]) == hours


@pytest.mark.parametrize(
    ("key", "state", "status"),
    [
        (40, "completed", MilestoneStatus.ACCEPTED),
        ("50", "completed", MilestoneStatus.BILLED),
        (77, "needs info", MilestoneStatus.IN_PROGRESS),
        (None, "not started", MilestoneStatus.PLANNED),
        (None, "in review", None),
    ],
)
async def test_a_milestones_status_is_the_accounts_own_or_the_state_behind_it(told, answer, key, state, status):
    story = {"id": "1", "story_type": "milestone", "state": state, "status": key and {"key": key, "message": "x"}}
    (found,) = await told("Milestone", answer("stories", story))
    assert found["status"] is status


async def test_an_accounts_own_statuses_and_names_are_options(told, answer):
    options = {
        "project_statuses": {"9": "ON_HOLD"},
        "engagement_types": {"Abo": "RETAINER"},
        "project_code_field": "Nr. 100% (intern)",
        "engagement_type_field": "Art",
        "account_reference": "sf.emea",
    }
    record = {
        "id": "1", "status": {"key": "9"}, "custom_field_value_ids": ["1", "2"], "external_reference_ids": ["1"],
    }  # fmt: skip
    values = {
        "1": {"custom_field_name": "Nr. 100% (intern)", "display_value": "4711"},
        "2": {"custom_field_name": "Art", "display_value": "Abo"},
    }
    body = answer("workspaces", record, custom_field_values=values, external_references=references(("sf.emea", "001A")))
    (found,) = await told("Project", body, options)
    assert (found["code"], found["kind"], found["status"]) == ("4711", ProjectKind.RETAINER, ProjectStatus.ON_HOLD)
    assert found["account"] == "001A"


async def test_rows_come_in_the_order_of_the_results_and_side_loads_of_their_own_type_are_none(told, answer):
    task, parent = {"id": "1", "story_type": "task", "parent_id": "5"}, {"id": "5", "story_type": "task"}
    body = answer("stories", task, {"id": "9", "story_type": "issue"})
    body["stories"] = {"5": parent, "9": body["stories"]["9"], "1": task}
    assert [(row["id"], row["parent"]) for row in await told("Task", body)] == [("1", "5"), ("9", None)]


async def test_records_that_a_filter_should_have_left_out_are_left_out(told, answer):
    stories = ({"id": "1", "story_type": "task"}, {"id": "2", "story_type": "milestone"})
    assert [row["id"] for row in await told("Milestone", answer("stories", *stories))] == ["2"]
    expenses = ({"id": "1", "workspace_id": "7"}, {"id": "2", "workspace_id": "8"}, {"id": "3"})
    body = answer("expenses", *expenses)
    assert [row["id"] for row in await told("Expense", body, by="project", keys=("8", "9"))] == ["2"]


@pytest.mark.parametrize(
    "change",
    [
        {"results": [{"id": "2"}]},
        {"results": [{"key": "workspaces"}]},
        {"results": None},
        {"workspaces": {"1": {"title": "no id"}}},
        {"workspaces": {"1": {"id": "x"}}},
        {"workspaces": {"1": {"id": "1", "price_in_cents": 12.5}}},
        {"workspaces": {"1": {"id": "1", "start_date": "soon"}}},
        {"workspaces": []},
        {"meta": {}},
    ],
)
async def test_an_answer_of_another_form_is_told_as_such(told, answer, change):
    with pytest.raises(UpstreamInvalidResponse) as refused:
        await told("Project", answer("workspaces", {"id": "1"}) | change)
    assert refused.value.platform == "psa"


async def test_too_many_rows_for_an_order_of_ours_are_too_wide(told, answer):
    order = (Order("startDate"), Order("name"))
    with pytest.raises(TooWide, match="10,001 rows") as refused:
        await told("Project", answer("workspaces", {"id": "1"}, count=10_001), order=order, where=TRUE)
    assert refused.value.part == "Project"
