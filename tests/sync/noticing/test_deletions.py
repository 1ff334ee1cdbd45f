"""What is gone is told as gone; an error, a short or an empty answer never is."""

from uuid import uuid4

import pytest

from platforms.feeds import Hint
from schema.errors import PlatformError, Queue
from schema.ids import RecordKey, encode_id
from schema.roles import PlatformRole
from sync.ledger.port_of_changes import Observation
from sync.ledger.records import Audited, ExceptionState
from sync.noticing.observer import Noticed
from sync.noticing.vanished import VANISHED
from tests.sync.noticing.conftest import Watchman
from tests.sync.office import Office

CRM, PSA, ERP = PlatformRole.CRM, PlatformRole.PSA, PlatformRole.ERP
NOTHING = {"totalSize": 0, "done": True, "records": []}


def made(office: Office, count: int) -> list[str]:
    """New accounts of the CRM that a test may do with as it likes."""
    return [office.control.add("salesforce", "Account", Name=f"Made {uuid4().hex}")["Id"] for _ in range(count)]


async def seen(office: Office, watchman: Watchman, count: int) -> list[str]:
    keys = made(office, count)
    await watchman.look("salesforce", "Account", CRM, *keys, baseline=True)
    return keys


async def alive(office: Office, keys: list[str]) -> list[str]:
    kept = await office.ledger.snapshots.get("salesforce", "Account", "CRM", keys)
    return [key for key in keys if key in kept and kept[key].gone_at is None]


async def problems(office: Office) -> list:
    return [problem for _, problem in await office.ledger.exceptions(first=50)]


async def test_what_its_platform_has_deleted_is_told_with_what_it_was(office: Office, watchman: Watchman):
    [key, other] = await seen(office, watchman, 2)
    before = (await office.ledger.snapshots.get("salesforce", "Account", "CRM", [key]))[key].values
    office.control.remove("salesforce", "Account", key)
    assert await watchman.look("salesforce", "Account", CRM, key, gone=True) == Noticed(gone=1)
    [event] = await watchman.news()
    assert event.subject == encode_id(RecordKey("Account", "salesforce", key))
    assert (event.change.gone, event.change.first, event.change.run) == (True, False, None)
    assert event.change.changes["name"] == (before["name"], None)
    assert set(event.change.changes) == {path for path, value in before.items() if value is not None}
    assert await alive(office, [key, other]) == [other]
    assert await watchman.look("salesforce", "Account", CRM, key, gone=True) == Noticed(missing=1)
    assert await watchman.news() == []


async def test_a_few_that_are_missed_twice_are_gone_although_nobody_says_so(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 3)
    office.control.remove("salesforce", "Account", keys[0])
    assert await watchman.look("salesforce", "Account", CRM, *keys) == Noticed(read=2, gone=1)
    [event] = await watchman.news()
    assert (event.change.external_id, event.change.gone) == (keys[0], True)
    assert await problems(office) == []


async def test_a_payment_that_is_gone_still_tells_whose_it_was(office: Office, watchman: Watchman):
    payments = [each["id"] for each in office.control.records("netsuite", "customerPayment")[:2]]
    await watchman.look("netsuite", "Payment", ERP, *payments, baseline=True)
    kept = await office.ledger.snapshots.get("netsuite", "Payment", "ERP", payments)
    invoice = kept[payments[1]].values["invoice"]
    await watchman.look("netsuite", "Invoice", ERP, invoice, baseline=True)
    office.control.remove("netsuite", "customerPayment", payments[1])
    assert await watchman.look("netsuite", "Payment", ERP, payments[1]) == Noticed(gone=1)
    [event] = await watchman.news()
    account = (await office.ledger.snapshots.get("netsuite", "Invoice", "ERP", [invoice]))[invoice].values["account"]
    assert account is not None
    assert event.change.values == {"invoice": invoice, "account": account}


async def test_of_a_kind_of_which_nothing_is_shown_at_all_nothing_is_gone(office: Office, watchman: Watchman):
    """With a single record there are no witnesses."""
    payment = office.external(office.of_firm("Payment")[3], "netsuite")
    await watchman.look("netsuite", "Payment", ERP, payment, baseline=True)
    office.control.fault("netsuite", "status", status=200, body={"items": [], "hasMore": False, "totalResults": 0})
    assert await watchman.look("netsuite", "Payment", ERP, payment) == Noticed(missing=1)
    assert [problem.code for problem in await problems(office)] == [VANISHED]


async def test_a_hint_that_says_gone_is_not_believed_where_the_record_is_there(office: Office, watchman: Watchman):
    [key] = await seen(office, watchman, 1)
    assert await watchman.look("salesforce", "Account", CRM, key, gone=True) == Noticed(read=1)
    assert await watchman.news() == []


async def test_a_deleted_record_that_was_never_seen_is_told_once(office: Office, watchman: Watchman):
    await seen(office, watchman, 1)
    [key] = made(office, 1)
    office.control.remove("salesforce", "Account", key)
    assert await watchman.look("salesforce", "Account", CRM, key, gone=True) == Noticed(gone=1)
    [event] = await watchman.news()
    assert (event.change.gone, event.change.first, event.change.changes) == (True, True, {})
    assert await watchman.look("salesforce", "Account", CRM, key, gone=True) == Noticed(missing=1)
    assert await watchman.news() == []


async def test_what_comes_back_is_told_with_all_that_it_is(office: Office, watchman: Watchman):
    """As out of a recycle bin: the deletion was true, and is over."""
    key, _, name = *(await seen(office, watchman, 2)), "Out of the bin"
    office.control.change("salesforce", "Account", key, Name=name)
    kept = (await office.ledger.snapshots.get("salesforce", "Account", "CRM", [key]))[key]
    gone = Observation(
        platform="salesforce",
        type="Account",
        role="CRM",
        external_id=key,
        expected=kept.version,
        values=None,
    )
    await office.ledger.snapshots.observe([gone])
    assert await watchman.look("salesforce", "Account", CRM, key) == Noticed(read=1, changed=1)
    [event] = await watchman.news()
    assert (event.change.gone, event.change.first) == (False, False)
    assert event.change.changes["name"] == (None, name)
    assert await alive(office, [key]) == [key]


async def test_a_merged_record_says_into_which_and_that_one_is_read_too(office: Office, watchman: Watchman):
    loser, winner = await seen(office, watchman, 2)
    office.control.send("DELETE", f"/records/salesforce/Account/{loser}?into={winner}")
    office.control.change("salesforce", "Account", winner, Website=f"https://{uuid4().hex}.example")
    hint = Hint(type="Account", role=CRM, external_id=loser, gone=True, into=winner)
    assert await watchman.observer.look("salesforce", [hint], noticed_by="feed") == Noticed(read=1, changed=1, gone=1)
    events = {event.change.external_id: event.change for event in await watchman.news()}
    assert (events[loser].gone, events[loser].into) == (True, winner)
    assert (events[winner].gone, events[winner].into) == (False, None)
    assert set(events[winner].changes) == {"website"}


# --------------------------------------------------------------------------------------------- what is no deletion


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 500},
        {"kind": "garbage"},
        {"kind": "truncate"},
        {"kind": "down"},
        {"kind": "rate_limit"},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}".strip(),
)
async def test_an_error_deletes_nothing(office: Office, watchman: Watchman, fault: dict):
    keys = await seen(office, watchman, 4)
    office.control.fault("salesforce", **fault)
    with pytest.raises(PlatformError):
        await watchman.look("salesforce", "Account", CRM, *keys, gone=True)
    office.control.calm()
    assert await alive(office, keys) == keys
    assert await watchman.news() == []


@pytest.mark.parametrize("said", [True, False], ids=["although it is said", "and nobody says so"])
async def test_an_empty_answer_deletes_nothing(office: Office, watchman: Watchman, said: bool):
    keys = await seen(office, watchman, 8)
    office.control.fault("salesforce", "status", status=200, body=NOTHING)
    assert await watchman.look("salesforce", "Account", CRM, *keys[:7], gone=said) == Noticed(missing=7)
    office.control.calm()
    assert await alive(office, keys) == keys
    assert await watchman.news() == []
    [problem] = await problems(office)
    assert (problem.code, problem.queue, problem.run_id) == (VANISHED, Queue.INTEGRATION, None)
    assert problem.detail["missing"] == 7
    assert sorted(problem.detail["externalIds"]) == sorted(keys[:7])
    assert "salesforce" in problem.message


async def test_an_empty_answer_to_one_question_is_asked_again(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 3)
    office.control.fault("salesforce", "status", status=200, body=NOTHING, times=1)
    assert await watchman.look("salesforce", "Account", CRM, keys[0]) == Noticed(read=1)
    assert await alive(office, keys) == keys


async def test_an_answer_that_is_shorter_than_it_says_is_an_error(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 3)
    office.control.fault("salesforce", "status", status=200, body={**NOTHING, "totalSize": 3})
    with pytest.raises(PlatformError, match="3 records were announced, and 0 came"):
        await watchman.look("salesforce", "Account", CRM, *keys)
    office.control.calm()
    assert await alive(office, keys) == keys


async def test_more_than_half_at_once_is_a_persons_to_believe(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 7)
    for key in keys[:4]:
        office.control.remove("salesforce", "Account", key)
    assert await watchman.look("salesforce", "Account", CRM, *keys) == Noticed(read=3, missing=4)
    assert await watchman.news() == []
    assert await alive(office, keys) == keys
    [problem] = await problems(office)
    assert (problem.code, problem.detail["missing"], problem.detail["asked"]) == (VANISHED, 4, 7)
    await watchman.look("salesforce", "Account", CRM, *keys)
    assert [(each.code, each.seen) for each in await problems(office)] == [(VANISHED, 2)]


async def settle(office: Office, status: ExceptionState) -> None:
    [problem] = [found for found in await problems(office) if found.status is ExceptionState.OPEN]
    office.clock.advance(60)
    audit = Audited(actor="ines", action="exception.settled", detail={})
    await office.ledger.settle(problem.id, status=status, by="ines", resolution="I looked.", audit=audit)
    office.clock.advance(60)


async def test_what_a_person_says_to_be_gone_is_gone(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 8)
    for key in keys[:5]:
        office.control.remove("salesforce", "Account", key)
    await watchman.look("salesforce", "Account", CRM, *keys[:7])
    await settle(office, ExceptionState.RESOLVED)
    assert await watchman.look("salesforce", "Account", CRM, *keys[:7]) == Noticed(read=2, gone=5)
    assert {event.change.external_id for event in await watchman.news()} == set(keys[:5])


async def test_what_a_person_says_to_be_there_stays_and_nobody_is_asked_again(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 7)
    for key in keys[:5]:
        office.control.remove("salesforce", "Account", key)
    await watchman.look("salesforce", "Account", CRM, *keys)
    await settle(office, ExceptionState.DISMISSED)
    assert await watchman.look("salesforce", "Account", CRM, *keys) == Noticed(read=2, missing=5)
    assert [(each.status, each.seen) for each in await problems(office)] == [("DISMISSED", 1)]
    assert await alive(office, keys) == keys


async def test_a_persons_word_is_of_those_that_were_named_alone(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 12)
    for key in keys[:5]:
        office.control.remove("salesforce", "Account", key)
    await watchman.look("salesforce", "Account", CRM, *keys[:6])
    await settle(office, ExceptionState.RESOLVED)
    for key in keys[6:11]:
        office.control.remove("salesforce", "Account", key)
    assert await watchman.look("salesforce", "Account", CRM, *keys[6:]) == Noticed(read=1, missing=5)
    assert [each.status for each in await problems(office)] == ["RESOLVED", "OPEN"]


async def test_an_exception_names_all_that_are_missing_however_they_were_looked_at(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 12)
    for key in keys[:10]:
        office.control.remove("salesforce", "Account", key)
    await watchman.look("salesforce", "Account", CRM, *keys[:5], keys[10])
    await watchman.look("salesforce", "Account", CRM, *keys[5:])
    [problem] = await problems(office)
    assert sorted(problem.detail["externalIds"]) == sorted(keys[:10])


async def test_it_is_over_when_they_are_answered_again(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 8)
    office.control.fault("salesforce", "status", status=200, body=NOTHING)
    await watchman.look("salesforce", "Account", CRM, *keys)
    office.control.calm()
    await watchman.look("salesforce", "Account", CRM, *keys[:4])
    assert [each.status for each in await problems(office)] == ["OPEN"]
    await watchman.look("salesforce", "Account", CRM, *keys[4:])
    [problem] = await problems(office)
    assert (problem.status, problem.resolved_by) == ("RESOLVED", "noticing")
    office.clock.advance(60)
    office.control.fault("salesforce", "status", status=200, body=NOTHING)
    assert await watchman.look("salesforce", "Account", CRM, *keys) == Noticed(missing=8)


async def test_more_than_half_at_once_are_gone_where_their_platform_says_so(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 7)
    for key in keys[:5]:
        office.control.remove("salesforce", "Account", key)
    assert await watchman.look("salesforce", "Account", CRM, *keys[:5], gone=True) == Noticed(gone=5)
    assert {event.change.external_id for event in await watchman.news()} == set(keys[:5])
    assert await problems(office) == []


async def test_a_probe_is_not_believed_like_a_platform(office: Office, watchman: Watchman):
    keys = await seen(office, watchman, 7)
    for key in keys[:5]:
        office.control.remove("salesforce", "Account", key)
    found = await watchman.look("salesforce", "Account", CRM, *keys[:5], gone=True, noticed_by="probe")
    assert found == Noticed(missing=5)
    assert [problem.code for problem in await problems(office)] == [VANISHED]
