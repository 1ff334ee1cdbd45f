"""Puts together what lets rules act, from an installation's settings."""

from platforms.bindings import Bindings
from runtime.clock import Clock
from runtime.settings import Settings
from sync.acting.modes import modes_of
from sync.acting.rules import rules
from sync.acting.service import Acting
from sync.desk import Desk
from sync.firm import Firm
from sync.ledger.port import Ledger
from sync.services import templates_of


def acting(settings: Settings, bindings: Bindings, ledger: Ledger, clock: Clock, desk: Desk) -> Acting:
    """SettingsError for rules that aren't there."""
    firm = Firm(bindings, templates_of(settings))
    return Acting(ledger, firm, desk, clock, rules=rules(), modes=modes_of(settings.triggers))
