"""Ids that follow from keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.firm.ids import LEGAL_ENTITY_KEYS, numeric_id, ordinal, salesforce_id, with_suffix

PREFIXES = ("acct", "proj", "inv", "pay", "cm", "ms", "task")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("00130000000ABcD", "00130000000ABcDAAW"),
        ("a0B1x00000AbCdE", "a0B1x00000AbCdEEAV"),
        ("0" * 15, "0" * 15 + "AAA"),
    ],
)
def test_the_suffix_tells_the_capitals(short, long):
    assert with_suffix(short) == long


@given(st.text())
def test_a_salesforce_id_is_stable_and_well_formed(key):
    made = salesforce_id("001", key)
    assert made == salesforce_id("001", key) == with_suffix(made[:15])
    assert len(made) == 18
    assert made.isalnum()
    assert made.startswith("001")


def test_salesforce_ids_do_not_collide_in_a_large_firm():
    keys = [f"acct-{at:05}" for at in range(1, 40_001)]
    assert len({salesforce_id("001", key).lower() for key in keys}) == len(keys)


@given(st.lists(st.tuples(st.sampled_from(PREFIXES), st.integers(1, 10**6)), unique=True))
def test_numeric_ids_of_one_kind_never_meet(keys):
    ids = [numeric_id("netsuite.transaction", f"{prefix}-{number:06}") for prefix, number in keys]
    assert len(set(ids)) == len(keys)


def test_numeric_ids_rise_with_their_keys():
    assert int(numeric_id("kantata.workspace", "proj-000002")) > int(numeric_id("kantata.workspace", "proj-000001"))


def test_customers_and_jobs_share_one_space_without_meeting():
    customers = {numeric_id("netsuite.customer", f"acct-{at:05}") for at in range(1, 20_001)}
    assert customers.isdisjoint(numeric_id("netsuite.job", f"proj-{at:06}") for at in range(1, 40_001))


def test_legal_entities_are_numbered_by_their_place():
    assert [numeric_id("netsuite.subsidiary", key) for key in LEGAL_ENTITY_KEYS] == ["1", "2", "3", "4", "5", "6"]
    assert numeric_id("anything.else", "le-de") != numeric_id("anything.else", "le-uk")
    assert ordinal("acct-0017") == 17


@pytest.mark.parametrize("key", ["", "acct", "acct-", "le-xx", "boat-1", "acct-1x"])
def test_a_text_that_is_no_key_is_refused(key):
    with pytest.raises(ValueError, match="no key of the firm"):
        numeric_id("netsuite.customer", key)
