"""Signing in to an org, reading its errors and its usage, and what of its settings is refused."""

from urllib.parse import parse_qs, parse_qsl

import pytest
from joserfc import jwt

from platforms.describe import facet_tables
from platforms.readers import ReadQuery
from platforms.salesforce.options import OrgOptions
from platforms.salesforce.reader import facets
from runtime.settings import SettingsError
from schema.enums import PlatformHealth
from schema.errors import (
    PlatformError,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamLocked,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from schema.roles import PlatformRole


async def read(platform, **query):
    facet = platform.reader.facets["Account", PlatformRole.CRM]
    return await platform.reader.read(platform.reader.project(facet, ["name"]), ReadQuery(**query))


async def test_client_credentials_go_in_the_form_to_the_configured_domain(connect, org):
    await read(connect())
    (login,) = org.logins
    assert login.url == "https://acme.my.salesforce.com/services/oauth2/token"
    assert dict(parse_qsl(login.body.decode())) == {
        "grant_type": "client_credentials", "client_id": "id", "client_secret": "s3cret",
    }  # fmt: skip
    assert org.requests[-1].headers["Authorization"] == "Bearer 00D!secret-token"


async def test_an_assertion_is_signed_for_three_minutes(connect, org, key):
    credentials = {"client_id": "id", "username": "me@acme", "private_key": key.as_pem(private=True).decode()}
    await read(connect(credentials, audience="https://test.salesforce.com/"))
    form = dict(parse_qsl(org.logins[0].body.decode()))
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    claims = jwt.decode(form["assertion"], key, algorithms=["RS256"]).claims
    assert claims == {
        "iss": "id", "sub": "me@acme", "aud": "https://test.salesforce.com", "exp": int(org.now().timestamp()) + 180,
    }  # fmt: skip


async def test_one_login_serves_until_it_is_refused_and_then_one_more(connect, org):
    platform = connect()
    await read(platform)
    await read(platform)
    assert len(org.logins) == 1
    org.answers = [(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]), *org.answers]
    assert (await read(platform)).rows == []
    assert len(org.logins) == 2


@pytest.mark.parametrize("instance", ["http://acme.my.salesforce.com", "https://", "ftp://x", "https://x/y", ""])
async def test_a_login_that_leads_to_less_protection_is_not_followed(connect, org, instance):
    org.login = (200, {"access_token": "t", "instance_url": instance})
    with pytest.raises(UpstreamInvalidResponse):
        await read(connect())
    assert len(org.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (
            400,
            {"error": "invalid_grant", "error_description": "user hasn't approved this"},
            UpstreamUnauthorized,
        ),
        (401, {"error": "invalid_client", "error_description": "invalid client credentials"}, UpstreamUnauthorized),
        (400, {"error": "rate_limit_exceeded"}, UpstreamRateLimited),
        (200, {"token": "not there"}, UpstreamInvalidResponse),
    ],
)
async def test_a_refused_login_says_why(connect, org, status, body, error):
    org.login = (status, body)
    platform = connect()
    with pytest.raises(error):
        await read(platform)
    probe = await platform.probe()
    assert not probe.ok
    assert probe.advice
    assert "s3cret" not in probe.detail + probe.advice


@pytest.mark.parametrize(
    ("status", "code", "message", "error"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", UpstreamQuotaExhausted),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", UpstreamRateLimited),
        (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", UpstreamLocked),
        (400, "INVALID_FIELD", "\nSELECT X\nNo such column 'X__c' on entity 'Account'. If", UpstreamRejected),
        (400, "INVALID_TYPE", "sObject type 'CW_Rate__c' is not supported.", UpstreamRejected),
        (400, "MALFORMED_QUERY", "unexpected token", UpstreamRejected),
        (400, "INVALID_QUERY_LOCATOR", "invalid query locator", UpstreamRateLimited),
        (403, "API_DISABLED_FOR_ORG", "", UpstreamForbidden),
        (403, "SOMETHING_NEW", "", UpstreamForbidden),
        (404, "NOT_FOUND", "The requested resource does not exist", UpstreamRejected),
        (404, "SOMETHING_NEW", "", UpstreamRejected),
        (410, "UNSUPPORTED_API_VERSION", "", UpstreamRejected),
        (500, "QUERY_TIMEOUT", "", UpstreamTimeout),
        (500, "UNKNOWN_EXCEPTION", "", UpstreamUnavailable),
        (503, "SERVER_UNAVAILABLE", "", UpstreamUnavailable),
    ],
)
async def test_each_code_is_its_own_error(connect, org, status, code, message, error):
    org.answers = [(status, [{"errorCode": code, "message": message}])]
    with pytest.raises(PlatformError) as refused:
        await read(connect())
    assert type(refused.value) is error
    assert refused.value.platform == "crm"


async def test_a_missing_field_is_named(connect, org):
    told = "No such column 'CW_Status__c' on entity 'Account'. If you are attempting to use a custom field"
    org.answers = [(400, [{"errorCode": "INVALID_FIELD", "message": told}])]
    with pytest.raises(UpstreamRejected, match=r"Account\.CW_Status__c"):
        await read(connect())


async def test_usage_is_known_from_every_answer_refusals_too(connect, org):
    platform = connect()
    assert platform.quota() is None
    await read(platform)
    assert (platform.quota().used, platform.quota().limit) == (18, 15000)
    org.usage = "api-usage=15000/15000; per-app-api-usage=17/250(appName=sample)"
    org.answers = [(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}])]
    with pytest.raises(UpstreamQuotaExhausted):
        await read(platform)
    assert (platform.quota().used, platform.quota().limit) == (15000, 15000)
    assert platform.health() is PlatformHealth.DEGRADED


async def test_a_next_page_elsewhere_is_not_followed(connect, org):
    org.answers = [(200, {"totalSize": 9, "done": False, "records": [], "nextRecordsUrl": "//evil.example/query/1-2"})]
    with pytest.raises(UpstreamInvalidResponse, match="next page"):
        await read(connect())


async def test_a_query_goes_out_as_documented(connect, org):
    await read(connect(api_version="61.0"), limit=2)
    request = org.requests[-1]
    assert request.url.startswith("https://acme.my.salesforce.com/services/data/v61.0/query?q=")
    assert parse_qs(request.url.partition("?")[2])["q"] == [request.statement]
    assert request.statement == "SELECT Id,Name FROM Account ORDER BY Id ASC LIMIT 2"
    assert request.route == "/services/data/v61.0/query"
    assert request.headers["Sforce-Query-Options"] == "batchSize=2000"


async def test_the_largest_batch_fits_into_a_url_with_a_long_token(connect, org):
    org.login = (200, {"access_token": "t" * 2_000, "instance_url": "https://acme.my.salesforce.com"})
    platform = connect()
    for facet in platform.reader.facets.values():
        whole = platform.reader.project(facet, [row.path for row in facet.rows])
        keys = tuple(f"0015g00000Xy{number:03}AAB" for number in range(100, 500))
        assert len(keys) == facet.batch["id"]
        await platform.reader.read(whole, ReadQuery(by="id", keys=keys))
        assert org.requests[-1].statement.count(",") > len(keys)


async def test_a_limit_of_none_costs_no_call(connect, org):
    assert (await read(connect(), limit=0)).rows == []
    assert org.requests == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"api_version": "latest"}, "options.api_version"),
        ({"audience": "login"}, "options.audience"),
        ({"committed_stages": "Negotiation"}, "options.committed_stages"),
        ({"currency": "Euro"}, "options.currency"),
        ({"key_field": "CW Key"}, "options.key_field"),
        ({"key_field": "Id"}, "options.key_field"),
        ({"fields": ["Account.syncStatus"]}, "options.fields"),
        ({"fields": {"Account.syncState": "My__c"}}, r"options.fields.*did you mean Account\.syncStatus"),
        ({"fields": {"Account.syncStatus": "Na'me__c"}}, r"options.fields.*Account\.syncStatus"),
        ({"fields": {"Account.syncStatus": "cw_erp_customers__c"}}, r"options.fields.*can't both be"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_by_name(connect, options, named):
    with pytest.raises(SettingsError, match=rf"platforms\.crm\.{named}"):
        connect(**options)


def test_a_private_key_that_is_none_is_refused_without_showing_it(connect):
    with pytest.raises(SettingsError) as refused:
        connect({"client_id": "id", "username": "me", "private_key": "-----BEGIN nonsense"})
    assert "private_key" in str(refused.value)
    assert "nonsense" not in str(refused.value)


def test_the_vendors_page_lists_what_the_connector_declares(request):
    page = (request.config.rootpath / "docs" / "vendors" / "salesforce.md").read_text(encoding="utf-8")
    assert facet_tables(facets(OrgOptions())) in page
