"""The Kantata account of a small firm, called in process, with a clock that tests move."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from sandbox.firm.generate import generate
from sandbox.firm.model import Firm
from sandbox.kantata import build
from sandbox.kantata.platform import KantataPlatform

AS_OF = date(2026, 11, 20)


@dataclass
class MovedClock:
    """The time stands still until a test moves it."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> datetime:
        self.now += timedelta(**time)
        return self.now


class Api:
    """What a client of the account sees: answers with their status, lists by `results`."""

    def __init__(self, platform: KantataPlatform, clock: MovedClock) -> None:
        self.platform = platform
        self.clock = clock
        self.http = TestClient(
            platform.app, headers={"Authorization": f"Bearer {platform.credentials['access_token']}"}
        )

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(f"/api/v1/{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ids(self, path: str, **params: Any) -> list[str]:
        return [result["id"] for result in self.get(path, **params)["results"]]

    def rows(self, path: str, **params: Any) -> list[dict[str, Any]]:
        answer = self.get(path, **params)
        return [answer[result["key"]][result["id"]] for result in answer["results"]]

    def post(self, path: str, body: Any) -> Any:
        answer = self.http.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return self.first(answer.json())

    def put(self, path: str, body: Any) -> Any:
        answer = self.http.put(f"/api/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return self.first(answer.json())

    @staticmethod
    def first(envelope: Any) -> Any:
        result = envelope["results"][0]
        return envelope[result["key"]][result["id"]]

    def refused(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, list[dict[str, Any]]]:
        answer = self.http.request(method, f"/api/v1/{path}", json=body, params=params or None)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["errors"]

    def some(self, table: str, **fields: Any) -> dict[str, Any]:
        """Any record of the truth with these columns."""
        rows = self.platform.tables[table]
        return next(row for row in rows if all(row.get(name) == value for name, value in fields.items()))


@pytest.fixture(scope="session")
def firm() -> Firm:
    return generate(seed=7, accounts=40, as_of=AS_OF)


@pytest.fixture
def open_account(firm: Firm) -> Callable[..., Api]:
    def opened(**options: Any) -> Api:
        clock = MovedClock()
        return Api(build(firm, clock=clock, **options), clock)

    return opened


@pytest.fixture(scope="session")
def _shared(firm: Firm) -> Api:
    clock = MovedClock()
    return Api(build(firm, clock=clock), clock)


@pytest.fixture
def api(_shared: Api) -> Iterator[Api]:
    """The account as generated; what a test writes is undone after it."""
    version = _shared.platform.account.version
    yield _shared
    _shared.clock.now = MovedClock().now
    if _shared.platform.account.version != version:
        _shared.platform.reset()
