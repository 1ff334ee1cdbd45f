"""Posts to receivers that others have named: to an address that was checked, once, and following nobody's redirects."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from platforms.addresses import Address, Receiver, Targets
from platforms.connection import Connection
from platforms.http import Failure, Headers, HttpRequest, TransportError
from platforms.origin import Origin, written
from schema.errors import Landed

BODY_CAP = 64 * 1024
"""Bytes of an answer that are read before its receiver is left alone: nothing is done with them."""
_AT_ONCE = 4
"""Addresses of one host that are tried one after the other."""


class Resolver(Protocol):
    async def addresses(self, host: str, port: int) -> Sequence[Address]:
        """All that the name leads to, the preferred first. Raises OSError where it leads nowhere."""
        ...


class SystemResolver:
    """Asks as everything else on this machine does."""

    async def addresses(self, host: str, port: int) -> Sequence[Address]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(ipaddress.ip_address(entry[4][0]) for entry in found))


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver said: its status and headers."""

    status: int
    headers: Headers


class AddressRefusedError(Exception):
    """The host leads to an address that may not be sent to; nothing was."""


class Receivers:
    """One connection per message. A name is resolved once, all of its addresses are checked, and the connection is made
    to one of those, so that a name that leads elsewhere a moment later changes nothing. The certificate must be the
    name's. Cookies, proxies and the environment's settings play no part.
    """

    def __init__(
        self, targets: Targets, *, resolver: Resolver | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._targets = targets
        self._resolver = resolver or SystemResolver()
        self._tls = tls

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float) -> Answer:
        """Sends once; the answer comes within `seconds`, however slowly its body does.

        Raises UrlProblemError, AddressRefusedError, and TransportError.
        """
        receiver = self._targets.receiver(url)
        message = _message(receiver, headers, body)
        end = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(end):
                connection = await self._connected(receiver)
        except TimeoutError:
            raise TransportError(Failure.TIMEOUT, Landed.NO, "while connecting") from None
        return await self._asked(connection, message, end)

    async def _asked(self, connection: Connection, message: bytes, end: float) -> Answer:
        try:
            async with asyncio.timeout_at(end):
                found = await connection.ask(message)
            return Answer(status=found.status, headers=found.headers)
        except (TransportError, TimeoutError) as error:
            head = connection.head()
            if head is not None:  # what it said counts, whatever became of the rest
                return Answer(status=head[0], headers=head[1])
            if isinstance(error, TimeoutError):
                raise TransportError(Failure.TIMEOUT, Landed.UNKNOWN) from None
            raise
        finally:
            connection.abort()

    async def _connected(self, receiver: Receiver) -> Connection:
        addresses = await self._addresses(receiver)
        trouble: TransportError | None = None
        for address in addresses[:_AT_ONCE]:
            try:
                return await self._opened(receiver, address)
            except ssl.SSLError as error:
                raise TransportError(Failure.UNREACHABLE, Landed.NO, f"TLS: {error.reason}") from None
            except OSError as error:
                trouble = TransportError(Failure.UNREACHABLE, Landed.NO, type(error).__name__)
        assert trouble is not None
        raise trouble

    async def _addresses(self, receiver: Receiver) -> Sequence[Address]:
        try:
            addresses = await self._resolver.addresses(receiver.host, receiver.port)
        except (OSError, UnicodeError):
            raise TransportError(Failure.UNREACHABLE, Landed.NO, "unknown host") from None
        if not self._targets.all_reachable(receiver.host, addresses):
            raise AddressRefusedError
        return addresses

    async def _opened(self, receiver: Receiver, address: Address) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: Connection(loop, BODY_CAP),
            str(address),
            receiver.port,
            ssl=self._tls_context() if receiver.secure else None,
            server_hostname=receiver.host if receiver.secure else None,
        )
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def _message(receiver: Receiver, headers: Mapping[str, str], body: bytes) -> bytes:
    origin = Origin(receiver.host, receiver.port, receiver.secure, receiver.authority)
    request = HttpRequest(method="POST", url="", route="", headers=headers, body=body)
    return written(request, origin, receiver.target, through=None)
