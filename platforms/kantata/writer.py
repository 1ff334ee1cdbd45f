"""Writes records of an account, for governed steps."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from platforms.kantata import writable_invoices, writable_plans, writable_projects
from platforms.kantata.changes import Call, Changes, Names, UnfitError, changes_of, linking
from platforms.kantata.client import Client
from platforms.kantata.costs import calls_of_change, calls_of_new
from platforms.kantata.endpoints import WORKSPACES
from platforms.kantata.held import Held
from platforms.kantata.kept import Kept, Removal, removed_reference
from platforms.kantata.keys import OWN, References
from platforms.kantata.options import AccountOptions
from platforms.kantata.places import Currency, Custom, needs_currency, record_id, usual
from platforms.kantata.records import Records
from platforms.writers import Found, Writable, WriterTraits
from schema.errors import Landed, PlatformError, UpstreamRejected
from schema.roles import PlatformRole

T = TypeVar("T")
Money = Callable[[], Awaitable[Currency | None]]
_FINEST = Currency("any currency", 10_000)
"""ISO 4217 knows none with more decimals."""


class KantataWriter:
    """The Writer of one account. Kantata holds no key unique and has no upsert: a record bears its key in an external
    reference from the request on that makes it.
    """

    def __init__(self, client: Client, options: AccountOptions, names: Names, *, web: str) -> None:
        self._client = client
        self._names = names
        self._key_reference = options.key_reference
        self._records = Records(client, References(options.key_reference))
        self._kept = {(each.writable.type, each.writable.role): each for each in all_kept(options, web)}
        self.writables: Mapping[tuple[str, PlatformRole], Writable] = {
            key: each.writable for key, each in self._kept.items()
        }
        self.traits = WriterTraits(settle_seconds=options.settle_seconds, cost=self._cost)

    # ----------------------------------------------------------------------------------------------------- looking

    async def find(self, writable: Writable, key: str) -> tuple[Found, ...]:
        return await self._records.by_key(self._of(writable), key)

    async def fetch(self, writable: Writable, external_id: str) -> Found | None:
        return await self._records.by_id(self._of(writable), external_id)

    # ----------------------------------------------------------------------------------------------------- writing

    async def create(self, writable: Writable, key: str, values: Mapping[str, Any]) -> str:
        kept = self._of(writable)
        given = {path: value for path, value in values.items() if value is not None}
        with _unsent():
            money = self._money_of_new(kept, given)
            waiting = await _waiting(kept, given, money)
            await self._changes(kept, waiting, _known(_FINEST))  # what no currency could carry
            at_once = {path: value for path, value in given.items() if path not in waiting}
            changes = await self._changes(kept, at_once, money)
            body = {kept.entity: {**kept.fixed, **changes.body(), "external_reference": self._bearing(kept, key)}}
        made = self._records.told(kept.collection, await self._send(Call("POST", kept.collection, body=body)))
        with _begun():
            late = await self._changes(kept, waiting, _known(made.currency))
            for call in (*changes.beside(kept, made.id), *late.calls(kept, made.id, None)):
                await self._send(call)
        return made.id

    async def update(
        self,
        writable: Writable,
        external_id: str,
        values: Mapping[str, Any],
        *,
        version: str | None = None,  # noqa: ARG002 - Kantata has no token: the last write wins
    ) -> None:
        kept = self._of(writable)
        with _unsent():
            number = self._number(external_id)

            async def look() -> Held:
                found = await self._records.held(kept, number)
                if found is None:
                    raise self._rejected("there is no such record")
                return found

            held = _once(look)

            async def money() -> Currency | None:
                return (await held()).currency

            changes = await self._changes(kept, values, money)
            calls = changes.calls(kept, number, await held() if changes.clears else None)
        await self._send_all(calls)

    async def remove(self, writable: Writable, external_id: str) -> None:
        kept = self._of(writable)
        with _unsent():
            calls = await self._removal(kept, external_id)
        try:
            await self._send_all(calls)
        except UpstreamRejected:
            if await self.fetch(writable, external_id) is not None:
                raise

    async def _removal(self, kept: Kept, external_id: str) -> list[Call]:
        if not OWN.usable((external_id,)):
            return []
        delete = Call("DELETE", kept.collection, of=external_id)
        match kept.removal:
            case Removal.DELETE:
                return [delete]
            case Removal.ARCHIVE:
                mark = {
                    "service_name": removed_reference(self._key_reference),
                    "service_model": kept.writable.type,
                    "service_model_ref": external_id,
                }
                archive = Call("PUT", kept.collection, of=external_id, body={kept.entity: {"archived": True}})
                return [archive, linking(kept.subject, external_id, mark)]
            case Removal.CANCEL:
                found = await self._records.by_id(kept, external_id)
                if found is None:
                    return []
                cancel = Call("PUT", kept.collection, of=external_id, action="cancel")
                return [delete if found.values["draft"] else cancel]

    # ------------------------------------------------------------------------------------------------------- parts

    def _cost(self, writable: Writable, values: Mapping[str, Any], creating: bool) -> int:
        kept = self._of(writable)
        given = {path: value for path, value in values.items() if value is not None or not creating}
        return calls_of_new(kept, given) if creating else calls_of_change(kept, given)

    def _of(self, writable: Writable) -> Kept:
        return self._kept[writable.type, writable.role]

    def _bearing(self, kept: Kept, key: str) -> dict[str, str]:
        """The reference by which the record is found again."""
        if not self._records.keys.usable((key,)):
            raise self._rejected("the key can't be one: up to 36 letters, digits, _ . -")
        return {
            "service_name": self._key_reference,
            "service_model": kept.writable.type,
            "service_model_ref": key,
            "status": "successful",
        }

    def _number(self, external_id: str) -> str:
        try:
            return str(record_id(external_id))
        except ValueError as problem:
            raise self._rejected(str(problem)) from None

    async def _changes(self, kept: Kept, values: Mapping[str, Any], money: Money) -> Changes:
        try:
            return await changes_of(kept, values, names=self._names, currency=money)
        except UnfitError as problem:
            raise self._rejected(str(problem)) from None

    def _money_of_new(self, kept: Kept, values: Mapping[str, Any]) -> Money:
        """The currency of a record that isn't there yet: its own if that is asked, else that of its project."""

        async def told() -> Currency | None:
            if kept.currency is not None:
                code = values.get(kept.currency)
                return None if code is None else usual(code)
            found = await self._records.held_by(WORKSPACES, values.get("project", ""))
            if found is None:
                raise self._rejected("project: there is no such record")
            return found.currency

        return _once(told)

    async def _send(self, call: Call) -> bytes:
        return await self._client.write(call.method, call.collection, of=call.of, action=call.action, body=call.body)

    async def _send_all(self, calls: list[Call]) -> None:
        for position, call in enumerate(calls):
            with _begun() if position else nullcontext():
                await self._send(call)

    def _rejected(self, detail: str) -> UpstreamRejected:
        return UpstreamRejected(detail, platform=self._client.platform, landed=Landed.NO)


def all_kept(options: AccountOptions, web: str) -> tuple[Kept, ...]:
    """Everything that can be written; `web` is where people see it."""
    return (
        writable_projects.account(options),
        writable_projects.project(options, web),
        writable_plans.milestone(options),
        writable_plans.task(options),
        writable_plans.demand(options),
        writable_invoices.invoice(options),
    )


async def _waiting(kept: Kept, values: Mapping[str, Any], money: Money) -> dict[str, Any]:
    """Custom amounts that wait for the currency that the made record will have."""
    amounts = {
        path: value
        for path, value in values.items()
        if isinstance(place := kept.places[path], Custom) and needs_currency(place, value)
    }
    return amounts if amounts and await money() is None else {}


def _once(call: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
    """The call, made when it is first needed and then remembered."""
    found: list[T] = []

    async def told() -> T:
        if not found:
            found.append(await call())
        return found[0]

    return told


def _known(currency: Currency | None) -> Money:
    async def told() -> Currency | None:
        return currency

    return told


@contextmanager
def _unsent() -> Iterator[None]:
    """Whatever fails in here fails before anything was changed."""
    try:
        yield
    except PlatformError as error:
        error.landed = Landed.NO
        raise


@contextmanager
def _begun() -> Iterator[None]:
    """Part of the write is done: that the rest fails doesn't unsay it."""
    try:
        yield
    except PlatformError as error:
        error.landed = Landed.YES
        raise
