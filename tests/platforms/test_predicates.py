"""Conditions mean the same after they were brought into the form that connectors see."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from platforms.predicates import (
    FALSE,
    TRUE,
    And,
    Compare,
    Constant,
    Missing,
    Not,
    Or,
    all_of,
    any_of,
    conjuncts,
    holds,
    leaves,
    normalised,
    paths,
)

NUMBERS = st.integers(0, 4)
RECORDS = st.fixed_dictionaries({"a": st.none() | NUMBERS, "b": st.none() | NUMBERS})
LEAVES = st.one_of(
    st.builds(
        Compare,
        st.sampled_from("ab"),
        st.sampled_from(["eq", "lt", "lte", "gt", "gte"]),
        NUMBERS,
        st.booleans(),
    ),
    st.builds(Compare, st.sampled_from("ab"), st.just("in"), st.lists(NUMBERS, max_size=3).map(tuple), st.booleans()),
    st.builds(Missing, st.sampled_from("ab"), st.booleans()),
    st.sampled_from([TRUE, FALSE]),
)
PREDICATES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)


def has_not(predicate: Any) -> bool:
    match predicate:
        case Not():
            return True
        case And(parts) | Or(parts):
            return any(has_not(part) for part in parts)
    return False


@given(PREDICATES, RECORDS)
def test_a_normalised_condition_holds_for_the_same_records(predicate, record):
    plain = normalised(predicate)
    assert holds(plain, record.get) == holds(predicate, record.get)
    assert not has_not(plain)
    assert isinstance(plain, Constant) or all(not isinstance(leaf, Constant) for leaf in leaves(plain))
    assert paths(plain) <= paths(predicate)


@given(st.lists(LEAVES, max_size=4), RECORDS)
def test_joining_keeps_the_meaning(parts, record):
    assert holds(all_of(parts), record.get) == all(holds(part, record.get) for part in parts)
    assert holds(any_of(parts), record.get) == any(holds(part, record.get) for part in parts)
    assert holds(all_of(conjuncts(all_of(parts))), record.get) == holds(all_of(parts), record.get)


def test_contradictions_are_seen_before_anybody_is_asked():
    assert all_of([Compare("a", "eq", 1), Compare("a", "eq", 2)]) == FALSE
    assert all_of([Compare("a", "in", (1, 2)), Compare("a", "in", (3,))]) == FALSE
    assert all_of([Compare("a", "gt", 3), Compare("a", "lt", 3)]) == FALSE
    assert all_of([Compare("a", "gte", 3), Compare("a", "lte", 3)]) != FALSE
    assert all_of([Compare("a", "eq", 1), Compare("a", "gt", 4)]) == FALSE


def test_a_comparison_with_a_missing_value_is_false_and_its_opposite_true():
    assert not holds(Compare("a", "lt", 1), {"a": None}.get)
    assert holds(Compare("a", "lt", 1, negated=True), {"a": None}.get)
