"""A write that fails says what happened, and whether it may have been done."""

import json
from datetime import date
from decimal import Decimal

import pytest

from platforms.kantata.places import Currency, kept_amount
from platforms.writers import Line
from schema.errors import (
    Landed,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from schema.roles import PlatformRole

KEY = "cw4k2j6h5g"
OAUTH = {"errors": [{"type": "oauth", "message": "Invalid OAuth 2 Request"}]}
STAMP = "2026-11-20T04:00:00-08:00"
LINKING = {"method": "POST", "path": "/external_references/create_or_update"}


def of(platform, type_name="Project"):
    return platform.writer.writables[type_name, PlatformRole.PSA]


def workspace(record_id="10", **more):
    return {"id": record_id, "title": "Rollout", "currency": "EUR", "currency_base_unit": 100, "updated_at": STAMP,
            **more}  # fmt: skip


def link(service, ref):
    return {"service_name": service, "service_model": "Project", "service_model_ref": ref}


def asked(request):
    return json.loads(request.body)


# ------------------------------------------------------------------------------------- faults, and the truth after them


@pytest.mark.parametrize(
    ("fault", "error", "landed", "done"),
    [
        ({"kind": "drop_before"}, UpstreamUnavailable, Landed.UNKNOWN, False),
        ({"kind": "drop_after"}, UpstreamUnavailable, Landed.UNKNOWN, True),
        ({"kind": "garbage"}, UpstreamInvalidResponse, Landed.UNKNOWN, True),
        ({"kind": "truncate"}, UpstreamInvalidResponse, Landed.UNKNOWN, True),
        ({"kind": "status", "status": 500}, UpstreamUnavailable, Landed.UNKNOWN, False),
        ({"kind": "status", "status": 503}, UpstreamUnavailable, Landed.UNKNOWN, False),
        ({"kind": "status", "status": 504}, UpstreamTimeout, Landed.UNKNOWN, False),
        ({"kind": "status", "status": 403}, UpstreamForbidden, Landed.NO, False),
        ({"kind": "status", "status": 404}, UpstreamRejected, Landed.NO, False),
        ({"kind": "rate_limit"}, UpstreamRateLimited, Landed.NO, False),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
async def test_a_failed_creation_tells_whether_it_may_be_done(
    psa, connect_sandbox, fresh_sandbox, truth, fault, error, landed, done
):
    truth.goes_wrong(**fault, match={"method": "POST", "path": "/workspaces"})
    truth.calls()
    with pytest.raises(error) as failed:
        await psa.writer.create(of(psa), KEY, {"name": "Rollout", "account": "A-1"})
    assert failed.value.landed is landed
    assert failed.value.platform == "psa"
    assert truth.calls() == {"POST /workspaces": 1}, "a write is sent once"
    another = connect_sandbox(fresh_sandbox)  # whose gate isn't holding calls back
    assert len(await another.writer.find(of(another), KEY)) == done


async def test_no_answer_in_time_may_be_a_write(connect_sandbox, fresh_sandbox, truth):
    hasty = connect_sandbox(fresh_sandbox, seconds=0.3)
    truth.goes_wrong("latency", ms=900, match={"method": "POST"})
    with pytest.raises(UpstreamTimeout) as failed:
        await hasty.writer.create(of(hasty), KEY, {"name": "Rollout"})
    assert failed.value.landed is Landed.UNKNOWN


@pytest.mark.parametrize("kind", ["drop_before", "rate_limit"])
async def test_what_fails_behind_the_new_record_leaves_it_without_and_a_change_completes_it(
    psa, connect_sandbox, fresh_sandbox, truth, kind
):
    truth.goes_wrong(kind, match=LINKING)
    with pytest.raises((UpstreamUnavailable, UpstreamRateLimited)) as failed:
        await psa.writer.create(of(psa), KEY, {"name": "Rollout", "account": "A-1", "contract": "C-1"})
    assert failed.value.landed is Landed.YES, "the record is there"
    another = connect_sandbox(fresh_sandbox)
    (found,) = await another.writer.find(of(another), KEY)
    assert found.values["account"] is None
    await another.writer.update(of(another), found.external_id, {"account": "A-1", "contract": "C-1"})
    values = (await another.writer.fetch(of(another), found.external_id)).values
    assert (values["name"], values["account"], values["contract"]) == ("Rollout", "A-1", "C-1")


async def test_a_change_that_was_done_in_part_may_be_done(psa, truth):
    made = await psa.writer.create(of(psa), KEY, {"name": "Rollout"})
    truth.goes_wrong("rate_limit", match=LINKING)
    with pytest.raises(UpstreamRateLimited) as failed:
        await psa.writer.update(of(psa), made, {"name": "Renamed", "account": "A-1"})
    assert failed.value.landed is Landed.YES
    assert truth.record("workspace", made)["title"] == "Renamed"


@pytest.mark.parametrize("fault", [{"kind": "drop_after"}, {"kind": "garbage"}])
async def test_a_change_without_a_readable_answer_may_be_done(psa, truth, fault):
    made = await psa.writer.create(of(psa), KEY, {"name": "Rollout"})
    truth.goes_wrong(**fault, match={"method": "PUT"})
    with pytest.raises((UpstreamUnavailable, UpstreamInvalidResponse)) as failed:
        await psa.writer.update(of(psa), made, {"name": "Renamed"})
    assert failed.value.landed is Landed.UNKNOWN
    assert (await psa.writer.fetch(of(psa), made)).values["name"] == "Renamed"


async def test_what_fails_before_the_write_is_sure_not_to_be_done(psa, truth):
    truth.goes_wrong("drop_after", match={"method": "GET"}, times=3)
    with pytest.raises(UpstreamUnavailable) as failed:
        await psa.writer.create(of(psa), KEY, {"name": "Rollout", "code": "HAL-1"})
    assert failed.value.landed is Landed.NO
    assert len(truth.records("workspaces", title="Rollout")) == 0


async def test_a_removal_without_an_answer_is_done_again(psa, truth):
    for type_name, match in (("Account", {"method": "DELETE"}), ("Project", {"method": "PUT"})):
        made = await psa.writer.create(of(psa, type_name), KEY, {"name": "Rollout"})
        truth.goes_wrong("drop_after", match=match)
        with pytest.raises(UpstreamUnavailable) as failed:
            await psa.writer.remove(of(psa, type_name), made)
        assert failed.value.landed is Landed.UNKNOWN
        await psa.writer.remove(of(psa, type_name), made)
        assert await psa.writer.fetch(of(psa, type_name), made) is None


async def test_a_project_archived_without_its_mark_isnt_taken_back_yet(psa, truth):
    made = await psa.writer.create(of(psa), KEY, {"name": "Rollout"})
    truth.goes_wrong("drop_before", match=LINKING)
    with pytest.raises(UpstreamUnavailable) as failed:
        await psa.writer.remove(of(psa), made)
    assert failed.value.landed is Landed.YES
    assert await psa.writer.fetch(of(psa), made) is not None
    await psa.writer.remove(of(psa), made)
    assert await psa.writer.fetch(of(psa), made) is None


async def test_reading_back_is_repeated_like_any_reading(psa, truth):
    made = await psa.writer.create(of(psa), KEY, {"name": "Rollout"})
    truth.goes_wrong("drop_before", match={"method": "GET"})
    assert (await psa.writer.fetch(of(psa), made)).external_id == made


@pytest.mark.parametrize(
    ("kind", "entity", "field", "path"),
    [
        ("ignore_field", "workspace", "due_date", "endDate"),
        ("ignore_field", "workspace", "custom_fields", "code"),
        ("round_field", "workspace", "price", "budget.amount"),
    ],
)
async def test_a_field_that_is_dropped_or_rounded_shows_when_it_is_read_back(psa, truth, kind, entity, field, path):
    values = {
        "name": "Rollout", "endDate": date(2027, 1, 1), "code": "HAL-9",
        "budget.amount": Decimal("10.60"), "budget.currency": "EUR",
    }  # fmt: skip
    truth.goes_wrong(kind, entity=entity, field=field)
    made = await psa.writer.create(of(psa), KEY, values)
    found = await psa.writer.fetch(of(psa), made)
    assert {each for each in values if found.values[each] != values[each]} == {path}


# ------------------------------------------------------------------------------------------ the wire, as it is scripted


async def test_a_session_that_ends_in_the_middle_costs_one_more_call(connect, account, answer):
    account.says(OAUTH, status=401)
    account.says(answer("workspaces", workspace()))
    assert await connect().writer.create(of(connect()), KEY, {"name": "Rollout"}) == "10"
    assert [(request.method, request.body) for request in account.requests[:1]] == [
        (request.method, request.body) for request in account.requests[1:]
    ]


async def test_a_token_that_is_refused_twice_did_nothing(connect, account):
    account.says(OAUTH, status=401)
    platform = connect()
    with pytest.raises(UpstreamUnauthorized) as refused:
        await platform.writer.update(of(platform), "10", {"name": "Rollout"})
    assert refused.value.landed is Landed.NO
    assert len(account.requests) == 2


async def test_what_is_sent_is_json_with_exact_amounts_and_numeric_ids(connect, account, answer):
    platform = connect()
    account.says(answer("workspaces", workspace("7")), answer("invoices", {"id": "31"}))
    values = {
        "project": "7", "timeEntries": ("41", "42"), "paymentDays": 30,
        "items": (Line(description="Fee", amount=Decimal("0.10")),),
    }  # fmt: skip
    assert await platform.writer.create(of(platform, "ProjectInvoice"), KEY, values) == "31"
    looked, made = account.requests
    assert looked.method == "GET"
    assert (made.method, made.url) == ("POST", "https://api.mavenlink.com/api/v1/invoices")
    assert b'"amount":0.10' in made.body
    assert asked(made) == {
        "invoice": {
            "suppress_emails": True,
            "workspace_id": 7,
            "time_entry_ids": [41, 42],
            "payment_schedule": 30,
            "additional_items": [{"notes": "Fee", "amount": 0.1}],
            "external_reference": {
                "service_name": "crosswalk",
                "service_model": "ProjectInvoice",
                "service_model_ref": KEY,
                "status": "successful",
            },
        }
    }
    assert made.headers["Content-Type"] == "application/json"
    assert (made.route, made.statement) == ("/api/v1/invoices", "POST invoices")


async def test_ids_are_not_part_of_a_route(connect, account, answer):
    platform = connect()
    account.says(answer("workspaces", workspace()))
    await platform.writer.update(of(platform), "10", {"name": "Renamed"})
    (request,) = account.requests
    assert (request.route, request.statement) == ("/api/v1/workspaces/{id}", "PUT workspaces/10")


async def test_records_are_looked_for_past_what_hides_them(connect, account, answer):
    platform = connect()
    for type_name, collection, needed in (
        ("Project", "workspaces", {"include_archived": "true"}),
        ("Milestone", "stories", {"all_on_account": "true", "show_archived": "true", "story_types": "milestone"}),
        ("ResourceDemand", "workspace_resources", {"include_unnamed": "true"}),
        ("ProjectInvoice", "invoices", {}),
    ):
        account.answers = [(200, answer(collection))]
        assert await platform.writer.find(of(platform, type_name), KEY) == ()
        assert await platform.writer.fetch(of(platform, type_name), "10") is None
        sought, fetched = account.asked[-2:]
        assert needed.items() <= sought.items()
        assert needed.items() <= fetched.items()
        assert fetched["only"] == "10"
        assert sought["external_reference_service_name"] == "crosswalk"
        assert sought["external_reference_service_model_refs"] == KEY
        assert "external_references" in sought["include"]


async def test_a_filter_that_the_api_left_out_finds_no_strangers(connect, account, answer):
    links = {"1": link("crosswalk", "another"), "2": link("crosswalk", KEY), "3": link("salesforce", KEY)}
    rows = [workspace(str(9 - each), external_reference_ids=[str(each)]) for each in (1, 2, 3)]
    account.says(answer("workspaces", *rows, external_references=links))
    platform = connect()
    assert [found.external_id for found in await platform.writer.find(of(platform), KEY)] == ["7"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"results": [], "workspaces": {}},
        {"results": [{"id": "10"}], "workspaces": {}},
        {"results": [{"id": 10}], "workspaces": {"10": {}}},
        {"results": [{"id": "1"}, {"id": "2"}], "workspaces": {"1": {}, "2": {}}},
        ["workspaces"],
    ],
)
async def test_a_success_without_a_record_may_be_one(connect, account, body):
    account.says(body)
    platform = connect()
    with pytest.raises(UpstreamInvalidResponse) as failed:
        await platform.writer.create(of(platform), KEY, {"name": "Rollout"})
    assert failed.value.landed is Landed.UNKNOWN
    assert failed.value.platform == "psa"


@pytest.mark.parametrize(
    "row",
    [{"updated_at": "2026-11-20T04:00:00"}, {"start_date": "soon"}, {"id": "x"}, {"price_in_cents": "12"}],
)
async def test_a_record_that_isnt_of_the_documented_form_isnt_taken_for_one(connect, account, answer, row):
    account.says(answer("workspaces", workspace() | row))
    platform = connect()
    with pytest.raises(UpstreamInvalidResponse):
        await platform.writer.fetch(of(platform), (row.get("id") and "10") or "10")


async def test_a_project_whose_currency_is_hidden_takes_no_amounts_that_need_it(connect, account, answer):
    fields = {"id": "5", "name": "Paid", "value_type": "currency"}
    account.says(answer("workspaces", {"id": "10", "updated_at": STAMP}), answer("custom_fields", fields))
    platform = connect()
    with pytest.raises(UpstreamRejected, match=r"billing\.paid: the project's currency isn't told") as refused:
        await platform.writer.update(of(platform), "10", {"billing.paid": Decimal(1)})
    assert refused.value.landed is Landed.NO


async def test_a_currency_is_counted_in_the_units_that_the_record_tells(connect, account, answer):
    fields = {"id": "5", "name": "Paid", "value_type": "currency"}
    told = workspace(currency="XXX", currency_base_unit=1000)
    account.says(answer("workspaces", told), answer("custom_fields", fields), answer("workspaces", told))
    platform = connect()
    await platform.writer.update(of(platform), "10", {"billing.paid": Decimal("1.234")})
    (value,) = asked(account.requests[-1])["workspace"]["custom_fields"]
    assert value == {"custom_field_id": 5, "value": [1234, "XXX"]}


async def test_a_name_that_was_missing_is_looked_for_again_and_one_that_is_there_remembered(connect, account, answer):
    platform = connect()
    account.says(answer("custom_fields"))
    for _ in range(2):
        with pytest.raises(UpstreamRejected, match="no custom field 'Project code'"):
            await platform.writer.update(of(platform), "10", {"code": "A"})
    account.answers = [(200, answer("custom_fields", {"id": "5", "name": "Project code"}))]
    account.says(answer("workspaces", workspace()))
    for _ in range(2):
        await platform.writer.update(of(platform), "10", {"code": "A"})
    assert [request.method for request in account.requests] == ["GET", "GET", "GET", "PUT", "PUT"]


def test_amounts_of_custom_fields_are_read_in_their_own_currency():
    assert kept_amount([1234, "EUR"], "EUR", 100) == Decimal("12.34")
    assert kept_amount([1234, "JPY"], "EUR", 100) == Decimal(1234)
    assert kept_amount([1234, "EUR"], None, None) == Decimal("12.34")
    for other in (None, [], ["1234", "EUR"], [1234], [1234, None]):
        assert kept_amount(other, "EUR", 100) is None


@pytest.mark.parametrize(("amount", "minor"), [("0.10", 10), ("-3", -300), ("1E+3", 100_000), ("0.1000", 10)])
def test_minor_units_are_exact(amount, minor):
    assert Currency("EUR", 100).minor(Decimal(amount)) == minor


@pytest.mark.parametrize("amount", ["0.001", "NaN", "sNaN", "Infinity", "1E+16", "1E-999999"])
def test_what_has_no_exact_minor_units_is_refused(amount):
    with pytest.raises(ValueError, match=r"decimals|amount"):
        Currency("EUR", 100).minor(Decimal(amount))
