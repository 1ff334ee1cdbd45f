import pytest


def test_a_created_workspace_answers_200_with_its_envelope(api):
    group = next(iter(api.platform.tables["workspace_groups"]))
    lead = api.platform.account.user_id
    body = {
        "title": "Halden rollout",
        "price": 1200.50,
        "budgeted": True,
        "currency": "EUR",
        "start_date": "2026-12-01",
        "due_date": "2027-01-31",
        "status_key": 301,
        "primary_workspace_group_id": int(group["id"]),
        "primary_maven_id": int(lead),
    }
    created = api.post("workspaces?include=participants", {"workspace": body})
    assert created["price_in_cents"] == 120_050
    assert created["price"] == "€1,200.50"
    assert created["status"] == {"color": "green", "key": 301, "message": "In progress"}
    assert created["primary_workspace_group_id"] == group["id"]
    assert created["participant_ids"] == [lead]
    assert created["created_at"] == created["updated_at"] == "2026-11-20T04:00:00-08:00"
    assert api.first(api.get(f"workspaces/{created['id']}"))["title"] == "Halden rollout"


def test_rails_forms_say_the_same_as_json(api):
    form = {
        "workspace[title]": "Formed",
        "workspace[price]": "10.25",
        "workspace[custom_fields][][custom_field_id]": "460001",
        "workspace[custom_fields][][value]": "F-1",
        "workspace[external_reference][service_name]": "crosswalk",
        "workspace[external_reference][service_model]": "Project",
        "workspace[external_reference][service_model_ref]": "prj-1",
    }
    answer = api.http.post("/api/v1/workspaces.json?include=external_references,custom_field_values", data=form)
    assert answer.status_code == 200, answer.text
    created = api.first(answer.json())
    assert created["price_in_cents"] == 1_025
    assert [answer.json()["custom_field_values"][each]["value"] for each in created["custom_field_value_ids"]] == [
        "F-1"
    ]
    assert len(created["external_reference_ids"]) == 1


def test_what_is_missing_or_wrong_is_told_field_by_field_and_nothing_is_written(api):
    before = api.get("workspaces", include_archived="true")["count"]
    status, errors = api.refused(
        "POST", "workspaces", {"workspace": {"title": " ", "start_date": "soon", "primary_maven_id": 1}}
    )
    assert status == 422
    assert errors == [
        {"type": "validation", "message": "can't be blank", "field": "title"},
        {"type": "validation", "message": "is not a valid date", "field": "start_date"},
        {"type": "validation", "message": "is invalid", "field": "primary_maven_id"},
    ]
    assert api.refused("POST", "workspaces", {"workspace": {"title": "A", "budgeted": True}})[1][0]["field"] == "price"
    assert (
        api.refused("POST", "workspaces", {"workspace": {"title": "A", "status_key": 999}})[1][0]["field"]
        == "status_key"
    )
    dates = {"title": "A", "start_date": "2026-02-01", "due_date": "2026-01-01"}
    assert api.refused("POST", "workspaces", {"workspace": dates})[1][0]["field"] == "due_date"
    assert api.get("workspaces", include_archived="true")["count"] == before


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b'{"other": {}}', "application/json"),
        (b"", "application/json"),
    ],
)
def test_a_body_that_is_no_request_is_400(api, body, kind):
    answer = api.http.post("/api/v1/workspaces", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["type"] == "system"


def test_an_update_is_partial_and_moves_the_stamp(api):
    some = api.rows("workspaces", per_page=1)[0]
    api.clock.pass_(hours=2)
    changed = api.put(
        f"workspaces/{some['id']}", {"workspace": {"description": "New words", "id": 5, "created_at": "x"}}
    )
    assert changed["updated_at"] == "2026-11-20T06:00:00-08:00"
    assert {**changed, "updated_at": some["updated_at"], "description": some["description"]} == some
    assert api.refused("PUT", "workspaces/5", {"workspace": {"title": "A"}})[0] == 404


def test_workspaces_can_be_archived_but_not_deleted(api):
    some = api.ids("workspaces", per_page=1)[0]
    assert api.refused("DELETE", f"workspaces/{some}") == (404, [{"type": "system", "message": "Not found"}])


def test_deleted_is_gone_for_good(api):
    story = api.post(
        "stories", {"story": {"title": "T", "story_type": "task", "workspace_id": int(api.ids("workspaces")[0])}}
    )
    answer = api.http.delete(f"/api/v1/stories/{story['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.refused("GET", f"stories/{story['id']}")[0] == 404
    assert api.refused("DELETE", f"stories/{story['id']}")[0] == 404


def test_time_entries_take_their_defaults_from_story_person_and_project(api):
    story = api.some("stories", story_type="task")
    workspace = api.platform.tables["workspaces"].get(story["workspace_id"])
    entry = api.post(
        "time_entries",
        {
            "time_entry": {
                "workspace_id": int(workspace["id"]),
                "story_id": int(story["id"]),
                "date_performed": "2026-11-19",
                "time_in_minutes": 90,
            }
        },
    )
    assert entry["user_id"] == api.platform.account.user_id
    assert (entry["billable"], entry["currency"]) == (story["billable"], workspace["currency"])
    assert (entry["approved"], entry["is_invoiced"], entry["active_submission_id"]) == (False, False, None)


def entry_for(api, **fields):
    workspace = api.platform.tables["workspaces"].get(api.ids("workspaces")[0])
    return {"workspace_id": int(workspace["id"]), "date_performed": "2026-11-19", "time_in_minutes": 30, **fields}


def test_bulk_create_takes_100_and_all_or_none(api):
    before = api.get("time_entries")["count"]
    good = [entry_for(api, notes=str(at)) for at in range(100)]
    assert api.refused("POST", "time_entries", {"time_entries": [*good, entry_for(api)]})[0] == 400
    status, errors = api.refused(
        "POST", "time_entries", {"time_entries": [good[0], entry_for(api, time_in_minutes=0), {}]}
    )
    assert status == 422
    assert [(error["index"], error["field"]) for error in errors[:2]] == [(1, "time_in_minutes"), (2, "date_performed")]
    assert api.get("time_entries")["count"] == before
    answer = api.http.post("/api/v1/time_entries", json={"time_entries": good}).json()
    assert len(answer["results"]) == answer["count"] == 100
    assert [answer["time_entries"][result["id"]]["notes"] for result in answer["results"]] == list(map(str, range(100)))


def test_bulk_delete_is_all_or_nothing(api):
    made = [api.post("time_entries", {"time_entry": entry_for(api)})["id"] for _ in range(2)]
    invoiced = api.some("time_entries", is_invoiced=True)["id"]
    assert api.refused("DELETE", f"time_entries?ids={made[0]},{invoiced}")[0] == 422
    assert api.refused("DELETE", f"time_entries?ids={made[0]},7")[0] == 404
    assert api.ids("time_entries", only=",".join(made)) != []
    assert api.http.delete(f"/api/v1/time_entries?ids={','.join(made)}").status_code == 204
    assert api.ids("time_entries", only=",".join(made)) == []


def test_what_is_invoiced_can_neither_be_changed_nor_deleted(api):
    invoiced = api.some("time_entries", is_invoiced=True)["id"]
    assert api.refused("PUT", f"time_entries/{invoiced}", {"time_entry": {"notes": "x"}})[1][0]["field"] == "base"
    assert api.refused("DELETE", f"time_entries/{invoiced}")[1][0]["field"] == "base"


def test_a_storys_assignments_are_replaced_and_its_state_follows_its_status(api):
    story = api.some("stories", story_type="task", state="not started")["id"]
    people = [int(user) for user in api.ids("users")[:3]]
    for wanted in (people[:2], people[1:], []):
        body = {"story": {"assignments": [{"assignee_id": user} for user in wanted]}}
        assert api.put(f"stories/{story}?include=assignees", body)["assignee_ids"] == list(map(str, wanted))
    done = api.put(f"stories/{story}", {"story": {"status": "Accepted"}})
    assert (done["state"], done["status"], done["percentage_complete"]) == (
        "completed",
        {"key": 40, "message": "Accepted"},
        100,
    )
    assert done["completed_at"] == "2026-11-20T04:00:00-08:00"
    assert api.put(f"stories/{story}", {"story": {"state": "started"}})["completed_at"] is None


def test_sub_stories_stay_in_their_project_and_four_levels_deep(api):
    workspace, other = api.ids("workspaces")[:2]
    parent = None
    for level in range(5):
        body = {"title": str(level), "story_type": "task", "workspace_id": int(workspace), "parent_id": parent}
        story = api.post("stories", {"story": body})
        assert story["ancestry_depth"] == level
        parent = int(story["id"])
    body = {"title": "Too deep", "story_type": "task", "workspace_id": int(workspace), "parent_id": parent}
    assert api.refused("POST", "stories", {"story": body})[1][0]["field"] == "parent_id"
    body = {"title": "Elsewhere", "story_type": "task", "workspace_id": int(other), "parent_id": parent}
    assert api.refused("POST", "stories", {"story": body})[1][0]["field"] == "parent_id"


def test_allocations_belong_to_a_resource_and_can_be_split(api):
    resource = next(iter(api.platform.tables["workspace_resources"]))
    body = {"resource_id": int(resource["id"]), "start_date": "2026-11-02", "end_date": "2026-11-13", "minutes": 4_800}
    made = api.post("workspace_allocations", {"workspace_allocation": body})
    assert (made["workspace_id"], made["workspace_resource_id"]) == (resource["workspace_id"], resource["id"])
    assert (made["percentage"], made["hard"]) == (100, True)
    split = f"/api/v1/workspace_allocations/split?split_date=2026-11-09&workspace_allocation_id={made['id']}"
    parts = api.http.put(split).json()
    shown = [parts["workspace_allocations"][result["id"]] for result in parts["results"]]
    assert [(part["start_date"], part["end_date"], part["minutes"]) for part in shown] == [
        ("2026-11-02", "2026-11-08", 2_400),
        ("2026-11-09", "2026-11-13", 2_400),
    ]
    assert api.refused("POST", "workspace_allocations", {"workspace_allocation": {**body, "resource_id": 5}})[0] == 422


def test_a_timesheet_goes_from_pending_to_approved_or_back_to_its_owner(api):
    made = [api.post("time_entries", {"time_entry": entry_for(api)}) for _ in range(2)]
    body = {
        "title": "Week 47",
        "workspace_id": int(made[0]["workspace_id"]),
        "line_item_ids": [int(each["id"]) for each in made],
    }
    sheet = api.post("timesheet_submissions", {"timesheet_submission": body})
    assert (sheet["status"], sheet["start_date"]) == ("pending", "2026-11-19")
    entries = api.rows("time_entries", with_timesheet_id=sheet["id"])
    assert {entry["id"] for entry in entries} == {each["id"] for each in made}
    rejected = api.put(f"timesheet_submissions/{sheet['id']}/reject", {"resolution": {"description": "Which task?"}})
    assert (rejected["status"], rejected["current_resolution_description"]) == ("rejected", "Which task?")
    assert api.ids("time_entries", with_timesheet_id=sheet["id"]) == []
    assert len(api.ids("time_entries", with_recent_timesheet_ids=sheet["id"])) == 2
    assert api.refused("PUT", f"timesheet_submissions/{sheet['id']}/approve")[0] == 422
    again = api.post("timesheet_submissions", {"timesheet_submission": body})
    assert again["id"] != sheet["id"]
    approvals = {"timesheet_approval": {"submission_ids": [int(again["id"])]}}
    assert api.post("timesheet_approvals", approvals)["status"] == "approved"
    assert all(entry["approved"] for entry in api.rows("time_entries", with_timesheet_id=again["id"]))


def test_one_project_per_submission(api):
    one, other = api.ids("workspaces")[:2]
    entries = [
        api.post("time_entries", {"time_entry": entry_for(api, workspace_id=int(each))}) for each in (one, other)
    ]
    body = {"workspace_id": int(one), "line_item_ids": [int(each["id"]) for each in entries]}
    assert (
        api.refused("POST", "timesheet_submissions", {"timesheet_submission": body})[1][0]["field"] == "line_item_ids"
    )


def test_an_invoice_takes_its_lines_and_gives_them_back_when_cancelled(api):
    entry = next(row for row in api.platform.tables["time_entries"] if row["billable"] and not row["is_invoiced"])
    body = {"workspace_id": int(entry["workspace_id"]), "payment_schedule": 30, "time_entry_ids": [int(entry["id"])]}
    invoice = api.post("invoices", {"invoice": {**body, "additional_items": [{"amount": 12.34}]}})
    amount = round(entry["time_in_minutes"] * entry["rate_in_cents"] / 60)
    assert invoice["balance_in_cents"] == amount + 1_234
    assert (invoice["status"], invoice["due_date"], invoice["title"]) == ("new", "2026-12-20", "Invoice #00001")
    assert api.first(api.get(f"time_entries/{entry['id']}"))["invoice_id"] == invoice["id"]
    assert api.refused("POST", "invoices", {"invoice": body})[1][0]["field"] == "time_entry_ids"
    assert api.refused("DELETE", f"invoices/{invoice['id']}")[0] == 422
    assert api.get("invoices/next_invoice_number") == {"next_invoice_number": 2}
    assert api.put(f"invoices/{invoice['id']}/cancel", {})["status"] == "cancelled"
    assert api.first(api.get(f"time_entries/{entry['id']}"))["is_invoiced"] is False


def test_a_reported_payment_takes_the_invoices_amount_and_settles_it(api):
    workspace = int(api.ids("workspaces")[0])
    items = {"workspace_id": workspace, "payment_schedule": 14, "fixed_fee_items": [{"amount": "250"}]}
    invoice = api.post("invoices", {"invoice": items})
    payment = {"workspace_id": workspace, "invoice_id": int(invoice["id"]), "amount_in_cents": 1}
    assert api.post("external_payments", {"external_payment": payment})["amount_in_cents"] == 25_000
    paid = api.first(api.get(f"invoices/{invoice['id']}"))
    assert (paid["status"], paid["balance_in_cents"]) == ("accepted payment", 0)
    assert api.refused("POST", "external_payments", {"external_payment": payment})[1][0]["field"] == "invoice_id"
    assert api.ids("invoices", paid="true", workspace_id=str(workspace)) == [invoice["id"]]
