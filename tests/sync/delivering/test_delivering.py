"""Each event reaches each webhook that it is meant for, in order per record, whatever receivers and processes do."""

import asyncio
from datetime import timedelta

import pytest
import yaml
from standardwebhooks.webhooks import Webhook

from platforms.bindings import Bindings
from platforms.http import Failure, TransportError
from platforms.receivers import AddressRefusedError
from runtime.clock import SystemClock
from runtime.settings import Settings, reread_keys
from schema.errors import Landed, Queue
from sync.delivering.assembly import delivering
from sync.delivering.service import PER_HOOK
from sync.delivering.signing import Secrets
from sync.ledger.port_of_webhooks import DeliveryStatus, HookStatus
from sync.ledger.records import ExceptionState
from tests.sync.delivering.conftest import KEY, NOBODYS, a_service, rounds

HOUR = 3600.0


async def log(ledger, hook, status=None):
    """The deliveries of a webhook, oldest first."""
    found = await ledger.deliveries.page(hook.id, status=status, first=500, before=None)
    return tuple(reversed(found))


async def open_problems(ledger):
    found = await ledger.exceptions(queue=Queue.INTEGRATION, status=ExceptionState.OPEN, first=50)
    return [each for _, each in found]


async def until_tried(service, ledger, clock, hook):
    """Moves the clock to the next try of the webhook, and lets it be made; False where none is planned."""
    turn = {each.subject: each for each in reversed(await log(ledger, hook, DeliveryStatus.PENDING))}
    times = [each.next_at for each in turn.values() if each.next_at is not None]
    if not times:
        return False
    clock.advance(max((min(times) - clock.now()).total_seconds(), 0.0) + 0.001)
    await rounds(service)
    return True


async def test_an_event_reaches_each_webhook_that_it_is_meant_for_once(ledger, service, receiver, registered, changed):
    first = await registered()
    await registered(url="https://b.example/in")
    await registered(url="https://c.example/in", kinds=("record.Invoice",))
    await changed("p1")
    await rounds(service, 3)
    assert sorted(url for url, _, _ in receiver.got) == ["https://a.example/in", "https://b.example/in"]
    assert len({message_id for _, message_id, _ in receiver.got}) == 1
    (delivery,) = await log(ledger, first)
    assert (delivery.status, delivery.tries, delivery.attempts[0].status) == (DeliveryStatus.DELIVERED, 1, 200)


async def test_a_webhook_is_told_of_what_happens_after_it_was_registered(service, receiver, registered, changed):
    await changed("p1")
    await registered()
    await changed("p2")
    await rounds(service, 2)
    assert receiver.subjects() == ["p2"]


async def test_a_failing_delivery_holds_back_later_ones_of_its_record_alone(
    ledger, service, receiver, registered, changed, clock
):
    hook = await registered()
    receiver.says(500, 503)
    await changed("p1")
    await rounds(service)
    for external_id in ("p1", "p2", "p1", "p2"):
        await changed(external_id)
        clock.advance(0.01)
    await rounds(service, 4)
    waiting = await log(ledger, hook, DeliveryStatus.PENDING)
    # The second answer of the script went to whichever came next; whoever got it waits, and only its own record.
    assert {each.subject for each in waiting} <= {"p1", "p2"}
    while await until_tried(service, ledger, clock, hook):
        pass
    for subject in ("p1", "p2"):
        done = [event["sequence"] for _, _, event in receiver.got if event["subject"] == subject]
        assert done == sorted(done)
    assert not await log(ledger, hook, DeliveryStatus.PENDING)


async def test_other_records_go_on_while_one_fails(ledger, service, receiver, registered, changed):
    hook = await registered()
    receiver.says(500)
    await changed("p1")
    await rounds(service)
    for external_id in ("p1", "p2", "p3"):
        await changed(external_id)
    await rounds(service, 3)
    assert receiver.subjects()[1:] == ["p2", "p3"]
    assert [each.subject for each in await log(ledger, hook, DeliveryStatus.PENDING)] == ["p1", "p1"]


async def test_each_try_has_the_same_id_and_its_own_time_and_signature(
    ledger, service, receiver, registered, changed, clock
):
    hook = await registered()
    receiver.says(500, TransportError(Failure.TIMEOUT, Landed.UNKNOWN))
    await changed("p1")
    await rounds(service)
    while await until_tried(service, ledger, clock, hook):
        pass
    assert len({message_id for _, message_id, _ in receiver.got}) == 1
    stamps = [headers["webhook-timestamp"] for headers, _ in receiver.headers]
    assert len(stamps) == 3
    assert sorted(set(stamps)) == stamps
    assert len({headers["webhook-signature"] for headers, _ in receiver.headers}) == 3
    (delivery,) = await log(ledger, hook)
    assert [(each.status, each.error) for each in delivery.attempts] == [(500, None), (None, "TIMEOUT"), (200, None)]


async def test_only_2xx_is_a_success(ledger, service, receiver, registered, changed, clock):
    hook = await registered()
    receiver.says(199, 301, 307, 400, 404, 500, 204)
    await changed("p1")
    await rounds(service)
    while await until_tried(service, ledger, clock, hook):
        pass
    (delivery,) = await log(ledger, hook)
    assert [each.status for each in delivery.attempts] == [199, 301, 307, 400, 404, 500, 204]
    assert delivery.status is DeliveryStatus.DELIVERED


async def test_ten_tries_and_more_in_three_days_then_the_webhook_is_disabled_with_an_exception(
    ledger, service, receiver, registered, changed, clock
):
    hook = await registered(url="https://a.example/T0K3N")
    receiver.says(*[500] * 100, url=hook.url)
    began = clock.now()
    await changed("p1")
    await rounds(service)
    while await until_tried(service, ledger, clock, hook):
        pass
    assert len(receiver.times) >= 10
    assert receiver.times[-1] - began >= timedelta(hours=72)
    pauses = [
        (later - sooner).total_seconds() for sooner, later in zip(receiver.times, receiver.times[1:], strict=False)
    ]
    assert pauses[0] < 10
    found = await ledger.hooks.get(hook.id)
    assert found.status is HookStatus.DISABLED
    assert found.failing_since == began
    (problem,) = await open_problems(ledger)
    assert (problem.code, problem.queue) == ("WEBHOOK_DISABLED", Queue.INTEGRATION)
    assert "a.example" in problem.message
    assert "T0K3N" not in problem.message
    await changed("p2")
    await rounds(service, 2)
    told = len(receiver.got)
    # Enabled again it goes on where it was: nothing is missed, and the problem is over.
    receiver.script.clear()
    assert await ledger.hooks.enable(hook.id, skip_missed=False, by="portal", audit=NOBODYS)
    await rounds(service, 3)
    assert receiver.subjects()[told:] == ["p1", "p2"]
    assert not await open_problems(ledger)


async def test_what_one_event_alone_comes_to_does_not_disable_a_webhook(
    ledger, service, receiver, registered, changed, clock
):
    hook = await registered()
    receiver.refused.add("bad")
    await changed("bad")
    await rounds(service)
    while await until_tried(service, ledger, clock, hook):
        clock.advance(1)
        await changed("good")
        await rounds(service)
    (bad,) = [each for each in await log(ledger, hook) if each.subject == "bad"]
    assert bad.status is DeliveryStatus.FAILED
    assert bad.tries >= 10
    found = await ledger.hooks.get(hook.id)
    assert found.status is HookStatus.ACTIVE
    assert [each.code for each in await open_problems(ledger)] == ["WEBHOOK_UNDELIVERED"]
    # It can be sent again, as the same message.
    receiver.refused.clear()
    assert (await ledger.deliveries.redeliver(bad.id, NOBODYS)).status is DeliveryStatus.PENDING
    await rounds(service)
    assert {message_id for _, message_id, event in receiver.got if event["subject"] == "bad"} == {receiver.got[-1][1]}
    assert (await ledger.deliveries.get(bad.id)).status is DeliveryStatus.DELIVERED


async def test_410_disables_at_once_and_nothing_more_is_sent(ledger, service, receiver, registered, changed):
    hook = await registered()
    receiver.says(410)
    await changed("p1")
    await rounds(service)
    await changed("p2")
    await rounds(service, 3)
    assert receiver.subjects() == ["p1"]
    found = await ledger.hooks.get(hook.id)
    assert found.status is HookStatus.DISABLED
    assert "410" in found.disabled_why
    assert [each.code for each in await open_problems(ledger)] == ["WEBHOOK_DISABLED"]


async def test_nothing_is_sent_before_the_time_that_a_receiver_asks_for(
    ledger, service, receiver, registered, changed, clock
):
    await registered()
    receiver.says((429, {"Retry-After": "1800"}))
    await changed("p1")
    await rounds(service)
    asked = clock.now()
    await changed("p2")  # of another record: it is the receiver that wants to rest
    for _ in range(29):
        clock.advance(60)
        await rounds(service)
    assert len(receiver.got) == 1
    clock.advance(61)
    await rounds(service)
    assert sorted(receiver.subjects()[1:]) == ["p1", "p2"]
    assert min(receiver.times[1:]) >= asked + timedelta(seconds=1800)


async def test_an_address_that_is_refused_is_told_in_the_log_and_tried_again(
    ledger, service, receiver, registered, changed
):
    hook = await registered()
    receiver.says(AddressRefusedError())
    await changed("p1")
    await rounds(service)
    (delivery,) = await log(ledger, hook)
    assert (delivery.attempts[0].error, delivery.status) == ("ADDRESS_REFUSED", DeliveryStatus.PENDING)


async def test_two_processes_at_once_deliver_each_event_once_and_in_order(ledger, receiver, registered, changed, clock):
    hooks = [await registered(url=f"https://{name}.example/in") for name in "ab"]
    services = [a_service(ledger, clock, receiver) for _ in range(3)]
    for _ in range(5):
        for number in range(6):
            await changed(f"p{number}")
        await asyncio.gather(*(service.look() for service in services))
    for _ in range(20):
        await asyncio.gather(*(rounds(service) for service in services))
    assert len(receiver.got) == 60
    for hook in hooks:
        for number in range(6):
            got = [e["sequence"] for url, _, e in receiver.got if url == hook.url and e["subject"] == f"p{number}"]
            assert len(got) == 5
            assert got == sorted(set(got))


async def test_at_most_so_many_are_under_way_to_one_webhook_in_all_processes(
    ledger, receiver, registered, changed, clock
):
    await registered()
    services = [a_service(ledger, clock, receiver) for _ in range(3)]
    for number in range(20):
        await changed(f"p{number}")
    receiver.hold = asyncio.Event()
    for _ in range(3):
        for service in services:
            await service.look()
    await asyncio.sleep(0)
    assert receiver.under_way == PER_HOOK
    receiver.hold.set()
    for _ in range(10):
        for service in services:
            await rounds(service)
    assert len(receiver.got) == 20
    assert receiver.most_under_way == PER_HOOK


async def test_what_a_process_left_when_it_died_is_delivered_by_another(ledger, receiver, registered, changed, clock):
    await registered()
    await changed("p1")
    await changed("p1")
    died = a_service(ledger, clock, receiver)
    receiver.hold = asyncio.Event()
    await died.look()
    await asyncio.sleep(0)
    (task,) = died._under_way
    task.cancel()
    await died.settled()
    receiver.hold = None
    other = a_service(ledger, clock, receiver)
    await rounds(other, 2)
    assert len(receiver.got) == 1
    clock.advance(46)
    await rounds(other, 3)
    assert [event["sequence"][-1] for _, _, event in receiver.got] == ["1", "1", "2"]


async def test_what_is_under_way_at_a_stop_is_left_to_others_at_once(
    ledger, receiver, registered, changed, clock, monkeypatch
):
    monkeypatch.setattr("sync.delivering.service._STOP_SECONDS", 0.0)
    await registered()
    await changed("p1")
    stopped = a_service(ledger, clock, receiver)
    receiver.hold = asyncio.Event()
    running = asyncio.create_task(stopped.run())
    async with asyncio.timeout(20):
        while not receiver.got:  # noqa: ASYNC110 - what is waited for is what is tested
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    receiver.hold = None
    await rounds(a_service(ledger, clock, receiver))
    assert len(receiver.got) == 2


async def test_one_that_comes_late_with_its_outcome_changes_nothing(ledger, registered, changed, service, clock):
    hook = await registered()
    await changed("p1")
    await ledger.hooks.distribute(lambda *_: True, ["record.Project"], None, most=10)
    (late,) = await ledger.deliveries.take(most=5, per_hook=5, seconds=45)
    clock.advance(46)
    (successor,) = await ledger.deliveries.take(most=5, per_hook=5, seconds=45)
    verdict = await service._trying.verdict(late)
    assert not await ledger.deliveries.end(late, verdict)
    assert await ledger.deliveries.end(successor, verdict)
    assert len((await log(ledger, hook))[0].attempts) == 1


async def test_both_secrets_sign_after_a_rotation_so_that_no_message_is_refused(
    ledger, service, receiver, registered, changed, clock
):
    clock.advance((SystemClock().now() - clock.now()).total_seconds())  # the library asks the machine
    hook = await registered()
    secrets = Secrets(KEY)
    old, new = secrets.of(hook.id, 1), secrets.of(hook.id, 2)
    await changed("p1")
    await rounds(service)
    assert await ledger.hooks.rotate(hook, at_once=False, audit=NOBODYS)
    await changed("p2")
    await rounds(service)
    for headers, body in receiver.headers:
        Webhook(old).verify(body, dict(headers))
    headers, body = receiver.headers[-1]
    Webhook(new).verify(body, dict(headers))


async def test_events_that_are_kept_no_more_are_told_as_missed(ledger, service, receiver, registered, changed, clock):
    hook = await registered()
    await ledger.hooks.disable(hook.id, "by a test", NOBODYS)
    for number in range(3):
        await changed(f"p{number}")
    clock.advance(HOUR)
    await changed("kept")
    while await ledger.forget(before=clock.now()):
        pass
    await ledger.hooks.enable(hook.id, skip_missed=False, by="portal", audit=NOBODYS)
    await rounds(service, 3)
    assert [event["type"] for _, _, event in receiver.got] == [
        "crosswalk.project.status_changed",
        "crosswalk.webhook.missed",
    ]
    assert receiver.got[1][2]["data"]["events"] == 3
    assert [each.code for each in await open_problems(ledger)] == ["WEBHOOK_MISSED"]


async def test_passing_over_events_of_no_interest_is_no_gap(ledger, service, receiver, registered, claimed, clock):
    hook = await registered()
    await claimed()  # a run: events that nobody wants
    await rounds(service)
    clock.advance(61)
    await rounds(service)
    assert (await ledger.hooks.get(hook.id)).position > hook.position
    clock.advance(HOUR)
    while await ledger.forget(before=clock.now()):
        pass
    await rounds(service, 2)
    assert not receiver.got
    assert not await open_problems(ledger)


async def test_enabling_can_skip_what_was_missed(ledger, service, receiver, registered, changed):
    hook = await registered()
    receiver.says(410)
    await changed("p1")
    await rounds(service)
    await changed("p2")
    await ledger.hooks.enable(hook.id, skip_missed=True, by="portal", audit=NOBODYS)
    await changed("p3")
    await rounds(service, 2)
    assert receiver.subjects() == ["p1", "p3"]
    assert [each.status for each in await log(ledger, hook)] == [DeliveryStatus.DROPPED, DeliveryStatus.DELIVERED]


async def test_a_deleted_webhook_gets_nothing_more(ledger, service, receiver, registered, changed):
    hook = await registered()
    receiver.says(500)
    await changed("p1")
    await rounds(service)
    await ledger.hooks.delete(hook.id, by="portal", audit=NOBODYS)
    await changed("p2")
    await rounds(service, 2)
    assert receiver.subjects() == ["p1"]
    assert [each.status for each in await log(ledger, hook)] == [DeliveryStatus.DROPPED]


async def test_a_webhook_whose_owner_has_no_key_any_more_is_disabled(ledger, service, receiver, registered, changed):
    hook = await registered()
    gone = await registered(owner="nobody", url="https://b.example/in")
    await changed("p1")
    await ledger.hooks.distribute(lambda *_: True, ["record.Project"], None, most=10)
    await rounds(service, 2)
    assert [url for url, _, _ in receiver.got] == [hook.url]
    assert (await ledger.hooks.get(gone.id)).status is HookStatus.DISABLED
    assert [each.code for each in await open_problems(ledger)] == ["WEBHOOK_DISABLED"]


async def test_a_key_that_is_withdrawn_counts_without_a_restart(ledger, receiver, registered, changed, clock, tmp_path):
    entry = {"name": "portal", "role": "service", "sha256": "0" * 64}
    file = tmp_path / "keys.yaml"
    file.write_text(yaml.safe_dump([entry]))
    found = Settings.model_validate({"keys_file": str(file), "hooks": {"signing_key": KEY}})
    service = delivering(reread_keys(found), Bindings({}), ledger, clock, sender=receiver)
    hook = await registered()
    await changed("p1")
    await rounds(service, 2)
    file.write_text("[{")  # it is just being written
    clock.advance(3)
    await changed("p2")
    await rounds(service, 2)
    assert receiver.subjects() == ["p1", "p2"]
    file.write_text(yaml.safe_dump([entry | {"name": "somebody else"}]))
    await changed("p3")
    await ledger.hooks.distribute(lambda *_: True, ["record.Project"], None, most=10)
    clock.advance(3)
    await rounds(service, 2)
    assert len(receiver.got) == 2
    assert (await ledger.hooks.get(hook.id)).status is HookStatus.DISABLED


async def test_what_is_not_for_its_owner_any_more_is_dropped_at_delivery(ledger, service, receiver, registered, raised):
    hook = await registered(owner="site", role="finance", kinds=("exception",))  # `site` is `delivery` by now
    await raised()
    await ledger.hooks.distribute(lambda *_: True, ["exception"], None, most=10)
    await rounds(service, 2)
    assert not receiver.got
    assert [each.status for each in await log(ledger, hook)] == [DeliveryStatus.DROPPED]


async def test_a_test_event_reaches_its_webhook_alone_whatever_it_asks_for(ledger, service, receiver, registered):
    hook = await registered(kinds=("exception",))
    await registered(url="https://b.example/in")
    await ledger.hooks.test(hook.id, "c-9", NOBODYS)
    await rounds(service, 2)
    ((url, _, event),) = receiver.got
    assert (url, event["type"], event["correlationid"]) == (hook.url, "crosswalk.webhook.test", "c-9")


async def test_old_deliveries_are_forgotten_and_those_that_wait_are_not(
    ledger, service, receiver, registered, changed, clock
):
    hook = await registered()
    receiver.says(200, 500)
    await changed("p1")
    await rounds(service)
    await changed("p2")
    await rounds(service)
    clock.advance(40 * 24 * HOUR)
    assert await ledger.hooks.forget(before=clock.now() - timedelta(days=30)) == 1
    assert [each.subject for each in await log(ledger, hook)] == ["p2"]
    await ledger.hooks.delete(hook.id, by="portal", audit=NOBODYS)
    clock.advance(40 * 24 * HOUR)
    assert await ledger.hooks.forget(before=clock.now() - timedelta(days=30)) == 2
    assert await ledger.hooks.get(hook.id) is None


async def test_the_service_goes_on_by_itself_when_the_bell_rings(ledger, service, receiver, registered, changed):
    await registered()
    running = asyncio.create_task(service.run())
    receiver.hold = asyncio.Event()
    receiver.hold.set()
    try:
        async with asyncio.timeout(20):
            for number in range(3):
                await changed(f"p{number}")
                while len(receiver.got) <= number:  # noqa: ASYNC110 - what is waited for is what is tested
                    await asyncio.sleep(0.01)
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
