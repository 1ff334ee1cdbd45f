"""Keeps a worker's lease on a run alive while it works, and tells it when the lease is gone."""

import asyncio
from contextlib import suppress
from typing import Self

import structlog

from schema.errors import CrosswalkError
from sync.ledger.port import Hold, LeaseLostError, Ledger

LEASE_SECONDS = 30.0
"""How long a run stays with a worker that is heard of no more."""
_RENEWALS = 3  # within one lease


class KeptLease:
    """`hold()` answers the lease as it is now; LeaseLostError once another worker has the run."""

    def __init__(self, ledger: Ledger, hold: Hold, *, seconds: float = LEASE_SECONDS) -> None:
        self._ledger = ledger
        self._hold = hold
        self._seconds = seconds
        self._lost = False
        self._keeping: asyncio.Task[None] | None = None

    def hold(self) -> Hold:
        if self._lost:
            raise LeaseLostError(self._hold.run_id)
        return self._hold

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._keeping is not None
        self._keeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeping

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / _RENEWALS)
            try:
                self._hold = await self._ledger.renew(self._hold, seconds=self._seconds)
            except LeaseLostError:
                self._lost = True
                return
            except CrosswalkError as error:
                # The database is away for a moment. If that lasts the lease ends, and nothing is written after its end.
                structlog.get_logger().warning("lease not renewed", run=self._hold.run_id, why=error.detail)
