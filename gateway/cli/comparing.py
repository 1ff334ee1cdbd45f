"""Asks for comparisons from the command line, works on them if it is to wait, and tells what they found."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TextIO

import msgspec
import typer

from gateway.cli.ledgers import opened_ledger
from gateway.cli.refusal import Refusal
from gateway.cli.workplace import shared_budgets
from platforms.registry import connect
from resolvers.assembly import bindings_of
from runtime.clock import SystemClock
from runtime.settings import Settings, SettingsError
from schema.errors import BadUserInput, LedgerUnavailable
from schema.ids import RecordKey, decode_id, encode_id
from sync.desk import Caller
from sync.ledger.port import Ledger
from sync.ledger.port_of_reconciliations import DifferenceKind, Reconciliation, ReconciliationStatus
from sync.reconciling.asking import Asking, Wanted
from sync.reconciling.assembly import asking_of, reconciler_of
from sync.reconciling.reconciler import Reconciler
from sync.reconciling.report import every_difference, header, row, summary
from sync.workshop import Workshop

PAUSE_SECONDS = 1.0
CALLER = Caller(name="crosswalk reconcile", role="admin", correlation_id="cli")
"""Whoever can read the settings file has all its secrets anyway."""


@dataclass(frozen=True, slots=True)
class Place:
    ledger: Ledger
    asking: Asking
    reconciler: Reconciler


class Comparing:
    """`sheet`: where the table of differences goes as CSV; what is told besides goes to standard error where that is
    standard output.
    """

    def __init__(self, settings: Settings, *, wait: bool, sheet: TextIO | None, as_json: bool) -> None:
        self._settings = settings
        self._wait = wait
        self._sheet = sheet
        self._as_json = as_json

    async def run(self, wanted: Wanted) -> bool:
        """Whether all is well as far as was waited for."""
        try:
            async with _place(self._settings) as place:
                answer = await place.asking.ask(CALLER, replace(wanted, legal_entity=_entity(wanted.legal_entity)))
                if answer.refusals:
                    raise Refusal(*(refusal.message for refusal in answer.refusals))
                found = answer.reconciliations
                if self._wait:
                    found = await _ended(place, found)
                await self._tell(place, found)
        except LedgerUnavailable as error:
            raise Refusal(f"ledger: {error.detail}") from None
        if not self._wait:
            return True
        return all(each.status is ReconciliationStatus.SUCCEEDED and not _differs(each) for each in found)

    async def _tell(self, place: Place, found: Sequence[Reconciliation]) -> None:
        on_output = self._sheet is sys.stdout
        if self._as_json:
            typer.echo(await _document(place, found, whole=self._wait), err=on_output)
        else:
            for line in summary(found):
                typer.echo(line, err=on_output)
            for each in found:
                if each.error is not None:
                    typer.echo(f"{each.comparison}: {each.error}", err=True)
        if self._sheet is not None:
            await _write(place, found, self._sheet)


@asynccontextmanager
async def _place(settings: Settings) -> AsyncIterator[Place]:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(opened_ledger(settings, clock))
        budgets = await stack.enter_async_context(shared_budgets(settings))
        try:
            platforms = connect(settings, clock=clock, budgets=budgets)
            for platform in platforms.values():
                stack.push_async_callback(platform.close)
            bindings = bindings_of(settings, platforms)
            # Repairs are written down here; the gateway's processes carry them out.
            desk = Workshop(settings, bindings, ledger, clock, works=False).desk
            yield Place(
                ledger,
                asking_of(settings, bindings, ledger, clock),
                reconciler_of(settings, bindings, ledger, clock, desk),
            )
        except SettingsError as error:
            raise Refusal(*error.problems) from None


async def _ended(place: Place, asked: Sequence[Reconciliation]) -> tuple[Reconciliation, ...]:
    """Works on them beside whoever else does."""
    while True:
        running = False
        found: list[Reconciliation] = []
        for each in asked:
            held = await place.reconciler.take(only=each.id)
            if held is not None:
                await place.reconciler.work(held)
            now = await place.ledger.reconciliations.get(each.id)
            assert now is not None
            found.append(now)
            running = running or now.status is ReconciliationStatus.RUNNING
        if not running:
            return tuple(found)
        await asyncio.sleep(PAUSE_SECONDS)


async def _document(place: Place, found: Sequence[Reconciliation], *, whole: bool) -> str:
    told = []
    for each in found:
        document = msgspec.to_builtins(each)
        for own in ("position", "version", "taken_until", "number"):
            document.pop(own)
        if whole:
            ledger = place.ledger.reconciliations
            document["differences"] = [msgspec.to_builtins(one) async for one in every_difference(ledger, each.id)]
        told.append(document)
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


async def _write(place: Place, found: Sequence[Reconciliation], file: TextIO) -> None:
    file.write(header())
    for each in found:
        async for one in every_difference(place.ledger.reconciliations, each.id):
            file.write(row(each.comparison, one))
    file.flush()


def _entity(given: str | None) -> str | None:
    """A global id as it is, or one made of `PLATFORM:ID`."""
    if given is None:
        return None
    try:
        decode_id(given)
    except BadUserInput:
        platform, sign, external_id = given.partition(":")
        if not sign or not external_id:
            raise Refusal(f"--legal-entity {given}: give an id of the graph, or PLATFORM:ID") from None
        return encode_id(RecordKey("LegalEntity", platform, external_id))
    return given


def _differs(found: Reconciliation) -> bool:
    return any(found.counts.get(kind.value) for kind in DifferenceKind)
