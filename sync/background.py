"""What a process that works does by itself, beside working on runs."""

from typing import Protocol

from platforms.bindings import Bindings
from runtime.clock import Clock
from runtime.settings import Settings
from sync.acting.assembly import acting
from sync.delivering.assembly import delivering
from sync.desk import Desk
from sync.ledger.port import Ledger
from sync.noticing.letters import opening_letters
from sync.noticing.observer import Observer
from sync.noticing.own_writes import looking_at_own_writes
from sync.noticing.schedule import following_feeds
from sync.reconciling.assembly import reconciling
from sync.retention import keeping


class Service(Protocol):
    """One of several processes may be given the same: whoever does something takes it in the ledger first."""

    async def run(self) -> None:
        """Until it is cancelled. Troubles of the moment, such as a database that is away, don't end it."""
        ...


def background(
    settings: Settings,
    bindings: Bindings,
    ledger: Ledger,
    clock: Clock,
    desk: Desk,
) -> tuple[Service, ...]:
    """The services of one process."""
    observer = Observer(ledger, bindings, clock)
    services: list[Service | None] = [
        looking_at_own_writes(settings, bindings, ledger, observer, clock),
        opening_letters(settings, bindings, ledger, observer, clock),
        following_feeds(settings, bindings, ledger, observer, clock),
        delivering(settings, bindings, ledger, clock),
        acting(settings, bindings, ledger, clock, desk),
        reconciling(settings, bindings, ledger, clock, desk),
        keeping(settings, ledger, clock),
    ]
    return tuple(service for service in services if service is not None)
