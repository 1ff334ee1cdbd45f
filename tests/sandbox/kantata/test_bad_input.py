import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.kantata.catalog import COLLECTIONS
from sandbox.kantata.filters import REFERENCE_COLUMNS, REFERENCE_LIST

SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "true",
            "FALSE",
            "1,2,3",
            ",",
            ":",
            "1:2",
            "(1:a):(2:b)",
            "2026-01-01:",
            "2026-02-30",
            "-1",
            "9" * 30,
            "'; --",
            "%",
            "٣",
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["amount", "key", "user_id", "x"]), inner, max_size=3),
    ),
    max_leaves=5,
)
READ_NAMES = [
    "page",
    "per_page",
    "limit",
    "offset",
    "order",
    "only",
    "include",
    "optional_fields",
    "search",
    *REFERENCE_COLUMNS,
    REFERENCE_LIST,
]


@SETTINGS
@given(data=st.data())
def test_whatever_a_list_is_asked_it_answers_or_says_400(api, data):
    collection = data.draw(st.sampled_from([each for each in COLLECTIONS if "L" in each.verbs]))
    names = st.sampled_from([*READ_NAMES, *collection.filters, "updated_after"])
    params = data.draw(st.dictionaries(names, TEXTS, max_size=4))
    if collection.required_filter:
        params[collection.required_filter] = "Workspace"
    answer = api.http.get(f"/api/v1/{collection.name}", params=params)
    assert answer.status_code in {200, 400}, answer.text
    assert ("errors" in answer.json()) is (answer.status_code == 400)


@SETTINGS
@given(data=st.data())
def test_whatever_is_written_it_is_taken_or_told_what_is_wrong(api, data):
    collection = data.draw(st.sampled_from([each for each in COLLECTIONS if "C" in each.verbs]))
    names = [attribute.name for attribute in collection.attributes]
    names += [f"{association.name}_id" for association in collection.associations if association.column]
    sound = {
        "title": "T", "name": "N", "story_type": "task", "workspace_id": 38000036, "date_performed": "2026-11-19",
        "time_in_minutes": 30, "date": "2026-11-19", "category": "Travel", "amount_in_cents": 5, "payment_schedule": 30,
        "line_item_ids": [],
        "resource_id": 94000001, "start_date": "2026-11-02", "end_date": "2026-11-06", "minutes": 60,
        "subject_type": "Workspace", "subject_id": 38000036, "service_name": "s", "service_model": "m",
        "service_model_ref": "r", "custom_field_id": 460001, "value": "V", "story_id": 820000102,
    }  # fmt: skip
    wild = data.draw(
        st.dictionaries(st.sampled_from([*names, "external_reference", "custom_fields"]), VALUES, max_size=3)
    )
    fields = {**{name: value for name, value in sound.items() if name in names}, **wild}
    answer = api.http.post(f"/api/v1/{collection.name}", json={collection.singular: fields})
    assert answer.status_code in {200, 400, 422}, answer.text
    if answer.status_code != 200:
        assert all(error["type"] in {"validation", "system"} and error["message"] for error in answer.json()["errors"])


@pytest.mark.parametrize("name", ["workspace[a][b][c]" + "[d]" * 40, "workspace[a]", "[]", "=", "workspace[title][]"])
def test_a_crooked_form_is_refused_in_words(api, name):
    content = f"workspace[a][]=1&{name}=2"
    answer = api.http.post(
        "/api/v1/workspaces", content=content, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code in {400, 422}
    assert answer.json()["errors"][0]["message"]
