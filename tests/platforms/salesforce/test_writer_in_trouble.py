"""A write that fails says what happened, and whether it may have been done."""

import pytest

from schema.errors import (
    Landed,
    UpstreamConflict,
    UpstreamDuplicate,
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

KEY = "cw4k2j6h5g"
ONE, TWO = "0015g00000XyZ12AAF", "0015g00000AbCdEAAV"
SAVED = {"id": ONE, "success": True, "errors": [], "created": True}
STAMP = "2026-11-20T12:00:00.000+0000"
DENIED = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]


def row(record_id=ONE, **more):
    return {"Id": record_id, "Name": "Halden AS", "CreatedDate": STAMP, "LastModifiedDate": STAMP,
            "SystemModstamp": STAMP, **more}  # fmt: skip


def of(platform, type_name="Account"):
    return platform.writer.writables[type_name, PlatformRole.CRM]


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
        ({"kind": "status", "status": 404}, UpstreamRejected, Landed.NO, False),
        ({"kind": "rate_limit"}, UpstreamQuotaExhausted, Landed.NO, False),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
async def test_a_failed_write_tells_whether_it_may_be_done(
    crm, connect_sandbox, fresh_sandbox, truth, fault, error, landed, done
):
    truth.goes_wrong(**fault, match={"method": "PATCH"})
    truth.calls()
    with pytest.raises(error) as failed:
        await crm.writer.create(of(crm), KEY, {"name": "Halden AS"})
    assert failed.value.landed is landed
    assert failed.value.platform == "crm"
    assert sum(truth.calls().values()) == 1, "a write is sent once"
    another = connect_sandbox(fresh_sandbox)  # whose gate isn't holding calls back
    assert len(await another.writer.find(of(another), KEY)) == done


async def test_a_change_without_an_answer_may_be_done(crm, truth):
    account = truth.records("Account", limit="1")[0]["Id"]
    truth.goes_wrong("drop_after", match={"method": "PATCH"})
    with pytest.raises(UpstreamUnavailable) as failed:
        await crm.writer.update(of(crm), account, {"syncStatus": "done"})
    assert failed.value.landed is Landed.UNKNOWN
    assert (await crm.writer.fetch(of(crm), account)).values["syncStatus"] == "done"


async def test_a_removal_without_an_answer_may_be_done_and_is_done_again(crm, truth):
    made = await crm.writer.create(of(crm), KEY, {"name": "Halden AS"})
    truth.goes_wrong("drop_after", match={"method": "DELETE"})
    with pytest.raises(UpstreamUnavailable) as failed:
        await crm.writer.remove(of(crm), made)
    assert failed.value.landed is Landed.UNKNOWN
    await crm.writer.remove(of(crm), made)
    assert await crm.writer.fetch(of(crm), made) is None


async def test_a_write_that_takes_too_long_may_be_done(connect_sandbox, fresh_sandbox, truth):
    platform = connect_sandbox(fresh_sandbox, seconds=0.2)
    assert await platform.writer.find(of(platform), KEY) == ()
    truth.goes_wrong("latency", ms=600, match={"method": "PATCH"})
    with pytest.raises(UpstreamTimeout) as failed:
        await platform.writer.create(of(platform), KEY, {"name": "Halden AS"})
    assert failed.value.landed is Landed.UNKNOWN


async def test_a_session_that_ends_is_renewed_in_the_middle_of_a_write(crm, truth):
    writer = crm.writer
    account = await writer.create(of(crm), KEY + "2", {"name": "Halden AS"})
    truth.calls()
    for write in (
        lambda: writer.create(of(crm), KEY, {"name": "Halden AS"}),
        lambda: writer.update(of(crm), account, {"syncStatus": "x"}),
        lambda: writer.fetch(of(crm), account),
        lambda: writer.find(of(crm), KEY),
        lambda: writer.remove(of(crm), account),
    ):
        truth.goes_wrong("status", status=401, body=DENIED)
        await write()
        assert sum(truth.calls().values()) == 2


async def test_a_read_back_is_repeated_after_a_passing_failure(crm, truth):
    made = await crm.writer.create(of(crm), KEY, {"name": "Halden AS"})
    truth.goes_wrong("drop_before")
    assert (await crm.writer.fetch(of(crm), made)).values["name"] == "Halden AS"
    truth.goes_wrong("drop_before")
    assert [found.external_id for found in await crm.writer.find(of(crm), KEY)] == [made]


@pytest.mark.parametrize("kind", ["ignore_field", "overwrite_field"])
async def test_a_field_that_the_org_keeps_otherwise_shows_in_the_read_back(crm, truth, kind):
    value = {"value": "Media"} if kind == "overwrite_field" else {}
    truth.goes_wrong(kind, entity="Account", field="Industry", **value)
    made = await crm.writer.create(of(crm), KEY, {"name": "Halden AS", "industry": "Energy"})
    assert (await crm.writer.fetch(of(crm), made)).values["industry"] == value.get("value")


# --------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("status", "told", "error", "says"),
    [
        (400, {"errorCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [Name]",
               "fields": ["Name"]}, UpstreamRejected, "REQUIRED_FIELD_MISSING: Required .* fields: Name"),
        (400, {"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "Ask\n finance first", "fields": []},
         UpstreamRejected, "FIELD_CUSTOM_VALIDATION_EXCEPTION: Ask finance first"),
        (400, {"errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "message": "bad value", "fields": ["Status__c"]},
         UpstreamRejected, "Status__c"),
        (400, {"errorCode": "STRING_TOO_LONG", "message": "data value too large", "fields": ["Name"]},
         UpstreamRejected, "STRING_TOO_LONG"),
        (400, {"errorCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": "Trigger: no"}, UpstreamRejected,
         "Trigger: no"),
        (400, {"errorCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": "T: UNABLE_TO_LOCK_ROW, unable to"},
         UpstreamLocked, "another transaction"),
        (400, {"errorCode": "UNABLE_TO_LOCK_ROW", "message": f"unable to obtain exclusive access: {ONE}", "fields": []},
         UpstreamLocked, "another transaction"),
        (400, {"errorCode": "INVALID_FIELD", "message": "No such column 'X__c' on sobject of type Account"},
         UpstreamRejected, r"Account\.X__c"),
        (400, {"errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "message": "Unable to", "fields": ["Industry"]},
         UpstreamForbidden, "may not write a field: Industry"),
        (400, {"errorCode": "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "message": "insufficient", "fields": []},
         UpstreamForbidden, "related record"),
        (403, {"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no"}, UpstreamForbidden, "may not"),
        (403, {"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentPerOrgLongTxn Limit exceeded."},
         UpstreamRateLimited, "at once"),
        (400, {"errorCode": "DUPLICATE_VALUE", "fields": [],
               "message": f"duplicate value found: CW_Key__c duplicates value on record with id: {ONE}"},
         UpstreamDuplicate, ONE),
        (412, {"errorCode": "PRECONDITION_FAILED", "message": "changed"}, UpstreamConflict, "changed since"),
        (412, {"errorCode": "SOMETHING_NEW", "message": "changed"}, UpstreamConflict, "changed since"),
    ],
    ids=lambda value: value["errorCode"] if isinstance(value, dict) else None,
)  # fmt: skip
async def test_each_refusal_is_its_own_error_and_nothing_was_done(connect, org, status, told, error, says):
    org.answers = [(status, [told])]
    platform = connect()
    with pytest.raises(error, match=says) as refused:
        await platform.writer.update(of(platform), ONE, {"industry": "Media"}, version=STAMP)
    assert type(refused.value) is error
    assert refused.value.landed is Landed.NO
    assert refused.value.platform == "crm"
    assert len(org.requests) - len(org.logins) == 1


async def test_a_duplicate_names_every_record_that_it_may_be(connect, org):
    match = {"matchEngine": "Fuzzy", "matchRecords": [{"record": {"Id": ONE}}, {"record": {"Id": TWO}}]}
    verdict = {"allowSave": True, "duplicateRule": "Standard_Account_Duplicate_Rule", "matchResults": [match, match]}
    told = {"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "duplicateResult": verdict}
    org.answers = [(400, [told])]
    platform = connect()
    with pytest.raises(UpstreamDuplicate, match=rf"{ONE}, {TWO} \(rule Standard_Account") as refused:
        await platform.writer.create(of(platform), KEY, {"name": "Halden AS"})
    assert refused.value.candidates == (ONE, TWO)
    assert refused.value.landed is Landed.NO


@pytest.mark.parametrize("verdict", [None, "text", {"matchResults": 7}, {"matchResults": [{"matchRecords": [{}]}]}])
async def test_a_duplicate_whose_verdict_cannot_be_read_is_one_still(connect, org, verdict):
    told = {"errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "duplicateResult": verdict}
    org.answers = [(400, [told])]
    platform = connect()
    with pytest.raises(UpstreamDuplicate, match="Use one of these") as refused:
        await platform.writer.create(of(platform), KEY, {"name": "Halden AS"})
    assert refused.value.candidates == ()


async def test_a_short_id_in_a_message_is_told_in_its_long_form(connect, org):
    message = f"duplicate value found: CW_Key__c duplicates value on record with id: {ONE[:15]}"
    org.answers = [(400, [{"errorCode": "DUPLICATE_VALUE", "message": message}])]
    platform = connect()
    with pytest.raises(UpstreamDuplicate) as refused:
        await platform.writer.create(of(platform), KEY, {"name": "Halden AS"})
    assert refused.value.candidates == (ONE,)


async def test_the_vendors_words_are_cut_short(connect, org):
    org.answers = [(400, [{"errorCode": "STRING_TOO_LONG", "message": "x" * 5_000}])]
    platform = connect()
    with pytest.raises(UpstreamRejected) as refused:
        await platform.writer.update(of(platform), ONE, {"industry": "Media"})
    assert 300 < len(refused.value.detail) < 400


async def test_a_missing_object_is_not_taken_for_a_missing_record_when_one_is_made(connect, org):
    org.answers = [(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])]
    platform = connect()
    with pytest.raises(UpstreamRejected, match="the object CW_Invoice__c is missing") as refused:
        await platform.writer.create(of(platform, "InvoiceSummary"), KEY, {"number": "1", "account": ONE})
    assert refused.value.landed is Landed.NO


async def test_a_proxys_404_is_not_taken_for_a_missing_record(connect, org):
    org.answers = [(404, {"title": "nothing here"})]
    platform = connect()
    for asked in (platform.writer.fetch(of(platform), ONE), platform.writer.find(of(platform), KEY)):
        with pytest.raises(UpstreamRejected):
            await asked


async def test_a_write_whose_login_fails_was_not_done(connect, org):
    org.login = (500, {"error": "server_error"})
    platform = connect()
    with pytest.raises(UpstreamUnavailable) as failed:
        await platform.writer.update(of(platform), ONE, {"industry": "Media"})
    assert failed.value.landed is Landed.NO


async def test_a_write_that_is_denied_twice_was_not_done(connect, org):
    org.answers = [(401, DENIED)]
    platform = connect()
    with pytest.raises(UpstreamUnauthorized) as refused:
        await platform.writer.update(of(platform), ONE, {"industry": "Media"})
    assert refused.value.landed is Landed.NO


# ---------------------------------------------------------------------------------------------- answers, read closely


async def test_several_records_of_one_key_come_oldest_first(connect, org):
    places = [f"/services/data/v62.0/sobjects/Account/{each}" for each in (ONE, TWO)]
    older = row(TWO, CreatedDate="2025-01-01T00:00:00.000+0000")
    org.answers = [(300, places), (200, row()), (200, older)]
    platform = connect()
    assert [found.external_id for found in await platform.writer.find(of(platform), KEY)] == [TWO, ONE]
    org.answers = [(300, places)]
    with pytest.raises(UpstreamDuplicate) as refused:
        await platform.writer.create(of(platform), KEY, {"name": "Halden AS"})
    assert refused.value.candidates == (ONE, TWO)
    assert refused.value.landed is Landed.NO


@pytest.mark.parametrize(
    "body", [[], {}, None, {"id": ONE}, {"id": "x", "success": True}, {"id": ONE, "success": False}]
)
async def test_an_answer_that_names_no_record_leaves_it_unknown(connect, org, body):
    org.answers = [(201, body)]
    platform = connect()
    with pytest.raises(UpstreamInvalidResponse) as failed:
        await platform.writer.create(of(platform), KEY, {"name": "Halden AS"})
    assert failed.value.landed is Landed.UNKNOWN


@pytest.mark.parametrize(
    "body", [[], {}, None, row(TWO), row("short"), row(SystemModstamp="yesterday"), row(Name=7), row(Id=None)]
)
async def test_an_answer_that_is_not_the_record_is_told_as_such(connect, org, body):
    org.answers = [(200, body)]
    platform = connect()
    with pytest.raises(UpstreamInvalidResponse):
        await platform.writer.fetch(of(platform), ONE)


@pytest.mark.parametrize("places", [[], ["/services/data/v62.0/sobjects/Account/../x"], ["//evil.example"]])
async def test_a_list_of_places_that_are_none_is_not_followed(connect, org, places):
    org.answers = [(300, places)]
    platform = connect()
    with pytest.raises(UpstreamInvalidResponse):
        await platform.writer.find(of(platform), KEY)
    assert len(org.requests) - len(org.logins) == 1


async def test_an_old_api_names_no_record_that_was_there_already(connect, org):
    org.answers = [(204, None), (200, row())]
    platform = connect(api_version="45.0")
    assert await platform.writer.create(of(platform), KEY, {"name": "Halden AS"}) == ONE


async def test_a_write_goes_out_as_documented(connect, org):
    org.answers = [(201, SAVED)]
    platform = connect()
    await platform.writer.create(of(platform), KEY, {"name": "Halden AS", "website": None})
    created = org.requests[-1]
    assert (created.method, created.body) == ("PATCH", b'{"Name":"Halden AS","Website":null}')
    assert created.url == f"https://acme.my.salesforce.com/services/data/v62.0/sobjects/Account/CW_Key__c/{KEY}"
    assert created.headers["Sforce-Call-Options"] == "client=crosswalk"
    assert "Sforce-Query-Options" not in created.headers
    org.answers = [(204, None)]
    await platform.writer.update(of(platform), ONE, {"number": "7"}, version="2026-11-20T12:00:07.900+0000")
    changed = org.requests[-1]
    assert changed.headers["If-Unmodified-Since"] == "Fri, 20 Nov 2026 12:00:07 GMT"
    assert "s3cret" not in created.statement + created.route + changed.statement + changed.route
    org.answers = [(200, row())]
    await platform.writer.fetch(of(platform), ONE)
    asked = org.requests[-1].url.partition("?fields=")[2].split(",")
    assert sorted(asked) == sorted(
        {"Id", "Name", "AccountNumber", "CW_Status__c", "Industry", "Website", "ParentId", "CW_Sync_Status__c",
         "CW_ERP_Customers__c", "CreatedDate", "LastModifiedDate", "SystemModstamp"}
    )  # fmt: skip


async def test_writes_leave_the_last_of_the_allowance_to_people(connect, org):
    platform = connect()
    org.usage = "api-usage=14990/15000"
    assert (await platform.reader.count(platform.reader.facets["Account", PlatformRole.CRM], None)) == 0
    sent = len(org.requests)
    with pytest.raises(UpstreamQuotaExhausted) as refused:
        await platform.writer.update(of(platform), ONE, {"industry": "Media"})
    assert refused.value.landed is Landed.NO
    assert len(org.requests) == sent
