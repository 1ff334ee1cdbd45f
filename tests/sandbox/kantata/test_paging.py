import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ORDERS = [
    "updated_at:desc",
    "updated_at:asc",
    "title:asc",
    "title:desc",
    "due_date:asc",
    "due_date:desc",
    "created_at:asc",
]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 80), order=st.sampled_from(ORDERS))
def test_pages_laid_end_to_end_are_the_whole_scan(api, size, order):
    whole = api.ids("workspaces", per_page=200, order=order)
    pages = api.get("workspaces", per_page=size, order=order)["meta"]["page_count"]
    laid = [
        each for page in range(1, pages + 1) for each in api.ids("workspaces", per_page=size, page=page, order=order)
    ]
    assert laid == whole
    assert len(set(laid)) == len(laid) == len(api.platform.tables["workspaces"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 90), offset=st.integers(0, 90))
def test_limit_and_offset_cut_the_same_list(api, limit, offset):
    whole = api.ids("workspaces", per_page=200)
    assert api.ids("workspaces", limit=limit, offset=offset) == whole[offset : offset + limit]


@pytest.mark.parametrize(
    ("asked", "size"), [(None, 20), ("", 20), ("0", 20), ("-3", 20), ("7", 7), ("201", 200), ("5000", 200), ("x", 20)]
)
def test_page_size_is_20_unless_told_and_never_above_200(api, asked, size):
    params = {} if asked is None else {"per_page": asked}
    answer = api.get("time_entries", **params)
    assert answer["meta"]["page_size"] == size == len(answer["results"])


def test_limit_counts_only_together_with_offset(api):
    assert len(api.ids("workspaces", limit=3)) == 20
    assert len(api.ids("workspaces", limit=3, offset=0)) == 3
    assert len(api.ids("time_entries", limit=999, offset=0)) == 200


def test_only_answers_everything_at_once_and_drops_what_is_no_id(api):
    known = list(api.platform.tables["time_entries"].rows)[:230]
    answer = api.get("time_entries", only=",".join(["abc", *known, known[0], "77"]))
    assert {result["id"] for result in answer["results"]} == set(known)
    assert len(answer["results"]) == answer["count"] == 230


def test_the_default_order_is_the_collections_and_an_unknown_order_falls_back_to_it(api):
    stamps = [row["updated_at"] for row in api.rows("workspaces", per_page=200)]
    assert stamps == sorted(stamps, reverse=True)
    assert api.ids("workspaces", order="nonsense:asc") == api.ids("workspaces")
    days = [row["date_performed"] for row in api.rows("time_entries", per_page=200)]
    assert days == sorted(days, reverse=True)
    names = [row["full_name"] for row in api.rows("users")]
    assert names == sorted(names)


def test_equal_values_are_told_apart_by_id(api):
    rows = api.rows("time_entries", per_page=200, order="date_performed:desc")
    keys = [(row["date_performed"], int(row["id"])) for row in rows]
    by_id_then_newest = sorted(sorted(keys, key=lambda key: key[1]), key=lambda key: key[0], reverse=True)
    assert keys == by_id_then_newest
    assert len({day for day, _ in keys}) < len(keys)


def test_a_change_shows_in_the_next_page_request(api):
    first = api.ids("workspaces", per_page=1)
    last = api.ids("workspaces", per_page=200)[-1]
    api.clock.pass_(minutes=1)
    api.put(f"workspaces/{last}", {"workspace": {"description": "Moved to the top"}})
    assert api.ids("workspaces", per_page=2) == [last, *first]
