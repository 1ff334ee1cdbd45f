"""Amounts are exact, and written with their currency's decimals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.money import decimals, exact, from_minor


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("5760", "EUR", "5760.00"),
        ("480000.0", "EUR", "480000.00"),
        ("12.5", "USD", "12.50"),
        ("9.95", "GBP", "9.95"),
        ("499189.00", "JPY", "499189"),
        ("1.5", "KWD", "1.500"),
        ("0.125", "EUR", "0.125"),
        ("7", None, "7.00"),
    ],
)
def test_amounts_have_their_currencys_decimals_and_are_never_rounded(amount, currency, written):
    assert str(exact(Decimal(amount), currency)) == written


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "KWD", "CLF", "XXX"]))
def test_minor_units_are_the_same_amount(minor, currency):
    amount = from_minor(minor, currency)
    assert amount is not None
    assert amount * 10 ** decimals(currency) == minor
    assert str(exact(amount, currency)) == str(amount)


def test_a_missing_amount_stays_missing():
    assert exact(None, "EUR") is None
    assert from_minor(None, "EUR") is None
