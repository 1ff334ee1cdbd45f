"""Where callers hand in what they want changed, and people decide: the port that the graph's mutations speak to."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from sync.ledger.port import Ledger
from sync.ledger.records import BusinessException, Json, Run

if TYPE_CHECKING:
    from sync.acting.readiness import Answers
    from sync.delivering.desk import WebhookDesk
    from sync.reconciling.asking import ReconciliationDesk


class RefusalCode(StrEnum):
    """Why nothing was written anywhere: the contract's UserErrorCode."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    OWNERSHIP = "OWNERSHIP"
    CONFLICT = "CONFLICT"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    STATE = "STATE"
    UNSUPPORTED = "UNSUPPORTED"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`path` leads to the part of the input that is meant, such as ("input", "billing", "taxId")."""

    code: RefusalCode
    message: str
    path: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The person or service behind an API key, in one request."""

    name: str
    role: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A run, or why there is none. The run of a dry run has its plan and is stored nowhere."""

    run: Run | None = None
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class ExceptionReply:
    exception: BusinessException | None = None
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`wish` is the mutation's input by its GraphQL names, without what stands here beside it; values are canonical
    Python values (Decimal, date, enums of `schema.enums`), absent ones are left out. `approver`: the role that must
    agree to it although its workflow asks for nobody's approval.
    """

    workflow: str
    wish: Mapping[str, Any]
    idempotency_key: str
    reason: str | None = None
    dry_run: bool = False
    if_version: str | None = None
    approver: str | None = None


class Desk(Protocol):
    """Refuses with `Refusal`s; raises PlatformError where a platform that it must ask first is away and the wish can't
    be taken without it (a dry run, or one that somebody must agree to), and Forbidden for those who may not see the
    ledger at all.
    """

    ledger: Ledger
    feed_seconds: float | None
    """How soon one after the other a platform may be asked for changes; None where nobody asks for any."""
    webhooks: "WebhookDesk | None"
    """Where applications register for what happens; None: this desk has no such place."""
    reconciliations: "ReconciliationDesk | None"
    """Where comparisons are asked for; None: this desk has no such place."""
    rules: "Answers"
    """What is told of the rules that start runs by themselves."""

    async def request(self, caller: Caller, request: Request) -> Reply: ...

    async def approve(self, caller: Caller, run_id: str, *, comment: str | None) -> Reply: ...

    async def reject(self, caller: Caller, run_id: str, *, comment: str) -> Reply: ...

    async def retry(self, caller: Caller, run_id: str) -> Reply: ...

    async def cancel(self, caller: Caller, run_id: str) -> Reply: ...

    async def compensate(self, caller: Caller, run_id: str) -> Reply: ...

    async def edit_step(self, caller: Caller, run_id: str, step: str, values: Mapping[str, Json]) -> Reply:
        """Puts other values into the failed step of a run, by canonical path; `retry` then goes on with them."""
        ...

    async def resolve(self, caller: Caller, exception_id: str, *, resolution: str, dismiss: bool) -> ExceptionReply: ...

    def may_read_ledger(self, caller: Caller) -> bool:
        """Whether runs, exceptions, approvals and the audit log of others are shown to the caller."""
        ...
