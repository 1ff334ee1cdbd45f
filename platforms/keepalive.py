"""A lean HTTP/1.1 client that keeps its connections: one pool per origin, one timer and one future per call."""

import asyncio
import ssl
from collections import deque
from socket import gaierror

from platforms.connection import Connection
from platforms.http import Failure, HttpRequest, HttpResponse, TransportError
from platforms.origin import Origin, written
from schema.errors import Landed


class _Pool:
    """The connections to one origin: idle ones, newest last, and callers waiting for one in order."""

    __slots__ = ("idle", "open", "origin", "waiting")

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.idle: deque[Connection] = deque()
        self.open = 0  # being opened, in use or idle
        self.waiting: deque[asyncio.Future[None]] = deque()

    def wake_one(self) -> None:
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def close_idle(self) -> None:
        while self.idle:
            self.idle.popleft().abort()
            self.open -= 1


class KeepAliveTransport:
    """The product's HTTP engine. Redirects aren't followed, cookies aren't kept, the environment's proxies are ignored.

    `per_host`: connections to one origin at most; further calls wait in order. `body_cap`: bytes of one answer, packed
    and unpacked. `idle`: seconds after which an unused connection isn't trusted any more.
    """

    def __init__(
        self,
        *,
        per_host: int = 256,
        body_cap: int = 64 * 1024 * 1024,
        idle: float = 30.0,
        connect_timeout: float = 10.0,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self._per_host = per_host
        self._body_cap = body_cap
        self._idle = idle
        self._connect_timeout = connect_timeout
        self._tls = tls
        self._proxy = Origin.of(proxy.rstrip("/"), credentials_allowed=True) if proxy else None
        self._pools: dict[str, _Pool] = {}

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's own word
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        path_at = request.url.find("/", 8)
        base, target = (request.url, "/") if path_at < 0 else (request.url[:path_at], request.url[path_at:])
        pool = self._pools.get(base)
        if pool is None:
            pool = self._pools[base] = _Pool(Origin.of(base))
        through = None if pool.origin.secure else self._proxy
        message = written(request, pool.origin, target, through=through)
        connection = self._idle_connection(pool, loop.time()) or await self._opened(pool, loop, end)
        timer = loop.call_at(end, connection.time_out)
        try:
            return await connection.ask(message, bodiless=request.method == "HEAD")
        except BaseException as error:
            connection.abort()  # a cancelled caller's answer must find nobody
            if isinstance(error, TransportError) and error.failure is Failure.STALE:
                pool.close_idle()  # its neighbours were most likely closed with it
            raise
        finally:
            timer.cancel()
            self._give_back(pool, connection, loop.time())

    async def close(self) -> None:
        for pool in self._pools.values():
            pool.close_idle()
        await asyncio.sleep(0)  # lets the closed sockets' callbacks run before the loop may end

    # ------------------------------------------------------------------------------------------------------- pool

    def _idle_connection(self, pool: _Pool, now: float) -> Connection | None:
        while pool.idle:
            connection = pool.idle.pop()
            if connection.usable and now - connection.idle_since < self._idle:
                return connection
            connection.abort()
            pool.open -= 1
        return None

    def _give_back(self, pool: _Pool, connection: Connection, now: float) -> None:
        if connection.usable:
            connection.idle_since = now
            pool.idle.append(connection)
        else:
            connection.abort()
            pool.open -= 1
        while pool.idle and now - pool.idle[0].idle_since >= self._idle:
            pool.idle.popleft().abort()
            pool.open -= 1
        if pool.waiting:
            pool.wake_one()

    async def _opened(self, pool: _Pool, loop: asyncio.AbstractEventLoop, end: float) -> Connection:
        try:
            async with asyncio.timeout_at(end):
                while pool.open >= self._per_host:
                    waiter: asyncio.Future[None] = loop.create_future()
                    pool.waiting.append(waiter)
                    try:
                        await waiter
                    except asyncio.CancelledError:
                        if waiter.done() and not waiter.cancelled():
                            pool.wake_one()  # it was this caller's turn: hand it on
                        raise
                    if connection := self._idle_connection(pool, loop.time()):
                        return connection
                pool.open += 1
                try:
                    async with asyncio.timeout(self._connect_timeout):
                        return await self._connected(pool.origin, loop)
                except BaseException:
                    pool.open -= 1
                    pool.wake_one()
                    raise
        except TimeoutError:
            raise TransportError(Failure.TIMEOUT, Landed.NO, "while connecting") from None

    # ---------------------------------------------------------------------------------------------------- connect

    async def _connected(self, origin: Origin, loop: asyncio.AbstractEventLoop) -> Connection:
        first = self._proxy or origin
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(loop, self._body_cap),
                first.host,
                first.port,
                ssl=self._tls_context() if first.secure else None,
            )
            if self._proxy is not None and origin.secure:
                await self._tunnel(connection, self._proxy, origin)
        except TimeoutError:
            raise
        except ssl.SSLError as error:
            raise TransportError(Failure.UNREACHABLE, Landed.NO, f"TLS: {error.reason}") from None
        except gaierror:
            raise TransportError(Failure.UNREACHABLE, Landed.NO, "unknown host") from None
        except OSError as error:
            raise TransportError(Failure.UNREACHABLE, Landed.NO, type(error).__name__) from None
        return connection

    async def _tunnel(self, connection: Connection, proxy: Origin, origin: Origin) -> None:
        shown = f"[{origin.host}]" if ":" in origin.host else origin.host
        login = f"Proxy-Authorization: Basic {proxy.credentials}\r\n" if proxy.credentials else ""
        connect = f"CONNECT {shown}:{origin.port} HTTP/1.1\r\nHost: {shown}:{origin.port}\r\n{login}\r\n"
        try:
            answer = await connection.ask(connect.encode("latin-1"), bodiless=True)
            if answer.status != 200:
                raise TransportError(Failure.UNREACHABLE, Landed.NO, f"the proxy answered {answer.status}")
            await connection.secure(self._tls_context(), origin.host)
        except TransportError as error:
            connection.abort()
            raise TransportError(Failure.UNREACHABLE, Landed.NO, f"through the proxy: {error}") from None
        except BaseException:
            connection.abort()
            raise

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls
