from sandbox.kantata.catalog import COLLECTIONS


def test_results_give_membership_and_order_and_meta_repeats_the_count(api):
    answer = api.get("workspaces", per_page=5)
    total = len(api.platform.tables["workspaces"])
    assert answer["count"] == answer["meta"]["count"] == total
    assert answer["meta"] == {"count": total, "page_count": -(-total // 5), "page_number": 1, "page_size": 5}
    assert [result["key"] for result in answer["results"]] == ["workspaces"] * 5
    assert set(answer["workspaces"]) == {result["id"] for result in answer["results"]}


def test_an_empty_result_counts_no_page(api):
    answer = api.get("workspaces", only="999")
    assert (answer["count"], answer["results"], answer["workspaces"]) == (0, [], {})
    assert answer["meta"] == {"count": 0, "page_count": 0, "page_number": 0, "page_size": 20}


def test_foreign_keys_are_always_there_and_lists_of_ids_only_where_included(api):
    workspace = next(row for row in api.platform.tables["workspaces"] if row["primary_workspace_group_id"])
    bare = api.first(api.get(f"workspaces/{workspace['id']}"))
    assert bare["primary_workspace_group_id"] == workspace["primary_workspace_group_id"]
    assert "participant_ids" not in bare
    answer = api.get(f"workspaces/{workspace['id']}", include="participants,workspace_groups")
    shown = api.first(answer)
    assert shown["workspace_group_ids"] == [workspace["primary_workspace_group_id"]]
    assert set(answer["users"]) == set(shown["participant_ids"])
    assert answer["workspace_groups"][shown["workspace_group_ids"][0]]["company"] is True


def test_an_included_collection_has_its_key_even_when_empty_and_unknown_includes_are_ignored(api):
    answer = api.get("workspaces", only="999", include="billing_milestones,nonsense")
    assert answer["billing_milestones"] == {}
    assert "nonsense" not in answer


def test_side_loads_of_the_same_collection_stand_beside_the_results(api):
    child = next(row for row in api.platform.tables["stories"] if row.get("parent_id"))
    answer = api.get("stories", only=child["parent_id"], include="sub_stories")
    assert [result["id"] for result in answer["results"]] == [child["parent_id"]]
    assert child["id"] in answer["stories"]
    assert child["id"] in answer["stories"][child["parent_id"]]["sub_story_ids"]


def test_optional_fields_answer_only_to_their_name(api):
    workspace = next(row for row in api.platform.tables["workspaces"] if row["estimated_minutes"])
    assert "estimated_minutes" not in api.first(api.get(f"workspaces/{workspace['id']}"))
    asked = api.first(api.get(f"workspaces/{workspace['id']}", optional_fields="estimated_minutes,nonsense"))
    assert asked["estimated_minutes"] == workspace["estimated_minutes"]
    assert "nonsense" not in asked


def test_ids_are_text_money_is_minor_units_and_stamps_carry_the_accounts_offset(api):
    workspace = next(row for row in api.platform.tables["workspaces"] if row["price_in_cents"])
    shown = api.first(api.get(f"workspaces/{workspace['id']}"))
    assert isinstance(shown["id"], str)
    assert isinstance(shown["account_id"], int)
    assert shown["price_in_cents"] == workspace["price_in_cents"]
    assert isinstance(shown["price"], str)
    assert shown["currency_base_unit"] == 100
    assert shown["created_at"].endswith("-08:00")
    assert set(shown["status"]) == {"color", "key", "message"}


def test_polymorphic_links_are_refs(api):
    reference = api.rows("external_references", subject_type="Workspace", include="subject", per_page=1)[0]
    assert reference["subject_ref"] == {"key": "workspaces", "id": str(reference["subject_id"])}


def test_every_collection_lists_and_shows_its_records_with_all_includes_and_fields(api):
    for collection in (each for each in COLLECTIONS if "L" in each.verbs):
        params = {
            "include": ",".join(association.name for association in collection.associations),
            "optional_fields": ",".join(attribute.name for attribute in collection.attributes),
            **({"subject_type": "Workspace"} if collection.required_filter else {}),
        }
        answer = api.get(collection.name, **params)
        assert answer["count"] == sum(1 for _ in answer["results"]) or answer["count"] > 20
        for result in answer["results"][:1]:
            if "S" in collection.verbs:
                assert api.get(f"{collection.name}/{result['id']}", **params)["results"] == [result]


def test_every_endpoint_says_which_page_it_imitates(api):
    assert len(api.platform.app.routes) > 80
    for route in api.platform.app.routes:
        assert "https://developer.kantata.com/" in (route.endpoint.__doc__ or ""), route.path


def test_the_json_suffix_is_optional_and_counts_as_the_same_route(api):
    some = api.ids("workspaces", per_page=1)[0]
    assert api.get("workspaces.json", per_page=3) == api.get("workspaces", per_page=3)
    assert api.get(f"workspaces/{some}.json") == api.get(f"workspaces/{some}")
    scope = {"type": "http", "method": "GET", "path": f"/api/v1/workspaces/{some}.json"}
    matched = next(route for route in api.platform.app.routes if route.matches(scope)[0].value == 2)
    assert (matched.path, matched.matches(scope)[1]["path_params"]) == ("/api/v1/workspaces/{id}", {"id": some})
