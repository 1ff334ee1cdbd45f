"""Both ways in: signed requests, and access tokens for signed assertions."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from sandbox.netsuite.assertions import ALGORITHMS
from sandbox.netsuite.signatures import base_string, signature

LIMITS = "/services/rest/system/v1/governanceLimits"
TOKEN = "/services/rest/auth/oauth2/v1/token"
HOST = "https://1234567-sb1.suitetalk.api.netsuite.com"


def test_the_base_string_is_that_of_the_rfc() -> None:
    """The example of RFC 5849 section 3.4.1.1, whose form body stands in the query here."""
    parameters = [
        ("b5", "=%3D"), ("a3", "a"), ("c@", ""), ("a2", "r b"), ("c2", ""), ("a3", "2 q"),
        ("oauth_consumer_key", "9djdj82h48djs9d2"), ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"), ("oauth_timestamp", "137131201"), ("oauth_nonce", "7d8f3e4a"),
    ]  # fmt: skip
    assert base_string("post", "http://example.com/request", parameters) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D"
        "%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
        "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    )
    assert len(signature("x", "a", "b")) == 44


async def test_a_signed_request_is_let_in(api: Any) -> None:
    answer = await api.send("GET", LIMITS)
    assert answer.json() == {
        "accountConcurrencyLimit": 15,
        "accountUnallocatedConcurrencyLimit": 15,
        "integrationConcurrencyLimit": 15,
        "integrationLimitType": "accountLimit",
    }


async def test_the_query_string_is_signed_too(api: Any) -> None:
    path = "/services/rest/record/v1/customer"
    q = 'companyName CONTAIN "a&b = c/ü+%"'
    assert (await api.send("GET", path, params={"q": q, "limit": "1"})).status_code == 200
    header = api.signed("GET", f"{HOST}{path}?limit=1")
    wrong = await api.refused("GET", f"{path}?limit=2", headers={"Authorization": header})
    assert wrong["status"] == 401
    assert "InvalidSignature" in wrong["detail"]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"client_secret": "wrong"}, "InvalidSignature"),
        ({"resource_owner_secret": "wrong"}, "InvalidSignature"),
        ({"client_key": "wrong"}, "ConsumerKeyUnknown"),
        ({"resource_owner_key": "wrong"}, "TokenUnknown"),
        ({"signature_method": "HMAC-SHA1"}, "UnknownAlgorithm"),
        ({"realm": "1234567-sb1"}, "AccountMismatch"),
    ],
)
async def test_a_request_signed_wrongly_is_refused(api: Any, how: dict[str, str], reason: str) -> None:
    error = await api.refused("GET", LIMITS, headers={"Authorization": api.signed("GET", HOST + LIMITS, **how)})
    assert (error["status"], error["o:errorCode"]) == (401, "INVALID_LOGIN")
    assert error["detail"].startswith("Invalid login attempt. For more details, see the Login Audit Trail")
    assert reason in error["detail"]


async def test_the_realm_is_upper_case_as_the_account_is_written(api: Any) -> None:
    header = api.signed("GET", HOST + LIMITS, realm=api.account.credentials["account"].lower())
    assert (await api.refused("GET", LIMITS, headers={"Authorization": header}))["status"] == 401


async def test_a_nonce_works_once(api: Any) -> None:
    header = {"Authorization": api.signed("GET", HOST + LIMITS)}
    assert (await api.send("GET", LIMITS, headers=header)).status_code == 200
    assert "NonceUsed" in (await api.refused("GET", LIMITS, headers=header))["detail"]


@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (-299, 200), (301, 401), (-301, 401)])
async def test_a_timestamp_may_be_five_minutes_off(api: Any, wall: Any, seconds: int, status: int) -> None:
    stamp = str(int(wall().timestamp()) + seconds)
    header = {"Authorization": api.signed("GET", HOST + LIMITS, timestamp=stamp)}
    assert (await api.send("GET", LIMITS, headers=header)).status_code == status


@pytest.mark.parametrize("header", ["", "Basic eDp5", "Bearer nobody-knows-it", "OAuth nonsense"])
async def test_anything_else_is_no_login(api: Any, header: str) -> None:
    error = await api.refused("GET", LIMITS, headers={"Authorization": header})
    assert (error["status"], error["o:errorCode"]) == (401, "INVALID_LOGIN")


# -- OAuth 2.0


def assertion(key: ECKey | RSAKey, algorithm: str, kid: str, claims: dict[str, Any]) -> str:
    header = {"typ": "JWT", "alg": algorithm, "kid": kid}
    return jwt.encode(header, claims, key, registry=JWSRegistry(algorithms=ALGORITHMS))


def form(signed: str, **other: str) -> dict[str, str]:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"grant_type": "client_credentials", "client_assertion_type": kind, "client_assertion": signed} | other


def claims_of(api: Any, **other: Any) -> dict[str, Any]:
    now = int(api.account.signatures._wall().timestamp())
    claims = {"iss": api.account.credentials["client_id"], "scope": ["rest_webservices"], "aud": HOST + TOKEN}
    return claims | {"iat": now, "exp": now + 3600} | other


async def ask_token(api: Any, sent: dict[str, str]) -> Any:
    return await api.client.post(TOKEN, data=sent)


def own_key(api: Any) -> ECKey:
    return ECKey.import_key(api.account.credentials["private_key"])


async def token_of(api: Any) -> str:
    kid = api.account.credentials["certificate_id"]
    answer = await ask_token(api, form(assertion(own_key(api), "ES256", kid, claims_of(api))))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["expires_in"], body["token_type"]) == (3600, "Bearer")
    return body["access_token"]


async def test_an_assertion_buys_a_token_for_an_hour(api: Any, wall: Any) -> None:
    bearer = {"Authorization": f"Bearer {await token_of(api)}"}
    assert (await api.send("GET", LIMITS, headers=bearer)).status_code == 200
    wall.advance(seconds=3599)
    assert (await api.send("GET", LIMITS, headers=bearer)).status_code == 200
    wall.advance(seconds=1)
    assert (await api.refused("GET", LIMITS, headers=bearer))["o:errorCode"] == "INVALID_LOGIN"


async def test_a_revoked_token_is_no_login(api: Any) -> None:
    bearer = {"Authorization": f"Bearer {await token_of(api)}"}
    api.account.assertions.expire()
    assert (await api.refused("GET", LIMITS, headers=bearer))["status"] == 401


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_documented_algorithm_is_verified(api: Any, algorithm: str) -> None:
    curves = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    curve = curves.get(algorithm)
    private = rsa.generate_private_key(65537, 2048) if curve is None else ec.generate_private_key(curve)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    kid = api.account.assertions.register(public)
    key = RSAKey.import_key(pem) if curve is None else ECKey.import_key(pem)
    assert (await ask_token(api, form(assertion(key, algorithm, kid, claims_of(api))))).status_code == 200
    stranger = ECKey.generate_key("P-256") if algorithm == "ES256" else None
    if stranger is not None:
        forged = await ask_token(api, form(assertion(stranger, algorithm, kid, claims_of(api))))
        assert (forged.status_code, forged.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"aud": HOST}, "invalid_grant"),
        ({"iss": "somebody"}, "invalid_client"),
        ({"scope": "everything"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"exp": 1_900_000_000}, "invalid_grant"),
        ({"iat": None}, "invalid_grant"),
    ],
)
async def test_claims_are_checked(api: Any, claims: dict[str, Any], error: str) -> None:
    kid = api.account.credentials["certificate_id"]
    answer = await ask_token(api, form(assertion(own_key(api), "ES256", kid, claims_of(api, **claims))))
    assert answer.json()["error"] == error
    assert answer.status_code == (401 if error == "invalid_client" else 400)


async def test_an_unknown_certificate_or_a_wrong_form_gives_no_token(api: Any) -> None:
    signed = assertion(own_key(api), "ES256", "nobody", claims_of(api))
    unknown = await ask_token(api, form(signed))
    assert (unknown.status_code, unknown.json()["error"]) == (401, "invalid_client")
    for sent in (form(signed, grant_type="password"), form(""), {}):
        assert (await ask_token(api, sent)).json()["error"] == "invalid_request"
    garbage = await ask_token(api, form("not.a.jwt"))
    assert garbage.status_code == 401


async def test_a_reset_ends_tokens_and_keeps_credentials(api: Any) -> None:
    bearer = {"Authorization": f"Bearer {await token_of(api)}"}
    before = json.dumps(dict(api.account.credentials))
    api.account.reset()
    assert (await api.refused("GET", LIMITS, headers=bearer))["status"] == 401
    assert json.dumps(dict(api.account.credentials)) == before
    assert (await api.send("GET", LIMITS)).status_code == 200
