"""What queries answer: comparison, order, relationships, aggregates, dates."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.firm.model import Firm
from sandbox.salesforce import SalesforcePlatform

AWKWARD = ["alpha", "Alpha 2", "BETA", "Ben's \\ Best", "50% Club", "A_B", "AxB", "Zoë & Söhne", 'say "hi"']


@pytest.fixture
def names(org: SalesforcePlatform) -> list[str]:
    """Accounts of nobody else: named awkwardly, in industry `Probe`; the last two without a site."""
    for place, name in enumerate(AWKWARD):
        fields = {"Name": name, "Industry": "Probe", "NumberOfEmployees": place * 10}
        if place < len(AWKWARD) - 2:
            fields["Site"] = f"Site {place % 3}"
        org.create("Account", fields)
    return AWKWARD


async def found(api: Any, where: str, tail: str = "") -> list[str]:
    return [row["Name"] for row in await api.query(f"SELECT Name FROM Account WHERE Industry = 'probe' {where} {tail}")]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("AND Name = 'ALPHA'", ["alpha"]),
        ("AND Name = 'ben\\'s \\\\ best'", ["Ben's \\ Best"]),
        ("AND Name = 'say \\\"hi\\\"'", ['say "hi"']),
        ("AND Name = 'zo\\u00eb & söhne'", ["Zoë & Söhne"]),
        ("AND Name LIKE 'a%'", ["alpha", "Alpha 2", "A_B", "AxB"]),
        ("AND Name LIKE 'a_b'", ["A_B", "AxB"]),
        ("AND Name LIKE 'a\\_b'", ["A_B"]),
        ("AND Name LIKE '50\\% %'", ["50% Club"]),
        ("AND Name LIKE '%\\\\%'", ["Ben's \\ Best"]),
        ("AND Name IN ('beta', 'AXB')", ["BETA", "AxB"]),
        ("AND (Name NOT IN ('beta', 'axb')) AND Name < 'b'", ["alpha", "Alpha 2", "50% Club", "A_B"]),
        ("AND Name >= 'say'", ["Zoë & Söhne", 'say "hi"']),
        ("AND Site = null", ["Zoë & Söhne", 'say "hi"']),
        ("AND Site = ''", ["Zoë & Söhne", 'say "hi"']),
        ("AND Site != 'site 0' AND Name >= 'say'", ["Zoë & Söhne", 'say "hi"']),
        ("AND Site > 'a' AND Name >= 'say'", []),
        ("AND (NOT Name LIKE '%a%')", []),
        ("AND NumberOfEmployees >= 70", ["Zoë & Söhne", 'say "hi"']),
        ("AND (NumberOfEmployees = 0 OR NumberOfEmployees = 10.0)", ["alpha", "Alpha 2"]),
        ("AND IsDeleted = true", []),
    ],
)
async def test_conditions(api: Any, names: list[str], where: str, expected: list[str]) -> None:
    if "NOT Name LIKE '%a%'" in where:
        expected = [name for name in names if "a" not in name.lower()]
    assert await found(api, where) == expected


async def test_text_sorts_without_regard_to_case_and_nulls_come_first_unless_told(api: Any, names: list[str]) -> None:
    by_name = sorted(names, key=str.lower)
    assert await found(api, "", "ORDER BY Name") == by_name
    assert await found(api, "", "ORDER BY Name DESC") == by_name[::-1]
    absent, present = names[-2:], names[:-2]
    by_site = sorted(present, key=lambda name: names.index(name) % 3)
    assert await found(api, "", "ORDER BY Site") == absent + by_site
    assert await found(api, "", "ORDER BY Site NULLS LAST") == by_site + absent
    assert (await found(api, "", "ORDER BY Site DESC"))[:2] == absent
    assert (await found(api, "", "ORDER BY Site DESC NULLS LAST"))[-2:] == absent


async def test_a_keyset_walks_every_row_once_in_order(api: Any, org: SalesforcePlatform) -> None:
    expected = sorted(org.tables["Account"], key=lambda row: (row["Name"].lower(), row["Id"]))
    walked: list[dict[str, Any]] = []
    after = ""
    while True:
        page = await api.query(f"SELECT Id, Name FROM Account {after} ORDER BY Name, Id LIMIT 7")
        if not page:
            break
        walked += page
        name = page[-1]["Name"].replace("\\", "\\\\").replace("'", "\\'")
        after = f"WHERE (Name > '{name}' OR (Name = '{name}' AND Id > '{page[-1]['Id']}'))"
    assert [row["Id"] for row in walked] == [row["Id"] for row in expected]


async def test_limit_and_offset_cut_the_ordered_rows(api: Any, names: list[str]) -> None:
    by_name = sorted(names, key=str.lower)
    assert await found(api, "", "ORDER BY Name LIMIT 3 OFFSET 2") == by_name[2:5]
    assert await found(api, "", "LIMIT 0") == []


async def test_parents_are_nested_and_null_where_missing(api: Any, firm: Firm) -> None:
    client = firm.clients[0]
    owner = next(person for person in firm.people if person.key == client.owner)
    rows = await api.query(
        f"select a.Id, A.owner.name, Account.Parent.Name, Parent.Owner.Email FROM Account a "
        f"WHERE AccountNumber = '{client.number}'"
    )
    assert list(rows[0]) == ["attributes", "Id", "Owner", "Parent"]
    assert rows[0]["Owner"]["Name"] == f"{owner.first_name} {owner.last_name}"
    assert rows[0]["Owner"]["attributes"]["type"] == "User"
    assert rows[0]["Owner"]["attributes"]["url"].startswith("/services/data/v62.0/sobjects/User/005")
    assert rows[0]["Parent"] is None


async def test_children_come_as_results_of_their_own_or_null(api: Any, firm: Firm) -> None:
    rows = await api.query(
        "SELECT AccountNumber, (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 2), "
        "(SELECT Id, (SELECT Amount__c FROM CW_Contract_Milestones__r) FROM Contracts) FROM Account"
    )
    by_number = {row["AccountNumber"]: row for row in rows}
    contracts = {client.key: [each for each in firm.contracts if each.client == client.key] for client in firm.clients}
    for client in firm.clients:
        row = by_number[client.number]
        names = sorted((contact.last_name for contact in client.contacts), key=str.lower)[:2]
        if names:
            assert [each["LastName"] for each in row["Contacts"]["records"]] == names
            assert row["Contacts"]["totalSize"] == len(names)
            assert row["Contacts"]["done"] is True
        else:
            assert row["Contacts"] is None
        if contracts[client.key]:
            parts = [each["CW_Contract_Milestones__r"] for each in row["Contracts"]["records"]]
            assert [0 if part is None else part["totalSize"] for part in parts] == [
                len(each.milestones) for each in contracts[client.key]
            ]


async def test_a_semi_join_keeps_accounts_with_won_opportunities(api: Any, firm: Firm) -> None:
    rows = await api.query(
        "SELECT AccountNumber FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity WHERE IsWon = true)"
    )
    winners = {deal.client for deal in firm.deals if deal.stage == "WON"}
    expected = {client.number for client in firm.clients if client.key in winners}
    assert {row["AccountNumber"] for row in rows} == expected
    rest = await api.query(
        "SELECT AccountNumber FROM Account WHERE Id NOT IN (SELECT AccountId FROM Opportunity WHERE IsWon = true)"
    )
    assert len(rest) == len(firm.clients) - len(expected)


async def test_aggregates_agree_with_the_firm(api: Any, firm: Firm) -> None:
    rows = await api.query(
        "SELECT CurrencyIsoCode cur, COUNT(Id) n, SUM(Amount), MAX(CloseDate) latest FROM Opportunity "
        "WHERE StageName = 'Closed Won' GROUP BY CurrencyIsoCode HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC, "
        "CurrencyIsoCode"
    )
    won = [deal for deal in firm.deals if deal.stage == "WON"]
    by_currency = {deal.currency: [each for each in won if each.currency == deal.currency] for deal in won}
    expected = [
        (currency, len(deals), max(deal.close_date for deal in deals).isoformat())
        for currency, deals in sorted(by_currency.items(), key=lambda item: (-len(item[1]), item[0]))
        if len(deals) > 1
    ]
    assert [(row["cur"], row["n"], row["latest"]) for row in rows] == expected
    euros = next(row for row in rows if row["cur"] == "EUR")
    assert euros["attributes"] == {"type": "AggregateResult"}
    assert Decimal(str(euros["expr0"])) * 100 == sum(deal.amount for deal in by_currency["EUR"])


async def test_counting_answers_a_size_and_no_records(api: Any, firm: Firm) -> None:
    answer = await api.send("GET", "/query", params={"q": "SELECT COUNT() FROM Contact WHERE AccountId != null"})
    contacts = sum(len(client.contacts) for client in firm.clients)
    assert answer.json() == {"totalSize": contacts, "done": True, "records": []}


async def test_field_groups_give_every_field_of_their_kind(api: Any) -> None:
    (row,) = await api.query("SELECT FIELDS(CUSTOM) FROM Account LIMIT 1")
    assert set(row) == {"attributes", "CW_Key__c", "CW_Status__c", "CW_Sync_Status__c", "CW_ERP_Customers__c"}
    (row,) = await api.query("SELECT FIELDS(ALL) FROM Account LIMIT 1")
    assert {"Id", "Name", "CW_Status__c", "BillingAddress"} <= set(row)
    assert await api.refused("SELECT FIELDS(ALL) FROM Account LIMIT 201") == "MALFORMED_QUERY"
    assert await api.refused("SELECT FIELDS(CUSTOM) FROM Account") == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    ("literal", "days"),
    [
        ("= TODAY", [0]),
        ("= YESTERDAY", [-1]),
        ("= TOMORROW", [1]),
        ("= LAST_N_DAYS:1", [-1, 0]),
        ("= NEXT_N_DAYS:1", [1]),
        ("= N_DAYS_AGO:40", [-40]),
        ("> TODAY", [1, 40]),
        ("<= YESTERDAY", [-40, -1]),
        ("!= TODAY", [-40, -1, 1, 40]),
        ("= THIS_MONTH", [-1, 0, 1]),
        ("= NEXT_MONTH", [40]),
        ("= LAST_MONTH", [-40]),
        ("= THIS_QUARTER", [-40, -1, 0, 1, 40]),
        ("= LAST_YEAR", []),
        ("= NEXT_N_MONTHS:2", [40]),
        ("= LAST_N_MONTHS:1", [-40]),
        ("= N_MONTHS_AGO:1", [-40]),
        ("IN (TODAY, TOMORROW)", [0, 1]),
        ("= 2026-11-20", [0]),
        ("> 2026-11-20", [1, 40]),
    ],
)
async def test_date_literals(api: Any, org: SalesforcePlatform, clock: Any, literal: str, days: list[int]) -> None:
    for shift in (-40, -1, 0, 1, 40):
        day = (clock().date() + timedelta(days=shift)).isoformat()
        org.create(
            "Opportunity", {"Name": f"{shift}", "StageName": "Prospecting", "CloseDate": day, "NextStep": "probe"}
        )
    rows = await api.query(f"SELECT Name FROM Opportunity WHERE NextStep = 'probe' AND CloseDate {literal}")
    assert [int(row["Name"]) for row in rows] == days


async def test_a_poll_by_stamp_finds_what_changed_since(api: Any, org: SalesforcePlatform, clock: Any) -> None:
    clock.advance(hours=1)
    account = next(iter(org.tables["Account"]))
    org.change("Account", account["Id"], {"Site": "moved"})
    rows = await api.query(
        "SELECT Id, SystemModstamp FROM Account WHERE SystemModstamp > 2026-11-20T13:00:00+01:00 "
        "AND SystemModstamp <= 2026-11-20T13:00:00Z ORDER BY SystemModstamp, Id"
    )
    assert [(row["Id"], row["SystemModstamp"]) for row in rows] == [(account["Id"], "2026-11-20T13:00:00.000+0000")]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Foo FROM Account", "INVALID_FIELD"),
        ("SELECT Owner.Foo FROM Account", "INVALID_FIELD"),
        ("SELECT Foo.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Owner FROM Account", "INVALID_FIELD"),
        ("SELECT Id, id FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Foo = 1", "INVALID_FIELD"),
        ("SELECT Id FROM Account ORDER BY Foo", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE NumberOfEmployees = '5'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE CloseDate > 2026-01-01T00:00:00Z", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE CloseDate > 2026-02-30", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE CloseDate = SOMEDAY", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE CloseDate = LAST_N_DAYS:99999999999", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE IsDeleted = 'true'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Account ORDER BY Description", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account WHERE Name INCLUDES ('x')", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Id, (SELECT Id FROM Nothings) FROM Account", "INVALID_TYPE"),
        ("SELECT Id, COUNT(Id) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Name n FROM Account", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Account WHERE COUNT(Id) > 1", "MALFORMED_QUERY"),
        ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Amount FROM Opportunity GROUP BY Amount", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name IN (SELECT AccountId FROM Contact)", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT OwnerId FROM Contact)", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact LIMIT 1)", "MALFORMED_QUERY"),
    ],
)
async def test_what_the_org_does_not_know_is_refused(api: Any, soql: str, code: str) -> None:
    assert await api.refused(soql) == code


async def test_an_unknown_column_is_named(api: Any) -> None:
    answer = await api.send("GET", "/query", params={"q": "SELECT Foo FROM Account"})
    message = answer.json()[0]["message"]
    assert "\nSELECT Foo FROM Account\n       ^\nERROR at Row:1:Column:8\n" in message
    assert "No such column 'Foo' on entity 'Account'." in message


async def test_pages_follow_locators_until_done(
    firm: Firm, clock: Any, api_of: Callable[[SalesforcePlatform], Any]
) -> None:
    from sandbox.salesforce import build

    api = await api_of(build(firm, clock=clock, query_page=15, open_cursors=2)).login()
    page = (await api.send("GET", "/query", params={"q": "SELECT Id FROM Account ORDER BY Name"})).json()
    first = page["nextRecordsUrl"]
    ids = [row["Id"] for row in page["records"]]
    while not page["done"]:
        assert page["totalSize"] == 40
        page = (await api.send("GET", page["nextRecordsUrl"])).json()
        ids += [row["Id"] for row in page["records"]]
    assert "nextRecordsUrl" not in page
    assert len(set(ids)) == len(ids) == 40
    assert (await api.send("GET", first)).status_code == 200
    for bad in ("/query/01g000000000000AAA-15", first[:-1] + "x", first + "000", "/query/nonsense"):
        answer = await api.send("GET", bad)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
    clock.advance(days=2)
    assert (await api.login()) is api
    assert (await api.send("GET", first)).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


async def test_the_oldest_cursor_is_closed_when_there_are_too_many(
    firm: Firm, clock: Any, api_of: Callable[[SalesforcePlatform], Any]
) -> None:
    from sandbox.salesforce import build

    api = await api_of(build(firm, clock=clock, query_page=15, open_cursors=2)).login()
    nexts = [
        (await api.send("GET", "/query", params={"q": "SELECT Id FROM Account"})).json()["nextRecordsUrl"]
        for _ in "abc"
    ]
    assert [(await api.send("GET", each)).status_code for each in nexts] == [400, 200, 200]


async def test_the_batch_size_header_is_held_between_200_and_2000(org: SalesforcePlatform) -> None:
    cursors = org.instance.cursors
    assert [cursors.batch_of(each) for each in ("", "batchSize=500", "batchSize=10", "batchSize=9000", "x")] == [
        2000, 500, 200, 2000, 2000,
    ]  # fmt: skip


async def test_query_all_sees_deleted_rows(api: Any, org: SalesforcePlatform) -> None:
    account = org.create("Account", {"Name": "Short-lived"})
    org.remove("Account", account["Id"])
    soql = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{account['Id'][:15]}'"
    assert await api.query(soql) == []
    answer = await api.send("GET", "/queryAll", params={"q": soql})
    assert [row["IsDeleted"] for row in answer.json()["records"]] == [True]


async def test_explain_tells_a_plan(api: Any) -> None:
    answer = await api.send("GET", "/query", params={"explain": "SELECT Id FROM Account"})
    assert answer.json()["plans"][0]["sobjectType"] == "Account"
