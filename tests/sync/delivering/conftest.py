"""Receivers that answer as a script says, and a service that delivers to them when a test says so."""

import msgspec
import pytest

from platforms.bindings import Bindings
from platforms.http import Headers
from platforms.receivers import Answer
from runtime.settings import Settings
from sync.delivering.assembly import delivering
from sync.ledger.port import NewException, Outcome, RunChange
from sync.ledger.port_of_changes import Observation, RecordChange, Told
from sync.ledger.port_of_webhooks import Hook, HookStatus, NewHook
from sync.ledger.records import Audited
from tests.sync.ledger.conftest import claimed, new_exception, new_run

__all__ = ["claimed", "new_exception", "new_run"]
KEY = "k" * 40
NOBODYS = Audited(actor="portal", action="webhook.registered", detail=None)
PEOPLE = {"portal": "service", "finance": "finance", "site": "delivery", "boss": "admin", "auditor": "auditor"}
"""Whoever has a key, and the role that goes with it."""


def settings(**changed) -> Settings:
    keys = [
        {"name": name, "role": role, "sha256": f"{number:064x}"} for number, (name, role) in enumerate(PEOPLE.items())
    ]
    hooks = {"signing_key": KEY, "allow_private": ["127.0.0.1"], **changed}
    return Settings.model_validate({"keys": keys, "hooks": hooks})


def a_hook(**said) -> Hook:
    usual = {
        "number": 1, "id": "h1", "owner": "portal", "role": "service", "url": "https://hooks.example.com/in",
        "kinds": ("record.*",), "filter": {}, "status": HookStatus.ACTIVE, "generation": 1, "position": 0,
        "created_at": "2026-11-20T09:00:00Z",
    }  # fmt: skip
    return msgspec.convert({**usual, **said}, Hook)


class Receiver:
    """Answers what its script says, by url: a status, an answer or an error, one after the other, then 200 for ever.

    `got`: what came, as (url, id, event). `hold`: waits for it before it answers.
    """

    def __init__(self, clock) -> None:
        self._clock = clock
        self.script = {}
        self.got = []
        self.headers = []
        self.times = []
        self.under_way = 0
        self.most_under_way = 0
        self.hold = None
        self.refused = set()
        """Subjects that it answers 400 for, always."""

    def says(self, *answers, url="https://a.example/in"):
        self.script.setdefault(url, []).extend(answers)

    async def post(self, url, headers, body, *, seconds):
        self.got.append((url, headers["webhook-id"], msgspec.json.decode(body)))
        self.headers.append((headers, body))
        self.times.append(self._clock.now())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.hold is not None:
                await self.hold.wait()
            answers = self.script.get(url) or [200]
            said = answers.pop(0) if self.script.get(url) else 200
            said = 400 if self.got[-1][2]["subject"] in self.refused else said
        finally:
            self.under_way -= 1
        if isinstance(said, Exception):
            raise said
        status, more = said if isinstance(said, tuple) else (said, {})
        return Answer(status=status, headers=Headers(list(more.items())))

    def subjects(self):
        return [event["subject"] for _, _, event in self.got]


@pytest.fixture
def receiver(clock):
    return Receiver(clock)


@pytest.fixture
def service(ledger, clock, receiver):
    return a_service(ledger, clock, receiver)


def a_service(ledger, clock, receiver, **changed):
    found = delivering(settings(**changed), Bindings({}), ledger, clock, sender=receiver)
    assert found is not None
    return found


async def rounds(service, number=1):
    """So many looks, each brought to its end."""
    for _ in range(number):
        await service.look()
        await service.settled()


@pytest.fixture
def registered(ledger):
    """A webhook of `portal` for all records, but for what is said."""
    numbers = iter(range(1, 1_000))

    async def register(**said):
        usual = {
            "id": f"hook-{next(numbers)}", "owner": "portal", "role": "service", "url": "https://a.example/in",
            "description": None, "kinds": ("record.*",), "filter": {},
        }  # fmt: skip
        found = await ledger.hooks.add(NewHook(**{**usual, **said}), NOBODYS)
        assert found is not None
        return found

    return register


@pytest.fixture
def changed(ledger, clock):
    """Lets a record change, so that there is an event."""
    versions = {}

    async def change(external_id="p1", subject=None, type_name="Project", **said):
        expected = versions.get((type_name, external_id), 0)
        versions[type_name, external_id] = expected + 1
        usual = {
            "type": type_name, "role": "PSA", "platform": "kantata", "entity": "workspace", "external_id": external_id,
            "changes": {"status": ("PLANNED", "ACTIVE")}, "occurred_at": clock.now(), "observed_at": clock.now(),
            "noticed_by": "feed",
        }  # fmt: skip
        told = Told(subject=subject or external_id, correlation_id="c-1", change=RecordChange(**{**usual, **said}))
        seen = Observation(
            platform="kantata", type=type_name, role="PSA", external_id=external_id, expected=expected, values={},
            read_at=clock.now(), told=(told,),
        )  # fmt: skip
        assert await ledger.snapshots.observe([seen]) == (True,)

    return change


@pytest.fixture
def raised(ledger, claimed):
    """Raises an exception of a run of its own."""

    async def raise_one(cause="account-1", queue="FINANCE", **said):
        run, hold = await claimed()
        problem = NewException(queue=queue, code="MISMATCH", message="They differ.", cause=cause)
        await ledger.change(hold, RunChange(), Outcome(raised=(problem,)))
        return run

    return raise_one
