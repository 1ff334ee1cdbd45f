"""Two sides in memory: as large as a test wants them, changed while they are read, away, or short of what they have."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import nsmallest
from typing import Any

from platforms.bindings import Bindings
from platforms.predicates import Predicate
from schema.errors import Queue
from sync.firm import Firm
from sync.ledger.port import Ledger
from sync.ledger.port_of_reconciliations import DifferenceKind
from sync.ledger.records import Json
from sync.reception import FrontDesk
from sync.reconciling.comparison import Comparison, Walk, keyed
from sync.reconciling.judging import Compared, Expected, Rules
from sync.reconciling.reconciler import Reconciler
from sync.reconciling.repairing import Repairs
from sync.reconciling.seen import Key, Page, Reading, Scope, Seen
from sync.reconciling.telling import Telling
from tests.sync.conftest import HeldClock

LEFT, RIGHT = "erp", "crm"
VALUES = {"status": "OPEN", "total": Decimal("10.00"), "currency": "EUR"}


@dataclass
class MemorySide:
    """`rows` by id: the id of the left record that each belongs to, and its values. `before` is awaited before each
    answer; `leaves_out` says which ids an answer lacks without a word.
    """

    name: str
    rows: dict[str, tuple[str | None, dict[str, Any]]] = field(default_factory=dict)
    before: Callable[[], Awaitable[None]] | None = None
    leaves_out: Callable[[str], bool] = lambda _: False
    counts: bool = True
    asked: int = 0

    def platforms(self, firm: Firm) -> list[str]:
        return [self.name]

    async def page(self, reading: Reading, platform: str, after: Json, *, most: int, where: Predicate | None) -> Page:
        found = await self._answer(nsmallest(most, (each for each in self.rows if after is None or each > after)))
        return Page(found, found[-1].external_id if len(found) == most else None)

    async def of(self, reading: Reading, keys: Iterable[Key]) -> list[Seen]:
        wanted = {key[1] for key in keys}
        return await self._answer(each for each, (key, _) in list(self.rows.items()) if key in wanted)

    async def again(self, reading: Reading, platform: str, external_ids: Iterable[str]) -> list[Seen]:
        return await self._answer(each for each in external_ids if each in self.rows)

    async def count(self, reading: Reading, platform: str, where: Predicate | None) -> int | None:
        return len(self.rows) if self.counts else None

    def where(self, firm: Firm, platform: str, path: str, scope: Scope) -> Predicate | None:
        return None

    async def _answer(self, ids: Iterable[str]) -> list[Seen]:
        asked = list(ids)
        self.asked += 1
        if self.before is not None:
            await self.before()
        return [self._seen(each) for each in asked if each in self.rows and not self.leaves_out(each)]

    def _seen(self, external_id: str) -> Seen:
        key, values = self.rows[external_id]
        return Seen(
            platform=self.name, external_id=external_id, key=None if key is None else (LEFT, key), values=dict(values)
        )


@dataclass
class Pair:
    """A comparison of two sides in memory, with `count` records that are alike on both."""

    left: MemorySide
    right: MemorySide

    @classmethod
    def of(cls, count: int) -> "Pair":
        left, right = MemorySide(LEFT), MemorySide(RIGHT)
        for number in range(count):
            name = f"{number:06}"
            left.rows[name] = (name, dict(VALUES))
            right.rows[f"r{name}"] = (name, dict(VALUES))
        return cls(left, right)

    def comparison(self) -> Comparison:
        rules = Rules(
            fields=(
                Compared(path="status", kind=DifferenceKind.STATUS),
                Compared(path="total", currency="currency"),
            ),
            missing=Expected(),
            left_stake=("total", "currency"),
            right_stake=("total", "currency"),
        )
        return Comparison(
            name="memory",
            title="Two sides in memory",
            left_name="bill",
            right_name="copy",
            left=self.left,
            right=self.right,
            walks=(Walk(which="right", side=self.right), Walk(which="left", side=self.left)),
            rules=rules,
            queue=Queue.FINANCE,
            days=2,
            type="Invoice",
            record=keyed("Invoice"),
        )

    def reconciler(self, ledger: Ledger, clock: HeldClock) -> Reconciler:
        comparison = self.comparison()
        firm = Firm(Bindings({}), {})
        desk = FrontDesk(ledger, firm, {}, clock, ring=lambda: None, approval_seconds=3600.0)
        telling = Telling(ledger, firm, Repairs(firm, desk, {}), clock)
        return Reconciler(ledger, firm, {comparison.name: comparison}, telling, clock)
