"""Ids of both lengths, and new ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.firm.ids import BASE62, salesforce_id, with_suffix
from sandbox.salesforce.identifiers import IdSequence, case_safe

SHORT = st.text(BASE62, min_size=15, max_size=15)


@given(SHORT)
def test_both_lengths_and_lost_case_name_the_same_record(short: str) -> None:
    full = with_suffix(short)
    assert case_safe(short) == case_safe(full) == full
    assert case_safe(full.upper()) == case_safe(full.lower()) == full


@pytest.mark.parametrize(
    "text", ["", "001", "001000000000000AA", "001000000000000A-A", "0010000000000009999", "é" * 15]
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert case_safe(text) is None


def test_new_ids_rise_and_stay_apart_from_the_firms() -> None:
    ids = IdSequence()
    given_out = [ids.next("001") for _ in range(200)]
    assert given_out == sorted(set(given_out))
    assert all(case_safe(each) == each for each in given_out)
    assert salesforce_id("001", "acct-0001") not in given_out
    assert ids.next("003").startswith("003")
