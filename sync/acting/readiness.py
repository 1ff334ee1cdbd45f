"""Says what keeps a deal from becoming a project, and whose it is; and how the rules are doing."""

from dataclasses import dataclass
from typing import Any

from runtime.settings.happenings import RuleMode
from schema.errors import Queue
from schema.ids import RecordKey, encode_id
from schema.roles import PlatformRole
from sync.acting.modes import Modes
from sync.acting.refusals import owner_of
from sync.acting.rule import Rule
from sync.acting.rules import Rules
from sync.acting.rules.convert_won_deals import RULE, Deal, look
from sync.desk import Refusal
from sync.firm import Firm
from sync.flows.deal_parties import Asked
from sync.flows.terms import agreed_terms
from sync.ledger.port import Ledger
from sync.ledger.port_of_acting import Standing
from sync.ledger.records import Run
from sync.process import Refused

_NOTHING_ASKED = Asked(contract_id=None, legal_entity_id=None, start_date=None, project_name=None, billing=None)
_TERMS = "terms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A condition that is still open: `message` in plain words, `queue` whose it is, and where they bring it about."""

    condition: str
    message: str
    queue: Queue
    role: PlatformRole | None
    platform: str | None
    record_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """`project`: what the deal has become, `run`: the latest that was to convert it, whoever asked for it."""

    missing: tuple[Missing, ...]
    project_id: str | None
    run: Run | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A rule with how it is set, and how it is doing."""

    rule: Rule[Any]
    mode: RuleMode
    standing: Standing


class Answers:
    """What people ask about rules."""

    def __init__(self, ledger: Ledger, firm: Firm, rules: Rules, modes: Modes) -> None:
        self._ledger = ledger
        self._firm = firm
        self._rules = rules
        self._modes = modes

    async def what_is_missing(self, opportunity_id: str) -> Readiness | None:
        """None where there is no such opportunity; BadUserInput for an id that can be none's."""
        key = self._firm.key("Opportunity", opportunity_id)
        deal = await look(self._firm, key)
        if deal is None:
            return None
        run = await self._ledger.triggers.latest_run(RULE.flow, opportunity_id)
        if deal.project is not None:
            return Readiness(missing=(), project_id=encode_id(deal.project), run=run)
        return Readiness(missing=tuple(await self._missing(deal)), project_id=None, run=run)

    async def _missing(self, deal: Deal) -> list[Missing]:
        """The rule's own conditions, and whatever the process would refuse beside them."""
        found = [
            self._located(condition.name, lack, condition.queue, condition.role, condition.record(deal))
            for condition, lack in RULE.open(deal)
        ]
        said = {each.message for each in found}
        try:
            await agreed_terms(self._firm, deal.key, _NOTHING_ASKED)
        except Refused as refusal:
            found += [self._term(deal, each) for each in refusal.refusals if each.message not in said]
        return found

    def _term(self, deal: Deal, refusal: Refusal) -> Missing:
        owner = owner_of(RULE, refusal)
        path = refusal.path or ()
        part = path[1] if len(path) > 1 else ""
        record = deal.contract if part in ("contractId", "startDate") and deal.contract is not None else deal.key
        account = deal.sold["account"]
        if owner.queue is Queue.FINANCE and account is not None:
            record = RecordKey("Account", deal.key.platform, account)
        return self._located(_TERMS, refusal.message, owner.queue, owner.role, record)

    def _located(
        self, name: str, message: str, queue: Queue, role: PlatformRole | None, record: RecordKey | None
    ) -> Missing:
        """Finance brings about in the ERP what it owns of a client; all else is brought about where the record is."""
        platform = None if record is None else record.platform
        if record is not None and role is PlatformRole.ERP:
            platform = next(iter(self._firm.tellers(record.type, role, record.platform)), None)
        elif record is not None and role is not None:
            role = self._firm.anchor(record.type) or role
        return Missing(
            condition=name,
            message=message,
            queue=queue,
            role=role,
            platform=platform,
            record_id=None if record is None else encode_id(record),
        )

    async def triggers(self) -> tuple[Status, ...]:
        """Every rule, in the order of their names."""
        standings = await self._ledger.triggers.standings()
        return tuple(
            Status(rule=self._rules[name], mode=self._modes[name], standing=standings.get(name, Standing()))
            for name in sorted(self._rules)
        )
