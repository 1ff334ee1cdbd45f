"""What each field of Subscription follows: which events of the ledger are a caller's, and how they are shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from platforms.bindings import Bindings
from sync.desk import Caller, Desk
from sync.ledger.records import Event

Accepts = Callable[[Event], bool]
Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Who waits, and what says whether they may see the ledger, and whose ids a platform's links hold."""

    caller: Caller
    desk: Desk
    bindings: Bindings

    @property
    def sees_all(self) -> bool:
        return self.desk.may_read_ledger(self.caller)


class Stream(Protocol):
    """One field of Subscription."""

    name: str
    kind: str

    def accepted(self, waiting: Waiting, arguments: Arguments) -> Accepts:
        """Whether an event is meant, and is the caller's to see when it comes. Raises Forbidden, BadUserInput."""
        ...

    def allow(self, waiting: Waiting) -> None:
        """Raises Forbidden where the caller may not hear (any more) what the stream tells."""
        ...

    def shown(self, event: Event) -> Any: ...
