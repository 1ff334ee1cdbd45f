"""Real platforms beside the emulated ones: started last, told in the ready document, stopped with the sandbox."""

import sys
from collections.abc import Sequence
from types import ModuleType
from typing import ClassVar

import pytest

from sandbox.platform import KnownAs, PlatformUnavailable
from sandbox.serve import running
from sandbox.world import SandboxError, build_world, vendors


class Ledger:
    """Stands for a server of its own."""

    vendor = "ledger"
    role = "ERP"
    url = "http://127.0.0.1:9"
    credentials: ClassVar = {"user": "keeper"}

    def __init__(self, name: str, firm, entities) -> None:
        self.name = name
        self.entities = entities
        self.state = "running"
        self._known = {("Account", client.key): KnownAs("party", client.key) for client in firm.clients}

    def known_as(self):
        return self._known

    def reset(self) -> None:
        self.state = "as new"

    def stop(self) -> None:
        self.state = "stopped"


@pytest.fixture
def started(monkeypatch, notebook_vendor):
    """The ledgers started so far."""
    ledgers: list[Ledger] = []

    def start(firm, *, name, progress, legal_entities: Sequence[str] | None = None, port: int = 0) -> Ledger:
        if port == 1:
            raise PlatformUnavailable("port 1 is in use")
        if legal_entities == ("nowhere",):
            raise ValueError("the firm has no legal entity nowhere")
        progress(f"starting {name}")
        ledgers.append(Ledger(name, firm, legal_entities))
        return ledgers[-1]

    module = ModuleType("sandbox.ledger")
    module.start = start  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sandbox.ledger", module)
    return ledgers


async def test_it_stands_in_the_ready_document_and_stops_with_the_sandbox(started):
    async with running(platforms=["ledger:legal_entities=le-uk+le-de", "notebook"], accounts=3) as ready:
        (ledger,) = started
        assert ledger.entities == ("le-uk", "le-de")
        assert list(ready["platforms"]) == ["notebook", "ledger"]
        assert ready["platforms"]["ledger"] == {
            "vendor": "ledger", "role": "ERP", "url": "http://127.0.0.1:9", "credentials": {"user": "keeper"},
        }  # fmt: skip
        assert ledger.state == "running"
    assert ledger.state == "stopped"


def test_a_reset_reaches_it_as_well(started):
    world = build_world(platforms=["ledger"], accounts=1)
    world.reset()
    assert started[0].state == "as new"


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        ("ledger:port=1", "platform ledger: port 1 is in use"),
        ("ledger:legal_entities=nowhere", "no legal entity nowhere"),
    ],
)
def test_one_that_cannot_start_leaves_no_other_running(started, refused, reason):
    with pytest.raises(SandboxError, match=reason):
        build_world(platforms=["first=ledger", refused], accounts=1)
    assert [one.state for one in started] == ["stopped"]


def test_an_option_that_it_does_not_offer_is_refused_before_any_is_started(started):
    with pytest.raises(SandboxError, match="no option 'colour'; it offers: legal_entities, port"):
        build_world(platforms=["first=ledger", "ledger:colour=red"], accounts=1)
    assert started == []


def test_nobody_gets_a_real_platform_without_asking():
    assert "tryton" not in vendors()
