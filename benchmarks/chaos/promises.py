"""The courses of `--full`: each promise about writes that a course can show, by itself."""

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.chaos.stage import Plan

WORKER, GATEWAY = frozenset({"worker killed"}), frozenset({"gateway killed"})
REDIS = frozenset({"Redis killed, empty when back", "Redis flushed"})
POSTGRES = frozenset({"PostgreSQL killed"})
OUTAGE_SECONDS = 45.0
MISHAPS = 20


def courses(runs: int) -> Iterator[Plan]:
    """`runs` of each; the kills are more to the run than was promised."""
    base = Plan(name="", wishes=runs, mishaps=max(MISHAPS, runs // 50), served=True, weather="calm")
    yield replace(base, name="R1 workers killed", kinds=WORKER)
    yield replace(base, name="R2 gateways killed", kinds=GATEWAY)
    yield replace(base, name="R3 Redis killed and flushed", kinds=REDIS)
    yield replace(base, name="R4 PostgreSQL killed", kinds=POSTGRES)
    yield replace(base, name="R5 answers in doubt", mishaps=0, weather="ambiguous")
    updates = ("updateAccount", "updateProject")
    yield replace(base, name="R6 updates in order", kinds=WORKER, workflows=updates, weather="lost")
    yield replace(base, name="R8 the ERP away", mishaps=0, outage=("netsuite", OUTAGE_SECONDS))
