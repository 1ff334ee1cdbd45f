"""One seeded Tryton for the whole run: what was installed and seeded once is taken from the cache."""

from collections.abc import Iterator
from datetime import date

import pytest

from sandbox.firm.generate import generate
from sandbox.firm.model import Firm
from sandbox.tryton.platform import RunningTryton, start_tryton
from sandbox.tryton.rpc import TrytonClient

AS_OF = date(2026, 11, 20)


@pytest.fixture(scope="session")
def firm() -> Firm:
    return generate(seed=7, accounts=40, as_of=AS_OF)


@pytest.fixture(scope="session")
def tryton(firm: Firm) -> Iterator[RunningTryton]:
    running = start_tryton(firm)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def client(tryton: RunningTryton) -> TrytonClient:
    return TrytonClient(tryton.url, tryton.credentials)
