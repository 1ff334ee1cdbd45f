"""Whether a message is the platform's, and which records it names: as Standard Webhooks and its own library say."""

import json
import re
import struct
from base64 import b64decode, b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from platforms.feeds import Hint
from platforms.inbound import Fault, Post, UnacceptableError
from platforms.netsuite.webhook import inbound as netsuite_inbound
from platforms.readers import Facet
from platforms.salesforce.webhook import inbound as salesforce_inbound
from platforms.standard_webhooks import StandardInbound, key_of, names_of, signature
from schema.roles import PlatformRole

CRM, ERP, PSA = PlatformRole.CRM, PlatformRole.ERP, PlatformRole.PSA
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + b64encode(bytes(range(32))).decode()
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
FIVE_MINUTES = timedelta(minutes=5)
INVOICE = b'{"entity": "invoice", "id": "17"}'

FACETS = [
    ("Invoice", ERP, "invoice"),
    ("Payment", ERP, "customerPayment"),
    ("Account", ERP, "customer"),
    ("Task", PSA, "story"),
    ("Milestone", PSA, "story"),
    ("Account", PSA, "workspace_group"),
]


def facets(*wanted):
    return {
        (type_name, role): Facet(type=type_name, role=role, entity=entity, rows=(), batch={}, page_size=1)
        for type_name, role, entity in wanted or FACETS
    }


@pytest.fixture
def inbound():
    return StandardInbound(names_of(facets()))


def post(body=INVOICE, *, event_id="evt_1", at=NOW, secret=SECRET, **headers):
    """As the library signs it."""
    signed = Webhook(secret).sign(event_id, at, body.decode())
    sent = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signed,
    }
    return Post(method="POST", url="https://crosswalk.example/webhooks/erp", headers=sent | headers, body=body)


def verify(inbound, sent, *, secrets=(SECRET,), now=NOW, tolerance=FIVE_MINUTES):
    return inbound.event_id(sent, secrets=secrets, now=now, tolerance=tolerance)


def refused(inbound, sent, **options):
    with pytest.raises(UnacceptableError) as caught:
        verify(inbound, sent, **options)
    return caught.value


# ----------------------------------------------------------------------------------------------------- signatures


def test_the_specifications_own_vector():
    made = signature(
        key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp="1614265330",
        body=b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(
    key=st.binary(min_size=24, max_size=64),
    event_id=st.text("abcdefghijklmnopqrstuvwxyz_-.0123456789", min_size=1, max_size=60),
    seconds=st.integers(min_value=1, max_value=2**33),
    body=st.text(max_size=300),
)
def test_what_the_library_signs_is_what_we_sign(key, event_id, seconds, body):
    secret = "whsec_" + b64encode(key).decode()
    made = signature(key_of(secret), event_id=event_id, timestamp=str(seconds), body=body.encode())
    assert made == Webhook(secret).sign(event_id, datetime.fromtimestamp(seconds, UTC), body)


def test_a_signed_message_has_its_senders_id(inbound):
    assert verify(inbound, post()) == "evt_1"


def test_a_secret_may_stand_without_its_prefix(inbound):
    assert verify(inbound, post(), secrets=[SECRET.removeprefix("whsec_")]) == "evt_1"


def test_while_a_secret_is_replaced_both_are_good(inbound):
    assert verify(inbound, post(), secrets=[OTHER, SECRET]) == "evt_1"
    assert verify(inbound, post(secret=OTHER), secrets=[OTHER, SECRET]) == "evt_1"


def test_of_several_signatures_one_must_fit(inbound):
    signed = post().headers["webhook-signature"]
    both = f"v1a,asymmetric v1,{b64encode(b'x' * 32).decode()} {signed}"
    assert verify(inbound, post(**{"webhook-signature": both})) == "evt_1"


def test_signatures_beyond_any_rotation_are_not_read(inbound):
    signed = post().headers["webhook-signature"]
    many = " ".join(["v1,nothing"] * 16 + [signed])
    assert refused(inbound, post(**{"webhook-signature": many})).fault is Fault.FORGED


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_message_without_one_of_the_headers_is_unsigned(inbound, missing):
    assert refused(inbound, post(**{missing: ""})).fault is Fault.UNSIGNED


@pytest.mark.parametrize(
    "header",
    [
        {"webhook-id": "e" * 201},
        {"webhook-id": "two words"},
        {"webhook-id": "é"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": "-5"},
        {"webhook-timestamp": "9" * 13},
        {"webhook-timestamp": "١٧٦٣٦٢٩٢٠٠"},
    ],
)
def test_headers_that_nobody_would_send(inbound, header):
    assert refused(inbound, post(**header)).fault is Fault.UNSIGNED


def test_nothing_that_was_signed_may_be_another(inbound):
    sent = post()
    changed = {
        "body": Post(method="POST", url=sent.url, headers=sent.headers, body=INVOICE.replace(b"17", b"18")),
        "id": post(**{"webhook-id": "evt_2"}),
        "time": post(**{"webhook-timestamp": str(int(NOW.timestamp()) + 1)}),
        "version": post(**{"webhook-signature": sent.headers["webhook-signature"].replace("v1,", "v2,")}),
        "secret": post(secret=OTHER),
    }
    assert {what: refused(inbound, each).fault for what, each in changed.items()} == dict.fromkeys(
        changed, Fault.FORGED
    )


def test_the_documentations_example_is_signed_as_it_says(inbound):
    page = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    example = re.search(r"```http\n.*?\n((?:[\w-]+: .*\n)+)\n(.*?)\n```\n\nSigned with `(.*?)`", page, re.DOTALL)
    assert example is not None
    lines, body, secret = example.groups()
    headers = dict(line.split(": ", 1) for line in lines.splitlines())
    sent = Post(method="POST", url="https://crosswalk.example/webhooks/erp", headers=headers, body=body.encode())
    now = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert verify(inbound, sent, secrets=[secret], now=now) == headers["webhook-id"]
    assert inbound.hints(sent.body) == (Hint(type="Invoice", role=ERP, external_id="1000042"),)


def test_without_any_secret_nothing_is_believed(inbound):
    assert refused(inbound, post(), secrets=[]).fault is Fault.FORGED


def test_a_refusal_quotes_no_secret(inbound):
    told = [refused(inbound, post(secret=OTHER)), refused(inbound, post(at=NOW - timedelta(hours=1)))]
    assert all(SECRET.removeprefix("whsec_") not in each.detail for each in told)


@pytest.mark.parametrize(("seconds", "side"), [(-301, "behind"), (301, "ahead of"), (86_400, "ahead of")])
def test_a_clock_too_far_off_is_told_by_how_much_and_which_way(inbound, seconds, side):
    told = refused(inbound, post(at=NOW + timedelta(seconds=seconds)))
    assert told.fault is Fault.STALE
    assert f"{abs(seconds)} s {side}" in told.detail


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_clock_within_the_tolerance(inbound, seconds):
    assert verify(inbound, post(at=NOW + timedelta(seconds=seconds))) == "evt_1"


def test_a_forged_message_is_forged_however_old(inbound):
    assert refused(inbound, post(secret=OTHER, at=NOW - timedelta(days=1))).fault is Fault.FORGED


def test_the_library_and_we_agree_on_what_is_good(inbound):
    now = datetime.now(UTC)
    for seconds in (-400, -200, 0, 200, 400):
        for secret in (SECRET, OTHER):
            sent = post(at=now + timedelta(seconds=seconds), secret=secret)
            try:
                Webhook(SECRET).verify(sent.body, dict(sent.headers))
                theirs = True
            except WebhookVerificationError:
                theirs = False
            try:
                verify(inbound, sent, now=now)
                ours = True
            except UnacceptableError:
                ours = False
            assert ours is theirs, (seconds, secret)


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        (SECRET, None),
        (SECRET.removeprefix("whsec_"), None),
        ("whsec_" + b64encode(b"short").decode(), "5 bytes"),
        ("not base64 at all!", "base64"),
        ("", "0 bytes"),
    ],
)
def test_what_can_be_a_secret(inbound, secret, problem):
    told = inbound.problem_with(secret)
    assert told is None if problem is None else problem in told


# ---------------------------------------------------------------------------------------------------------- bodies


def hints(inbound, body):
    return inbound.hints(json.dumps(body).encode())


def malformed(inbound, body):
    with pytest.raises(UnacceptableError) as caught:
        inbound.hints(body if isinstance(body, bytes) else json.dumps(body).encode())
    assert caught.value.fault is Fault.MALFORMED
    return caught.value.detail


def test_one_record_by_the_vendors_name_in_any_case(inbound):
    wanted = (Hint(type="Payment", role=ERP, external_id="9"),)
    assert hints(inbound, {"entity": "customerPayment", "id": "9"}) == wanted
    assert hints(inbound, {"entity": "customerpayment", "id": 9}) == wanted


def test_one_record_by_its_canonical_type(inbound):
    assert hints(inbound, {"type": "Invoice", "id": "17"}) == (Hint(type="Invoice", role=ERP, external_id="17"),)


def test_a_type_that_the_platform_holds_in_two_roles_is_both_unless_one_is_named(inbound):
    both = hints(inbound, {"type": "Account", "id": "3"})
    assert {hint.role for hint in both} == {ERP, PSA}
    assert hints(inbound, {"type": "Account", "role": "PSA", "id": "3"}) == (
        Hint(type="Account", role=PSA, external_id="3"),
    )


def test_an_entity_that_stands_for_two_types_hints_at_both(inbound):
    assert {hint.type for hint in hints(inbound, {"entity": "story", "id": "5"})} == {"Task", "Milestone"}


def test_several_records_each_once_the_last_word_counting(inbound):
    told = hints(
        inbound,
        {
            "records": [
                {"entity": "invoice", "id": "1"},
                {"type": "Invoice", "id": "2", "change": "created"},
                {"entity": "invoice", "id": "1", "change": "deleted"},
                {"entity": "customer", "id": "3", "change": "merged", "into": "4"},
            ]
        },
    )
    assert told == (
        Hint(type="Invoice", role=ERP, external_id="1", gone=True),
        Hint(type="Invoice", role=ERP, external_id="2"),
        Hint(type="Account", role=ERP, external_id="3", gone=True, into="4"),
    )


def test_values_and_whatever_else_is_sent_along_count_for_nothing(inbound):
    told = hints(inbound, {"entity": "invoice", "id": "1", "status": "Paid", "by": {"user": 7}})
    assert told == (Hint(type="Invoice", role=ERP, external_id="1"),)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "JSON"),
        (b"not json", "JSON"),
        (b"[]", "Expected `object`"),
        (b"\xff\xfe", "JSON"),
        (b'{"entity": "invoice", "id": "\\ud800"}', "JSON"),
        (b'{"more": ' + b"[" * 50_000, "deep"),
        ({}, "`id`"),
        ({"id": "1"}, "either `type` or `entity`"),
        ({"id": "1", "type": "Invoice", "entity": "invoice"}, "either `type` or `entity`"),
        ({"id": "1", "entity": "invioce"}, "did you mean invoice?"),
        ({"id": "1", "type": "Invioce"}, "did you mean Invoice?"),
        ({"id": "1", "type": "Invoice", "role": "CRM"}, "in the role 'CRM'"),
        ({"id": "", "entity": "invoice"}, "`id`"),
        ({"id": "x" * 201, "entity": "invoice"}, "`id`"),
        ({"id": "1 or 1=1", "entity": "invoice"}, "`id`"),
        ({"id": None, "entity": "invoice"}, "`$.id`"),
        ({"id": "1", "entity": "invoice", "change": "mangled"}, "`$.change`"),
        ({"id": "1", "entity": "invoice", "change": "merged"}, "`into`"),
        ({"id": "1", "entity": "invoice", "into": "2"}, "`into`"),
        ({"records": [{"entity": "invoice", "id": str(n)} for n in range(1_001)]}, "1000 are the most"),
        ({"records": "all of them"}, "`$.records`"),
    ],
)
def test_a_body_that_is_something_else_says_what_is_wrong_and_where_to_look(inbound, body, told):
    detail = malformed(inbound, body)
    assert told in detail
    assert "docs/webhooks.md" in detail


@given(st.binary(max_size=400))
def test_whatever_the_bytes_there_are_hints_or_a_refusal(body):
    inbound = StandardInbound(names_of(facets()))
    with suppress(UnacceptableError):
        assert all(isinstance(hint, Hint) for hint in inbound.hints(body))


# ------------------------------------------------------------------------------------------------------- vendors


def test_salesforce_ids_of_15_and_18_characters_are_one_record():
    inbound = salesforce_inbound(facets(("Account", CRM, "Account")))
    short = hints(inbound, {"entity": "Account", "id": "001Qy0WlSwTH8QB"})
    assert short == hints(inbound, {"entity": "Account", "id": "001Qy0WlSwTH8QBIK1"})
    assert short[0].external_id == "001Qy0WlSwTH8QBIK1"
    assert "`id`" in malformed(inbound, {"entity": "Account", "id": "001"})


def test_netsuite_takes_its_codes_of_transactions_and_whole_numbers():
    inbound = netsuite_inbound(facets(("Invoice", ERP, "invoice"), ("Payment", ERP, "customerPayment")))
    assert hints(inbound, {"entity": "CustInvc", "id": 17}) == hints(inbound, {"entity": "invoice", "id": "17"})
    assert "`id`" in malformed(inbound, {"entity": "invoice", "id": "eid:ACME"})


def test_a_key_is_what_base64_says():
    key = struct.pack(">3Q", 1, 2, 3)
    assert key_of("whsec_" + b64encode(key).decode()) == key == b64decode(b64encode(key))
