"""Answers about what is delivered: projects with their plan, people, time, expenses and money."""

from collections.abc import Iterator

from sandbox.firm.answers.form import day, full_name, hours, instant, margin, money
from sandbox.firm.answers.view import Answer, View
from sandbox.firm.model import Project


def project(view: View, project: Project) -> Answer:
    client = view.clients.get(project.client or "")
    in_books = project.in_erp and project.erp_linked and view.in_some_erp("Project", project.key)
    return view.record(
        "Project",
        project.key,
        code=project.code,
        name=project.psa_name,
        kind=project.kind,
        status=project.status,
        startDate=day(project.start_date),
        endDate=day(project.end_date),
        managerName=full_name(view.people[project.manager]) if project.manager else None,
        budget=None if project.budget is None else money(project.budget, project.currency),
        budgetHours=None if project.budget_minutes is None else hours(project.budget_minutes),
        percentComplete=str(project.percent_complete),
        account=client.key if client and client.psa_linked else None,
        contract=project.contract,
        financials=_financials(view, project) if in_books else None,
    )


def _financials(view: View, project: Project) -> Answer | None:
    """`billed` and `paid` are what the project's posted invoices come to, tax included."""
    books, currency = project.financials, project.currency
    if books is None:
        return None
    posted = [invoice for invoice in view.by_project.get(project.key, ()) if invoice.state == "OPEN"]
    return {
        "billed": money(sum(invoice.total for invoice in posted), currency),
        "paid": money(sum(invoice.settled for invoice in posted), currency),
        "unbilled": money(books.unbilled, currency),
        "workInProgress": money(books.work_in_progress, currency),
        "recognizedRevenue": money(books.recognized_revenue, currency),
        "deferredRevenue": money(books.deferred_revenue, currency),
        "cost": money(books.cost, currency),
        "margin": margin(books.recognized_revenue, books.cost),
        "asOf": instant(books.as_of),
    }


def milestones(view: View, project: Project) -> Iterator[Answer]:
    for milestone in project.milestones:
        yield view.record(
            "Milestone",
            milestone.key,
            name=milestone.name,
            status=milestone.status,
            dueDate=day(milestone.due_date),
            completedAt=instant(milestone.completed_at),
            amount=None if milestone.amount is None else money(milestone.amount, project.currency),
            project=project.key,
        )


def tasks(view: View, project: Project) -> Iterator[Answer]:
    for task in project.tasks:
        yield view.record(
            "Task",
            task.key,
            name=task.name,
            parent=task.parent,
            startDate=day(task.start_date),
            dueDate=day(task.due_date),
            percentComplete=str(task.percent_complete),
            project=project.key,
        )


def assignments(view: View, project: Project) -> Iterator[Answer]:
    for assignment in project.assignments:
        yield view.record(
            "Assignment",
            assignment.key,
            resource=assignment.person,
            project=project.key,
            role=assignment.role,
            startDate=assignment.start_date.isoformat(),
            endDate=assignment.end_date.isoformat(),
            hours=hours(assignment.minutes),
        )


def time_entries(view: View, project: Project) -> Iterator[Answer]:
    for entry in project.time_entries:
        yield view.record(
            "TimeEntry",
            entry.key,
            date=entry.day.isoformat(),
            hours=hours(entry.minutes),
            billable=entry.billable,
            notes=entry.notes,
            approval=entry.approval,
            billingState=entry.billing_state,
            rate=None if entry.rate is None else money(entry.rate, project.currency),
            resource=entry.person,
            project=project.key,
            task=entry.task,
        )


def expenses(view: View, project: Project) -> Iterator[Answer]:
    for expense in project.expenses:
        yield view.record(
            "Expense",
            expense.key,
            date=expense.day.isoformat(),
            category=expense.category,
            amount=money(expense.amount, project.currency),
            billable=expense.billable,
            approval=expense.approval,
            billingState=expense.billing_state,
            resource=expense.person,
            project=project.key,
        )
