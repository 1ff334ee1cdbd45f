"""What the firm delivers: projects with their plan, their people, their time and their expenses."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

from sandbox.firm import words
from sandbox.firm.dice import Dice
from sandbox.firm.model import Assignment, Client, Contract, Expense, Milestone, Person, Project, Task, TimeEntry

_KINDS = ("PROJECT", "RETAINER", "MANAGED_SERVICE", "ADVISORY")
_KIND_WEIGHTS = (60, 12, 13, 15)
_NOTES = (
    "Workshop",
    "Review of findings",
    'Call about "phase 2"',
    "Data load,\nsecond run",
    "Änderungen geprüft",
    None,
)


def _keys(prefix: str) -> Iterator[str]:
    return (f"{prefix}-{number:06}" for number in count(1))


@dataclass(slots=True)
class Delivery:
    """The portfolio while it is made: the projects so far, and what numbers come next."""

    dice: Dice
    as_of: date
    people: list[Person]  # those who deliver
    milestone_keys: Iterator[str]
    projects: list[Project] = field(default_factory=list)
    task_keys: Iterator[str] = field(default_factory=lambda: _keys("task"))
    assignment_keys: Iterator[str] = field(default_factory=lambda: _keys("asg"))
    time_keys: Iterator[str] = field(default_factory=lambda: _keys("time"))
    expense_keys: Iterator[str] = field(default_factory=lambda: _keys("exp"))

    def deliver_to(self, client: Client, contracts: list[Contract]) -> None:
        """Most projects work off a contract; some start before there is one, some contracts never see a project."""
        waiting = [contract for contract in contracts if contract.status not in {"DRAFT", "IN_REVIEW"}]
        for _ in range(self.dice.weighted((0, 1, 2, 3, 4), (4, 34, 32, 20, 10))):
            contract = waiting.pop(0) if waiting and self.dice.chance(75) else None
            second_on_contract = contract is None and contracts and self.dice.chance(12)
            if second_on_contract:
                done = [other.contract for other in self.projects[-4:] if other.client == client.key and other.contract]
                contract = next((one for one in contracts if one.key in done), None)
                self._project(client, contract, own_milestones=True)
            else:
                self._project(client, contract, own_milestones=contract is None)

    def work_inside(self) -> None:
        """Projects without a client: the firm's own, about one for fifty."""
        for _ in range(max(1, len(self.projects) // 50)):
            self._project(None, None, own_milestones=True)

    def _project(self, client: Client | None, contract: Contract | None, *, own_milestones: bool) -> None:
        dice, as_of = self.dice, self.as_of
        number = len(self.projects) + 1
        start, end = self._dates(contract)
        status = self._status(start, end)
        name = dice.pick(words.ENGAGEMENTS if client else words.INTERNAL_PROJECTS)
        code = f"P{100_000 + number}"
        in_erp = client is not None and client.in_erp and (status != "PLANNED" or dice.chance(50)) and dice.chance(95)
        known = min(start, as_of)
        created = dice.instant(known - timedelta(days=40), known - timedelta(days=2))
        project = Project(
            key=f"proj-{number:06}",
            client=client.key if client else None,
            contract=contract.key if contract else None,
            code=code,
            psa_name=f"{client.crm_name} {name}" if client else name,
            erp_name=f"{name} {code}",
            kind=dice.weighted(_KINDS, _KIND_WEIGHTS),
            status=status,
            start_date=None if status == "PLANNED" and dice.chance(30) else start,
            end_date=None if dice.chance(6) else end,
            manager=dice.pick(self.people).key if dice.chance(96) else None,
            currency=client.currency if client else "EUR",
            budget=contract.value if contract else dice.between(40, 2_000) * 12_500 if dice.chance(92) else None,
            budget_minutes=dice.between(40, 4_000) * 30 if dice.chance(94) else None,
            percent_complete=self._progress(status, start, end),
            legal_entity=client.legal_entity if client else "le-de",
            in_erp=in_erp,
            erp_linked=in_erp and dice.chance(95),
            created_at=created,
            updated_at=self._later_than(created),
            financials=None,
        )
        project.milestones = (
            [] if contract is None or own_milestones else self._contract_milestones(project, contract)
        ) or self._own_milestones(project, start, end)
        project.tasks = self._tasks(project, start, end)
        if status != "PLANNED":
            self._staff(project, start, end)
        self.projects.append(project)

    def _dates(self, contract: Contract | None) -> tuple[date, date]:
        if contract is not None:
            return contract.start_date, contract.end_date
        start = self.dice.day(self.as_of - timedelta(days=640), self.as_of + timedelta(days=60))
        return start, start + timedelta(days=self.dice.between(30, 400))

    def _status(self, start: date, end: date) -> str:
        if start > self.as_of - timedelta(days=3):
            return "PLANNED"
        if self.dice.chance(5):
            return "CANCELLED"
        if end < self.as_of and self.dice.chance(92):
            return "COMPLETED"
        return "ON_HOLD" if self.dice.chance(9) else "ACTIVE"

    def _progress(self, status: str, start: date, end: date) -> int:
        if status in {"PLANNED", "COMPLETED"}:
            return 100 if status == "COMPLETED" else 0
        passed = 100 * (self.as_of - start).days // max(1, (end - start).days)
        return max(1, min(98, passed + self.dice.between(-15, 10)))

    def _contract_milestones(self, project: Project, contract: Contract) -> list[Milestone]:
        """The contract's milestones as the delivery side has them: same keys, names and amounts."""
        return [
            self._milestone(project, agreed.key, agreed.name, agreed.due_date, agreed.amount)
            for agreed in contract.milestones
        ]

    def _own_milestones(self, project: Project, start: date, end: date) -> list[Milestone]:
        parts = self.dice.weighted((0, 1, 2, 3), (25, 25, 30, 20))
        return [
            self._milestone(
                project,
                next(self.milestone_keys),
                words.PHASES[at],
                start + (end - start) * (at + 1) // parts if self.dice.chance(92) else None,
                self.dice.between(10, 400) * 2_550 if self.dice.chance(70) else None,
            )
            for at in range(parts)
        ]

    def _milestone(self, project: Project, key: str, name: str, due: date | None, amount: int | None) -> Milestone:
        if project.status == "PLANNED" or due is None or due >= self.as_of:
            status = "IN_PROGRESS" if project.status == "ACTIVE" and self.dice.chance(35) else "PLANNED"
        else:
            status = self.dice.weighted(("COMPLETED", "ACCEPTED", "BILLED", "IN_PROGRESS"), (20, 20, 50, 10))
        done = status in {"COMPLETED", "ACCEPTED", "BILLED"}
        completed = None
        if done and due is not None:
            completed = self.dice.instant(
                min(due, self.as_of - timedelta(days=12)), min(due + timedelta(10), self.as_of - timedelta(days=1))
            )
        return Milestone(key, project.key, name, status, due, completed, amount)

    def _tasks(self, project: Project, start: date, end: date) -> list[Task]:
        tasks: list[Task] = []
        for at in range(self.dice.between(2, 4)):
            begins = self.dice.day(start, end)
            finished = project.status == "COMPLETED"
            tasks.append(
                Task(
                    key=next(self.task_keys),
                    project=project.key,
                    name=self.dice.pick(words.TASKS),
                    parent=tasks[0].key if at > 1 and self.dice.chance(50) else None,
                    start_date=begins if self.dice.chance(90) else None,
                    due_date=self.dice.day(begins, end) if self.dice.chance(90) else None,
                    percent_complete=100 if finished else 0 if begins > self.as_of else 10 * self.dice.between(0, 10),
                )
            )
        return tasks

    def _staff(self, project: Project, start: date, end: date) -> None:
        dice = self.dice
        last = min(end, self.as_of - timedelta(days=1))
        for at in sorted(set(dice.sample(dice.between(1, 3), len(self.people)))):
            person = self.people[at]
            project.assignments.append(
                Assignment(
                    next(self.assignment_keys),
                    project.key,
                    person.key,
                    person.role,
                    start,
                    end,
                    dice.between(4, 160) * 60,
                )
            )
            rate = 9_000 + 500 * dice.between(0, 32)
            for _ in range(dice.between(0, 5)):
                project.time_entries.append(self._time_entry(project, person, dice.day(start, last), rate))
            if dice.chance(45):
                project.expenses.append(self._expense(project, person, dice.day(start, last)))

    def _time_entry(self, project: Project, person: Person, day: date, rate: int) -> TimeEntry:
        dice = self.dice
        billable = project.client is not None and dice.chance(86)
        approval = self._approval(day)
        return TimeEntry(
            key=next(self.time_keys),
            project=project.key,
            person=person.key,
            task=dice.pick(project.tasks).key if dice.chance(80) else None,
            day=day,
            minutes=dice.between(1, 18) * 30 if dice.chance(90) else dice.between(2, 180) * 3,
            billable=billable,
            notes=dice.pick(_NOTES),
            approval=approval,
            billing_state=self._billing_state(billable, approval),
            rate=rate if billable else None,
        )

    def _expense(self, project: Project, person: Person, day: date) -> Expense:
        dice = self.dice
        billable = project.client is not None and dice.chance(70)
        approval = self._approval(day)
        return Expense(
            key=next(self.expense_keys),
            project=project.key,
            person=person.key,
            day=day,
            category=dice.pick(words.EXPENSE_CATEGORIES),
            amount=dice.between(890, 98_000),
            billable=billable,
            approval=approval,
            billing_state=self._billing_state(billable, approval),
        )

    def _approval(self, day: date) -> str:
        if (self.as_of - day).days < 21:
            return self.dice.weighted(("DRAFT", "SUBMITTED", "APPROVED"), (35, 45, 20))
        return self.dice.weighted(("APPROVED", "SUBMITTED", "REJECTED", "DRAFT"), (88, 5, 4, 3))

    def _billing_state(self, billable: bool, approval: str) -> str:
        if not billable:
            return "NOT_BILLABLE"
        return "BILLED" if approval == "APPROVED" and self.dice.chance(70) else "UNBILLED"

    def _later_than(self, moment: datetime) -> datetime:
        yesterday = datetime.combine(self.as_of, time(0), UTC) - timedelta(hours=6)
        return max(moment, min(yesterday, moment + timedelta(hours=self.dice.between(1, 5_000))))


def delivery(
    dice: Dice,
    clients: list[Client],
    contracts: dict[str, list[Contract]],
    people: list[Person],
    *,
    milestone_keys: Iterator[str],
    as_of: date,
) -> list[Project]:
    """All projects; `contracts` by client key, `milestone_keys` where the contracts' milestones left off."""
    made = Delivery(dice, as_of, [person for person in people if person.delivers and person.active], milestone_keys)
    for client in clients:
        if client.in_psa:
            made.deliver_to(client, contracts.get(client.key, []))
    made.work_inside()
    return made.projects
