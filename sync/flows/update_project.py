"""A project's fields change, each at its owner."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from schema.enums import ProjectKind, ProjectStatus
from schema.errors import Queue
from sync.desk import RefusalCode
from sync.effects import Undo
from sync.flows.given import named, sensible
from sync.flows.money import Money, amount_of, counted
from sync.ownership import split
from sync.process import Flow, Process, Wish, refused

_OVER = frozenset({ProjectStatus.COMPLETED, ProjectStatus.CANCELLED})


class UpdateProject(Wish, frozen=True, kw_only=True):
    id: str
    code: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    kind: ProjectKind | UnsetType | None = UNSET
    status: ProjectStatus | UnsetType | None = UNSET
    start_date: date | UnsetType | None = UNSET
    end_date: date | UnsetType | None = UNSET
    manager_name: str | UnsetType | None = UNSET
    budget: Money | UnsetType | None = UNSET
    budget_hours: Decimal | UnsetType | None = UNSET


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What holds of the project before the change."""

    status: ProjectStatus | None
    start_date: date | None
    end_date: date | None
    currency: str | None


async def update_project(run: Process, wish: UpdateProject) -> None:
    """A closed project is only changed by what opens it again."""
    key = named(run.firm, "Project", wish.id, "id")
    values, places = _values(wish)

    async def look() -> Standing:
        row = await run.firm.one("Project", key, ("status", "startDate", "endDate", "budget.currency"))
        if row is None:
            raise refused(RefusalCode.NOT_FOUND, f"{key.platform} has no such project.", "id")
        return Standing(
            status=row["status"],
            start_date=row["startDate"],
            end_date=row["endDate"],
            currency=row["budget.currency"],
        )

    standing = await run.fact("standing", Standing, look)
    _check(wish, standing, run.today)
    run.concerns(wish.id)
    for update in await split(run, "Project", key, values, places):
        await run.step(f"{update.role.value} record in {update.platform}", update, undo=Undo.RESTORE)


def _values(wish: UpdateProject) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    pairs: dict[str, Any] = {
        "code": wish.code,
        "name": wish.name,
        "kind": wish.kind,
        "status": wish.status,
        "startDate": wish.start_date,
        "endDate": wish.end_date,
        "managerName": wish.manager_name,
        "budgetHours": wish.budget_hours,
    }
    places: dict[str, tuple[str, ...]] = {path: (path,) for path in pairs}
    if wish.budget is None:
        pairs["budget.amount"] = None
    elif isinstance(wish.budget, Money):
        pairs["budget.amount"] = wish.budget.amount
    places["budget.amount"] = ("budget",)
    values = {path: value for path, value in pairs.items() if value is not UNSET}
    if not values:
        raise refused(RefusalCode.INVALID, "Nothing is to be changed: give at least one field.", "id")
    if not (values.get("name", "given") or "").strip():
        raise refused(RefusalCode.INVALID, "A project has a name.", "name")
    if "status" in values and values["status"] is None:
        raise refused(RefusalCode.INVALID, "A project has a status.", "status")
    return values, places


def _check(wish: UpdateProject, standing: Standing, today: date) -> None:
    if standing.status in _OVER and wish.status is UNSET:
        assert standing.status is not None
        message = f"The project is {standing.status.value}: set its status first if work goes on."
        raise refused(RefusalCode.STATE, message, "id")
    for day, name in ((wish.start_date, "startDate"), (wish.end_date, "endDate")):
        sensible(day if isinstance(day, date) else None, today, name)
    start = standing.start_date if wish.start_date is UNSET else wish.start_date
    end = standing.end_date if wish.end_date is UNSET else wish.end_date
    if isinstance(start, date) and isinstance(end, date) and end < start:
        raise refused(RefusalCode.INVALID, f"It would end ({end}) before it starts ({start}).", "endDate")
    if isinstance(wish.budget_hours, Decimal):
        counted(wish.budget_hours, 2, "a number of hours", "budgetHours")
    if isinstance(wish.budget, Money):
        amount_of(wish.budget, "budget")
        if standing.currency is not None and wish.budget.currency != standing.currency:
            message = f"The project is in {standing.currency}; a budget in another currency can't be set."
            raise refused(RefusalCode.INVALID, message, "budget", "currency")


FLOW = Flow(
    name="updateProject",
    version=1,
    wish=UpdateProject,
    process=update_project,
    subject=lambda wish: wish.id,
    queue=Queue.PMO,
    changes_one_record=True,
)
