"""A parsed query turned into steps: which table to read first, how each further one is found, what is tested when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.netsuite.suiteql import syntax
from sandbox.netsuite.suiteql.binder import Binder, Scope
from sandbox.netsuite.suiteql.compiled import MISSED, Bound, ColumnUse, Compiled, column
from sandbox.netsuite.suiteql.conditions import stored, truth
from sandbox.netsuite.suiteql.refusals import no_such_table, unsupported
from sandbox.netsuite.suiteql.sources import Catalog, Row, Source


def conjuncts(node: syntax.Expression | None) -> list[syntax.Expression]:
    """The conditions that must all hold."""
    if node is None:
        return []
    if isinstance(node, syntax.And):
        return [part for inner in node.parts for part in conjuncts(inner)]
    return [node]


@dataclass(frozen=True, slots=True)
class Step:
    """Joins one table to what has been joined before, by `key` where an index can answer, then applies `tests`.

    `own_tests` belong to the join itself: a LEFT JOIN keeps the row when none passes them.
    """

    slot: int
    source: Source
    left: bool
    key: tuple[ColumnUse, Compiled] | None
    own_tests: tuple[Compiled, ...]
    tests: tuple[Compiled, ...]

    def run(self, rows: Iterable[Bound]) -> list[Bound]:
        joined: list[Bound] = []
        slot, add = self.slot, joined.append
        everything: Sequence[Row] | None = None if self.key is not None else list(self.source.rows())
        for bound in rows:
            kept = False
            for candidate in self._candidates(bound) if everything is None else everything:
                longer = bound.copy()
                longer[slot] = candidate
                if all(test.evaluate(longer) is True for test in self.own_tests):
                    kept = True
                    add(longer)
            if self.left and not kept:
                longer = bound.copy()
                longer[slot] = MISSED
                add(longer)
        return passing(joined, self.tests)

    def _candidates(self, bound: Bound) -> Sequence[Row]:
        assert self.key is not None
        use, other = self.key
        value = other.evaluate(bound)
        return () if value is None else self.source.find(use.name, (stored(use, value),))


def passing(rows: list[Bound], tests: Iterable[Compiled]) -> list[Bound]:
    for test in tests:
        evaluate = test.evaluate
        rows = [bound for bound in rows if evaluate(bound) is True]
    return rows


class FromClause:
    """The rows of FROM, JOIN and WHERE."""

    def __init__(self, query: syntax.Query, scope: Scope, binder: Binder) -> None:
        self._scope = scope
        self._size = scope.first_slot + len(scope.tables)
        self._outer = frozenset(range(scope.first_slot))
        left = {scope.slot_of(join.table.alias): join for join in query.joins if join.kind == "left"}
        self._left_tests = {
            slot: [truth(binder.compile(part)) for part in conjuncts(join.condition)] for slot, join in left.items()
        }
        parts = conjuncts(query.where)
        for join in query.joins:
            if join.kind == "inner":
                parts += conjuncts(join.condition)
        self._tests = [truth(binder.compile(part)) for part in parts]
        self.slots = frozenset[int]().union(
            *(test.slots for test in self._tests),
            *(test.slots for tests in self._left_tests.values() for test in tests),
        )

    def run(self, outer: Sequence[Row]) -> list[Bound]:
        waiting = list(self._tests)
        done = set(self._outer)
        known = outer[: self._scope.first_slot]
        start: Bound = [*known, *([MISSED] * (self._size - len(known)))]
        rows = passing([start], self._due(waiting, done))
        remaining = [self._scope.first_slot + position for position in range(len(self._scope.tables))]
        while remaining:
            if len(done) == len(self._outer):
                slot, rows = self._first(rows, remaining)
                done.add(slot)
                rows = passing(rows, self._due(waiting, done))
            else:
                slot = self._next(remaining, done)
                own = tuple(self._left_tests.get(slot, ()))
                key = self._key(slot, done, own if slot in self._left_tests else waiting)
                done.add(slot)
                step = Step(
                    slot, self._source(slot), slot in self._left_tests, key, own, tuple(self._due(waiting, done))
                )
                rows = step.run(rows)
            remaining.remove(slot)
        return rows

    def _source(self, slot: int) -> Source:
        return self._scope.tables[slot - self._scope.first_slot][1]

    @staticmethod
    def _due(waiting: list[Compiled], done: set[int]) -> list[Compiled]:
        """Takes out of `waiting` the tests whose tables have all been joined."""
        due = [test for test in waiting if test.slots <= done]
        waiting[:] = [test for test in waiting if not test.slots <= done]
        return due

    def _first(self, rows: list[Bound], remaining: list[int]) -> tuple[int, list[Bound]]:
        """Starts where the outer query gives a key, else with the table of which an index leaves the fewest rows."""
        for slot in remaining:
            outer_key = self._outer_key(slot)
            if outer_key is not None:
                return slot, Step(slot, self._source(slot), False, outer_key, (), ()).run(rows)
        best: tuple[int, Sequence[Row]] | None = None
        keys = sorted(
            (test.keys for test in self._tests if test.keys is not None), key=lambda key: key[0].column.coarse
        )
        for use, values in keys:
            if best is not None and use.column.coarse:
                break
            if use.slot not in remaining or use.slot in self._left_tests:
                continue
            if use.name not in self._source(use.slot).indexed:
                continue
            found = self._source(use.slot).find(use.name, values)
            if best is None or len(found) < len(best[1]):
                best = (use.slot, found)
        if best is None:
            best = (remaining[0], list(self._source(remaining[0]).rows()))
        slot, candidates = best
        started: list[Bound] = []
        for bound in rows:
            before, after = bound[:slot], bound[slot + 1 :]
            started += [[*before, candidate, *after] for candidate in candidates]
        return slot, started

    def _outer_key(self, slot: int) -> tuple[ColumnUse, Compiled] | None:
        if slot in self._left_tests or not self._outer:
            return None
        return self._key(slot, set(self._outer), self._tests)

    def _next(self, remaining: list[int], done: set[int]) -> int:
        """The next table that an index can find, inner joins first; a LEFT JOIN waits for the tables it refers to."""
        ready = [
            slot for slot in remaining if all(test.slots <= done | {slot} for test in self._left_tests.get(slot, ()))
        ]
        for slot in ready:
            if slot not in self._left_tests and self._key(slot, done, self._tests) is not None:
                return slot
        return ready[0]

    def _key(self, slot: int, done: set[int], tests: Iterable[Compiled]) -> tuple[ColumnUse, Compiled] | None:
        for test in tests:
            if test.equates is None:
                continue
            for mine, other in (test.equates, test.equates[::-1]):
                use = mine.use
                if (
                    use is not None
                    and use.slot == slot
                    and use.column.compute is None
                    and use.name in self._source(slot).indexed
                    and other.slots <= done
                    and other.kind == column(use).kind
                ):
                    return use, other
        return None


def scope_of(query: syntax.Query, catalog: Catalog, outer: Scope | None) -> Scope:
    tables: list[tuple[str, Source]] = []
    for reference in (query.table, *(join.table for join in query.joins)):
        source = catalog.source(reference.table)
        if source is None:
            raise no_such_table(reference.table)
        if any(alias == reference.alias for alias, _ in tables):
            raise unsupported()
        tables.append((reference.alias, source))
    return Scope(tuple(tables), outer)
