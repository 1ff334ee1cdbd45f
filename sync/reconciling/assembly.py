"""Reconciliation put together from an installation's settings."""

from datetime import time, timedelta

from platforms.bindings import Bindings
from runtime.clock import Clock
from runtime.settings import Settings, SettingsError
from runtime.settings.problems import nearest
from sync.desk import Desk
from sync.firm import Firm
from sync.ledger.port import Ledger
from sync.reconciling.asking import Asking
from sync.reconciling.comparisons import COMPARISONS
from sync.reconciling.reconciler import Reconciler
from sync.reconciling.repairing import Repairs
from sync.reconciling.service import ReconcilingService
from sync.reconciling.telling import Telling
from sync.services import templates_of


def reconciler_of(settings: Settings, bindings: Bindings, ledger: Ledger, clock: Clock, desk: Desk) -> Reconciler:
    """Raises SettingsError where the settings repair what nobody compares, or what no flow can bring into line."""
    modes = settings.reconciliation.repair
    problems = [
        f"reconciliation.repair.{name}: there is no such comparison{nearest(name, COMPARISONS)}"
        for name in modes
        if name not in COMPARISONS
    ]
    problems += [
        f"reconciliation.repair.{name}: no flow brings what differs there into line; leave it off"
        for name, mode in modes.items()
        if mode != "off" and name in COMPARISONS and COMPARISONS[name].repair is None
    ]
    if problems:
        raise SettingsError(problems)
    firm = Firm(bindings, templates_of(settings))
    telling = Telling(ledger, firm, Repairs(firm, desk, modes), clock)
    return Reconciler(ledger, firm, COMPARISONS, telling, clock)


def asking_of(settings: Settings, bindings: Bindings, ledger: Ledger, clock: Clock) -> Asking:
    return Asking(ledger, Firm(bindings, templates_of(settings)), COMPARISONS, clock)


def reconciling(settings: Settings, bindings: Bindings, ledger: Ledger, clock: Clock, desk: Desk) -> ReconcilingService:
    daily = settings.reconciliation.daily_at
    return ReconcilingService(
        ledger,
        reconciler_of(settings, bindings, ledger, clock, desk),
        asking_of(settings, bindings, ledger, clock),
        clock,
        daily_at=None if daily is None else time.fromisoformat(daily),
        keep=timedelta(days=settings.retention.deliveries_days),
    )
