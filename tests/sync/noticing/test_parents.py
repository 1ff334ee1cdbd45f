"""A child's change that doesn't touch its parent is noticed at the parent as well: the fourth of the five ways."""

from datetime import timedelta

import pytest

from platforms.feeds import FeedTraits
from schema.roles import PlatformRole
from tests.sync.noticing.following import Following
from tests.sync.noticing.source import Manner, Source

PSA = PlatformRole.PSA
OVERLAP = timedelta(seconds=60)


@pytest.fixture
async def following(ledger, clock):
    children = {("Milestone", PSA): "project", ("Task", PSA): "project"}
    projects = Manner(paths=("name", "percentComplete"), traits=FeedTraits(overlap=OVERLAP, children=children))
    others = {
        "Milestone": Manner(paths=("name", "project"), traits=FeedTraits(overlap=OVERLAP)),
        "Task": Manner(paths=("project",), traits=FeedTraits(overlap=OVERLAP)),
    }
    source = Source("psa", clock, projects, type_name="Project", role=PSA, others=others)
    day = clock.now() - timedelta(days=1)
    for number in range(3):
        source.put(f"p{number}", name="Project", percentComplete="0", stamp=day)
        source.put(f"m{number}", type_name="Milestone", name="Milestone", project=f"p{number}", stamp=day)
        source.put(f"t{number}", type_name="Task", project=f"p{number}", stamp=day)
    found = Following(source, ledger, clock)
    await found.begin()
    clock.advance(30)
    return found


@pytest.mark.parametrize("child", ["Milestone", "Task"])
async def test_a_childs_change_shows_at_its_parent(following, child):
    source = following.source
    source.put("p1", percentComplete="50", stampless=True)
    source.put(f"{child[0].lower()}1", type_name=child, project="p1")
    await following.rounds()
    assert await following.names_told("p1", "percentComplete") == ["50"]
    assert await following.told("p0") == []


async def test_a_child_that_moves_shows_at_both_parents(following):
    source = following.source
    source.put("m1", type_name="Milestone", project="p2")
    for project in ("p1", "p2"):
        source.put(project, percentComplete="70", stampless=True)
    await following.rounds()
    assert await following.names_told("p1", "percentComplete") == ["70"]
    assert await following.names_told("p2", "percentComplete") == ["70"]


async def test_a_child_that_nobody_follows_for_itself_makes_no_events(following, ledger):
    following.source.put("t1", type_name="Task", project="p1")
    await following.pass_time(200)
    assert await following.told() == []
    assert "psa:Task:PSA" in following.names
