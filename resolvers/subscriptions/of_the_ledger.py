"""The streams of what happens in the ledger itself: runs that get on, and problems that are raised."""

from strawberry import ID

from resolvers.ledger.wanted import text_of
from resolvers.subscriptions.cursors import write_event_cursor
from resolvers.subscriptions.streams import Accepts, Arguments, Waiting
from schema.enums import SyncRunStatus
from schema.errors import BadUserInput, Forbidden
from schema.ids import LEDGER, key_of, ledger_id
from schema.types.subscription import ExceptionEvent, SyncRunEvent
from sync.ledger.outcomes import EXCEPTION_EVENT, RUN_EVENT
from sync.ledger.records import Event


class SyncRunChanged:
    name = "syncRunChanged"
    kind = RUN_EVENT

    def accepted(self, waiting: Waiting, arguments: Arguments) -> Accepts:
        wanted: dict[str, str] = {}
        if arguments.get("workflow") is not None:
            wanted["workflow"] = text_of(arguments["workflow"])
        subject = None if arguments.get("id") is None else _run_key(arguments["id"])

        def accepts(event: Event) -> bool:
            return (
                (subject is None or event.subject == subject)
                and all(event.payload.get(name) == value for name, value in wanted.items())
                and (waiting.sees_all or event.payload.get("caller") == waiting.caller.name)
            )

        return accepts

    def allow(self, waiting: Waiting) -> None:
        """Everybody may see their own runs; others' are passed over."""

    def shown(self, event: Event) -> SyncRunEvent:
        return SyncRunEvent(
            run_id=ledger_id("SyncRun", event.subject),
            cursor=write_event_cursor(self.name, event.cursor),
            correlation_id=ID(event.correlation_id),
            occurred_at=event.at,
            status=SyncRunStatus(event.payload["status"]),
        )


class ExceptionRaised:
    name = "exceptionRaised"
    kind = EXCEPTION_EVENT

    def accepted(self, waiting: Waiting, arguments: Arguments) -> Accepts:
        self.allow(waiting)
        queue = None if arguments.get("queue") is None else str(getattr(arguments["queue"], "value", ""))

        def accepts(event: Event) -> bool:
            return queue is None or event.payload.get("queue") == queue

        return accepts

    def allow(self, waiting: Waiting) -> None:
        if not waiting.sees_all:
            raise Forbidden("Your role may not see the ledger, to which business exceptions belong.")

    def shown(self, event: Event) -> ExceptionEvent:
        return ExceptionEvent(
            exception_id=ledger_id("BusinessException", event.subject),
            cursor=write_event_cursor(self.name, event.cursor),
            correlation_id=ID(event.correlation_id),
            occurred_at=event.at,
        )


def _run_key(text: str) -> str:
    key = key_of("SyncRun", text)
    if key.platform != LEDGER:
        raise BadUserInput("This is not an id of the graph: use an `id` that a query returned.")
    return key.external_id
