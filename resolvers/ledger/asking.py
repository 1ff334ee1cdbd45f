"""How a caller's wishes and decisions reach the desk, and what comes back of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import strawberry
from strawberry.types.base import get_object_definition
from strawberry.utils.str_converters import to_camel_case

from resolvers.ledger.shown import shown_exception, shown_run
from resolvers.ledger.wanted import holds
from schema.enums import UserErrorCode
from schema.errors import BadUserInput
from schema.ids import LEDGER, key_of
from schema.types.inputs import GovernedInput
from schema.types.mutation import ExceptionPayload, SyncRunPayload
from schema.types.user_errors import UserError
from sync.desk import Caller, Desk, ExceptionReply, Refusal, RefusalCode, Reply, Request

BESIDE = frozenset({"idempotencyKey", "reason", "dryRun", "ifVersion"})
"""What a command carries beside its own wish."""
NO_LEDGER = Refusal(RefusalCode.UNSUPPORTED, "This gateway has no ledger, so that it takes no writes.")


class Commands:
    """What one caller asks of the desk in one operation; without a desk everything is refused as UNSUPPORTED."""

    def __init__(self, desk: Desk | None, caller: Caller) -> None:
        self._desk = desk
        self._caller = caller

    async def request(self, workflow: str, wanted: GovernedInput) -> SyncRunPayload:
        if self._desk is None:
            return _payload(Reply(refusals=(NO_LEDGER,)))
        wish = wish_of(wanted)
        request = Request(
            workflow=workflow,
            wish={name: value for name, value in wish.items() if name not in BESIDE},
            idempotency_key=wanted.idempotency_key,
            reason=wish.get("reason"),
            dry_run=wanted.dry_run,
            if_version=wish.get("ifVersion"),
        )
        return _payload(await self._desk.request(self._caller, request), dry_run=wanted.dry_run)

    async def approve(self, run_id: str, comment: str | None) -> SyncRunPayload:
        asked = _Asked(run_id, {"comment": comment})
        return await self._of_run(asked, lambda desk, key: desk.approve(self._caller, key, comment=comment))

    async def reject(self, run_id: str, comment: str) -> SyncRunPayload:
        asked = _Asked(run_id, {"comment": comment})
        return await self._of_run(asked, lambda desk, key: desk.reject(self._caller, key, comment=comment))

    async def retry(self, run_id: str) -> SyncRunPayload:
        return await self._of_run(_Asked(run_id), lambda desk, key: desk.retry(self._caller, key))

    async def cancel(self, run_id: str) -> SyncRunPayload:
        return await self._of_run(_Asked(run_id), lambda desk, key: desk.cancel(self._caller, key))

    async def compensate(self, run_id: str) -> SyncRunPayload:
        return await self._of_run(_Asked(run_id), lambda desk, key: desk.compensate(self._caller, key))

    async def edit_step(self, run_id: str, step: str, values: object) -> SyncRunPayload:
        if not isinstance(values, Mapping):
            return _payload(Reply(refusals=(_invalid("`values` must be an object of values by path.", "values"),)))
        plain = plain_json(values)
        asked = _Asked(run_id, {"step": step, "values": plain}, name="runId")
        return await self._of_run(asked, lambda desk, key: desk.edit_step(self._caller, key, step, plain))

    async def settle(self, exception_id: str, text: str, *, dismiss: bool) -> ExceptionPayload:
        if self._desk is None:
            return _exception_payload(ExceptionReply(refusals=(NO_LEDGER,)))
        asked = _Asked(exception_id, {"reason" if dismiss else "resolution": text})
        key = asked.key("BusinessException")
        if isinstance(key, Refusal):
            return _exception_payload(ExceptionReply(refusals=(key,)))
        return _exception_payload(await self._desk.resolve(self._caller, key, resolution=text, dismiss=dismiss))

    async def _of_run(self, asked: "_Asked", decide: Callable[[Desk, str], Awaitable[Reply]]) -> SyncRunPayload:
        if self._desk is None:
            return _payload(Reply(refusals=(NO_LEDGER,)))
        key = asked.key("SyncRun")
        return _payload(Reply(refusals=(key,)) if isinstance(key, Refusal) else await decide(self._desk, key))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A decision as it came: whose id, and the words that are to be kept, by the names of their arguments."""

    id: str
    words: Mapping[str, Any] = field(default_factory=dict)
    name: str = "id"

    def key(self, type_name: str) -> str | Refusal:
        """What the ledger calls the thing, or what is wrong with the arguments."""
        try:
            key = key_of(type_name, self.id)
            if key.platform != LEDGER or not holds(key.external_id):
                raise BadUserInput("This is not an id of the graph: use an `id` that a query returned.")
        except BadUserInput as error:
            return _invalid(error.detail, self.name)
        for name, words in self.words.items():
            if not holds(words):
                return _invalid("This holds a sign that can't be kept: NUL, or half of a surrogate pair.", name)
        return key.external_id


def wish_of(given: Any) -> dict[str, Any]:
    """An input by its GraphQL names, what was left out left out: a null that was given stays as None."""
    definition = get_object_definition(type(given), strict=True)
    wish: dict[str, Any] = {}
    for part in definition.fields:
        value = getattr(given, part.python_name)
        if value is not strawberry.UNSET:
            wish[part.graphql_name or to_camel_case(part.python_name)] = _value(value)
    return wish


def _value(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_value(item) for item in value)
    return wish_of(value) if get_object_definition(value) is not None else value


def plain_json(value: Any) -> Any:
    """JSON as the ledger keeps it: numbers with a fraction are text, since a float would lose what they are."""
    match value:
        case Decimal() | float():
            return str(value)
        case Mapping():
            return {str(key): plain_json(part) for key, part in value.items()}
        case list() | tuple():
            return [plain_json(part) for part in value]
        case _:
            return value


def _invalid(message: str, *path: str) -> Refusal:
    return Refusal(RefusalCode.INVALID, message, path)


def _payload(reply: Reply, *, dry_run: bool = False) -> SyncRunPayload:
    run = None if reply.run is None else shown_run(reply.run, dry_run=dry_run)
    return SyncRunPayload(run=run, errors=[shown_refusal(refusal) for refusal in reply.refusals])


def _exception_payload(reply: ExceptionReply) -> ExceptionPayload:
    found = None if reply.exception is None else shown_exception(reply.exception)
    return ExceptionPayload(exception=found, errors=[shown_refusal(refusal) for refusal in reply.refusals])


def shown_refusal(refusal: Refusal) -> UserError:
    return UserError(
        code=UserErrorCode(refusal.code.value),
        message=refusal.message,
        path=None if refusal.path is None else list(refusal.path),
    )
