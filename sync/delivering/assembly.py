"""Puts what delivers together from an installation's settings."""

import random
from datetime import timedelta

from platforms.addresses import Targets
from platforms.bindings import Bindings
from platforms.receivers import Receivers
from runtime.clock import Clock
from runtime.settings import Settings, SettingsError
from sync.delivering.audience import Audience
from sync.delivering.desk import WebhookDesk
from sync.delivering.owners import Owners
from sync.delivering.schedule import Schedule
from sync.delivering.service import Delivering
from sync.delivering.signing import Secrets
from sync.delivering.trying import Sender, Trying
from sync.ledger.port import Ledger


def webhook_desk(settings: Settings, ledger: Ledger, clock: Clock) -> WebhookDesk:
    """Raises SettingsError for what hooks.allow_private can't mean."""
    return WebhookDesk(
        ledger, clock, secrets=_secrets(settings), targets=_targets(settings), role_of=Owners(settings).role_of
    )


def delivering(
    settings: Settings, bindings: Bindings, ledger: Ledger, clock: Clock, *, sender: Sender | None = None
) -> Delivering | None:
    """None where nothing can be signed: then events wait for those who registered while it could."""
    secrets = _secrets(settings)
    if secrets is None:
        return None
    owners = Owners(settings)
    trying = Trying(
        sender or Receivers(_targets(settings)),
        secrets,
        Audience(bindings, owners.role_of),
        Schedule(settings.hooks.retry_hours, random.random),
        clock,
        seconds=settings.hooks.timeout_seconds,
    )
    return Delivering(
        ledger, trying, clock, keep=timedelta(days=settings.retention.deliveries_days), look_at_owners=owners.look
    )


def _secrets(settings: Settings) -> Secrets | None:
    key = settings.hooks.signing_key
    return None if key is None else Secrets(key.get_secret_value())


def _targets(settings: Settings) -> Targets:
    try:
        return Targets(settings.hooks.allow_private)
    except ValueError as error:
        raise SettingsError([f"hooks.allow_private: {error}"]) from None
