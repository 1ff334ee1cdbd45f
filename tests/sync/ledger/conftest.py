"""Runs, steps and problems to write down, as short as a test can say them."""

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

import pytest

from schema.errors import Queue
from sync.ledger.database import DatabaseLedger
from sync.ledger.port import Hold, NewException, NewRun
from sync.ledger.records import Audited, Operation, Run, Step, StepStatus

_numbers = count(1)


def _new_run(**said: Any) -> NewRun:
    number = next(_numbers)
    usual: dict[str, Any] = {
        "id": f"run-{number}",
        "workflow": "updateAccount",
        "version": 1,
        "correlation_id": f"c-{number}",
        "caller": "portal",
        "role": "portal",
        "idempotency_key": f"key-{number}",
        "input_hash": "h",
        "input": {"name": "Acme"},
        "reason": None,
        "order_key": None,
        "plan": None,
        "plan_hash": None,
        "facts": {},
        "records": (),
    }
    return NewRun(**{**usual, **said})


@pytest.fixture
def new_run() -> Callable[..., NewRun]:
    """A run that nothing is special about, but for what is said."""
    return _new_run


@pytest.fixture
def new_step() -> Callable[..., Step]:
    def new(run_id: str, name: str = "crm account", **said: Any) -> Step:
        usual: dict[str, Any] = {
            "run_id": run_id,
            "name": name,
            "position": 1,
            "platform": "salesforce",
            "type": "Account",
            "role": "CRM",
            "operation": Operation.UPDATE,
            "status": StepStatus.RUNNING,
        }
        return Step(**{**usual, **said})

    return new


@pytest.fixture
def new_exception() -> Callable[..., NewException]:
    def new(cause: str = "account-1:name", **said: Any) -> NewException:
        usual: dict[str, Any] = {"queue": Queue.FINANCE, "code": "MISMATCH", "message": "They differ.", "cause": cause}
        return NewException(**{**usual, **said})

    return new


@pytest.fixture
def said_by() -> Callable[..., Audited]:
    def said(actor: str = "portal", action: str = "run.requested", detail: Any = None, **more: Any) -> Audited:
        return Audited(actor=actor, action=action, detail=detail, **more)

    return said


Claimed = Callable[..., Awaitable[tuple[Run, Hold]]]


@pytest.fixture
def claimed(ledger: DatabaseLedger) -> Claimed:
    """A run that worker `w1` holds for 30 seconds."""

    async def claim(**said: Any) -> tuple[Run, Hold]:
        run = await ledger.accept(_new_run(**said))
        found = await ledger.claim(run.id, "w1", seconds=30)
        assert found is not None
        return found

    return claim
