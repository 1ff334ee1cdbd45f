"""What the tests of rules have in common: an office in which changes are noticed by hand, and rules act upon them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from runtime.settings.happenings import RuleMode
from schema.ids import RecordKey, encode_id
from schema.roles import PlatformRole
from sync.acting.modes import modes_of
from sync.acting.rules import rules
from sync.acting.service import Acting
from sync.ledger.port_of_changes import Observation, RecordChange, Told
from sync.ledger.records import BusinessException, ExceptionState, Run
from tests.sync.office import Office

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP
OFF: Mapping[str, RuleMode] = dict.fromkeys(rules(), "off")
_PLATFORMS = {CRM: "salesforce", PSA: "kantata", ERP: "netsuite"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A change as somebody noticed it. `subject`: the canonical record, where that isn't the record itself."""

    type: str
    role: PlatformRole
    external_id: str
    changes: Mapping[str, tuple[Any, Any]]
    subject: str | None = None
    run: str | None = None
    first: bool = False
    gone: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def platform(self) -> str:
        return _PLATFORMS[self.role]


class Scene:
    """An office and its rules. `modes` are those of rules that aren't off."""

    def __init__(self, office: Office, **modes: RuleMode) -> None:
        self.office = office
        self.modes = modes_of({**OFF, **modes})

    def acting(self) -> Acting:
        """As another process, or one that was started anew, has it."""
        office = self.office
        return Acting(
            office.ledger, office.firm, office.desk, office.clock, rules=rules(), modes=self.modes, seconds=0.01
        )

    async def tell(self, *happened: Happened) -> None:
        """Writes events, each as a change of its own."""
        for each in happened:
            snapshots = self.office.ledger.snapshots
            role = each.role.value
            known = await snapshots.get(each.platform, each.type, role, [each.external_id])
            expected = known[each.external_id].version if each.external_id in known else 0
            told = Told(
                subject=each.subject or encode_id(RecordKey(each.type, each.platform, each.external_id)),
                correlation_id=f"corr-{uuid4().hex[:12]}",
                change=RecordChange(
                    type=each.type,
                    role=role,
                    platform=each.platform,
                    entity=each.type,
                    external_id=each.external_id,
                    changes=each.changes,
                    first=each.first,
                    gone=each.gone,
                    run=each.run,
                    occurred_at=self.office.clock.now(),
                    observed_at=self.office.clock.now(),
                    noticed_by="feed",
                    values=each.values,
                ),
            )
            observation = Observation(
                platform=each.platform,
                type=each.type,
                role=role,
                external_id=each.external_id,
                expected=expected,
                values=None if each.gone else {path: after for path, (_, after) in each.changes.items()},
                told=(told,),
            )
            assert await snapshots.observe([observation]) == (True,)

    async def acted(self, acting: Acting | None = None) -> None:
        """Every event is read, and everything that is due looked at."""
        mine = acting or self.acting()
        await mine.follow()
        await mine.act()

    async def runs(self) -> list[Run]:
        """Those that rules requested, oldest first."""
        from sync.ledger.port import RunQuery

        found = await self.office.ledger.runs(RunQuery(requested_by={"startsWith": "trigger:"}), first=100, before=None)
        return list(reversed(found))

    async def worked(self) -> list[Run]:
        """The runs of rules, each at its end."""
        return [await self.office.worked(run.id) for run in await self.runs()]

    async def problems(self) -> list[BusinessException]:
        found = await self.office.ledger.exceptions(status=ExceptionState.OPEN, first=100)
        return [problem for _, problem in found]
