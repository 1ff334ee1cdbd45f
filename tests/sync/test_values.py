"""Values in the ledger's JSON and back, and when two of them count as the same."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platforms.writers import Line, Settable, Writable
from runtime.clock import SystemClock
from schema.enums import ProjectStatus
from schema.roles import PlatformRole
from sync.endings import LONGEST_PAUSE, PARKED_PAUSE, Endings
from sync.ledger.records import StepError
from sync.outcomes import Later
from sync.values import alike, digest, from_json, to_json, values_from_json

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12)
TEXTS = st.text(max_size=20)
DAYS = st.dates()
LINES = st.builds(
    Line,
    description=TEXTS,
    amount=AMOUNTS,
    quantity=st.none() | AMOUNTS,
    unit_price=st.none() | AMOUNTS,
    milestone=st.none() | TEXTS,
    bill_on=st.none() | DAYS,
)
VALUES: tuple[tuple[Any, st.SearchStrategy[Any]], ...] = (
    (str, TEXTS),
    (int, st.integers(-(2**53), 2**53)),
    (bool, st.booleans()),
    (Decimal, AMOUNTS),
    (date, DAYS),
    (ProjectStatus, st.sampled_from(ProjectStatus)),
    (tuple[str, ...], st.lists(TEXTS, max_size=4).map(tuple)),
    (tuple[Line, ...], st.lists(LINES, max_size=3).map(tuple)),
)


@given(st.data())
def test_every_kind_of_value_comes_back_as_it_was(data: st.DataObject) -> None:
    kind, values = data.draw(st.sampled_from(VALUES))
    value = data.draw(values)
    stored = msgspec.json.decode(msgspec.json.encode(to_json(value)))
    back = from_json(kind, stored)
    assert back == value
    assert type(back) is type(value)
    assert alike(value, back)


def test_instants_are_kept_in_utc() -> None:
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=timezone(timedelta(hours=1)))
    assert to_json(noon) == "2026-11-20T11:00:00Z"
    assert from_json(datetime, to_json(noon)) == noon.astimezone(UTC)


def test_what_has_no_form_in_the_ledger_is_a_bug() -> None:
    with pytest.raises(TypeError, match="object has no form"):
        to_json({"a": object()})


def test_a_path_that_a_record_doesnt_have_is_named() -> None:
    writable = Writable(
        type="Account", role=PlatformRole.CRM, entity="Account", paths={"name": Settable(kind=str)}, unique=True
    )
    with pytest.raises(ValueError, match="Account has no nom"):
        values_from_json(writable, {"nom": "x"})


@pytest.mark.parametrize(
    ("asked", "found", "same"),
    [
        (Decimal("1.50"), Decimal("1.5"), True),
        (Decimal("1.50"), Decimal("1.51"), False),
        ("", None, True),
        ((), None, True),
        (None, None, True),
        (None, "x", False),
        ("x", None, False),
        ("Straße", "STRASSE", False),
        (("a", "b"), ("a", "b"), True),
        (("a", "b"), ("b", "a"), False),
        (("a",), ("a", "b"), False),
    ],
)
def test_numbers_go_by_value_and_empty_text_counts_as_missing(asked: Any, found: Any, same: bool) -> None:
    assert alike(asked, found) is same


def test_a_line_is_held_to_what_was_asked_of_it_alone() -> None:
    asked = Line(description="Advice", amount=Decimal("10.0"))
    assert alike((asked,), (msgspec.structs.replace(asked, amount=Decimal(10), quantity=Decimal(1), project="7"),))
    assert not alike((asked,), (msgspec.structs.replace(asked, description="Other"),))


@given(st.dictionaries(TEXTS, TEXTS | st.integers(-(2**53), 2**53), max_size=6))
def test_a_digest_knows_no_order(values: dict[str, Any]) -> None:
    assert digest(values) == digest(dict(reversed(values.items())))
    assert digest(values) != digest({**values, "one more": "x"})


@given(st.integers(1, 5_000), st.floats(0, 1, exclude_max=True))
def test_pauses_have_jitter_and_a_ceiling(tries: int, jitter: float) -> None:
    endings = Endings(None, SystemClock(), lambda: jitter)  # type: ignore[arg-type]
    failed = Later(error=StepError(code="UPSTREAM_TIMEOUT", message="no answer", retryable=True))
    whole = min(LONGEST_PAUSE, 2.0 ** min(tries - 1, 50))
    assert whole / 2 <= endings.pause(failed, tries) <= whole
    named = Later(error=failed.error, delay=40.0, parked="kantata: asks for a pause")
    assert 40.0 <= endings.pause(named, tries) <= 41.0
    away = Later(error=failed.error, parked="netsuite: closed for maintenance")
    assert PARKED_PAUSE / 2 <= endings.pause(away, tries) <= PARKED_PAUSE
