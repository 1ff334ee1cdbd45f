"""Signatures as Standard Webhooks has them: its library takes ours, and its own vectors come out of our signer."""

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from sync.delivering.signing import Secrets, both_sign, signed
from tests.sync.delivering.conftest import a_hook

KEY = "k" * 40


def test_the_vectors_of_standard_webhooks_come_out():
    """The key, message and signature of its reference libraries' tests (`sign`)."""
    headers = signed(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    "body", [b"{}", b'{"name":"M\xc3\xbcller \xf0\x9f\x91\xa9"}', b'{"a":"' + b"x" * 100_000 + b'"}']
)
def test_the_library_takes_ours_and_nothing_that_was_changed(body):
    secret = Secrets(KEY).of("hook", 1)
    now = datetime.now(UTC)
    headers = dict(signed([secret], "event-1", now, body))
    assert Webhook(secret).verify(body, headers) is not None
    changes = [
        (body + b" ", headers),
        (body, headers | {"webhook-id": "event-2"}),
        (body, headers | {"webhook-timestamp": str(int(now.timestamp()) - 1)}),
        (body, dict(signed([secret], "event-1", now - timedelta(minutes=6), body))),
        (body, dict(signed([Secrets(KEY).of("hook", 2)], "event-1", now, body))),
        (body, dict(signed([Secrets(KEY).of("other", 1)], "event-1", now, body))),
        (body, dict(signed([Secrets("l" * 40).of("hook", 1)], "event-1", now, body))),
    ]
    for told, said in changes:
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(told, said)


def test_a_secret_is_32_bytes_as_its_form_wants_and_the_same_whenever_it_is_derived():
    secret = Secrets(KEY).of("hook", 1)
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert len(base64.b64decode(secret[6:])) == 32
    assert Secrets(KEY).of("hook", 1) == secret
    assert KEY not in secret


def test_after_a_rotation_both_secrets_sign_for_a_day():
    secrets, now = Secrets(KEY), datetime.now(UTC)
    hook = a_hook(generation=2, rotated_at=now)
    for later, good in ((timedelta(0), True), (timedelta(hours=23, minutes=59), True), (timedelta(hours=24), False)):
        assert both_sign(hook, now + later) is good
        headers = dict(signed(secrets.signing(hook, now + later), "event-1", now, b"{}"))
        Webhook(secrets.of(hook.id, 2)).verify(b"{}", headers)
        if good:
            Webhook(secrets.of(hook.id, 1)).verify(b"{}", headers)
        else:
            with pytest.raises(WebhookVerificationError):
                Webhook(secrets.of(hook.id, 1)).verify(b"{}", headers)
