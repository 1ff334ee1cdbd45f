"""Subscribed events: late, out of order, more of a second than a page holds, and forgotten after nine days."""

import json
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import pytest

from platforms.feeds import Hint
from schema.errors import UpstreamForbidden, UpstreamInvalidResponse
from schema.roles import PlatformRole

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def event(number, kind="workspace:updated", at=NOW, subject=10):
    return {"id": str(number), "event_type": kind, "subject_id": subject, "created_at": at.isoformat()}


@pytest.fixture
def events(connect):
    (log,) = connect().feeds.logs
    return log


async def test_each_kind_of_record_is_named_and_a_storys_kind_left_open(account, answer, events):
    told = [
        event(1, "workspace:updated"), event(2, "workspace:custom_field_value_created"),
        event(3, "story:deleted", subject="11"), event(4, "invoice:created"), event(5, "workspace_group:deleted"),
    ]  # fmt: skip
    account.says(answer("subscribed_events", *told))
    hints = (await events.read(events.start())).hints
    project = Hint(type="Project", role=PlatformRole.PSA, external_id="10")
    assert [(hint.type, hint.external_id, hint.gone) for hint in hints] == [
        ("Project", "10", False), ("Project", "10", False), ("Milestone", "11", True), ("Task", "11", True),
        ("Account", "10", True),
    ]  # fmt: skip
    assert hints[0] == project


async def test_what_comes_late_is_told_and_what_was_told_is_not(account, answer, events):
    account.says(answer("subscribed_events", event(7, at=NOW, subject=1)))
    page = await events.read(events.start())
    late = event(6, at=NOW - timedelta(minutes=14), subject=2)
    account.answers = []
    account.says(answer("subscribed_events", late, event(7, at=NOW, subject=1)))
    page = await events.read(json.loads(json.dumps(page.position)))
    assert [hint.external_id for hint in page.hints] == ["2"]
    assert account.asked[-1]["created_after"] == "2026-11-20T11:44:59Z"
    assert account.asked[-1]["order"] == "created_at:asc"


async def test_more_events_of_one_second_than_a_page_holds_are_all_told(fresh_sandbox, psa, truth):
    """And a page is continued at its last second, so that no late event moves another out of sight."""
    (log,) = psa.feeds.logs
    position, told, more, pages = log.start(), set(), True, 0
    stories = [story["id"] for story in truth.records("stories", limit="230")]
    assert len(stories) > 200
    seen_at_once(fresh_sandbox["control"], stories)
    while more:
        page = await log.read(position)
        told |= {hint.external_id for hint in page.hints}
        position, more, pages = page.position, page.more, pages + 1
    assert told >= set(stories)
    assert pages > 1
    assert (await log.read(position)).hints == []


def seen_at_once(control, stories):
    """Changes each of them, in one second."""
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for story in stories:
        url = f"{control}/records/kantata/story/{story}?stamp={stamp}"
        urlopen(Request(url, b'{"description": "seen"}', method="PATCH"), timeout=10).close()


async def test_types_that_an_account_does_not_know_are_left_out(account, answer, events):
    account.says({"errors": [{"type": "system", "message": "unknown event type"}]}, status=400)
    account.says(answer("subscribed_events", event(1)))
    assert len((await events.read(events.start())).hints) == 1
    first, second = (asked["event_types"] for asked in account.asked)
    assert "workspace:custom_field_value_updated" in first
    assert "custom_field_value" not in second


async def test_without_an_administrators_rights_nobody_is_told_anything(account, events):
    account.says({"errors": [{"type": "oauth", "message": "forbidden"}]}, status=403)
    with pytest.raises(UpstreamForbidden):
        await events.read(events.start())


async def test_a_second_without_end_is_an_error(account, answer, events):
    account.says(answer("subscribed_events", event(1), count=10**9))

    async def read_on():
        position = events.start()
        for _ in range(600):
            position = (await events.read(position)).position

    with pytest.raises(UpstreamInvalidResponse):
        await read_on()


@pytest.mark.parametrize("subject", ["../7", "", -3, 10.5, None])
async def test_a_subject_that_is_none_is_no_answer(account, answer, events, subject):
    account.says(answer("subscribed_events", event(1, subject=subject)))
    with pytest.raises(UpstreamInvalidResponse):
        await events.read(events.start())
