"""Getting, using and losing a session."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from sandbox.firm.model import Firm
from sandbox.salesforce import SalesforcePlatform, build
from sandbox.salesforce.oauth import JWT_GRANT

TOKEN = "/services/oauth2/token"


def assertion(org: SalesforcePlatform, clock: Any, *, key: RSAKey | None = None, **claims: Any) -> str:
    known = org.credentials
    usual = {
        "iss": known["client_id"],
        "sub": known["username"],
        "aud": "https://login.salesforce.com",
        "exp": str(int(clock().timestamp()) + 180),
    }
    return jwt.encode(
        {"alg": "RS256"}, {**usual, **claims}, key or RSAKey.import_key(known["private_key"]), algorithms=["RS256"]
    )


async def test_client_credentials_are_taken_from_the_form(api: Any, org: SalesforcePlatform, clock: Any) -> None:
    answer = await api.client.post(
        TOKEN,
        data={
            "grant_type": "client_credentials",
            "client_id": org.credentials["client_id"],
            "client_secret": org.credentials["client_secret"],
        },
    )
    assert answer.status_code == 200
    session = answer.json()
    assert set(session) == {
        "access_token", "signature", "scope", "instance_url", "id", "token_type", "issued_at", "api_instance_url",
    }  # fmt: skip
    assert session["instance_url"] == "https://acme.my.salesforce.com"
    assert session["issued_at"] == str(int(clock().timestamp() * 1000))
    assert session["access_token"].startswith(org.instance.org.org_id[:15] + "!")
    api.headers["Authorization"] = f"Bearer {session['access_token']}"
    assert (await api.send("GET", "/limits")).status_code == 200


async def test_client_credentials_are_taken_from_http_basic(api: Any, org: SalesforcePlatform) -> None:
    pair = f"{org.credentials['client_id']}:{org.credentials['client_secret']}"
    answer = await api.client.post(
        TOKEN,
        data={"grant_type": "client_credentials"},
        headers={"Authorization": "Basic " + b64encode(pair.encode()).decode()},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}, 400, "invalid_client_id"),
        ({"grant_type": "client_credentials", "client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "invalid_grant"),
        ({}, 400, "unsupported_grant_type"),
    ],
)
async def test_wrong_credentials_get_a_flat_error(
    api: Any, org: SalesforcePlatform, form: dict[str, str], status: int, error: str
) -> None:
    form.setdefault("client_id", org.credentials["client_id"])
    answer = await api.client.post(TOKEN, data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]


async def test_the_login_host_refuses_client_credentials(api: Any, org: SalesforcePlatform) -> None:
    form = {"grant_type": "client_credentials", **{k: org.credentials[k] for k in ("client_id", "client_secret")}}
    answer = await api.client.post(f"https://login.salesforce.com{TOKEN}", data=form)
    assert answer.json() == {"error": "invalid_grant", "error_description": "request not supported on this domain"}


async def test_a_signed_assertion_is_worth_a_session(api: Any, org: SalesforcePlatform, clock: Any) -> None:
    for exp in (str(int(clock().timestamp()) + 180), int(clock().timestamp()) + 180):
        signed = assertion(org, clock, exp=exp)
        answer = await api.client.post(TOKEN, data={"grant_type": JWT_GRANT, "assertion": signed})
        assert answer.status_code == 200, answer.text


async def test_an_assertion_by_another_key_is_refused(api: Any, org: SalesforcePlatform, clock: Any) -> None:
    forged = assertion(org, clock, key=RSAKey.generate_key(2048))
    answer = await api.client.post(TOKEN, data={"grant_type": JWT_GRANT, "assertion": forged})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("claim", "value", "error"),
    [
        ("iss", "somebody else", "invalid_client_id"),
        ("sub", "nobody@example.com", "invalid_grant"),
        ("aud", "https://evil.example", "invalid_grant"),
        ("exp", 0, "invalid_grant"),
        ("exp", 99_999_999_999, "invalid_grant"),
        ("exp", "soon", "invalid_grant"),
        ("exp", None, "invalid_grant"),
    ],
)
async def test_wrong_claims_are_refused(
    api: Any, org: SalesforcePlatform, clock: Any, claim: str, value: object, error: str
) -> None:
    signed = assertion(org, clock, **{claim: value})
    answer = await api.client.post(TOKEN, data={"grant_type": JWT_GRANT, "assertion": signed})
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("garbage", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
async def test_a_garbled_assertion_is_refused(api: Any, garbage: str) -> None:
    answer = await api.client.post(TOKEN, data={"grant_type": JWT_GRANT, "assertion": garbage})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_the_token_endpoint_takes_forms_only(api: Any) -> None:
    answer = await api.client.post(TOKEN, json={"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_no_session_and_a_foreign_session_are_401(api: Any) -> None:
    for value in ("", "Bearer nonsense", "Basic abc"):
        answer = await api.send("GET", "/limits", headers={"Authorization": value})
        assert answer.status_code == 401
        assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


async def test_sessions_end_by_age_by_revocation_and_when_told(
    firm: Firm, clock: Any, api_of: Callable[[SalesforcePlatform], Any]
) -> None:
    org = build(firm, clock=clock, session_seconds=60)
    api = await api_of(org).login()
    clock.advance(seconds=59)
    assert (await api.send("GET", "/limits")).status_code == 200
    clock.advance(seconds=1)
    assert (await api.send("GET", "/limits")).status_code == 401
    await api.login()
    token = api.headers["Authorization"].removeprefix("Bearer ")
    assert (await api.client.post("/services/oauth2/revoke", data={"token": token})).status_code == 200
    assert (await api.send("GET", "/limits")).status_code == 401
    await api.login()
    org.expire_sessions()
    assert (await api.send("GET", "/limits")).status_code == 401


async def test_introspection_and_userinfo_tell_who_the_session_is(api: Any, org: SalesforcePlatform) -> None:
    token = api.headers["Authorization"].removeprefix("Bearer ")
    app = {name: org.credentials[name] for name in ("client_id", "client_secret")}
    alive = (await api.client.post("/services/oauth2/introspect", data={"token": token, **app})).json()
    assert (alive["active"], alive["username"]) == (True, org.credentials["username"])
    gone = await api.client.post("/services/oauth2/introspect", data={"token": "x", **app})
    assert gone.json() == {"active": False}
    me = (await api.send("GET", "/services/oauth2/userinfo")).json()
    assert me["preferred_username"] == org.credentials["username"]


async def test_another_org_has_other_credentials_but_the_same_ones_at_every_start(firm: Firm, clock: Any) -> None:
    first, again, other = (build(firm, name=name, clock=clock) for name in ("crm", "crm", "crm-emea"))
    assert first.credentials == again.credentials
    assert first.credentials["client_secret"] != other.credentials["client_secret"]
