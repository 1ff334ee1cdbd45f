"""The short form of `./run chaos`: nothing is lost and nothing is done twice, whatever is killed, on both set-ups."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 300
LAST_LINE = re.compile(r"runs (\d+) kills (\d+) drops (\d+) lost 0 duplicated 0")


def chaos(*options: str) -> tuple[int, str]:
    """Exit status, and all that was said."""
    command = [sys.executable, "-m", "benchmarks.chaos", "--print", "--accounts", "60", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.terminate()  # it ends what it has started
        said, _ = process.communicate()
    return process.returncode, said


@pytest.mark.parametrize("installation", ["embedded", "served"])
def test_mixed_runs_under_lost_calls_and_kills_end_right(installation: str) -> None:
    code, said = chaos("--only", installation, "--runs", "20", "--mishaps", "0.2", "--deaths", "0")
    last = LAST_LINE.fullmatch(said.splitlines()[-1])
    assert last is not None, said
    assert code == 0, said
    runs, kills, drops = map(int, last.groups())
    assert runs >= 14
    assert kills >= 1
    assert drops >= 1


def test_a_worker_may_die_at_any_boundary_of_a_process() -> None:
    code, said = chaos("--only", "embedded", "--runs", "0", "--deaths", "4", "--process", "createInvoice")
    last = LAST_LINE.fullmatch(said.splitlines()[-1])
    assert last is not None, said
    assert code == 0, said
    runs, deaths, _ = map(int, last.groups())
    assert (runs, deaths) == (5, 4), said
