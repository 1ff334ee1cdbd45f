"""The report of governed writes judges its goals by the medians of the rounds."""

from dataclasses import replace

from benchmarks.writes.measures import Backlog, Steady
from benchmarks.writes.places import SQLITE
from benchmarks.writes.report import CALM_PACE, GOAL_PACE, Measured, Report
from benchmarks.writes.sending import percentile
from benchmarks.writes.wishes import CREATE_ACCOUNT, UPDATE_ACCOUNT

BACKLOG = Backlog(
    accepted=100.0,
    accept_cpu=8.0,
    accept_transactions=2.0,
    finished=20.0,
    work_cpu=30.0,
    transactions=4.5,
    idle_transactions=4.0,
)


def report(*, transactions: float, acceptance: float) -> Report:
    """Three rounds, of which one was disturbed."""
    rounds = [replace(BACKLOG, transactions=found) for found in (transactions, transactions, 50.0)]
    calm = Steady([acceptance] * 100, [3.0] * 100, 0, [1.0])
    steady = [calm, calm, Steady([9_000.0] * 100, [9_000.0] * 100, 2, [1.0])]
    measured = Measured(
        backlogs={UPDATE_ACCOUNT.name: rounds, CREATE_ACCOUNT.name: rounds},
        busy=[50.0],
        steady={CALM_PACE: steady, GOAL_PACE: steady},
        plain=[2_000.0],
    )
    return Report(measured={SQLITE: measured}, rounds=3, amounts="runs", load=1.0)


def test_a_round_that_was_disturbed_doesnt_decide() -> None:
    assert all(ok for _, _, ok in report(transactions=4.5, acceptance=20.0).goals)


def test_goals_that_are_missed_are_told_as_missed() -> None:
    assert [ok for _, _, ok in report(transactions=5.1, acceptance=20.0).goals] == [True, False, False]
    assert [ok for _, _, ok in report(transactions=4.5, acceptance=51.0).goals] == [False, True, True]


def test_the_text_holds_every_goal_and_the_ratio_to_plain_jobs() -> None:
    found = report(transactions=5.1, acceptance=20.0)
    text = found.text()
    assert all(goal in text for goal, _, _ in found.goals)
    assert text.count("**FAIL**") == 2
    assert "| 2000 | 100 | 33 |" in text  # 2,000 plain jobs/s to 20 runs/s of three steps


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([7.0], 0.99)) == (51.0, 100.0, 7.0)
