"""What a RunChange makes of a run's row."""

from typing import Any

from sync.ledger.port import RunChange
from sync.ledger.records import ACTIVE, ENDED, Run, RunStatus
from sync.ledger.transaction import Transaction

_CLEARABLE = frozenset({"planned_at", "next_at", "parked", "finished_at"})
_SET = tuple(name for name in RunChange.__dataclass_fields__ if name != "clear")


def changed(tx: Transaction, before: Run, change: RunChange) -> dict[str, Any]:
    """Columns to set. What a status brings with it comes along: the moment a run ended, or that it may go on now."""
    if change.clear - _CLEARABLE:
        raise ValueError(f"{sorted(change.clear - _CLEARABLE)} can't become None")
    values = {name: value for name in _SET if (value := getattr(change, name)) is not None}
    values |= dict.fromkeys(change.clear)
    status = change.status
    if status in ENDED:
        values = {"finished_at": tx.now, **values, "next_at": None, "parked": None}
    elif status is RunStatus.AWAITING_APPROVAL:
        values |= {"next_at": None, "finished_at": None}
    elif status in ACTIVE and before.status not in ACTIVE:
        values = {"next_at": tx.now, "parked": None, **values, "finished_at": None}
    return values


def frees_its_order_key(before: Run, change: RunChange) -> bool:
    return before.status in ACTIVE and change.status is not None and change.status not in ACTIVE
