"""Writes whose calls go wrong: an error says whether the write may have been done, and nothing is done twice."""

from decimal import Decimal

import pytest

from platforms.http import Failure, TransportError
from platforms.writers import Line
from schema.errors import (
    Landed,
    PlatformError,
    UpstreamForbidden,
    UpstreamInvalidResponse,
    UpstreamMaintenance,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)
from schema.roles import PlatformRole

KEY = "cw4k2j6h5g"
BEARER = ("client_id", "certificate_id", "private_key")
BASE = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1"
TROUBLE = [
    ({"kind": "drop_before"}, UpstreamUnavailable, Landed.UNKNOWN, False),
    ({"kind": "drop_after"}, UpstreamUnavailable, Landed.UNKNOWN, True),
    ({"kind": "garbage"}, UpstreamInvalidResponse, Landed.UNKNOWN, True),
    ({"kind": "status", "status": 500}, UpstreamUnavailable, Landed.UNKNOWN, False),
    ({"kind": "status", "status": 502}, UpstreamUnavailable, Landed.UNKNOWN, False),
    ({"kind": "status", "status": 503}, UpstreamMaintenance, Landed.UNKNOWN, False),
    ({"kind": "status", "status": 504}, UpstreamTimeout, Landed.UNKNOWN, False),
    ({"kind": "status", "status": 302}, UpstreamInvalidResponse, Landed.UNKNOWN, False),
    ({"kind": "status", "status": 403}, UpstreamForbidden, Landed.NO, False),
    ({"kind": "rate_limit"}, UpstreamRateLimited, Landed.NO, False),
]


@pytest.fixture
def trouble(control):
    """`trouble(method, **fault)`: the next call of the record API with this method meets it."""

    def order(method, **fault):
        match = {"method": method, "path": "/record/v1/"}
        control("POST", "/faults", {"platform": "netsuite", "times": 1, "match": match, **fault})

    return order


def named(control, name):
    return [job["id"] for job in control("GET", "/records/netsuite/job")["records"] if job.get("companyName") == name]


@pytest.mark.parametrize(("fault", "error", "landed", "done"), TROUBLE)
async def test_a_creation_that_fails(books, write, whole, control, trouble, fault, error, landed, done):
    trouble("PUT", **fault)
    with pytest.raises(error) as failed:
        await books.create(write("Project"), KEY, whole["Project"])
    assert (failed.value.landed, failed.value.platform) == (landed, "netsuite")
    assert len(named(control, "ERP rollout")) == done
    assert len(await books.find(write("Project"), KEY)) == done
    again = await books.create(write("Project"), KEY, whole["Project"])
    assert named(control, "ERP rollout") == [again]


@pytest.mark.parametrize(("fault", "error", "landed", "done"), TROUBLE)
async def test_an_update_that_fails(books, write, whole, trouble, fault, error, landed, done):
    made = await books.create(write("Project"), KEY, whole["Project"])
    trouble("PATCH", **fault)
    with pytest.raises(error) as failed:
        await books.update(write("Project"), made, {"name": "Other"})
    assert failed.value.landed is landed
    assert ((await books.fetch(write("Project"), made)).values["name"] == "Other") is done


@pytest.mark.parametrize(("fault", "error", "landed", "done"), TROUBLE)
async def test_a_removal_that_fails(books, write, whole, trouble, fault, error, landed, done):
    made = await books.create(write("Project"), KEY, whole["Project"])
    trouble("DELETE", **fault)
    with pytest.raises(error) as failed:
        await books.remove(write("Project"), made)
    assert failed.value.landed is landed
    assert (await books.fetch(write("Project"), made) is None) is done
    await books.remove(write("Project"), made)
    assert await books.fetch(write("Project"), made) is None


async def test_an_answer_without_a_body_cannot_be_cut_off(books, write, whole, trouble):
    trouble("PUT", kind="truncate")
    made = await books.create(write("Project"), KEY, whole["Project"])
    assert (await books.find(write("Project"), KEY))[0].external_id == made


async def test_an_answer_that_is_too_late(joined, write, whole, trouble):
    writer = joined(timeout=0.3).writer
    trouble("PUT", kind="latency", ms=1_500)
    with pytest.raises(UpstreamTimeout) as failed:
        await writer.create(write("Project"), KEY, whole["Project"])
    assert failed.value.landed is Landed.UNKNOWN


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "garbage", "truncate"])
async def test_a_read_back_is_repeated(books, write, whole, control, trouble, kind):
    made = await books.create(write("Project"), KEY, whole["Project"])
    trouble("GET", kind=kind)
    assert (await books.fetch(write("Project"), made)).values["name"] == "ERP rollout"
    assert control("GET", "/faults")["faults"] == []


async def test_a_session_that_ends_before_a_write_costs_one_more_call(joined, write, whole, control, calls):
    writer = joined(*BEARER).writer
    await writer.find(write("Project"), KEY)
    control("POST", "/reset")  # ends every token
    del calls[:]
    made = await writer.create(write("Project"), KEY, whole["Project"])
    assert [call.status for call in calls] == [401, 200, 204]
    assert named(control, "ERP rollout") == [made]


async def test_a_signature_that_is_refused_once_is_made_anew(books, write, whole, control, trouble):
    trouble("PUT", kind="status", status=401)
    made = await books.create(write("Project"), KEY, whole["Project"])
    assert named(control, "ERP rollout") == [made]


async def test_a_write_without_a_login_is_not_sent(joined, write, whole, control, trouble):
    writer = joined(*BEARER).writer
    lost = {"platform": "netsuite", "kind": "drop_after", "match": {"path": "/oauth2/v1/token"}}
    fault = control("POST", "/faults", lost)
    with pytest.raises(UpstreamUnavailable) as failed:
        await writer.create(write("Project"), KEY, whole["Project"])
    assert failed.value.landed is Landed.NO
    control("DELETE", f"/faults/{fault['id']}")
    made = await writer.create(write("Project"), KEY, whole["Project"])
    trouble("PATCH", kind="status", status=401)
    control("POST", "/faults", lost)
    with pytest.raises(UpstreamUnavailable) as failed:
        await writer.update(write("Project"), made, {"name": "Other"})
    assert failed.value.landed is Landed.NO


async def test_wrong_credentials_write_nothing(joined, write, whole):
    writer = joined(credentials={"token_secret": "wrong"}).writer
    with pytest.raises(UpstreamUnauthorized) as failed:
        await writer.create(write("Project"), KEY, whole["Project"])
    assert failed.value.landed is Landed.NO


@pytest.mark.parametrize("path", ["/suiteql", "/customer/"])
async def test_what_fails_before_a_write_has_not_landed(books, write, whole, control, path):
    made = await books.create(write("Account"), KEY, {**whole["Account"], "billing.paymentTermsDays": None})
    control("POST", "/faults", {"platform": "netsuite", "kind": "drop_after", "match": {"path": path}})
    with pytest.raises(UpstreamUnavailable) as failed:
        await books.update(write("Account"), made, {"billing.paymentTermsDays": 45, "billing.billTo.city": "Bath"})
    assert failed.value.landed is Landed.NO


# ------------------------------------------------------------------------------------------------ answers of its own


@pytest.fixture
def scripted_books(scripted):
    return scripted(items={"service": "45"}).writer


def project(scripted_books):
    return scripted_books.writables["Project", PlatformRole.ERP]


ASKED = {"name": "Rollout", "customer": "647"}
TOLD = {"id": "812", "externalId": KEY, "companyName": "Rollout", "lastModifiedDate": "2026-11-20T16:40:12Z"}


async def test_a_location_may_bear_the_internal_id_or_the_key(scripted_books, wire):
    for location in (f"{BASE}/job/812", f"{BASE}/job/812/", "/job/812?x=y"):
        wire.wrote(location)
        assert await scripted_books.create(project(scripted_books), KEY, ASKED) == "812"
    for location in (f"{BASE}/job/eid:{KEY}", None, f"{BASE}/job/"):
        wire.wrote(location)
        wire.says(TOLD)
        assert await scripted_books.create(project(scripted_books), KEY, ASKED) == "812"
        assert (wire.requests[-1].method, wire.requests[-1].url) == ("GET", f"{BASE}/job/eid:{KEY}")


@pytest.mark.parametrize(
    ("told", "status", "landed"),
    [({"o:errorDetails": []}, 403, Landed.YES), ({"id": 7}, 200, Landed.YES), (None, 404, Landed.UNKNOWN)],
)
async def test_a_record_whose_id_stays_unknown_is_there_all_the_same(scripted_books, wire, told, status, landed):
    wire.wrote(f"{BASE}/job/eid:{KEY}")
    wire.says(told or {"o:errorDetails": [{"o:errorCode": "NONEXISTENT_ID"}]}, status)
    with pytest.raises(PlatformError) as failed:
        await scripted_books.create(project(scripted_books), KEY, ASKED)
    assert (failed.value.landed, failed.value.platform) == (landed, "netsuite")


async def test_a_write_that_is_put_off_is_not_taken_for_done(scripted_books, wire):
    wire.says({}, 202)
    with pytest.raises(UpstreamInvalidResponse) as failed:
        await scripted_books.create(project(scripted_books), KEY, ASKED)
    assert failed.value.landed is Landed.UNKNOWN


async def test_a_write_is_sent_once_whatever_happens(scripted_books, wire, monkeypatch):
    sent = []

    async def send(request, *, timeout):  # noqa: ASYNC109 - the seam's word
        sent.append(request)
        raise TransportError(Failure.STALE, Landed.UNKNOWN)

    monkeypatch.setattr(wire, "send", send)
    with pytest.raises(UpstreamUnavailable) as failed:
        await scripted_books.create(project(scripted_books), KEY, ASKED)
    assert (len(sent), failed.value.landed) == (1, Landed.UNKNOWN)


async def test_a_write_is_signed_with_its_query_and_strict_about_names(scripted_books, wire):
    writable = scripted_books.writables["BillingSchedule", PlatformRole.ERP]
    wire.wrote(f"{BASE}/salesOrder/9990")
    line = Line(description="x", amount=Decimal("0.10"))
    await scripted_books.create(writable, KEY, {"customer": "647", "lines": (line,)})
    (request,) = wire.requests
    assert (request.method, request.url) == ("PUT", f"{BASE}/salesOrder/eid:{KEY}?replace=item")
    headers = dict(request.headers.items())
    assert headers["X-NetSuite-PropertyNameValidation"] == "error"
    assert headers["Content-Type"] == "application/json"
    assert (
        request.body
        == b'{"entity":{"id":"647"},"item":{"items":[{"item":{"id":"45"},"description":"x","amount":0.10}]}}'
    )


@pytest.mark.parametrize(
    "told",
    [
        b"[]", b'{"id":"812","startDate":"soon"}', b'{"companyName":"x"}', b'{"id":"812","lastModifiedDate":"x"}',
        b'{"id":"812","lastModifiedDate":"2026-11-20T16:40:12"}', b'{"id":"812","companyName":"\xff"}',
    ],
)  # fmt: skip
async def test_a_record_of_another_shape_is_no_answer(scripted_books, wire, told):
    wire.says(told)
    with pytest.raises(UpstreamInvalidResponse):
        await scripted_books.fetch(project(scripted_books), "812")


async def test_lines_that_are_told_in_part_are_no_answer(scripted_books, wire):
    writable = scripted_books.writables["Invoice", PlatformRole.ERP]
    lines = {"items": [{"line": 1, "amount": 4800.0}], "hasMore": True}
    wire.says({"id": "10412", "lastModifiedDate": "2026-11-20T16:40:12Z", "item": lines})
    with pytest.raises(UpstreamInvalidResponse):
        await scripted_books.fetch(writable, "10412")
