"""The firm's projects as Kantata holds them: workspace, plan, people, time and expenses."""

from typing import Any

from sandbox.firm.ids import numeric_id, salesforce_id
from sandbox.firm.model import Assignment, Expense, Milestone, Project, Task, TimeEntry
from sandbox.kantata.seeding import (
    ENGAGEMENT_TYPE,
    EXPENSE_REPORT_BASE,
    KIND_CHOICES,
    PARTICIPATION_BASE,
    PROJECT_CODE,
    RESOURCE_BASE,
    TIMESHEET_BASE,
    Seeding,
)
from sandbox.kantata.stories import STATUSES as STORY_STATUSES
from sandbox.store import Record

STATUS_KEYS = {"PLANNED": 201, "ACTIVE": 301, "ON_HOLD": 401, "CANCELLED": 501, "COMPLETED": 601}
STORY_STATUS_KEYS = {"PLANNED": 10, "IN_PROGRESS": 20, "COMPLETED": 30, "ACCEPTED": 40, "BILLED": 50}
SUBMISSION_STATUSES = {"SUBMITTED": "pending", "APPROVED": "approved", "REJECTED": "rejected"}


def seed_project(seeding: Seeding, project: Project) -> None:
    workspace_id = numeric_id("kantata.workspace", project.key)
    created, updated = seeding.stamp(project.created_at), seeding.stamp(project.updated_at)
    stamps = {"created_at": created, "updated_at": updated}
    _workspace(seeding, project, workspace_id, stamps)
    for milestone in project.milestones:
        _milestone(seeding, project, milestone, workspace_id, stamps)
    for task in project.tasks:
        _task(seeding, project, task, workspace_id, stamps)
    _participations(seeding, project, workspace_id, stamps)
    resources: dict[tuple[str | None, str], str] = {}
    for assignment in project.assignments:
        _assignment(seeding, assignment, workspace_id, stamps, resources)
    timesheets: dict[tuple[str, str], str] = {}
    for entry in project.time_entries:
        _time_entry(seeding, project, entry, workspace_id, timesheets)
    reports: dict[tuple[str, str], str] = {}
    for expense in project.expenses:
        _expense(seeding, project, expense, workspace_id, reports)


def _workspace(seeding: Seeding, project: Project, workspace_id: str, stamps: Record) -> None:
    client = seeding.clients.get(project.client or "")
    manager = seeding.user_id(project.manager)
    seeding.put(
        "workspaces",
        {
            "id": workspace_id,
            "title": project.psa_name,
            "archived": False,
            "start_date": _iso(project.start_date),
            "due_date": _iso(project.end_date),
            "budgeted": project.budget is not None,
            "price_in_cents": project.budget,
            "currency": project.currency,
            "percentage_complete": project.percent_complete,
            "status_key": STATUS_KEYS[project.status],
            "estimated_minutes": project.budget_minutes,
            "creator_id": manager or seeding.account.user_id,
            "primary_maven_id": manager,
            "primary_workspace_group_id": (
                numeric_id("kantata.workspace_group", client.key) if client is not None and client.in_psa else None
            ),
            **stamps,
        },
    )
    created = stamps["created_at"]
    if client is not None and client.psa_linked:
        seeding.refer(("Workspace", workspace_id), "salesforce", "Account", salesforce_id("001", client.key), created)
    if project.contract is not None:
        ref = salesforce_id("800", project.contract)
        seeding.refer(("Workspace", workspace_id), "salesforce_contract", "Contract", ref, created)
    seeding.value("Workspace", workspace_id, PROJECT_CODE, project.code, created)
    seeding.value("Workspace", workspace_id, ENGAGEMENT_TYPE, [int(KIND_CHOICES[project.kind][0])], created)
    seeding.knows("Project", project.key, "workspace", workspace_id)


def _milestone(seeding: Seeding, project: Project, milestone: Milestone, workspace_id: str, stamps: Record) -> None:
    story_id = numeric_id("kantata.story", milestone.key)
    status = STORY_STATUS_KEYS[milestone.status]
    completed = seeding.stamp(milestone.completed_at) if milestone.completed_at else None
    dates = {"due_date": _iso(milestone.due_date), "completed_at": completed}
    story = _story(project, story_id, workspace_id, title=milestone.name, kind="milestone", status=status)
    done = 100 if status >= STORY_STATUS_KEYS["COMPLETED"] else 0
    amount = {"budget_estimate_in_cents": milestone.amount, "percentage_complete": done}
    seeding.put("stories", {**story, **dates, **amount, **stamps})
    seeding.refer(("Story", story_id), "crosswalk_milestone", "Milestone", milestone.key, stamps["created_at"])
    seeding.knows("Milestone", milestone.key, "story", story_id)


def _task(seeding: Seeding, project: Project, task: Task, workspace_id: str, stamps: Record) -> None:
    story_id = numeric_id("kantata.story", task.key)
    status = 30 if task.percent_complete == 100 else 20 if task.percent_complete else 10
    story = _story(project, story_id, workspace_id, title=task.name, kind="task", status=status)
    seeding.put(
        "stories",
        {
            **story,
            "parent_id": numeric_id("kantata.story", task.parent) if task.parent else None,
            "start_date": _iso(task.start_date),
            "due_date": _iso(task.due_date),
            "percentage_complete": task.percent_complete,
            "completed_at": stamps["updated_at"] if status == STORY_STATUS_KEYS["COMPLETED"] else None,
            **stamps,
        },
    )
    seeding.knows("Task", task.key, "story", story_id)


def _story(project: Project, story_id: str, workspace_id: str, *, title: str, kind: str, status: int) -> Record:
    return {
        "id": story_id,
        "workspace_id": workspace_id,
        "title": title,
        "story_type": kind,
        "status_key": status,
        "state": STORY_STATUSES[status][1],
        "billable": project.client is not None,
        "archived": False,
        "currency": project.currency,
    }


def _participations(seeding: Seeding, project: Project, workspace_id: str, stamps: Record) -> None:
    """The manager and everybody with an assignment or an entry takes part."""
    keys = [project.manager]
    keys += [each.person for part in (project.assignments, project.time_entries, project.expenses) for each in part]
    members = dict.fromkeys(user_id for key in keys if (user_id := seeding.user_id(key)) is not None)
    manager = seeding.user_id(project.manager)
    for user_id in members:
        participation = {"id": seeding.counted(PARTICIPATION_BASE), "workspace_id": workspace_id, "user_id": user_id}
        access = "admin" if user_id == manager else "edit_time_and_expenses"
        seeding.put("participations", {**participation, "role": "maven", "access": access, **stamps})


def _assignment(
    seeding: Seeding,
    assignment: Assignment,
    workspace_id: str,
    stamps: Record,
    resources: dict[tuple[str | None, str], str],
) -> None:
    user_id, role_id = seeding.user_id(assignment.person), seeding.roles[assignment.role]
    resource_id = resources.get((user_id, role_id))
    if resource_id is None:
        resource_id = resources[user_id, role_id] = seeding.counted(RESOURCE_BASE)
        resource = {"id": resource_id, "workspace_id": workspace_id, "user_id": user_id, "role_id": role_id}
        seeding.put("workspace_resources", {**resource, **stamps})
    allocation_id = numeric_id("kantata.workspace_allocation", assignment.key)
    seeding.put(
        "workspace_allocations",
        {
            "id": allocation_id,
            "workspace_id": workspace_id,
            "workspace_resource_id": resource_id,
            "_user_id": user_id,
            "start_date": assignment.start_date.isoformat(),
            "end_date": assignment.end_date.isoformat(),
            "minutes": assignment.minutes,
            "hard": True,
            "creator_id": seeding.account.user_id,
            **stamps,
        },
    )
    seeding.knows("Assignment", assignment.key, "workspace_allocation", allocation_id)


def _time_entry(
    seeding: Seeding, project: Project, entry: TimeEntry, workspace_id: str, sheets: dict[tuple[str, str], str]
) -> None:
    entry_id = numeric_id("kantata.time_entry", entry.key)
    person = seeding.people[entry.person]
    seeding.put(
        "time_entries",
        {
            "id": entry_id,
            "workspace_id": workspace_id,
            "user_id": seeding.user_id(entry.person),
            "story_id": numeric_id("kantata.story", entry.task) if entry.task else None,
            "role_id": seeding.roles[person.role],
            "date_performed": entry.day.isoformat(),
            "time_in_minutes": entry.minutes,
            "billable": entry.billable,
            "notes": entry.notes,
            "rate_in_cents": entry.rate,
            "cost_rate_in_cents": person.cost_rate,
            **_line_item(seeding, project, entry, workspace_id, submissions=sheets, table="timesheet_submissions"),
        },
    )
    seeding.knows("TimeEntry", entry.key, "time_entry", entry_id)


def _expense(
    seeding: Seeding, project: Project, expense: Expense, workspace_id: str, reports: dict[tuple[str, str], str]
) -> None:
    expense_id = numeric_id("kantata.expense", expense.key)
    seeding.put(
        "expenses",
        {
            "id": expense_id,
            "workspace_id": workspace_id,
            "user_id": seeding.user_id(expense.person),
            "role_id": seeding.roles[seeding.people[expense.person].role],
            "date": expense.day.isoformat(),
            "category": expense.category,
            "expense_category_id": seeding.categories[expense.category],
            "amount_in_cents": expense.amount,
            "is_billable": expense.billable,
            **_line_item(
                seeding, project, expense, workspace_id, submissions=reports, table="expense_report_submissions"
            ),
        },
    )
    seeding.knows("Expense", expense.key, "expense", expense_id)


def _line_item(
    seeding: Seeding,
    project: Project,
    item: TimeEntry | Expense,
    workspace_id: str,
    *,
    submissions: dict[tuple[str, str], str],
    table: str,
) -> Record:
    """What time and expenses share; the items of one person with one fate went into one submission."""
    written = seeding.evening_of(item.day)
    submission_id = None
    if item.approval in SUBMISSION_STATUSES:
        submission_id = submissions.get((item.person, item.approval))
        if submission_id is None:
            base = TIMESHEET_BASE if table == "timesheet_submissions" else EXPENSE_REPORT_BASE
            submission_id = submissions[item.person, item.approval] = seeding.counted(base)
            submission = {
                "id": submission_id,
                "workspace_id": workspace_id,
                "user_id": seeding.user_id(item.person),
                "status": SUBMISSION_STATUSES[item.approval],
                "currency": project.currency,
                "created_at": written,
                "updated_at": written,
            }
            seeding.put(table, submission)
    return {
        "currency": project.currency,
        "approved": item.approval == "APPROVED",
        "is_invoiced": item.billing_state == "BILLED",
        "recent_submission_id": submission_id,
        "active_submission_id": submission_id if item.approval != "REJECTED" else None,
        "created_at": written,
        "updated_at": written,
    }


def _iso(day: Any) -> str | None:
    return day.isoformat() if day is not None else None
