"""Amounts, exact both ways."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.firm.money import DECIMALS, as_decimal, as_minor, share, worth

AMOUNTS = st.integers(-(10**14), 10**14)


@given(AMOUNTS, st.sampled_from(sorted(DECIMALS)))
def test_minor_units_survive_the_way_there_and_back(minor, currency):
    assert as_minor(as_decimal(minor, currency), currency) == minor


def test_the_yen_has_no_cents():
    assert str(as_decimal(1250, "JPY")) == "1250"
    assert str(as_decimal(1250, "EUR")) == "12.50"


@pytest.mark.parametrize(("amount", "currency"), [("0.001", "EUR"), ("0.5", "JPY")])
def test_an_amount_finer_than_its_currency_is_refused(amount, currency):
    with pytest.raises(ValueError, match="finer"):
        as_minor(Decimal(amount), currency)


@given(AMOUNTS, st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_share_is_off_by_half_a_unit_at_most_and_mirrors_below_zero(amount, numerator, denominator):
    exact = Fraction(amount * numerator, denominator)
    assert abs(share(amount, numerator, denominator) - exact) <= Fraction(1, 2)
    assert share(-amount, numerator, denominator) == -share(amount, numerator, denominator)


def test_a_half_is_rounded_away_from_zero():
    assert (share(1, 1, 2), share(-1, 1, 2), worth(30, 12_501)) == (1, -1, 6_251)
