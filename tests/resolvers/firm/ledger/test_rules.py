"""What callers see of the rules that start runs by themselves, and of what a deal still waits for."""

import pytest

from schema.ids import RecordKey, encode_id

MISSING = """query($id: ID!) { whatIsMissing(opportunityId: $id) { ready project { id } run { id status }
    missing { condition message queue role platform record { id ... on Opportunity { name } } } } }"""
TRIGGERS = """{ triggers { name says mode workflow conditions queue approver waiting refused lastFiredAt
    lastRun { id } } }"""
OPPORTUNITIES = "{ opportunities(first: 500) { nodes { id name stage } } }"


async def test_every_open_condition_is_told_with_its_owner_and_its_record(governed):
    deals = (await governed.data(OPPORTUNITIES))["opportunities"]["nodes"]
    early = next(deal for deal in deals if deal["stage"] != "WON")
    found = (await governed.data(MISSING, id=early["id"]))["whatIsMissing"]
    assert found["ready"] is False
    first = found["missing"][0]
    assert (first["condition"], first["queue"], first["role"]) == ("opportunity-won", "SALES_OPS", "CRM")
    assert "once it is WON" in first["message"]
    assert first["record"] == {"id": early["id"], "name": early["name"]}
    messages = [each["message"] for each in found["missing"]]
    assert len(messages) == len(set(messages)), "nothing is said twice"


async def test_the_run_of_a_deal_is_told_with_it(governed):
    deals = (await governed.data(OPPORTUNITIES))["opportunities"]["nodes"]
    assert (await governed.data(MISSING, id=deals[0]["id"]))["whatIsMissing"]["run"] is None
    run = await governed.accepted(workflow="convertOpportunity", order_key=deals[0]["id"])
    found = (await governed.data(MISSING, id=deals[0]["id"]))["whatIsMissing"]
    assert found["run"] == {"id": governed.run_id(run), "status": "PENDING"}


async def test_of_a_deal_that_isnt_there_nothing_is_missing(governed):
    gone = encode_id(RecordKey("Opportunity", "crm", "no-such"))
    assert (await governed.data(MISSING, id=gone))["whatIsMissing"] is None


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "x",
        "\0",
        "\ud800",
        encode_id(RecordKey("Account", "crm", "1")),
        encode_id(RecordKey("Opportunity", "no", "1")),
    ],
)
async def test_an_id_that_can_be_no_deals_is_refused(governed, nonsense):
    answer = await governed.ask(MISSING, id=nonsense)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert answer["data"] == {"whatIsMissing": None}


@pytest.mark.parametrize("query", [MISSING, TRIGGERS])
async def test_who_may_not_see_the_ledger_is_told_nothing_of_it(governed, query):
    answer = await governed.ask(query, by="portal", id=encode_id(RecordKey("Opportunity", "crm", "1")))
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_the_rules_are_told_with_how_they_are_set(governed):
    found = (await governed.data(TRIGGERS))["triggers"]
    assert [(each["name"], each["mode"], each["workflow"], each["approver"]) for each in found] == [
        ("convertWonDeals", "PROPOSE", "convertOpportunity", "pmo"),
        ("syncCustomers", "ON", "syncRecords", "finance"),
        ("syncInvoices", "ON", "syncInvoiceStatus", "finance"),
    ]
    assert {(each["waiting"], each["refused"], each["lastRun"]) for each in found} == {(0, 0, None)}
