"""Records that stay are kept out of the garbage collector's way."""

import gc
from datetime import UTC, date, datetime

import pytest

from sandbox.lasting import lasting
from sandbox.world import build_world


@pytest.fixture(autouse=True)
def _as_before():
    yield
    gc.unfreeze()
    gc.enable()


def test_the_collector_is_off_while_building_and_never_looks_at_what_was_built():
    with lasting():
        assert not gc.isenabled()
        made = [[number] for number in range(1_000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() > len(made)


def test_it_is_on_again_after_a_failure():
    with pytest.raises(KeyError), lasting():
        raise KeyError
    assert gc.isenabled()


def test_only_a_world_that_is_alone_in_its_process_asks_for_it():
    def world(**how):
        return build_world(
            platforms=["kantata"], accounts=3, as_of=date(2026, 11, 20), clock=lambda: datetime.now(UTC), **how
        )

    world().reset()
    assert gc.get_freeze_count() == 0
    alone = world(alone=True)
    assert gc.get_freeze_count() > 0
    gc.unfreeze()
    alone.reset()
    assert gc.get_freeze_count() > 0
