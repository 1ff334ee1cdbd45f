"""How platforms are named, found and built."""

from datetime import UTC, date, datetime

import pytest

from sandbox.world import PlatformSpec, SandboxError, build_world, vendors


def noon() -> datetime:
    return datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_platform_is_read_from_its_text():
    assert PlatformSpec.parse("netsuite") == PlatformSpec("netsuite", "netsuite", {})
    assert PlatformSpec.parse("emea=netsuite") == PlatformSpec("emea", "netsuite", {})
    assert PlatformSpec.parse("emea=netsuite:legal_entities=le-uk+le-de,pages=5") == PlatformSpec(
        "emea", "netsuite", {"legal_entities": "le-uk+le-de", "pages": "5"}
    )


def test_options_become_what_the_vendor_declares(notebook_vendor):
    world = build_world(
        platforms=["notebook", "x=notebook:pages=12,shout=yes,only=le-uk+le-de"], accounts=1, clock=noon
    )
    assert world.platforms["notebook"].options == {"pages": 3, "shout": False, "only": ()}
    assert world.platforms["x"].options == {"pages": 12, "shout": True, "only": ("le-uk", "le-de")}


@pytest.mark.parametrize(
    ("platforms", "reason"),
    [
        (["sailforce"], "no vendor 'sailforce'"),
        (["firm"], "no vendor 'firm'"),
        (["../firm"], "no vendor"),
        (["notebook", "notebook"], "two platforms are called 'notebook'"),
        (["notebook:pages"], "expected option=value"),
        (["notebook:pages=many"], "whole number"),
        (["notebook:shout=maybe"], "takes yes or no"),
        (["notebook:colour=red"], "no option 'colour'; it offers: pages, shout, only"),
        (["notebook:clock=x"], "no option 'clock'"),
    ],
)
def test_a_platform_that_cannot_be_built_is_refused(notebook_vendor, platforms, reason):
    with pytest.raises(SandboxError, match=reason):
        build_world(platforms=platforms, accounts=1, clock=noon)


def test_the_firm_is_of_the_clocks_day_unless_told(notebook_vendor):
    assert build_world(platforms=["notebook"], accounts=1, clock=noon).firm.as_of == date(2026, 11, 20)
    told = build_world(platforms=["notebook"], accounts=1, clock=noon, as_of=date(2025, 1, 31))
    assert told.firm.as_of == date(2025, 1, 31)


def test_progress_is_told(notebook_vendor):
    lines: list[str] = []
    build_world(platforms=["notebook", "x=notebook"], accounts=1_200, clock=noon, progress=lines.append)
    assert lines == [
        "inventing a firm with 1,200 accounts (seed 7, as of 2026-11-20)",
        "filling notebook",
        "filling x (notebook)",
    ]


def test_every_vendor_of_the_issue_is_found_in_the_order_of_their_ports():
    assert vendors()[:3] == ["salesforce", "kantata", "netsuite"]
