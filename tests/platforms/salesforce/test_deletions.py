"""Deleted records, page by page, however many, and what happens where the org doesn't remember."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from platforms.feeds import PositionForgottenError
from platforms.http import Failure, TransportError
from sandbox.firm.ids import salesforce_id
from schema.errors import Landed, UpstreamInvalidResponse, UpstreamTooLarge
from schema.roles import PlatformRole

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WIRE = "%Y-%m-%dT%H:%M:%S.000+0000"


def listed(*deleted, earliest=NOW - timedelta(days=15), covered=NOW):
    """What the org lists: pairs of an id and when it was deleted."""
    return 200, {
        "deletedRecords": [{"id": key, "deletedDate": f"{at:{WIRE}}"} for key, at in deleted],
        "earliestDateAvailable": f"{earliest:{WIRE}}",
        "latestDateCovered": f"{covered:{WIRE}}",
    }


def log_of(platform, entity):
    return next(log for log in platform.feeds.logs if log.name == f"deletions-{entity}")


def spans(org):
    asked = [urlsplit(request.url) for request in org.requests if "/deleted/" in request.url]
    return [tuple(parse_qs(each.query)[name][0] for name in ("start", "end")) for each in asked]


@pytest.fixture
def deletions(connect):
    """Of an object that nobody can merge, so that each page is one call."""
    return log_of(connect(), "Contract")


async def test_many_deletions_are_told_in_pages_each_once(org, deletions):
    ids = [salesforce_id("800", str(number)) for number in range(1_234)]
    org.answers = [listed(*((key, NOW - timedelta(seconds=30)) for key in ids))]
    position, told, sizes = deletions.start(), [], []
    for _ in range(3):
        page = await deletions.read(position)
        position = json.loads(json.dumps(page.position))
        told += [hint.external_id for hint in page.hints]
        sizes.append((len(page.hints), page.more))
    assert sizes == [(500, True), (500, True), (234, False)]
    assert sorted(told) == sorted(ids)
    assert all(hint.gone and (hint.type, hint.role) == ("Contract", PlatformRole.CRM) for hint in page.hints)


async def test_it_goes_on_by_the_orgs_own_clock_and_leaves_out_what_it_told(org, deletions):
    first, late, again = (salesforce_id("800", name) for name in ("first", "late", "again"))
    covered = NOW - timedelta(minutes=10)  # so far behind is the org's clock
    org.answers = [listed((first, covered - timedelta(minutes=1)), covered=covered)]
    page = await deletions.read(deletions.start())
    org.answers = [
        listed((first, covered - timedelta(minutes=1)), (late, covered - timedelta(minutes=4)), (again, covered))
    ]
    assert [hint.external_id for hint in (await deletions.read(page.position)).hints] == [late, again]
    (_, first_end), (start, _) = spans(org)
    assert start == "2026-11-20T11:45:00+00:00"
    assert first_end == "2026-11-20T12:02:00+00:00"


async def test_what_was_deleted_restored_and_deleted_again_is_told_again(org, deletions):
    key = salesforce_id("800", "twice")
    org.answers = [listed((key, NOW - timedelta(minutes=2)))]
    page = await deletions.read(deletions.start())
    org.answers = [listed((key, NOW - timedelta(minutes=2)), (key, NOW - timedelta(minutes=1)))]
    assert len((await deletions.read(page.position)).hints) == 1


async def test_an_answer_that_is_too_large_is_asked_for_in_halves(org, deletions, monkeypatch):
    send = org.send
    key = salesforce_id("800", "one")

    async def capped(request, *, timeout):  # noqa: ASYNC109 - the seam's word
        if "/deleted/" in request.url:
            start, end = (datetime.fromisoformat(each) for each in spans_of(request))
            if end - start > timedelta(minutes=20):
                raise TransportError(Failure.TOO_LARGE, Landed.UNKNOWN)
            within = [(key, NOW - timedelta(minutes=7))] if start <= NOW - timedelta(minutes=7) < end else []
            org.answers = [listed(*within, covered=end)]
        return await send(request, timeout=timeout)

    def spans_of(request):
        asked = parse_qs(urlsplit(request.url).query)
        return asked["start"][0], asked["end"][0]

    monkeypatch.setattr(org, "send", capped)
    position, told = deletions.start(), []
    for _ in range(20):
        page = await deletions.read(position)
        position = page.position
        told += [hint.external_id for hint in page.hints]
        if not page.more:
            break
    assert not page.more
    assert told == [key]


async def test_a_single_minute_that_is_too_large_is_an_error_that_a_person_sees(org, deletions, monkeypatch):
    send = org.send

    async def capped(request, *, timeout):  # noqa: ASYNC109 - the seam's word
        if "/deleted/" in request.url:
            raise TransportError(Failure.TOO_LARGE, Landed.UNKNOWN)
        return await send(request, timeout=timeout)

    monkeypatch.setattr(org, "send", capped)

    async def read_on():
        position = deletions.start()
        for _ in range(20):
            position = (await deletions.read(position)).position

    with pytest.raises(UpstreamTooLarge):
        await read_on()


@pytest.mark.parametrize(
    "answer",
    [
        listed(earliest=NOW - timedelta(minutes=1)),
        (400, [{"errorCode": "INVALID_REPLICATION_DATE", "message": "start date too old"}]),
    ],
)
async def test_what_the_org_forgot_says_since_when(org, deletions, answer):
    org.answers = [answer]
    with pytest.raises(PositionForgottenError) as forgotten:
        await deletions.read(deletions.start())
    assert forgotten.value.since == NOW - timedelta(hours=1)


async def test_an_id_that_is_none_is_no_answer(org, deletions):
    org.answers = [listed(("800", NOW))]
    with pytest.raises(UpstreamInvalidResponse):
        await deletions.read(deletions.start())


async def test_what_merged_records_went_into_is_asked_of_the_recycle_bin(org, connect):
    accounts = log_of(connect(), "Account")
    merged, deleted, master = (salesforce_id("001", name) for name in ("merged", "deleted", "master"))
    bin_of = {"totalSize": 1, "done": True, "records": [{"Id": merged, "MasterRecordId": master}]}
    org.answers = [listed((merged, NOW), (deleted, NOW)), (200, bin_of)]
    page = await accounts.read(accounts.start())
    assert {hint.external_id: hint.into for hint in page.hints} == {merged: master, deleted: None}
    statement = parse_qs(urlsplit(org.requests[-1].url).query)["q"][0]
    assert "/queryAll" in org.requests[-1].url
    assert "IsDeleted = true" in statement


def test_what_an_org_may_have_made_a_formula_is_looked_at_without_a_stamp(connect):
    traits = {key[0]: each for key, each in connect().feeds.traits.items()}
    assert traits["Account"].restamps == {"ownerName"}
    assert "value" in traits["Contract"].restamps
    assert "status" not in traits["Contract"].restamps
