"""What differs between the two sides of one key: declared once per comparison, decided by nobody else."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sync.ledger.port_of_reconciliations import DifferenceKind
from sync.ledger.records import Json
from sync.reconciling.seen import UNTOLD, Seen, Unit
from sync.values import digest, to_json

Money = tuple[Decimal, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A value that both sides have: where each has it, and the canonical path that people know it by.

    `currency`: where the left side says in which currency the amount is; the gap is then what is at stake. `says`:
    for values that only follow from each other, what the right side must say for a value of the left; what isn't in
    it may be anything.
    """

    path: str
    left: str = ""
    right: str = ""
    kind: DifferenceKind = DifferenceKind.VALUE
    currency: str = ""
    says: Mapping[Any, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "left", self.left or self.path)
        object.__setattr__(self, "right", self.right or self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Of which left records there must be a right one: those whose value at `path` is one of these, and that have a
    value at each of `having`. Without `path`, of all.
    """

    path: str = ""
    among: frozenset[Any] = frozenset()
    having: tuple[str, ...] = ()

    def meets(self, left: Seen) -> bool:
        wanted = not self.path or left[self.path] in self.among
        return wanted and all(left[path] is not None for path in self.having)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`missing`: None where a left record may well be alone. `unlinked`: whether a right record must belong to one.
    `one_per`: the path that tells right records apart that may stand side by side; None: any number may.
    `stakes`: the paths of amount and currency at stake, of the left side for what is missing there or differs, of the
    right one for what has no left.
    """

    fields: tuple[Compared, ...] = ()
    missing: Expected | None = None
    missing_kind: DifferenceKind = DifferenceKind.MISSING
    unlinked: bool = True
    one_per: str | None = ""
    left_stake: tuple[str, str] | None = None
    right_stake: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One difference, before anybody is told of it."""

    kind: DifferenceKind
    path: str | None = None
    left: Seen | None = None
    right: Seen | None = None
    left_value: Json = None
    right_value: Json = None
    money: Money | None = field(default=None, compare=False)


def judged(rules: Rules, unit: Unit) -> tuple[Found, ...]:
    """In an order that doesn't depend on who was read when."""
    lefts = sorted(unit.lefts, key=_place)
    rights = sorted(unit.rights, key=_place)
    return tuple(_judged(rules, unit, lefts, rights))


def same(left: Any, right: Any) -> bool:
    """Without any tolerance: numbers by value, empty text as missing."""
    if left is UNTOLD or right is UNTOLD:
        return True
    empty: tuple[Any, ...] = ("", (), [])
    return bool((None if left in empty else left) == (None if right in empty else right))


def mark(found: Iterable[Found]) -> str:
    """A hash of what was found and on which records: the same only where nothing has changed in between."""
    return digest(
        [
            [
                each.kind.value,
                each.path,
                each.left and [each.left.platform, each.left.external_id],
                each.right and [each.right.platform, each.right.external_id],
                each.left_value,
                each.right_value,
            ]
            for each in found
        ]
    )


# ------------------------------------------------------------------------------------------------------------- pieces


def _judged(rules: Rules, unit: Unit, lefts: list[Seen], rights: list[Seen]) -> Iterator[Found]:
    if not lefts:
        yield from _lonely(rules, unit, rights)
        return
    left = lefts[0]
    if not rights:
        if rules.missing is not None and rules.missing.meets(left):
            yield Found(kind=rules.missing_kind, left=left, money=_stake(rules.left_stake, left))
        return
    places: set[Any] = set()
    for right in rights:
        if rules.one_per is not None:
            place = (right.platform, to_json(right[rules.one_per]) if rules.one_per else None)
            if place in places:
                yield Found(kind=DifferenceKind.EXTRA, left=left, right=right, money=_stake(rules.right_stake, right))
                continue
            places.add(place)
        for compared in rules.fields:
            yield from _compared(rules, compared, left, right)


def _lonely(rules: Rules, unit: Unit, rights: list[Seen]) -> Iterator[Found]:
    if unit.key is None and not rules.unlinked:
        return
    kind = DifferenceKind.EXTRA if unit.key is None else DifferenceKind.STALE_LINK
    for right in rights:
        named = None if unit.key is None else unit.key[1]
        yield Found(kind=kind, right=right, right_value=named, money=_stake(rules.right_stake, right))


def _compared(rules: Rules, compared: Compared, left: Seen, right: Seen) -> Iterator[Found]:
    mine, theirs = left[compared.left], right[compared.right]
    if compared.says is not None:
        if mine not in compared.says or same(compared.says[mine], theirs):
            return
    elif same(mine, theirs):
        return
    money = _stake(rules.left_stake, left)
    if compared.currency:
        currency = left[compared.currency]
        gap = abs((mine or Decimal(0)) - (theirs or Decimal(0)))
        money = None if currency is None else (gap, currency)
    yield Found(
        kind=compared.kind,
        path=compared.path,
        left=left,
        right=right,
        left_value=to_json(mine),
        right_value=to_json(theirs),
        money=money,
    )


def _stake(paths: tuple[str, str] | None, seen: Seen) -> Money | None:
    if paths is None:
        return None
    amount, currency = seen[paths[0]], seen[paths[1]]
    return None if amount is None or currency is None else (abs(amount), currency)


def _place(seen: Seen) -> tuple[str, int, str]:
    return seen.platform, len(seen.external_id), seen.external_id
