"""Signing in to a platform: once for all callers, again when it asks, and not over and over when it refuses."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

import msgspec

from platforms.shared_calls import SharedCalls
from runtime.clock import Clock, SystemClock
from schema.errors import UpstreamUnauthorized

T = TypeVar("T")
R = TypeVar("R")

_LONGEST_PAUSE = 300.0  # seconds


class Grant(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What a login gave: a token, or a struct of all that belongs to the session. `lifetime` in seconds, if told."""

    token: T
    lifetime: float | None = None


class TokenSource(Generic[T]):
    """Holds the token of one platform and user.

    `fetch` signs in and raises UpstreamUnauthorized when that is refused; after a refusal nobody signs in for `pause`
    seconds, twice as long after each further one (Tryton locks a user after six wrong logins).
    """

    def __init__(
        self,
        fetch: Callable[[], Coroutine[Any, Any, Grant[T]]],
        *,
        clock: Clock | None = None,
        pause: float = 5.0,
    ) -> None:
        self._fetch = fetch
        self._clock = clock or SystemClock()
        self._pause = pause
        self._logins: SharedCalls[T] = SharedCalls(self._clock)
        self._grant: Grant[T] | None = None
        self._good_until = float("inf")
        self._refusals = 0
        self._refused: UpstreamUnauthorized | None = None
        self._refused_until = 0.0

    async def token(self) -> T:
        """A token that is good for a while; concurrent callers wait for one login together."""
        if self._grant is not None and self._clock.monotonic() < self._good_until:
            return self._grant.token
        if self._refused is not None and self._clock.monotonic() < self._refused_until:
            raise UpstreamUnauthorized(self._refused.detail, platform=self._refused.platform)
        return await self._logins.share("login", self._sign_in)

    def invalidate(self, token: T) -> bool:
        """The platform refused this token. A newer one, got meanwhile by another caller, stays: then False."""
        current = self._grant is not None and self._grant.token == token
        if current:
            self._grant = None
        return current

    async def authorised(self, call: Callable[[T], Awaitable[R]]) -> R:
        """`call` with a token; if it is refused, once more with a new one."""
        token = await self.token()
        try:
            result = await call(token)
        except UpstreamUnauthorized:
            self.invalidate(token)
            result = await self._once_more(call)
        self._refusals = 0
        return result

    async def _once_more(self, call: Callable[[T], Awaitable[R]]) -> R:
        token = await self.token()
        try:
            return await call(token)
        except UpstreamUnauthorized as error:
            if self.invalidate(token):  # one of many callers speaks for all
                self._remember(error)
            raise

    async def _sign_in(self) -> T:
        try:
            grant = await self._fetch()
        except UpstreamUnauthorized as error:
            self._remember(error)
            raise
        self._grant = grant
        self._refused = None
        lifetime = grant.lifetime
        self._good_until = (
            float("inf") if lifetime is None else self._clock.monotonic() + lifetime - min(60.0, lifetime / 10)
        )
        return grant.token

    def _remember(self, error: UpstreamUnauthorized) -> None:
        pause = min(self._pause * 2.0**self._refusals, _LONGEST_PAUSE)
        self._refusals += 1
        self._refused = error
        self._refused_until = self._clock.monotonic() + pause
