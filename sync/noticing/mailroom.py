"""Takes in what platforms send by themselves: checked, kept raw and once, and left to be worked on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from platforms.connected import Connected
from platforms.inbound import Inbound, Post
from runtime.clock import Clock
from runtime.correlation import correlation_id
from runtime.settings import Settings, SettingsError
from runtime.settings.happenings import WebhookSettings
from sync.ledger.port import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that was taken in. `again`: it was here already, and nothing was done."""

    event_id: str
    again: bool


class Door:
    """Where the messages of one platform come in. `body_bytes`: the largest body that is worth reading."""

    def __init__(
        self, platform: str, inbound: Inbound, settings: WebhookSettings, *, ledger: Ledger, clock: Clock
    ) -> None:
        self.body_bytes = settings.body_bytes
        self._platform = platform
        self._inbound = inbound
        self._secrets = tuple(map(_text, settings.secrets.values()))
        self._tolerance = timedelta(seconds=settings.tolerance_seconds)
        self._ledger = ledger
        self._clock = clock

    async def take_in(self, post: Post) -> Taken:
        """Raises UnacceptableError, with nothing kept, and LedgerUnavailable."""
        event_id = self._inbound.event_id(post, secrets=self._secrets, now=self._clock.now(), tolerance=self._tolerance)
        self._inbound.hints(post.body)  # what nobody could work on is refused while its sender listens
        new = await self._ledger.inbox.put(
            source=self._platform, event_id=event_id, body=post.body, correlation_id=correlation_id.get()
        )
        if new:
            self._ledger.bell.ring()
        return Taken(event_id=event_id, again=not new)


class Mailroom:
    """All doors of an installation: those of platforms that the settings give secrets."""

    def __init__(self, settings: Settings, platforms: Mapping[str, Connected], ledger: Ledger, clock: Clock) -> None:
        """Raises SettingsError as `check_secrets` does."""
        check_secrets(settings, platforms)
        self._doors = {
            name: Door(name, platforms[name].inbound, webhooks, ledger=ledger, clock=clock)
            for name, webhooks in settings.webhooks.items()
            if webhooks.secrets and name in platforms
        }

    def door(self, platform: str) -> Door | None:
        """None: there is no such platform, or it isn't set up to send anything."""
        return self._doors.get(platform)


def check_secrets(settings: Settings, platforms: Mapping[str, Connected]) -> None:
    """Raises SettingsError for secrets that no platform that plays a role can sign with."""
    found = {
        f"webhooks.{name}.secrets.{key}": platforms[name].inbound.problem_with(_text(secret))
        for name, webhooks in settings.webhooks.items()
        if name in platforms
        for key, secret in webhooks.secrets.items()
    }
    problems = [f"{setting}: {problem}" for setting, problem in found.items() if problem is not None]
    if problems:
        raise SettingsError(problems)


def _text(secret: SecretStr) -> str:
    return secret.get_secret_value().strip()  # one from a file ends with its line
