"""Where applications register for what happens, and look after what they have registered."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from platforms.addresses import Targets
from runtime.clock import Clock
from sync.delivering.audience import RoleOf
from sync.delivering.checks import description_problems, filter_problems, kind_problems, url_problems
from sync.delivering.signing import BOTH_SIGN, Secrets, both_sign
from sync.delivering.troubles import host_of
from sync.desk import Caller, Refusal, RefusalCode
from sync.ledger.port import Ledger
from sync.ledger.port_of_webhooks import Delivery, DeliveryStatus, Hook, HookChange, HookStatus, NewHook
from sync.ledger.records import Audited, Json
from sync.policy import ADMIN
from sync.wording import key_problem, word_problems

MAY_REGISTER = frozenset({ADMIN, "service", "finance", "pmo", "sales_ops", "delivery"})
MAY_SEE_ALL = frozenset({ADMIN, "auditor"})
MOST_HOOKS = 100
"""Of one owner."""
NO_KEY = Refusal(
    RefusalCode.UNSUPPORTED,
    "This installation can't sign what it sends: set hooks.signing_key to 32 random characters or more, as {env: NAME} "
    "or {file: PATH}, on gateways and workers alike.",
)
_NONE = Refusal(RefusalCode.NOT_FOUND, "There is no such webhook, or it isn't yours.", ("id",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """`filter`: lists of values by the names of its parts; those that are left out let everything pass."""

    idempotency_key: str
    url: str
    kinds: tuple[str, ...]
    filter: Mapping[str, Sequence[str]]
    description: str | None = None


@dataclass(frozen=True, slots=True)
class HookReply:
    """`secret` is told with the webhook that it was made for, and never again."""

    hook: Hook | None = None
    secret: str | None = None
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryReply:
    delivery: Delivery | None = None
    refusals: tuple[Refusal, ...] = ()


class WebhookDesk:
    """Everybody sees and changes their own; administrators everybody's, and auditors see them. `secrets` None: there
    is no signing key. `role_of`: what the owner of a webhook is, by the keys that there are.
    """

    def __init__(
        self, ledger: Ledger, clock: Clock, *, secrets: Secrets | None, targets: Targets, role_of: RoleOf
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._secrets = secrets
        self._targets = targets
        self._role_of = role_of

    # --------------------------------------------------------------------------------------------------------- looking

    async def get(self, caller: Caller, hook_id: str) -> Hook | None:
        hook = await self._ledger.hooks.get(hook_id)
        if hook is None or hook.status is HookStatus.DELETED or not _sees(caller, hook):
            return None
        return hook

    async def page(self, caller: Caller, *, first: int, after: int | None) -> tuple[Hook, ...]:
        owner = None if caller.role in MAY_SEE_ALL else caller.name
        return await self._ledger.hooks.page(owner=owner, first=first, after=after)

    async def deliveries(
        self, caller: Caller, hook_id: str, *, status: DeliveryStatus | None, first: int, before: int | None
    ) -> tuple[Delivery, ...]:
        """Newest first; those of a webhook that the caller sees."""
        found = await self._ledger.hooks.get(hook_id)
        if found is None or not _sees(caller, found):
            return ()
        return await self._ledger.deliveries.page(hook_id, status=status, first=first, before=before)

    async def count_deliveries(self, caller: Caller, hook_id: str, *, status: DeliveryStatus | None) -> int:
        found = await self._ledger.hooks.get(hook_id)
        seen = found is not None and _sees(caller, found)
        return await self._ledger.deliveries.count(hook_id, status=status) if seen else 0

    def previous_secret_until(self, hook: Hook) -> datetime | None:
        """Until when the secret before the last rotation signs as well; None where it doesn't."""
        return hook.rotated_at + BOTH_SIGN if hook.rotated_at and both_sign(hook, self._clock.now()) else None

    # -------------------------------------------------------------------------------------------------------- changing

    async def register(self, caller: Caller, wanted: Registration) -> HookReply:
        """The same key with the same registration answers the same webhook, with its secret while it is the first."""
        if self._secrets is None:
            return HookReply(refusals=(NO_KEY,))
        if caller.role not in MAY_REGISTER:
            return _refused(RefusalCode.FORBIDDEN, f"The role {caller.role} may not register webhooks.")
        problems = [*self._problems(wanted, caller.role)]
        if problems:
            return HookReply(refusals=tuple(problems))
        hook_id = _hook_id(caller.name, wanted.idempotency_key)
        known = await self._ledger.hooks.get(hook_id)
        if known is None:
            if len(await self._ledger.hooks.page(owner=caller.name, first=MOST_HOOKS, after=None)) == MOST_HOOKS:
                return _refused(RefusalCode.STATE, f"You have {MOST_HOOKS} webhooks: delete one that isn't used.")
            new = _new(hook_id, caller, wanted)
            detail = {"host": host_of(new.url), "kinds": list(new.kinds), "filter": _plain(new.filter)}
            hook = await self._ledger.hooks.add(new, _entry(caller, hook_id, "webhook.registered", detail))
            known = hook or await self._ledger.hooks.get(hook_id)
            assert known is not None  # it was taken by a twin of the same instant
        return self._same(known, _new(hook_id, caller, wanted))

    def _same(self, known: Hook, new: NewHook) -> HookReply:
        assert self._secrets is not None
        same = (known.url, known.description, known.kinds, _plain(known.filter))
        if known.status is HookStatus.DELETED or same != (new.url, new.description, new.kinds, _plain(new.filter)):
            message = (
                "This idempotency key stands for another webhook, or for one that was changed or deleted since; "
                "use a new key for a new one."
            )
            return _refused(RefusalCode.IDEMPOTENCY_MISMATCH, message, "input", "idempotencyKey")
        return HookReply(known, self._secrets.of(known.id, 1) if known.generation == 1 else None)

    async def update(self, caller: Caller, hook_id: str, change: HookChange) -> HookReply:
        hook = await self._theirs(caller, hook_id)
        if isinstance(hook, Refusal):
            return HookReply(refusals=(hook,))
        kinds = hook.kinds if change.kinds is None else change.kinds
        problems = [
            *(() if change.url is None else url_problems(change.url, self._targets)),
            *(() if change.kinds is None else kind_problems(kinds, self._role_of(hook.owner) or hook.role)),
            *(() if change.filter is None else filter_problems(change.filter, kinds)),
            *description_problems(change.description),
        ]
        if problems:
            return HookReply(refusals=tuple(problems))
        detail: dict[str, Json] = {} if change.url is None else {"host": host_of(change.url)}
        detail |= {} if change.kinds is None else {"kinds": list(change.kinds)}
        detail |= {} if change.filter is None else {"filter": _plain(change.filter)}
        entry = _entry(caller, hook_id, "webhook.changed", detail)
        return _found(await self._ledger.hooks.change(hook_id, change, entry))

    async def disable(self, caller: Caller, hook_id: str, reason: str | None) -> HookReply:
        problems = word_problems(reason or "", "reason")
        if problems:
            return HookReply(refusals=tuple(problems))
        why = f"{caller.name} disabled it{f': {reason}' if reason else '.'}"
        entry = _entry(caller, hook_id, "webhook.disabled", {"reason": reason})
        return await self._do(caller, hook_id, lambda _: self._ledger.hooks.disable(hook_id, why, entry), "is disabled")

    async def enable(self, caller: Caller, hook_id: str, *, skip_missed: bool) -> HookReply:
        entry = _entry(caller, hook_id, "webhook.enabled", {"skipMissed": skip_missed})

        async def enable(_: Hook) -> Hook | None:
            return await self._ledger.hooks.enable(hook_id, skip_missed=skip_missed, by=caller.name, audit=entry)

        return await self._do(caller, hook_id, enable, "is enabled")

    async def delete(self, caller: Caller, hook_id: str) -> HookReply:
        entry = _entry(caller, hook_id, "webhook.deleted", {})
        ledger = self._ledger.hooks
        return await self._do(
            caller, hook_id, lambda _: ledger.delete(hook_id, by=caller.name, audit=entry), "was deleted"
        )

    async def test(self, caller: Caller, hook_id: str) -> HookReply:
        entry = _entry(caller, hook_id, "webhook.tested", {})
        ledger = self._ledger.hooks
        return await self._do(
            caller,
            hook_id,
            lambda _: ledger.test(hook_id, caller.correlation_id, entry),
            "is disabled; enable it first",
        )

    async def rotate(self, caller: Caller, hook_id: str, *, at_once: bool) -> HookReply:
        """The secret before signs as well for a day, unless it is to end `at_once`."""
        if self._secrets is None:
            return HookReply(refusals=(NO_KEY,))
        hook = await self._theirs(caller, hook_id)
        if isinstance(hook, Refusal):
            return HookReply(refusals=(hook,))
        until = self.previous_secret_until(hook)
        if until is not None and not at_once:
            message = (
                f"Its secret was rotated already: the one before is good until {until:%Y-%m-%d %H:%M} UTC. Wait until "
                "then, or let the present one end at once."
            )
            return _refused(RefusalCode.STATE, message, "id")
        entry = _entry(caller, hook_id, "webhook.secret_rotated", {"atOnce": at_once})
        rotated = await self._ledger.hooks.rotate(hook, at_once=at_once, audit=entry)
        if rotated is None:
            return _refused(RefusalCode.STATE, "Somebody else has just rotated it: look at it again.", "id")
        return HookReply(rotated, self._secrets.of(rotated.id, rotated.generation))

    async def redeliver(self, caller: Caller, delivery_id: str) -> DeliveryReply:
        path = ("deliveryId",)
        found = await self._ledger.deliveries.get(delivery_id)
        hook = None if found is None else await self._theirs(caller, found.hook_id)
        if found is None or not isinstance(hook, Hook):
            return DeliveryReply(refusals=(Refusal(RefusalCode.NOT_FOUND, "There is no such delivery.", path),))
        if hook.status is not HookStatus.ACTIVE:
            message = "Its webhook is disabled: enable it first."
            return DeliveryReply(refusals=(Refusal(RefusalCode.STATE, message, path),))
        detail = {"deliveryId": delivery_id, "status": found.status.value}
        entry = _entry(caller, hook.id, "webhook.redelivered", detail)
        again = await self._ledger.deliveries.redeliver(delivery_id, entry)
        if again is None:
            waits = found.status is DeliveryStatus.PENDING
            message = "It waits to be sent anyway." if waits else "Its event is kept no more."
            return DeliveryReply(refusals=(Refusal(RefusalCode.STATE, message, path),))
        return DeliveryReply(again)

    # ---------------------------------------------------------------------------------------------------------- pieces

    def _problems(self, wanted: Registration, role: str) -> Iterable[Refusal]:
        wrong = key_problem(wanted.idempotency_key)
        return [
            *([] if wrong is None else [wrong]),
            *url_problems(wanted.url, self._targets),
            *kind_problems(wanted.kinds, role),
            *filter_problems(wanted.filter, wanted.kinds),
            *description_problems(wanted.description),
        ]

    async def _theirs(self, caller: Caller, hook_id: str) -> Hook | Refusal:
        """A webhook that the caller may change."""
        hook = await self._ledger.hooks.get(hook_id)
        if hook is None or hook.status is HookStatus.DELETED or not _sees(caller, hook):
            return _NONE
        if caller.role != ADMIN and caller.name != hook.owner:
            return Refusal(RefusalCode.FORBIDDEN, f"This is {hook.owner}'s: you may only look at it.", ("id",))
        return hook

    async def _do(
        self, caller: Caller, hook_id: str, change: Callable[[Hook], Awaitable[Hook | None]], already: str
    ) -> HookReply:
        hook = await self._theirs(caller, hook_id)
        if isinstance(hook, Refusal):
            return HookReply(refusals=(hook,))
        changed = await change(hook)
        return _refused(RefusalCode.STATE, f"This webhook {already}.", "id") if changed is None else HookReply(changed)


def _sees(caller: Caller, hook: Hook) -> bool:
    return caller.role in MAY_SEE_ALL or caller.name == hook.owner


def _hook_id(owner: str, key: str) -> str:
    return sha256(f"{owner}\x1f{key}".encode()).hexdigest()[:32]


def _new(hook_id: str, caller: Caller, wanted: Registration) -> NewHook:
    return NewHook(
        id=hook_id,
        owner=caller.name,
        role=caller.role,
        url=wanted.url,
        description=wanted.description or None,
        kinds=tuple(dict.fromkeys(wanted.kinds)),
        filter=_plain(wanted.filter),
    )


def _plain(given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {part: list(values) for part, values in given.items()}


def _entry(caller: Caller, hook_id: str, action: str, detail: Mapping[str, Json]) -> Audited:
    told = {"webhookId": hook_id, **detail}
    return Audited(actor=caller.name, action=action, detail=told, correlation_id=caller.correlation_id)


def _refused(code: RefusalCode, message: str, *path: str) -> HookReply:
    return HookReply(refusals=(Refusal(code, message, path or None),))


def _found(hook: Hook | None) -> HookReply:
    return HookReply(refusals=(_NONE,)) if hook is None else HookReply(hook)
