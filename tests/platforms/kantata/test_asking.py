"""What is asked of Kantata for a read: as few and as narrow calls as it takes, and nothing hidden."""

from datetime import date

import pytest

from platforms.predicates import FALSE, And, Compare, Or
from platforms.readers import Order, ReadQuery
from schema.enums import ApprovalStatus
from schema.roles import PlatformRole

SALESFORCE_ID = "001000000000001AAA"


@pytest.fixture
def read(connect, account, answer):
    platform = connect()

    async def reading(type_name, *paths, **query):
        facet = platform.reader.facets[type_name, PlatformRole.PSA]
        if not account.answers:
            account.says(answer(facet.endpoint.collection))
        return await platform.reader.read(platform.reader.project(facet, paths), ReadQuery(**query))

    return reading


async def test_nothing_is_included_that_nobody_asked_for(read, account):
    await read("Project", "name", "startDate")
    assert account.requests[0].url.startswith("https://api.mavenlink.com/api/v1/workspaces?")
    assert account.asked == [
        {"include_archived": "true", "order": "created_at:asc", "per_page": "200", "page": "1"},
    ]


async def test_what_lies_in_other_records_rides_along_in_the_same_call(read, account):
    await read("Project", "managerName", "account", "contract", "code", "kind", "budgetHours")
    (asked,) = account.asked
    assert set(asked["include"].split(",")) == {"primary_maven", "external_references", "custom_field_values"}
    assert asked["optional_fields"] == "estimated_minutes"


async def test_ids_that_stand_on_the_record_are_included_as_the_documentation_says(read, account):
    await read("TimeEntry", "project", "resource", "task", "approval")
    assert set(account.asked[0]["include"].split(",")) == {"workspace", "user", "story", "recent_submission"}


@pytest.mark.parametrize(
    ("type_name", "always"),
    [
        ("Project", {"include_archived": "true"}),
        ("Account", {"companies_only": "true"}),
        ("Milestone", {"all_on_account": "true", "show_archived": "true", "story_types": "milestone"}),
        ("Task", {"show_from_archived_workspaces": "true", "story_types": "task,deliverable,issue"}),
        ("TimeEntry", {"on_my_account": "false", "from_archived_workspaces": "true"}),
        ("Expense", {"on_my_account": "false", "from_archived_workspaces": "true"}),
        ("Resource", {"on_my_account": "true"}),
    ],
)
async def test_defaults_that_hide_records_are_turned_off_by_id_too(read, account, type_name, always):
    await read(type_name, "id")
    await read(type_name, "id", by="id", keys=("7",))
    for asked in account.asked:
        assert asked | always == asked


@pytest.mark.parametrize(
    ("type_name", "by", "keys", "parameters"),
    [
        ("Project", "id", ("7", "8"), {"only": "7,8"}),
        (
            "Project", "account", (SALESFORCE_ID,),
            {
                "external_reference_service_name": "salesforce",
                "external_reference_service_model_refs": SALESFORCE_ID,
            },
        ),
        ("Project", "contract", (SALESFORCE_ID,), {"external_reference_service_name": "salesforce_contract"}),
        ("Account", "anchor", (SALESFORCE_ID,), {"external_reference_service_model_refs": SALESFORCE_ID}),
        ("Milestone", "project", ("7", "8"), {"with_projects": "7,8"}),
        ("Task", "project", ("7",), {"workspace_id": "7"}),
        ("Assignment", "project", ("7", "8"), {"workspace_ids": "7,8"}),
        ("Assignment", "resource", ("7", "8"), {"user_ids": "7,8"}),
        ("TimeEntry", "project", ("7", "8"), {"workspace_ids": "7,8"}),
        ("Expense", "project", ("7", "8"), {"workspace_ids": "7,8"}),
        ("Expense", "project", ("7",), {"workspace_id": "7"}),
    ],
)  # fmt: skip
async def test_keys_go_in_one_list(read, account, type_name, by, keys, parameters):
    await read(type_name, by, by=by, keys=keys)
    (asked,) = account.asked
    assert asked | parameters == asked
    await read(type_name, by, where=Compare(by, "in", keys))
    assert account.asked[1] == asked


async def test_200_of_the_longest_keys_fit_into_the_url(read, account):
    keys = tuple(f"{number:036}" for number in range(200))
    await read("Project", *("managerName", "account", "contract", "code", "budgetHours"), by="contract", keys=keys)
    await read("Project", "account", by="account", keys=keys, where=Compare("endDate", "gt", date(2026, 1, 1)))
    assert all(7_000 < len(request.url) < 8_000 for request in account.requests)


async def test_more_than_200_ids_in_a_filter_are_asked_for_in_chunks_and_come_in_one_order(read, account, answer):
    ids = tuple(str(number) for number in range(450, 0, -1))
    account.says(*(answer("users", *({"id": key} for key in ids[at : at + 200])) for at in (0, 200, 400)))
    page = await read("Resource", "name", where=Compare("id", "in", ids), limit=3, offset=1)
    assert [len(asked["only"].split(",")) for asked in account.asked] == [200, 200, 50]
    assert [row.id for row in page.rows] == ["2", "3", "4"]


async def test_what_can_be_nobodys_key_costs_no_call(read, account):
    for key in ("", "0", "007", "1,2", "1 ", "x", "-1", "1" * 19, "\N{ARABIC-INDIC DIGIT ONE}", "\ud800"):
        assert (await read("Project", "id", by="id", keys=(key,))).rows == []
    for key in ("", "a,b", "a b", "x" * 37, "'", "\0", "ü"):
        assert (await read("Project", "account", by="account", keys=(key,))).rows == []
    assert (await read("Project", "id", where=FALSE)).total == 0
    contradiction = And((Compare("id", "in", ("1", "2")), Compare("id", "in", ("3",))))
    assert (await read("Project", "id", where=contradiction)).rows == []
    assert (await read("Project", "id", limit=0)).rows == []
    assert account.requests == []


DAY = date(2026, 5, 10)


@pytest.mark.parametrize(
    ("type_name", "where", "parameters"),
    [
        ("Project", Compare("endDate", "eq", DAY), {"due_date_after": "2026-05-09", "due_date_before": "2026-05-11"}),
        ("Project", Compare("endDate", "gte", DAY), {"due_date_after": "2026-05-09"}),
        ("Project", Compare("startDate", "lt", DAY), {"start_date_before": "2026-05-11"}),
        ("TimeEntry", Compare("date", "gte", DAY), {"date_performed_between": "2026-05-09:9999-12-31"}),
        ("Expense", Compare("date", "lte", DAY), {"date_expensed_between": "1000-01-01:2026-05-11"}),
        ("TimeEntry", Compare("billable", "eq", value=False), {"billable": "false"}),
        ("TimeEntry", Compare("approval", "eq", ApprovalStatus.APPROVED), {"approved": "true"}),
        ("TimeEntry", Compare("approval", "in", (ApprovalStatus.SUBMITTED,)), {"in_active_submission": "true"}),
        (
            "TimeEntry",
            Compare("approval", "in", (ApprovalStatus.DRAFT, ApprovalStatus.REJECTED)),
            {"in_active_submission": "false"},
        ),
    ],
)
async def test_conditions_are_sent_as_wide_as_any_reading_needs(read, account, type_name, where, parameters):
    await read(type_name, "id", where=where)
    await read(type_name, "id")
    narrowed, plain = account.asked
    assert narrowed == plain | parameters


@pytest.mark.parametrize(
    ("type_name", "where"),
    [
        ("Project", Compare("endDate", "gt", date.min)),
        ("Project", Compare("endDate", "lt", date.max)),
        ("Project", Or((Compare("endDate", "gt", DAY), Compare("id", "eq", "1")))),
        ("Project", Compare("code", "eq", "(1:x)")),
        ("Project", Compare("code", "eq", "a\ud800")),
        ("Project", Compare("code", "in", ("good", " padded"))),
        ("TimeEntry", Compare("approval", "in", (ApprovalStatus.APPROVED, ApprovalStatus.DRAFT))),
        ("Expense", Compare("approval", "eq", ApprovalStatus.SUBMITTED)),
    ],
)
async def test_conditions_that_cant_be_sent_safely_narrow_nothing(read, account, type_name, where):
    await read(type_name, "id", where=where)
    await read(type_name, "id")
    asked, plain = account.asked
    assert asked == plain


async def test_a_code_is_found_by_its_custom_field_which_is_looked_up_once(read, account, answer):
    fields = ({"id": "31", "name": "Colour"}, {"id": "32", "name": "Project code"})
    account.says(answer("custom_fields", *fields), answer("workspaces"))
    await read("Project", "code", where=Compare("code", "in", ("A-1", "B&2")))
    await read("Project", "code", where=Compare("code", "eq", "C"))
    lookup, several, one = account.asked
    assert lookup["subject_type"] == "Workspace"
    assert several["by_custom_text_value"] == "(32:A-1):(32:B&2)"
    assert one["by_custom_text_value"] == "(32:C)"
    account.forward(700)
    account.answers = [(200, answer("custom_fields")), (200, answer("workspaces"))]
    await read("Project", "code", where=Compare("code", "eq", "C"))
    assert "by_custom_text_value" not in account.asked[-1], "the field is gone: nothing is excluded"


async def test_a_condition_too_long_for_the_url_narrows_nothing(read, account, answer):
    account.says(answer("custom_fields", {"id": "32", "name": "Project code"}), answer("workspaces"))
    await read("Project", "code", where=Compare("code", "in", tuple("é" * 190 + str(n) for n in range(100))))
    assert "by_custom_text_value" not in account.asked[-1]
    assert len(account.requests[-1].url) < 8_000


async def test_one_order_is_the_apis_and_several_are_made_here(read, account, answer):
    await read("Project", "endDate", order=(Order("endDate", descending=True),), limit=10)
    assert account.asked[0]["order"] == "due_date:desc"
    assert account.asked[0]["per_page"] == "10"
    rows = [("1", "B", None), ("2", "A", "2026-01-02"), ("3", "B", "2026-01-01"), ("4", "A", "2026-01-02")]
    account.answers = [
        (200, answer("workspaces", *({"id": key, "title": name, "due_date": day} for key, name, day in rows)))
    ]
    order = (Order("endDate", descending=True), Order("name"))
    page = await read("Project", "endDate", "name", order=order, limit=3)
    assert account.asked[1]["per_page"] == "200"
    assert [row.id for row in page.rows] == ["2", "4", "3"]


async def test_a_whole_list_comes_four_pages_at_a_time(read, account, answer):
    account.says(
        *(answer("workspaces", *({"id": str(p * 200 + n)} for n in range(1, 201)), count=1_100) for p in range(5))
    )
    account.says(answer("workspaces", *({"id": str(1_000 + n)} for n in range(1, 101)), count=1_100))
    page = await read("Project", "id")
    assert page.total == 1_100
    rows = list(page.rows)
    sizes = [len(page.rows)]
    while page.more is not None:
        page = await read("Project", "id", resume=page.more)
        sizes.append(len(page.rows))
        rows += page.rows
    assert sizes == [200, 800, 100]
    assert [asked["page"] for asked in account.asked] == ["1", "2", "3", "4", "5", "6"]
    assert [row.id for row in rows] == [str(n) for n in range(1, 1_101)]


async def test_a_page_that_is_none_of_the_apis_goes_by_position(read, account):
    await read("Project", "id", limit=51, offset=50)
    assert account.asked[0]["limit"] == "51"
    assert account.asked[0]["offset"] == "50"
    assert "page" not in account.asked[0]


async def test_a_long_limit_ends_where_it_says(read, account, answer):
    account.says(answer("workspaces", *({"id": str(n)} for n in range(1, 201)), count=900))
    account.says(answer("workspaces", *({"id": str(n)} for n in range(201, 252)), count=900))
    page = await read("Project", "id", limit=251)
    page = await read("Project", "id", limit=251, resume=page.more)
    assert account.asked[1]["limit"] == "51"
    assert page.more is None


async def test_counting_reads_one_row(connect, account, answer):
    account.says(answer("workspaces", {"id": "1"}, count=4_711))
    platform = connect()
    facet = platform.reader.facets["Project", PlatformRole.PSA]
    assert await platform.reader.count(facet, None) == 4_711
    assert await platform.reader.count(facet, Compare("endDate", "gt", DAY)) is None
    assert account.asked == [{"include_archived": "true", "per_page": "1"}]
