"""What a vendor says it can compare itself, it compares as the firm would: no row less, and none more where exact."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum

from platforms.predicates import FALSE, TRUE, And, Compare, Missing, Not, Or, holds, normalised
from resolvers.run.conditions import replaced
from schema.errors import BadUserInput

MOST_VALUES = 7
"""Values tried for one operator of one path: other paths and types try the others."""
TEXTS = (
    "", "'", "\\", "\\'", '"', "%", "_", "' OR Name != null --", "x') OR (1=1", "'; DELETE", "\n", "\0", "\ud800", "ü",
    "null", "東京", "💥", "a" * 300, "O'Hara", "o'hara", "50%", "A_B", " ", "${x}", "&q=1#", "+", "%27", "1e9", "--",
    "/*",
)  # fmt: skip


def as_ordered(asked):
    """The condition for `ordered` rows."""

    def change(leaf):
        if leaf.path != "id":
            return leaf
        value = tuple(map(numbered, leaf.value)) if leaf.operator == "in" else numbered(leaf.value)
        return replace(leaf, value=value)

    return replaced(asked, change)


def ordered(row):
    """The row, its id such that ids which are numbers compare as numbers."""
    return {**row, "id": numbered(row["id"])}.get


def numbered(text):
    return text.rjust(20) if text.isdecimal() else text


def near(value):
    """Values at which comparisons turn."""
    match value:
        case Enum():
            return [value, *list(type(value))[:2]]
        case str():
            return [value, value[:3], value[1:5], value.upper()]
        case bool():
            return [True, False]
        case int():
            return [value, value + 1, 0]
        case Decimal():
            return [value, value + Decimal("0.001"), Decimal(0), Decimal("-1E+30"), Decimal("1E+30"), Decimal("1E-40")]
        case datetime():
            return [
                value,
                value + timedelta(microseconds=1),
                value - timedelta(days=30),
                datetime.min.replace(tzinfo=value.tzinfo),
            ]
        case date():
            return [value, value + timedelta(days=1), date.min, date.max]
    return [value]


def leaves_of(facet, rows, dice):
    """Comparisons of every pushable path with values that are there, nearly there, and not at all."""
    for path, pushable in sorted(facet.pushable.items()):
        there = [row[path] for row in rows if row[path] is not None]
        values = [found for value in dice.sample(there, min(3, len(there))) for found in near(value)]
        if there and isinstance(there[0], str):
            values += [*TEXTS, "x" * 20]
        for operator in sorted(pushable.operators):
            if operator == "in":
                usable = [value for value in values if path != "id" or value in there]
                yield Compare(path, "in", tuple(dict.fromkeys(usable[:6])))
                yield Compare(path, "in", tuple(there[:5]))
            else:
                only_ids = path in facet.batch and operator != "eq"
                usable = list(dict.fromkeys(there[:3] if only_ids else values))
                for value in dice.sample(usable, min(MOST_VALUES, len(usable))):
                    yield Compare(path, operator, value)
        if pushable.exact:
            yield Missing(path)
            yield Missing(path, negated=True)


async def test_each_comparison_brings_every_row_for_which_it_holds(roomy, facet, projection, read_all, told):
    narrow = roomy.reader.project(roomy.reader.facets[facet.type, facet.role], ["id"])
    id_of = narrow.getter("id")
    rows = {row["id"]: row for row in map(told, await read_all(projection))}
    dice = random.Random(facet.type)
    tried = 0
    for leaf in leaves_of(facet, list(rows.values()), dice):
        exact = facet.pushable[leaf.path].exact
        for asked in (leaf, normalised(Not(leaf))) if exact else (leaf,):
            if asked in (TRUE, FALSE):
                continue
            tried += 1
            found = {id_of(row) for row in await read_all(narrow, of=roomy, where=asked)}
            expected = {key for key, row in rows.items() if holds(as_ordered(asked), ordered(row))}
            assert expected <= found, asked
            assert not exact or found == expected, asked
    assert tried > 3 * len(facet.pushable)


async def test_combined_comparisons_bring_every_row_for_which_they_hold(platform, facet, projection, read_all, told):
    narrow = platform.reader.project(facet, ["id"])
    id_of = narrow.getter("id")
    rows = {row["id"]: row for row in map(told, await read_all(projection))}
    dice = random.Random(f"{facet.type} combined")
    leaves = list(leaves_of(facet, list(rows.values()), dice))
    exact = [leaf for leaf in leaves if facet.pushable[leaf.path].exact]

    def grown(depth):
        if depth == 0 or dice.random() < 0.3:
            return dice.choice(exact or leaves)
        if exact and dice.random() < 0.25:
            return Not(grown(depth - 1))
        return dice.choice((And, Or))(tuple(grown(depth - 1) for _ in range(dice.randint(2, 3))))

    for _ in range(25):
        asked = normalised(grown(3))
        if asked in (TRUE, FALSE):
            continue
        found = {id_of(row) for row in await read_all(narrow, where=asked)}
        expected = {key for key, row in rows.items() if holds(as_ordered(asked), ordered(row))}
        assert expected <= found, asked
        assert not exact or found == expected, asked


async def test_counts_hold_to_the_same_conditions(platform, facet, projection, read_all, told):
    rows = list(map(told, await read_all(projection)))
    dice = random.Random(f"{facet.type} counted")
    leaves = [leaf for leaf in leaves_of(facet, rows, dice) if facet.pushable[leaf.path].exact]
    for leaf in dice.sample(leaves, min(12, len(leaves))):
        counted = await platform.reader.count(facet, leaf)
        assert counted in (None, sum(holds(as_ordered(leaf), ordered(row)) for row in rows)), leaf


async def test_an_injection_finds_nothing_that_it_does_not_say(facet, projection, read_all):
    """None of these stands in any record, so that any row at all was let in by a sign that wasn't escaped."""
    attempts = (
        "zq' OR Id != null OR Name = 'zq",
        "zq') OR (1=1",
        "zq%' OR '%'='",
        'zq" OR ""="',
        "zq\n OR 1=1",
        "zq%_%",
        "zq\0x",
    )
    for path, pushable in facet.pushable.items():
        if path in facet.batch or "contains" in pushable.operators:
            for text in attempts:
                for operator in pushable.operators & {"eq", "startsWith", "contains"}:
                    assert await read_all(projection, where=Compare(path, operator, text)) == [], (path, operator, text)


async def test_a_text_of_100_kb_is_taken_or_refused_before_any_call(platform, facet, projection, wire, read_all):
    await platform.probe()
    for path, pushable in facet.pushable.items():
        if "contains" in pushable.operators:
            before = len(wire.requests)
            try:
                found = await read_all(projection, where=Compare(path, "contains", "é" * 100_000))
            except BadUserInput:
                found = []
                assert len(wire.requests) == before
            assert found == []
