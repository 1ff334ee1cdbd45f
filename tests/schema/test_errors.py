"""The error tree keeps what it promises, and its catalogue tells all of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import schema.errors
from schema.errors import (
    BadUserInput,
    CallerError,
    CrosswalkError,
    DeadlineExceeded,
    ErrorCode,
    EventsGone,
    FellBehind,
    Landed,
    NeedsPerson,
    PlatformError,
    Queue,
    Rejected,
    RetryLater,
    TooWide,
    UpstreamCircuitOpen,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnauthorized,
    to_extensions,
)

CATALOGUE = (Path(schema.errors.__file__).parents[1] / "docs" / "errors.md").read_text()


def leaves(base: type[CrosswalkError] = CrosswalkError) -> Iterator[type[CrosswalkError]]:
    """Those of the tree; a vendor may refine one of them for its own use."""
    for child in base.__subclasses__():
        if hasattr(child, "code") and child.__module__ == schema.errors.__name__:
            yield child
        yield from leaves(child)


def test_every_code_is_in_the_catalogue_once():
    assert sorted(re.findall(r"^\| `([A-Z_]+)` \| (?:yes|no)(?:,| \|)", CATALOGUE, re.MULTILINE)) == sorted(ErrorCode)


@pytest.mark.parametrize("leaf", sorted(set(leaves()), key=lambda leaf: leaf.__name__))
def test_every_leaf_is_drawn_in_the_tree_with_its_code(leaf):
    assert re.search(rf"── {leaf.__name__} +{leaf.code}\b", schema.errors.__doc__)


def test_the_catalogue_and_the_tree_agree_on_what_is_retryable():
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| (yes|no)\b", CATALOGUE, re.MULTILINE))
    for leaf in leaves():
        if leaf is not schema.errors.UpstreamTooLarge:  # "yes, but for answers past the size cap"
            assert leaf.retryable is (told[leaf.code] == "yes"), leaf.__name__


def test_a_platforms_error_is_exactly_one_of_the_three_things_that_happen_next():
    for leaf in leaves(PlatformError):
        assert sum(issubclass(leaf, kind) for kind in (RetryLater, NeedsPerson, Rejected)) == 1


def test_only_what_may_succeed_later_is_retryable():
    for leaf in leaves(PlatformError):
        assert leaf.retryable is issubclass(leaf, RetryLater)


def test_extensions_of_a_platforms_error():
    error = UpstreamRateLimited("slower, please", platform="netsuite", retry_after=1.2)
    assert to_extensions(error, "c-1") == {
        "code": "UPSTREAM_RATE_LIMITED",
        "platform": "netsuite",
        "retryable": True,
        "correlationId": "c-1",
        "retryAfter": 2,
    }
    assert "retryAfter" not in to_extensions(UpstreamTimeout("slow", platform="netsuite"), "c-1")
    assert to_extensions(UpstreamCircuitOpen("resting", retry_after=0.01), "c-1")["retryAfter"] == 1


def test_extensions_of_a_callers_error_blame_no_platform():
    assert to_extensions(BadUserInput("first: -1"), "c-1") == {
        "code": "BAD_USER_INPUT",
        "retryable": False,
        "correlationId": "c-1",
    }
    assert to_extensions(TooWide("narrow it", part="filter.billing"), "c-1")["part"] == "filter.billing"
    assert to_extensions(DeadlineExceeded("late", platform="crm"), "c-1")["platform"] == "crm"
    for error in (EventsGone("some are gone", resume_after="c7"), FellBehind("too slow", resume_after="c7")):
        assert to_extensions(error, "c-1")["resumeAfter"] == "c7"
    assert issubclass(DeadlineExceeded, CallerError)


def test_landed_is_the_leafs_usual_unless_the_raiser_knows_better():
    assert UpstreamTimeout("slow").landed is Landed.UNKNOWN
    assert UpstreamTimeout("slow", landed=Landed.NO).landed is Landed.NO
    assert UpstreamRejected("no such field").landed is Landed.NO


def test_a_person_is_named_by_queue():
    assert UpstreamUnauthorized("wrong secret").queue is Queue.INTEGRATION
    assert UpstreamUnauthorized("wrong secret", queue=Queue.FINANCE).queue is Queue.FINANCE


def test_a_detail_that_quotes_a_caller_stays_short_and_says_what_to_do():
    error = schema.errors.BadUserInput(f"No platform is called {'x' * 250_000!r}: connected are erp.")
    assert len(error.detail) < 700
    assert error.detail.startswith("No platform is called 'xxx")
    assert error.detail.endswith("xxx': connected are erp.")
