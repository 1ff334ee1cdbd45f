"""Registering and looking after webhooks: who may, what is refused and why, and that a secret is told once."""

import asyncio

import pytest

from schema.ids import RecordKey, encode_id
from sync.delivering.assembly import webhook_desk
from sync.delivering.desk import Registration
from sync.delivering.signing import Secrets
from sync.desk import Caller, RefusalCode
from sync.ledger.port_of_webhooks import HookChange, HookStatus
from tests.sync.delivering.conftest import KEY, PEOPLE, rounds, settings

ACME = encode_id(RecordKey("Account", "salesforce", "001"))
PROJECT = encode_id(RecordKey("Project", "kantata", "1"))


def caller(name="portal", role=None):
    return Caller(name=name, role=role or PEOPLE[name], correlation_id="c-1")


def wanted(**said):
    usual = {
        "idempotency_key": "k-1",
        "url": "https://hooks.example.com/in",
        "kinds": ("record.Project",),
        "filter": {},
    }
    return Registration(**{**usual, **said})


@pytest.fixture
def desk(ledger, clock):
    return webhook_desk(settings(), ledger, clock)


@pytest.fixture
async def hook(desk):
    return (await desk.register(caller(), wanted())).hook


async def test_the_same_key_answers_the_same_webhook_and_another_wish_is_refused(desk, ledger):
    first = await desk.register(caller(), wanted())
    again = await desk.register(caller(), wanted())
    assert first.secret.startswith("whsec_")
    assert (again.hook, again.secret) == (first.hook, first.secret)
    other = await desk.register(caller(), wanted(url="https://hooks.example.com/other"))
    assert [each.code for each in other.refusals] == [RefusalCode.IDEMPOTENCY_MISMATCH]
    theirs = await desk.register(caller("finance"), wanted())
    assert theirs.hook.id != first.hook.id
    await desk.delete(caller(), first.hook.id)
    deleted = await desk.register(caller(), wanted())
    assert [each.code for each in deleted.refusals] == [RefusalCode.IDEMPOTENCY_MISMATCH]


async def test_twins_of_one_instant_register_once(desk, ledger):
    replies = await asyncio.gather(*(desk.register(caller(), wanted()) for _ in range(6)))
    assert len({reply.hook.id for reply in replies}) == 1
    assert len(await ledger.hooks.page(owner="portal", first=9, after=None)) == 1


async def test_no_secret_is_stored_anywhere(desk, ledger, hook, ledger_url):
    secret = Secrets(KEY).of(hook.id, 1)
    entries = await ledger.audit_log(record_id=None, correlation_id=None, first=50, after=None)
    assert [entry.action for entry in entries] == ["webhook.registered"]
    told = repr([entries, await ledger.hooks.get(hook.id)])
    assert secret not in told
    assert secret.removeprefix("whsec_") not in told
    assert KEY not in told
    assert "/in" not in repr(entries)  # a path may be the receiver's secret: its host is told alone


async def test_without_a_signing_key_it_is_said_what_to_set(ledger, clock):
    desk = webhook_desk(settings(signing_key=None), ledger, clock)
    (refusal,) = (await desk.register(caller(), wanted())).refusals
    assert refusal.code is RefusalCode.UNSUPPORTED
    assert "hooks.signing_key" in refusal.message


@pytest.mark.parametrize("role", ["portal", "analyst", "auditor"])
async def test_some_roles_register_none(desk, role):
    (refusal,) = (await desk.register(caller("x", role), wanted())).refusals
    assert refusal.code is RefusalCode.FORBIDDEN


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"url": "http://hooks.example.com/in"}, ("input", "url")),
        ({"url": "https://10.0.0.1/in"}, ("input", "url")),
        ({"url": "https://user:pw@hooks.example.com/"}, ("input", "url")),
        ({"kinds": ()}, ("input", "kinds")),
        ({"kinds": ("record.Projekt",)}, ("input", "kinds")),
        ({"kinds": ("record.Money",)}, ("input", "kinds")),
        ({"kinds": ("webhook",)}, ("input", "kinds")),
        ({"kinds": ("syncRun",) * 51}, ("input", "kinds")),
        ({"filter": {"accountIds": ["nonsense"]}}, ("input", "filter", "accountIds")),
        (
            {"filter": {"accountIds": [encode_id(RecordKey("Project", "kantata", "1"))]}},
            ("input", "filter", "accountIds"),
        ),
        ({"filter": {"recordIds": ["\0"]}}, ("input", "filter", "recordIds", "0")),
        ({"filter": {"accountIds": [ACME] * 501}}, ("input", "filter", "accountIds")),
        ({"filter": {"paths": ["statuss"]}}, ("input", "filter", "paths")),
        ({"filter": {"statuses": []}}, ("input", "filter", "statuses")),
        ({"description": "x" * 501}, ("input", "description")),
        ({"description": "\x00"}, ("input", "description")),
        ({"idempotency_key": ""}, ("input", "idempotencyKey")),
    ],
)
async def test_what_can_not_be_meant_is_refused_where_it_stands(desk, ledger, said, path):
    reply = await desk.register(caller(), wanted(**said))
    assert {each.code for each in reply.refusals} == {RefusalCode.INVALID}
    assert path in [each.path for each in reply.refusals]
    assert not await ledger.hooks.page(owner=None, first=9, after=None)


async def test_a_near_miss_is_named(desk):
    (refusal,) = (await desk.register(caller(), wanted(kinds=("record.Projekt",)))).refusals
    assert "did you mean record.Project?" in refusal.message
    (refusal,) = (await desk.register(caller(), wanted(filter={"paths": ["statuss"]}))).refusals
    assert "did you mean status?" in refusal.message


async def test_exceptions_are_not_for_those_who_may_not_read_the_ledger(desk):
    (refusal,) = (await desk.register(caller("site"), wanted(kinds=("exception",)))).refusals
    assert (refusal.code, refusal.path) == (RefusalCode.FORBIDDEN, ("input", "kinds"))
    mine = (await desk.register(caller("site"), wanted(kinds=("syncRun",)))).hook
    (refusal,) = (await desk.update(caller("boss"), mine.id, HookChange(kinds=("exception",)))).refusals
    assert refusal.code is RefusalCode.FORBIDDEN


async def test_everybody_sees_and_changes_their_own_administrators_all_and_auditors_look(desk, hook):
    assert await desk.get(caller("finance"), hook.id) is None
    assert await desk.page(caller("finance"), first=9, after=None) == ()
    (refusal,) = (await desk.delete(caller("finance"), hook.id)).refusals
    assert refusal.code is RefusalCode.NOT_FOUND
    for looker in ("portal", "boss", "auditor"):
        assert await desk.get(caller(looker), hook.id) == hook
        assert await desk.page(caller(looker), first=9, after=None) == (hook,)
    (refusal,) = (await desk.rotate(caller("auditor"), hook.id, at_once=True)).refusals
    assert refusal.code is RefusalCode.FORBIDDEN
    assert (await desk.disable(caller("boss"), hook.id, "noisy")).hook.disabled_why == "boss disabled it: noisy"


async def test_a_rotation_answers_the_new_secret_once_and_waits_for_the_end_of_the_last(desk, hook, clock):
    rotated = await desk.rotate(caller(), hook.id, at_once=False)
    assert rotated.secret == Secrets(KEY).of(hook.id, 2)
    assert desk.previous_secret_until(rotated.hook) is not None
    assert (await desk.register(caller(), wanted())).secret is None
    (refusal,) = (await desk.rotate(caller(), hook.id, at_once=False)).refusals
    assert refusal.code is RefusalCode.STATE
    at_once = await desk.rotate(caller(), hook.id, at_once=True)  # it has become known, say
    assert desk.previous_secret_until(at_once.hook) is None
    clock.advance(25 * 3600)
    assert (await desk.rotate(caller(), hook.id, at_once=False)).hook.generation == 4


async def test_states_that_do_not_allow_it(desk, hook):
    assert (await desk.enable(caller(), hook.id, skip_missed=False)).refusals[0].code is RefusalCode.STATE
    await desk.disable(caller(), hook.id, None)
    assert (await desk.disable(caller(), hook.id, None)).refusals[0].code is RefusalCode.STATE
    assert (await desk.test(caller(), hook.id)).refusals[0].code is RefusalCode.STATE
    assert (await desk.enable(caller(), hook.id, skip_missed=False)).hook.status is HookStatus.ACTIVE
    await desk.delete(caller(), hook.id)
    assert (await desk.enable(caller(), hook.id, skip_missed=False)).refusals[0].code is RefusalCode.NOT_FOUND
    assert await desk.get(caller(), hook.id) is None


async def test_what_is_left_out_of_a_change_stays(desk, hook):
    changed = (await desk.update(caller(), hook.id, HookChange(description="new"))).hook
    assert (changed.description, changed.url, changed.kinds) == ("new", hook.url, hook.kinds)
    changed = (await desk.update(caller(), hook.id, HookChange(filter={"accountIds": [ACME]}))).hook
    assert (changed.filter, changed.description) == ({"accountIds": (ACME,)}, "new")
    changed = (await desk.update(caller(), hook.id, HookChange(filter={}, url="https://new.example.com"))).hook
    assert (changed.filter, changed.url) == ({}, "https://new.example.com")
    assert (await desk.update(caller(), hook.id, HookChange(url="http://x"))).refusals[0].path == ("input", "url")
    assert (await desk.update(caller(), hook.id, HookChange())).hook == changed


async def test_a_delivery_is_sent_again_on_its_owners_wish(desk, ledger, hook, service, receiver, changed, clock):
    await changed("p1")
    await rounds(service)
    (delivery,) = await desk.deliveries(caller(), hook.id, status=None, first=9, before=None)
    assert await desk.count_deliveries(caller(), hook.id, status=None) == 1
    assert await desk.deliveries(caller("finance"), hook.id, status=None, first=9, before=None) == ()
    (refusal,) = (await desk.redeliver(caller("finance"), delivery.id)).refusals
    assert refusal.code is RefusalCode.NOT_FOUND
    assert (await desk.redeliver(caller(), delivery.id)).delivery.id == delivery.id
    (refusal,) = (await desk.redeliver(caller(), delivery.id)).refusals
    assert refusal.code is RefusalCode.STATE
    await rounds(service)
    assert [message_id for _, message_id, _ in receiver.got] == [receiver.got[0][1]] * 2
    clock.advance(3600)
    while await ledger.forget(before=clock.now()):
        pass
    (refusal,) = (await desk.redeliver(caller(), delivery.id)).refusals
    assert "kept no more" in refusal.message


async def test_nobody_has_webhooks_without_end(desk):
    for number in range(100):
        assert (await desk.register(caller(), wanted(idempotency_key=f"k{number}"))).hook
    (refusal,) = (await desk.register(caller(), wanted(idempotency_key="one more"))).refusals
    assert refusal.code is RefusalCode.STATE
