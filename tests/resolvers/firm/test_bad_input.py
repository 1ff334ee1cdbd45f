"""What can't be meant is refused in plain words, and costs no upstream call."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolvers.engine_port import RequestError
from schema.ids import RecordKey, encode_id

LIST = """query($first: Int, $after: String, $filter: AccountFilter, $order: [AccountOrder!]) {
    list: accounts(first: $first, after: $after, filter: $filter, orderBy: $order)
    { totalCount nodes { name } pageInfo { endCursor } } }"""
NAMED = [{"field": "NAME"}]


async def refused(world, query=LIST, **variables) -> str:
    """The one error's message; the field is null and nothing was called."""
    answer = await world.ask(query, **variables)
    assert [value for value in answer["data"].values() if value is not None] == []
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert not world.calls()
    message: str = error["message"]
    return message


async def cursor_of(world, query=LIST, **variables) -> str:
    answer = await world.ask(query, first=3, **variables)
    world.calls()
    cursor: str = next(iter(answer["data"].values()))["pageInfo"]["endCursor"]
    return cursor


@pytest.mark.parametrize(("first", "told"), [(-1, "0 or more"), (501, "at most 500"), (100_000, "at most 500")])
async def test_a_page_that_nobody_can_have(world, first, told):
    assert told in await refused(world, first=first)


async def test_an_empty_page_still_counts_and_looks_ahead(world):
    answer = await world.ask("{ accounts(first: 0) { totalCount nodes { name } pageInfo { hasNextPage endCursor } } }")
    assert answer["data"]["accounts"] == {
        "totalCount": 60,
        "nodes": [],
        "pageInfo": {"hasNextPage": True, "endCursor": None},
    }


def nested(levels: int) -> str:
    """A cursor whose one order value is a list in a list in a list."""
    packed = b"\x93" + msgspec.msgpack.encode("s") + msgspec.msgpack.encode("crm") + b"\x81"
    place = msgspec.msgpack.encode("crm") + b"\x92" + msgspec.msgpack.encode("1") + b"\x91" * levels + b"\xc0"
    return urlsafe_b64encode(packed + place).decode()


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "é", "====", "AAAA", "a" * 5000, "kQ", "!!", pytest.param(nested(9_000), id="9k")],
)
async def test_what_is_no_cursor(world, text):
    assert "not a cursor" in await refused(world, after=text)


async def test_a_cursor_of_another_order_filter_list_or_type(world):
    after = await cursor_of(world, order=NAMED)
    assert "another list" in await refused(world, after=after)
    assert "another list" in await refused(world, after=after, order=[{"field": "NAME", "direction": "DESC"}])
    assert "another list" in await refused(world, after=after, order=NAMED, filter={"name": {"ne": "x"}})
    projects = "query($after: String) { projects(orderBy: [{field: NAME}], after: $after) { nodes { name } } }"
    assert "another list" in await refused(world, projects, after=after)
    account = encode_id(RecordKey("Account", "crm", world.records["Account.CRM"][0]["id"]))
    nested = "query($id: ID!, $after: String) { account(id: $id) { children(after: $after) { nodes { name } } } }"
    answer = await world.ask(nested, id=account, after=await cursor_of(world))
    assert answer["errors"][0]["path"] == ["account", "children"]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_a_tampered_cursor_is_refused_or_harmless(make_world, firm, data):
    """Whatever is put into a cursor: a page of the list or a refusal, never an internal error."""
    world = make_world(firm.records(3))
    order = data.draw(
        st.sampled_from([[], NAMED, [{"field": "UPDATED_AT"}], [{"field": "OVERDUE", "direction": "DESC"}]])
    )
    text = await cursor_of(world, order=order)
    raw = msgspec.msgpack.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    odd = st.one_of(
        st.none(), st.integers(-(2**40), 2**60), st.text(max_size=5), st.booleans(), st.floats(allow_nan=True),
        st.just(["d", "NaN"]), st.just(["d", "1e9"]), st.just(["t", "2026-01-01"]), st.just(["y", "2026-01-01"]),
        st.just(["t", "2026-01-01T00:00:00+00:00"]), st.just({}), st.just([]),
    )  # fmt: skip
    values = st.lists(odd, min_size=len(order), max_size=len(order)) | st.lists(odd, max_size=2)
    place = [data.draw(st.just("acnt003") | odd), data.draw(values), data.draw(st.just(0) | odd)]
    platform = data.draw(st.sampled_from(["crm", "erp", "nowhere", ""]))
    elsewhere = [[raw[0], "crm", {platform: place}], [raw[0], platform, raw[2]]]
    changed = data.draw(st.sampled_from([*elsewhere, [raw[0], "crm", {"crm": place}], [raw[0]], place]))
    packed = urlsafe_b64encode(msgspec.msgpack.encode(changed)).rstrip(b"=").decode()
    answer = await world.ask(LIST, after=packed, order=order)
    if "errors" in answer:
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
        assert not world.calls()
    else:
        assert answer["data"]["list"]["totalCount"] == 12


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("NAME", ["acnt003", [5], 0]),
        ("NAME", ["acnt003", [True], 0]),
        ("NAME", ["acnt003", [["d", "1"]], 0]),
        ("NAME", ["acnt003", ["a", "b"], 0]),
        ("NAME", ["acnt003", ["a"], -1]),
        ("NAME", ["acnt003", ["a"], 10**12]),
        ("NAME", [3, ["a"], 0]),
        ("UPDATED_AT", ["acnt003", ["2026-01-01"], 0]),
        ("UPDATED_AT", ["acnt003", [["t", "2026-01-01T00:00:00"]], 0]),
        ("UPDATED_AT", ["acnt003", [["y", "2026-01-01"]], 0]),
        ("OVERDUE", ["acnt003", [1.5], 0]),
        ("OVERDUE", ["acnt003", [["d", "NaN"]], 0]),
        ("OVERDUE", ["acnt003", [["d", "sNaN"]], 0]),
        ("OVERDUE", ["acnt003", [["d", "Infinity"]], 0]),
    ],
)
async def test_a_place_that_no_record_can_have_is_refused(world, field, place):
    order = [{"field": field}]
    text = await cursor_of(world, order=order)
    signature = msgspec.msgpack.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))[0]
    packed = urlsafe_b64encode(msgspec.msgpack.encode([signature, "crm", {"crm": place}])).rstrip(b"=").decode()
    assert "not a cursor" in await refused(world, after=packed, order=order)


@pytest.mark.parametrize("text", ["", "x", "QWNjb3VudA", "é", "QWNjb3VudDpjcm06", " " * 8, "a" * 10_000])
async def test_what_is_no_id(world, text):
    assert "not an id" in await refused(world, "query($id: ID!) { account(id: $id) { name } }", id=text)
    assert "not an id" in await refused(world, "query($id: ID!) { node(id: $id) { id } }", id=text)


async def test_an_id_of_another_type(world):
    project = encode_id(RecordKey("Project", "psa", world.records["Project.PSA"][0]["id"]))
    assert "Project" in await refused(world, "query($id: ID!) { account(id: $id) { name } }", id=project)
    assert "Project" in await refused(world, filter={"id": {"eq": project}})


async def test_each_bad_id_of_several_is_told(world):
    good = encode_id(RecordKey("Account", "crm", world.records["Account.CRM"][0]["id"]))
    answer = await world.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["bad", good, "worse"])
    assert answer["data"]["nodes"] == [None, {"id": good}, None]
    assert [error["path"] for error in answer["errors"]] == [["nodes", 0], ["nodes", 2]]


async def test_an_unknown_record_is_null_without_an_error(world):
    for key, calls in (("crm", 1), ("elsewhere", 0)):
        unknown = encode_id(RecordKey("Account", key, "nobody"))
        answer = await world.ask("query($id: ID!) { account(id: $id) { id } }", id=unknown)
        assert answer == {"data": {"account": None}}
        assert sum(world.calls().values()) == calls


async def test_id_or_ref_but_not_both_nor_none(world):
    some = encode_id(RecordKey("Account", "crm", "x"))
    ref = {"platform": "crm", "externalId": "x"}
    query = "query($id: ID, $ref: RecordRef) { account(id: $id, ref: $ref) { name } }"
    assert "either" in await refused(world, query, id=some, ref=ref)
    assert "either" in await refused(world, query)
    assert "nowhere" in await refused(world, query, ref={"platform": "nowhere", "externalId": "x"})
    assert "account" in await refused(world, query, ref={"platform": "crm", "entity": "Lead", "externalId": "x"})


async def test_a_record_is_found_by_what_another_platform_calls_it(world):
    row = world.records["Account.ERP"][0]
    query = "query($ref: RecordRef) { account(ref: $ref) { id } }"
    answer = await world.ask(query, ref={"platform": "erp", "entity": "ACCOUNT", "externalId": row["id"]})
    assert answer["data"]["account"]["id"] == encode_id(RecordKey("Account", "crm", row["anchor"]))


@pytest.mark.parametrize("where", [None, {}, {"and": []}, {"name": {}}, {"name": {"in": None}}, {"not": None}])
async def test_an_empty_filter_holds_for_every_record(world, where):
    answer = await world.ask(LIST, filter=where)
    assert answer["data"]["list"]["totalCount"] == 60


@pytest.mark.parametrize(
    "where",
    [
        {"and": [{"name": {"eq": "a"}}, {"name": {"eq": "b"}}]},
        {"overdue": {"gt": "5", "lt": "4"}},
        {"or": []},
        {"not": {}},
        {"name": {"in": []}},
        {"id": {"eq": None}},
        {"id": {"in": []}},
        {"creditHold": {"eq": True}, "not": {"not": {"creditHold": {"eq": False}}}},
        {"updatedAt": {"gte": "2026-02-01T00:00:00Z", "lt": "2026-01-01T00:00:00Z"}},
    ],
)
async def test_a_contradiction_is_empty_without_a_call(world, where):
    answer = await world.ask(LIST, filter=where)
    assert answer["data"]["list"] == {"totalCount": 0, "nodes": [], "pageInfo": {"endCursor": None}}
    assert not world.calls()


async def test_a_nested_mistake_is_told_once(world):
    answer = await world.ask("{ accounts(first: 5) { nodes { name invoices(first: -1) { nodes { number } } } } }")
    assert [node["invoices"] for node in answer["data"]["accounts"]["nodes"]] == [None] * 5
    (error,) = answer["errors"]
    assert error["path"] == ["accounts", "nodes", 0, "invoices"]
    assert world.calls() == {"crm: read Account": 1}


async def test_an_order_that_names_a_field_twice(world):
    assert "twice" in await refused(world, order=[{"field": "NAME"}, {"field": "NAME", "direction": "DESC"}])


async def test_freshness_takes_whole_seconds(world):
    query = "query($age: Int) @freshness(maxAge: $age) { accounts(first: 1) { nodes { name } } }"
    assert "errors" not in await world.ask(query)
    for age in (-1, None):
        with pytest.raises(RequestError):
            await world.ask(query, age=age)


async def test_variables_that_do_not_fit_are_refused_before_anything_runs(world):
    with pytest.raises(RequestError):
        await world.ask(LIST, first="many")
    assert not world.calls()


async def test_more_ids_than_a_screen_can_hold(world):
    known = [encode_id(RecordKey("Account", "crm", str(number))) for number in range(1_001)]
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    answer = await world.ask(query, ids=known)
    assert "at most 1000" in answer["errors"][0]["message"]
    assert not world.calls()
    assert "errors" not in await world.ask(query, ids=known[1:])


async def test_many_mistakes_make_no_answer_of_errors(world):
    answer = await world.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[f"x{n}" for n in range(1_000)])
    assert len(answer["errors"]) == 101
    assert answer["errors"][-1]["extensions"]["occurrences"] == 900
