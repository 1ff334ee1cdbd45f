"""A value as it was asked for and as it is found are the same in the ledger exactly where they are alike in life."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from platforms.writers import Line
from sync.ledger.records import Operation, Step, StepStatus
from sync.noticing.echo import Difference, changes_between, echoes_after, parts, same
from sync.values import alike, to_json

amounts = st.decimals(-1_000_000, 1_000_000, places=2) | st.decimals(-1_000, 1_000, places=4)
words = st.text("abc ", max_size=4)
plain = st.none() | st.booleans() | words | amounts | st.dates(date(2020, 1, 1), date(2030, 1, 1))
instants = st.datetimes(timezones=st.just(UTC))
lines = st.builds(Line, description=words, amount=amounts, quantity=st.none() | amounts)
values = plain | instants | st.lists(words, max_size=2).map(tuple) | st.lists(lines, max_size=2).map(tuple)


@given(asked=values, found=values)
def test_what_is_alike_is_the_same_in_the_ledger(asked, found):
    if alike(asked, found):
        assert same(to_json(asked), to_json(found))


@given(asked=values, found=values)
def test_what_is_the_same_in_the_ledger_is_alike(asked, found):
    if type(asked) is type(found) and same(to_json(asked), to_json(found)):
        assert alike(asked, found)


def test_numbers_go_by_value_and_nothing_by_chance():
    assert same("100.00", "100")
    assert same("-0.50", "-0.5")
    assert not same("100.00", "100.01")
    assert not same("1e2", "100")
    assert not same(None, "0")
    assert not same(True, "true")
    assert not same(["a"], ["a", "b"])
    assert same({"amount": "1.0", "quantity": None}, {"amount": "1", "quantity": "3"})
    assert same(to_json(Decimal("3.10")), "3.1")


PATHS = ("a", "b", "status", "nativeStatus")
records = st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["x", "y", "z"]))


@given(before=records, after=records, asked=st.lists(records, max_size=3), first=st.booleans(), made=st.booleans())
def test_the_parts_of_a_difference_lead_from_what_was_to_what_is(before, after, asked, first, made):
    """Whatever steps there were: no change is lost, none is told twice, and each begins where the one before ended."""
    steps = [step(f"s{number}", each, made=made and number == 0) for number, each in enumerate(asked)]
    began = {} if first else before
    difference = Difference(before=began, values=after, modified_at=None, first=first)
    found = parts(difference, steps)
    state = dict.fromkeys(PATHS) | began
    for part in found:
        for path, (was, becomes) in part.changes.items():
            assert state[path] == was
            assert was != becomes
            state[path] = becomes
    assert changes_between({}, state) == changes_between({}, after)
    assert all(part.changes for part in found) or first
    assert sum(part.step is None for part in found) <= 1


@given(before=records, after=records, asked=records)
def test_what_was_seen_of_a_step_is_no_echo_again(before, after, asked):
    written = [step("s", asked)]
    echoes = echoes_after(Difference(before=before, values=after, modified_at=None, first=False), written)
    back = Difference(before=before, values=after, modified_at=None, first=False, echoes=echoes)
    assert all(part.step is None for part in parts(back, written))


def step(name: str, asked: dict, *, made: bool = False) -> Step:
    return Step(
        run_id="run",
        name=name,
        position=1,
        platform="crm",
        type="Account",
        role="CRM",
        operation=Operation.CREATE if made else Operation.UPDATE,
        status=StepStatus.SUCCEEDED,
        external_id="1",
        asked=asked,
        created=made,
        finished_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
