"""An office with somebody who looks into hints, and short words for what they notice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from platforms.feeds import Hint
from schema.roles import PlatformRole
from sync.ledger.port import Ledger
from sync.ledger.port_of_changes import RecordChange, change_kind
from sync.noticing.observer import Noticed, Observer
from sync.noticing.tracked import FOLLOWED
from tests.sync.conftest import HeldClock
from tests.sync.ledger.conftest import new_run, new_step  # noqa: F401 - fixtures of those who write steps
from tests.sync.office import Office

KINDS = [change_kind(name) for name in FOLLOWED]


@dataclass(frozen=True)
class Event:
    """An event of a changed record, read back."""

    cursor: int
    subject: str
    correlation_id: str
    change: RecordChange


async def changes_told(ledger: Ledger, after: int = 0) -> list[Event]:
    """All events of changed records, oldest first."""
    found = await ledger.events(after=after, kinds=KINDS, most=1_000)
    return [
        Event(each.cursor, each.subject, each.correlation_id, msgspec.convert(each.payload, RecordChange))
        for each in found
    ]


@dataclass
class Watchman:
    """Looks at records of one office, and tells what is new since."""

    office: Office
    observer: Observer
    read_until: int = 0

    async def look(self, platform: str, type_name: str, role: PlatformRole, *external_ids: str, **said: Any) -> Noticed:
        gone = said.pop("gone", False)
        hints = [Hint(type=type_name, role=role, external_id=each, gone=gone) for each in external_ids]
        return await self.observer.look(platform, hints, **{"noticed_by": "feed", **said})

    async def news(self) -> Sequence[Event]:
        found = await changes_told(self.office.ledger, self.read_until)
        if found:
            self.read_until = found[-1].cursor
        return found


@pytest.fixture
def watchman(office: Office, clock: HeldClock) -> Watchman:
    async def pause(seconds: float) -> None:
        clock.advance(seconds)

    return Watchman(office, Observer(office.ledger, office.bindings, clock, pause=pause))
