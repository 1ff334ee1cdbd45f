"""The firm with a ledger and a desk, whose processes only say which records they would touch."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from platforms.bindings import Bindings
from runtime.clock import SystemClock
from schema.errors import Queue
from schema.ids import RecordKey, encode_id, key_of, ledger_id
from sync.desk import Desk
from sync.firm import Firm
from sync.ledger.database import DatabaseLedger, open_ledger
from sync.ledger.migrating import migrate
from sync.ledger.port import Hold, NewException, NewRun, Outcome, RunChange
from sync.ledger.records import Operation, Run, RunStatus, Step, StepError, StepStatus
from sync.process import Flow, Process, Wish
from sync.reception import FrontDesk
from tests.resolvers.firm.ledger.subscribers import Subscriber

_numbers = count(1)


class Touching(Wish, forbid_unknown_fields=False):
    """Any wish at all."""

    id: str | None = None
    invoice_id: str | None = None
    account_id: str | None = None


async def _touch(process: Process, wish: Touching) -> None:
    process.concerns(*filter(None, (wish.id, wish.invoice_id, wish.account_id)))


def _flow(name: str, **said: Any) -> Flow:
    usual: dict[str, Any] = {
        "version": 1, "wish": Touching, "process": _touch, "subject": lambda wish: wish.id, "queue": Queue.FINANCE,
        "changes_one_record": name.startswith("update"),
    }  # fmt: skip
    return Flow(name=name, **usual | said)


FLOWS = {
    flow.name: flow
    for flow in (
        _flow("createAccount"),
        _flow("updateAccount"),
        _flow("updateProject"),
        _flow("createInvoice"),
        _flow("postInvoice", approver="finance"),
        _flow("syncRecords"),
    )
}


@dataclass
class Governed:
    """Asks the graph, and does a worker's part in the ledger."""

    world: Any
    ledger: DatabaseLedger
    rung: list[str] = field(default_factory=list)

    async def ask(self, query: str, *, by: str = "admin", **variables: Any) -> dict[str, Any]:
        """`by` is a role, or `role@name`."""
        found: dict[str, Any] = await self.world.ask(query, role=by, **variables)
        return found

    async def data(self, query: str, **options: Any) -> dict[str, Any]:
        answer = await self.ask(query, **options)
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    def ids(self, type_name: str, most: int | None = None) -> list[str]:
        """Global ids of the firm's records of a type."""
        role = {"Account": "CRM", "Project": "PSA", "Invoice": "ERP"}[type_name]
        rows = self.world.records[f"{type_name}.{role}"]
        return [encode_id(RecordKey(type_name, role.lower(), row["id"])) for row in rows[:most]]

    async def accepted(self, **said: Any) -> Run:
        """A run that the desk has taken on, by whatever way."""
        number = next(_numbers)
        usual: dict[str, Any] = {
            "id": f"run-{number}", "workflow": "updateAccount", "version": 1, "correlation_id": f"c-{number}",
            "caller": "portal", "role": "portal", "idempotency_key": f"key-{number}", "input_hash": "h",
            "input": {"name": "Acme"}, "reason": None, "order_key": None, "plan": (), "plan_hash": "p", "facts": {},
            "records": (),
        }  # fmt: skip
        return await self.ledger.accept(NewRun(**usual | said))

    async def failed(self, run: Run, *problems: NewException) -> None:
        """A worker begins the run's step, fails, and leaves these problems behind."""
        claimed = await self.ledger.claim(run.id, "w", seconds=30)
        assert claimed is not None
        hold: Hold = claimed[1]
        step = Step(
            run_id=run.id, name="crm account", position=1, platform="crm", type="Account", role="CRM",
            operation=Operation.UPDATE, status=StepStatus.RUNNING, attempts=1, asked={"name": "Acme"},
        )  # fmt: skip
        step = await self.ledger.begin(hold, step, Outcome())
        error = StepError(code="UPSTREAM_REJECTED", message="No.", retryable=False, platform_code="E1")
        step = Step(**{name: getattr(step, name) for name in step.__struct_fields__} | {"status": StepStatus.FAILED})
        change = RunChange(status=RunStatus.FAILED)
        await self.ledger.stumble(hold, step, error, change, Outcome(raised=problems))

    def problem(self, **said: Any) -> NewException:
        usual: dict[str, Any] = {
            "queue": Queue.FINANCE, "code": "MISMATCH", "message": "They differ.", "cause": f"cause-{next(_numbers)}",
        }  # fmt: skip
        return NewException(**usual | said)

    @staticmethod
    def run_id(run: Run) -> str:
        return ledger_id("SyncRun", run.id)

    @staticmethod
    def key(run_id: str) -> str:
        return key_of("SyncRun", run_id).external_id


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[DatabaseLedger]:
    url = f"sqlite:///{tmp_path}/ledger.db"
    await migrate(url)
    opened = open_ledger(url, clock=SystemClock())
    yield opened
    await opened.close()


@pytest.fixture
def desk_of() -> Callable[..., Callable[[Bindings], Desk]]:
    """The desk over a ledger, for an engine to be made with."""

    def make(ledger: Any, rung: list[str] | None = None, flows: Mapping[str, Flow] = FLOWS) -> Any:
        def desk(bindings: Bindings) -> Desk:
            return FrontDesk(
                ledger, Firm(bindings, {}), flows, SystemClock(),
                ring=lambda: None if rung is None else rung.append("now"),
                approval_seconds=timedelta(days=1).total_seconds(),
            )  # fmt: skip

        return desk

    return make


@pytest.fixture
def governed(ledger: DatabaseLedger, desk_of: Any, make_world: Any, firm: Any) -> Governed:
    rung: list[str] = []
    records = firm.records(7, gaps=0.0, Account=130, Project=40, Invoice=40)
    return Governed(make_world(records, desk=desk_of(ledger, rung)), ledger, rung)


@pytest.fixture
async def subscribe(governed: Any) -> Any:
    subscriber = Subscriber(governed)
    yield subscriber.to
    await governed.world.engine.close()
