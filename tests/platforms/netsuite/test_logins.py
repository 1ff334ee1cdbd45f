"""Both logins against an account that really verifies them, and what happens when they are refused."""

import asyncio

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from platforms.netsuite.auth import SigningKey
from runtime.settings import SettingsError
from schema.errors import UpstreamUnauthorized

BEARER = ("client_id", "certificate_id", "private_key")


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


async def test_token_based_authentication_lets_in(account, rows):
    assert await rows(account, "LegalEntity", ("name",))


async def test_a_client_assertion_lets_in_and_its_token_serves_many_calls(joined, rows, calls):
    account = joined(*BEARER)
    for _ in range(3):
        assert await rows(account, "LegalEntity", ("name",))
    assert [call.route.rsplit("/", 1)[1] for call in calls] == ["token", "suiteql", "suiteql", "suiteql"]


async def test_many_at_once_sign_in_once(joined, rows, calls):
    account = joined(*BEARER)
    await asyncio.gather(*(rows(account, "LegalEntity", ("name",)) for _ in range(8)))
    assert sum(call.route.endswith("token") and not call.shared for call in calls) == 1


async def test_a_token_that_ends_is_replaced_without_a_row_lost(joined, rows, calls, control):
    account = joined(*BEARER)
    before = await rows(account, "Account", ("billing.legalName",))
    control("POST", "/reset")  # ends every token
    assert await rows(account, "Account", ("billing.legalName",)) == before
    assert [call.status for call in calls] == [200, 200, 401, 200, 200]


@pytest.mark.parametrize(
    "wrong", [{"token_secret": "wrong"}, {"token_key": "wrong"}, {"consumer_key": "wrong"}, {"account": "1_SB9"}]
)
async def test_wrong_keys_are_a_persons_work_and_are_not_tried_over_and_over(joined, rows, calls, wrong):
    account = joined(credentials=wrong)
    for _ in range(3):
        with pytest.raises(UpstreamUnauthorized):
            await rows(account, "LegalEntity", ("name",))
    assert [call.status for call in calls] == [401, 401]
    probe = await account.probe()
    assert not probe.ok
    assert "Login Audit Trail" in probe.advice


async def test_a_certificate_that_is_not_mapped_is_refused(joined, rows):
    account = joined(*BEARER, credentials={"private_key": pem(ec.generate_private_key(ec.SECP256R1()))})
    with pytest.raises(UpstreamUnauthorized):
        await rows(account, "LegalEntity", ("name",))


@pytest.mark.parametrize("key", ["no key", "", pem(ed25519.Ed25519PrivateKey.generate())])
def test_a_key_that_netsuite_cannot_take_is_refused_at_the_start(joined, key):
    with pytest.raises(SettingsError) as refused:
        joined(*BEARER, credentials={"private_key": key})
    assert "credentials.private_key" in str(refused.value)
    assert key == "" or key not in str(refused.value)


@pytest.mark.parametrize(
    ("curve", "algorithm"), [(ec.SECP256R1(), "ES256"), (ec.SECP384R1(), "ES384"), (ec.SECP521R1(), "ES512")]
)
def test_a_curve_has_its_algorithm(curve, algorithm):
    assert SigningKey(pem(ec.generate_private_key(curve))).algorithm == algorithm


def test_an_rsa_key_signs_with_ps256():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = SigningKey(pem(private))
    signed = key.signed({"alg": key.algorithm, "kid": "certificate"}, {"iss": "client"})
    registry = JWSRegistry(algorithms=["PS256"])
    public = RSAKey.import_key(pem(private))
    read = jwt.decode(signed, public, algorithms=["PS256"], registry=registry)
    assert (read.header["alg"], read.claims) == ("PS256", {"iss": "client"})


async def test_a_repeated_request_is_signed_anew(account, rows, control):
    """Its first sending was taken and its answer lost: the same nonce again would be refused."""
    control("DELETE", "/calls")
    control("POST", "/faults", {"platform": "netsuite", "kind": "drop_after", "times": 1})
    assert await rows(account, "LegalEntity", ("name",))
    assert control("GET", "/calls")["platforms"]["netsuite"]["total"] == 2
