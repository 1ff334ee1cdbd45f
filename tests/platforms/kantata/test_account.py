"""The account as a platform: its token, its errors, its settings, and what the doctor says of it."""

import pytest

from platforms.describe import facet_tables
from platforms.kantata.options import OPTIONS, AccountOptions
from platforms.kantata.platform import web_address
from platforms.kantata.reader import facets
from platforms.readers import ReadQuery
from runtime.settings import SettingsError
from schema.enums import PlatformHealth
from schema.errors import (
    Landed,
    UpstreamDuplicate,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from schema.roles import PlatformRole

OAUTH = {"errors": [{"type": "oauth", "message": "Invalid OAuth 2 Request"}]}


async def read(platform):
    facet = platform.reader.facets["Project", PlatformRole.PSA]
    return await platform.reader.read(platform.reader.project(facet, ["name"]), ReadQuery(limit=1))


async def test_the_token_is_sent_and_shows_nowhere_else(connect, account, answer):
    account.says(answer("workspaces"))
    await read(connect())
    (request,) = account.requests
    assert request.headers["Authorization"] == "Bearer s3cret-token"
    assert "s3cret" not in request.url + request.route + request.statement
    assert request.route == "/api/v1/workspaces"
    assert request.statement == "workspaces?include_archived=true&order=created_at:asc&per_page=1&page=1"


async def test_the_api_path_may_stand_in_the_url(connect, account, answer):
    account.says(answer("workspaces"))
    await read(connect("https://api.mavenlink.com/api/v1"))
    assert account.requests[0].url.startswith("https://api.mavenlink.com/api/v1/workspaces?")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, OAUTH, UpstreamUnauthorized),
        (403, {"errors": [{"type": "system", "message": "Forbidden"}]}, UpstreamForbidden),
        (400, {"errors": [{"type": "system", "message": "bad"}]}, UpstreamRejected),
        (404, {"errors": [{"type": "system", "message": "Not found"}]}, UpstreamRejected),
        (422, {"errors": [{"type": "validation", "field": "title", "message": "is blank"}]}, UpstreamRejected),
        (429, {"errors": []}, UpstreamRateLimited),
        (503, {"errors": [{"type": "system", "message": "unavailable"}]}, UpstreamUnavailable),
        (504, {"errors": [{"type": "system", "message": "timeout"}]}, UpstreamTimeout),
        (418, ["tea"], UpstreamRejected),
        (302, {}, UpstreamInvalidResponse),
    ],
)
async def test_each_refusal_is_its_own_error(connect, account, status, body, error):
    account.says(body, status=status)
    with pytest.raises(error) as refused:
        await read(connect())
    assert type(refused.value) is error
    assert refused.value.platform == "psa"


async def test_a_refused_request_is_told_in_the_platforms_words_short_and_in_print(connect, account):
    errors = [{"type": "validation", "field": "title", "message": "can't\x1b be\nblank"}, {"type": "validation"}]
    errors.append({"type": "validation", "field": "due_date", "message": "is wrong " * 100})
    account.says({"errors": errors}, status=422)
    with pytest.raises(UpstreamRejected) as refused:
        await read(connect())
    assert refused.value.detail.startswith("a value is refused: title can't  be blank; ; due_date is wrong")
    assert refused.value.detail.isprintable()
    assert len(refused.value.detail) < 330
    assert refused.value.landed is Landed.NO


@pytest.mark.parametrize("message", ["has already been taken", "has already been entered"])
async def test_a_value_that_another_record_has_is_a_duplicate(connect, account, message):
    account.says({"errors": [{"type": "validation", "field": "name", "message": message}]}, status=422)
    with pytest.raises(UpstreamDuplicate) as refused:
        await read(connect())
    assert refused.value.detail == f"another record has the value already: name {message}"


async def test_a_token_that_is_refused_twice_is_left_alone_for_a_while(connect, account, answer):
    platform = connect()
    account.says(OAUTH, OAUTH, status=401)
    account.says(answer("workspaces"))
    with pytest.raises(UpstreamUnauthorized):
        await read(platform)
    with pytest.raises(UpstreamUnauthorized):
        await read(platform)
    assert len(account.requests) == 2
    account.forward(60)
    await read(platform)


async def test_a_refusal_in_passing_costs_nothing(connect, account, answer):
    account.says(OAUTH, status=401)
    account.says(answer("workspaces", {"id": "1"}))
    assert len((await read(connect())).rows) == 1


async def test_the_doctor_hears_of_a_user_who_does_not_see_everything(connect, account):
    platform = connect()
    me = {"results": [], "users": {}, "account_memberships": {"1": {"id": "1", "permission": "administrator"}}}
    account.says(me)
    assert (await platform.probe()).ok
    assert "/users/me?include=account_membership" in account.requests[0].url
    me["account_memberships"]["1"]["permission"] = "project_lead"
    found = await platform.probe()
    assert not found.ok
    assert "project_lead" in found.detail
    assert "Administrator" in found.advice


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [(401, OAUTH, "new token"), (403, {}, "Administrator"), (429, {}, "limits"), (404, {}, "api.mavenlink.com")],
)
async def test_the_doctor_says_what_to_do(connect, account, status, body, advice):
    account.says(body, status=status)
    found = await connect().probe()
    assert not found.ok
    assert advice in found.advice


async def test_it_tells_what_it_knows_of_itself(connect, account, answer):
    account.says(answer("workspaces"))
    platform = connect()
    await read(platform)
    assert platform.health() is PlatformHealth.HEALTHY
    assert platform.last_contact_at() is not None
    assert platform.quota() is None, "Kantata doesn't say"
    await platform.close()


def test_people_see_projects_where_the_web_application_is(connect):
    assert web_address("https://api.mavenlink.com/api/v1") == "https://app.mavenlink.com"
    assert web_address("http://127.0.0.1:9400") == "http://127.0.0.1:9400"
    facet = connect().reader.facets["Project", PlatformRole.PSA]
    assert facet.url == "https://app.mavenlink.com/workspaces/{id}"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("project_code_field", ""),
        ("account_reference", 7),
        ("contract_reference", "x" * 101),
        ("project_statuses", {"301": "RUNNING"}),
        ("milestone_statuses", ["ACCEPTED"]),
        ("engagement_types", {}),
        ("currency", "euro"),
        ("page_size", 0),
        ("page_size", 201),
        ("page_size", "many"),
        ("key_reference", " "),
        ("key_reference", "salesforce"),
        ("settle_seconds", -1),
        ("settle_seconds", True),
        ("settle_seconds", "long"),
    ],
)
def test_an_option_that_cant_be_meant_is_named(connect, option, value):
    with pytest.raises(SettingsError, match=rf"platforms\.psa\.options\.{option}: must"):
        connect(**{option: value})


def test_the_vendors_page_lists_what_the_connector_declares(request):
    page = (request.config.rootpath / "docs" / "vendors" / "kantata.md").read_text(encoding="utf-8")
    assert facet_tables(facets(AccountOptions(), "https://app.mavenlink.com")) in page
    assert all(f"| `{name}` | {meaning} |" in page for name, meaning in OPTIONS.items())
