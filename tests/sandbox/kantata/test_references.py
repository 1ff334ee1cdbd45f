REFERENCE = {"service_name": "crosswalk", "service_model": "Project", "service_model_ref": "prj-7"}


def test_a_record_created_with_its_reference_is_found_by_it(api):
    created = api.post(
        "workspaces", {"workspace": {"title": "Halden", "external_reference": {**REFERENCE, "status": "pending"}}}
    )
    found = api.get(
        "workspaces",
        external_reference_service_name="crosswalk",
        external_reference_service_model_refs="prj-6,prj-7",
        include="external_references",
    )
    assert [result["id"] for result in found["results"]] == [created["id"]]
    reference = next(iter(found["external_references"].values()))
    assert {**reference, **REFERENCE, "status": "pending"} == reference
    assert reference["subject_id"] == int(created["id"])


def test_a_bad_reference_stops_the_whole_create(api):
    status, errors = api.refused(
        "POST", "workspaces", {"workspace": {"title": "X", "external_reference": {"service_name": "crosswalk"}}}
    )
    assert status == 422
    assert [error["field"] for error in errors] == [
        "external_reference.service_model",
        "external_reference.service_model_ref",
    ]
    assert api.ids("workspaces", matching="X marks nothing") == []


def test_create_or_update_holds_one_reference_per_service(api):
    some = int(api.ids("workspaces")[0])
    body = {"subject_type": "Workspace", "subject_id": some, **REFERENCE}
    first = api.post("external_references/create_or_update", {"external_reference": body})
    api.clock.pass_(minutes=1)
    moved = {**body, "service_model_ref": "prj-8", "status": "failed"}
    second = api.post("external_references/create_or_update", {"external_reference": moved})
    assert second["id"] == first["id"]
    assert (second["service_model_ref"], second["status"]) == ("prj-8", "failed")
    assert second["last_synced_at"] > first["last_synced_at"]
    assert api.ids("workspaces", external_reference_service_model_refs="prj-7") == []
    assert api.ids("workspaces", external_reference_service_model_refs="prj-8") == [str(some)]
    assert api.refused("POST", "external_references", {"external_reference": body})[1] == [
        {"type": "validation", "message": "has already been taken", "field": "service_name"}
    ]


def test_two_records_may_name_the_same_object(api):
    made = [
        api.post("workspaces", {"workspace": {"title": "Twin", "external_reference": REFERENCE}})["id"]
        for _ in range(2)
    ]
    assert sorted(api.ids("workspaces", external_reference_service_model_refs="prj-7")) == sorted(made)


def test_listing_references_needs_a_subject_type_and_deleting_one_frees_the_service(api):
    assert api.refused("GET", "external_references")[0] == 400
    body = {"subject_type": "Workspace", "subject_id": int(api.ids("workspaces")[0]), **REFERENCE}
    made = api.post("external_references", {"external_reference": body})
    listed = api.ids(
        "external_references", subject_type="Workspace", service_name="crosswalk", service_model_ref="prj-7"
    )
    assert listed == [made["id"]]
    assert api.http.delete(f"/api/v1/external_references/{made['id']}").status_code == 204
    api.post("external_references", {"external_reference": body})


def test_a_reference_needs_a_subject_that_exists(api):
    for fields, wrong in (({"subject_type": "Thing"}, "subject_type"), ({"subject_id": 7}, "subject_id")):
        body = {"subject_type": "Workspace", "subject_id": int(api.ids("workspaces")[0]), **REFERENCE, **fields}
        answer = api.refused("POST", "external_references/create_or_update", {"external_reference": body})
        assert (answer[0], answer[1][0]["field"]) == (422, wrong)


def test_a_unique_custom_field_takes_a_value_once(api, firm):
    code = next(row["id"] for row in api.rows("custom_fields") if row["unique_constraint"])
    taken = {"custom_field_id": int(code), "value": firm.projects[0].code}
    status, errors = api.refused("POST", "workspaces", {"workspace": {"title": "Second", "custom_fields": [taken]}})
    assert (status, errors) == (422, [{"type": "validation", "message": "has already been entered", "field": "value"}])
    created = api.post("workspaces", {"workspace": {"title": "Third", "custom_fields": [{**taken, "value": "P-NEW"}]}})
    assert api.ids("workspaces", by_custom_text_value=f"{code}:P-NEW") == [created["id"]]


def test_posting_a_custom_value_replaces_the_old_one_under_a_new_id(api):
    some = api.ids("workspaces")[0]
    kind = next(row["id"] for row in api.rows("custom_fields") if row["name"] == "Engagement type")
    choice = api.rows("custom_field_choices", custom_field_id=kind)[-1]
    params = {"subject_type": "Workspace", "with_subject_id": some, "with_custom_field_id": kind}
    old = api.rows("custom_field_values", **params)[0]
    value = {
        "subject_type": "Workspace",
        "subject_id": int(some),
        "custom_field_id": int(kind),
        "value": [int(choice["id"])],
    }
    new = api.post("custom_field_values", {"custom_field_value": value})
    assert new["id"] != old["id"]
    assert (new["display_value"], new["selected_choice_ids"]) == (choice["label"], [choice["id"]])
    assert [row["id"] for row in api.rows("custom_field_values", **params)] == [new["id"]]
    wrong = {**value, "value": [5]}
    assert api.refused("POST", "custom_field_values", {"custom_field_value": wrong})[1][0]["field"] == "value"


def test_two_items_of_one_bulk_request_can_exclude_each_other(api):
    code = next(row["id"] for row in api.rows("custom_fields") if row["unique_constraint"])
    items = [
        {"subject_type": "Workspace", "subject_id": int(some), "custom_field_id": int(code), "value": "SAME"}
        for some in api.ids("workspaces")[:2]
    ]
    status, errors = api.refused("POST", "custom_field_values", {"custom_field_values": items})
    assert (status, errors[0]["index"]) == (422, 1)
    assert api.ids("workspaces", by_custom_text_value=f"{code}:SAME") == []
