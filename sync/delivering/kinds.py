"""What a webhook may be told of: the kinds of events, and the families that a wildcard stands for."""

from collections.abc import Iterable

from runtime.settings.problems import nearest
from schema.model import model
from sync.ledger.outcomes import EXCEPTION_EVENT, RUN_EVENT
from sync.ledger.port_of_changes import change_kind
from sync.ledger.port_of_webhooks import WEBHOOK_EVENT

RECORDS = change_kind("*")


def record_kinds() -> tuple[str, ...]:
    """Of changed records, by canonical type."""
    return tuple(sorted(change_kind(name) for name, declared in model().types.items() if declared.anchors))


def kinds() -> tuple[str, ...]:
    """All that can be asked for by name."""
    return (*record_kinds(), RUN_EVENT, EXCEPTION_EVENT)


def followed() -> tuple[str, ...]:
    """All that is looked at for webhooks."""
    return (*kinds(), WEBHOOK_EVENT)


def is_record(kind: str) -> bool:
    return kind.startswith(RECORDS[:-1])


def covers(asked: Iterable[str], kind: str) -> bool:
    return any(each == kind or (each == RECORDS and is_record(kind)) for each in asked)


def kind_problem(asked: str) -> str | None:
    """Why there are no events of a kind that somebody asks for; None: there are."""
    known = (RECORDS, *kinds())
    return None if asked in known else f"There is no such kind of events{nearest(asked, known)}."
