"""Signing in: once for all, again when asked, and not over and over."""

import asyncio

import pytest

from platforms.tokens import Grant, TokenSource
from schema.errors import UpstreamTimeout, UpstreamUnauthorized


class Login:
    """Gives token-1, token-2, …; refuses while `refusing`."""

    def __init__(self) -> None:
        self.count = 0
        self.refusing = False
        self.lifetime: float | None = None

    async def __call__(self) -> Grant[str]:
        self.count += 1
        await asyncio.sleep(0)
        if self.refusing:
            raise UpstreamUnauthorized("client id or secret is wrong", platform="crm")
        return Grant(token=f"token-{self.count}", lifetime=self.lifetime)


@pytest.fixture
def login() -> Login:
    return Login()


@pytest.fixture
def source(login, clock) -> TokenSource[str]:
    return TokenSource(login, clock=clock, pause=5.0)


def accepting(*good: str):
    async def call(token: str) -> str:
        await asyncio.sleep(0)
        if token not in good:
            raise UpstreamUnauthorized("session expired", platform="crm")
        return f"rows with {token}"

    return call


async def test_many_callers_cause_one_login(source, login):
    tokens = await asyncio.gather(*(source.token() for _ in range(64)))
    assert set(tokens) == {"token-1"}
    assert await source.token() == "token-1"
    assert login.count == 1


async def test_a_token_is_renewed_a_little_before_its_end(source, login, clock):
    login.lifetime = 3600
    await source.token()
    clock.forward(3539)
    assert await source.token() == "token-1"
    clock.forward(2)
    assert await source.token() == "token-2"


async def test_an_expired_token_costs_one_login_however_many_meet_it(source, login):
    await source.token()
    answers = await asyncio.gather(*(source.authorised(accepting("token-2")) for _ in range(64)))
    assert set(answers) == {"rows with token-2"}
    assert login.count == 2


async def test_a_late_complaint_about_an_old_token_keeps_the_new_one(source, login):
    await source.token()
    assert source.invalidate("token-1")
    await source.token()
    assert not source.invalidate("token-1")
    assert await source.token() == "token-2"
    assert login.count == 2


async def test_a_refused_login_is_remembered_longer_each_time(source, login, clock):
    login.refusing = True
    for wait in (5.0, 10.0, 20.0):
        logins = login.count
        for _ in range(10):
            with pytest.raises(UpstreamUnauthorized, match="secret is wrong") as caught:
                await source.token()
            assert caught.value.platform == "crm"
        assert login.count == logins + 1
        clock.forward(wait + 0.1)
    login.refusing = False
    assert await source.authorised(accepting("token-4")) == "rows with token-4"
    login.refusing = True
    source.invalidate("token-4")
    with pytest.raises(UpstreamUnauthorized):
        await source.token()
    clock.forward(5.1)
    login.refusing = False
    assert await source.token() == "token-6"


async def test_a_platform_that_refuses_even_new_tokens_isnt_hammered(source, login, clock):
    refused = accepting()
    outcomes = await asyncio.gather(*(source.authorised(refused) for _ in range(64)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {UpstreamUnauthorized}
    assert login.count == 2
    with pytest.raises(UpstreamUnauthorized):
        await source.authorised(refused)
    assert login.count == 2
    clock.forward(5.1)
    assert await source.authorised(accepting("token-3")) == "rows with token-3"


async def test_a_login_that_merely_failed_is_tried_again_at_once(clock):
    outcomes = [UpstreamTimeout("slow", platform="crm"), Grant(token="token")]

    async def flaky() -> Grant[str]:
        outcome = outcomes.pop(0)
        if isinstance(outcome, UpstreamTimeout):
            raise outcome
        return outcome

    source = TokenSource(flaky, clock=clock)
    with pytest.raises(UpstreamTimeout):
        await source.token()
    assert await source.token() == "token"


async def test_a_caller_who_leaves_during_login_doesnt_disturb_the_others(source, login):
    leaver = asyncio.create_task(source.token())
    patient = asyncio.create_task(source.token())
    await asyncio.sleep(0)
    leaver.cancel()
    assert await patient == "token-1"
    assert login.count == 1
