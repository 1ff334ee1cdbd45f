from datetime import timedelta


def test_changes_are_told_with_payloads_on_request(api):
    story = api.post(
        "stories", {"story": {"title": "T", "story_type": "task", "workspace_id": int(api.ids("workspaces")[0])}}
    )
    api.clock.pass_(seconds=5)
    api.put(f"stories/{story['id']}", {"story": {"title": "U"}})
    params = {"order": "created_at:asc", "optional_fields": "payload_changes,current_payload", "include": "subject"}
    created, updated = api.rows("subscribed_events", subject_type="Story", **params)
    assert (created["event_type"], updated["event_type"]) == ("story:created", "story:updated")
    assert updated["payload_changes"]["title"] == ["T", "U"]
    assert updated["current_payload"]["title"] == "U"
    assert updated["subject_ref"] == {"key": "stories", "id": story["id"]}
    assert updated["subject_id"] == int(story["id"])
    assert updated["user_id"] == api.platform.account.user_id
    assert "current_payload" not in api.rows("subscribed_events")[0]


def test_a_deleted_subject_is_no_longer_referred_to(api):
    group = api.post("workspace_groups", {"workspace_group": {"name": "Gone"}})
    api.http.delete(f"/api/v1/workspace_groups/{group['id']}")
    events = api.rows(
        "subscribed_events", event_types="workspace_group:created,workspace_group:deleted", include="subject"
    )
    assert {event["event_type"] for event in events} == {"workspace_group:created", "workspace_group:deleted"}
    assert [event["subject_ref"] for event in events] == [None, None]


def test_events_are_kept_for_nine_days(api):
    api.put(f"workspaces/{api.ids('workspaces')[0]}", {"workspace": {"title": "A"}})
    api.clock.pass_(days=9)
    assert api.get("subscribed_events")["count"] == 1
    api.clock.pass_(seconds=1)
    assert api.get("subscribed_events")["count"] == 0


def test_with_a_lag_events_come_late_and_out_of_order(open_account):
    api = open_account(event_lag_seconds=300)
    some = api.ids("workspaces")[0]
    for at in range(12):
        api.clock.pass_(seconds=1)
        api.put(f"workspaces/{some}", {"workspace": {"title": f"Name {at}"}})
    assert api.get("subscribed_events")["count"] < 12
    api.clock.pass_(minutes=6)
    events = api.rows("subscribed_events", order="created_at:asc")
    assert len(events) == 12
    changed = [event["subject_changed_at"] for event in events]
    assert sorted(changed) != changed
    assert all(event["created_at"] >= event["subject_changed_at"] for event in events)


def test_only_the_latest_event_of_each_subject(api):
    some = api.ids("workspaces")[:2]
    for at in range(3):
        for each in some:
            api.clock.pass_(seconds=1)
            api.put(f"workspaces/{each}", {"workspace": {"title": f"{at}"}})
    latest = api.rows("subscribed_events", most_recent="true", optional_fields="current_payload")
    assert {event["subject_id"] for event in latest} == {int(each) for each in some}
    assert {event["current_payload"]["title"] for event in latest} == {"2"}
    assert api.refused("GET", "subscribed_events", most_recent="true", most_recent_by_event_type="true")[0] == 400


def test_a_cursor_with_overlap_sees_every_change(api):
    start = api.clock.now
    api.put(f"workspaces/{api.ids('workspaces')[0]}", {"workspace": {"title": "A"}})
    assert api.get("subscribed_events", created_after=start.isoformat())["count"] == 0
    assert api.get("subscribed_events", created_after=(start - timedelta(minutes=15)).isoformat())["count"] == 1


def test_the_feed_is_for_account_administrators(open_account):
    api = open_account(administrator=False)
    assert api.refused("GET", "subscribed_events")[0] == 403
    assert api.refused("GET", "subscribed_events/event_types")[0] == 403


def test_event_types_are_listed_with_their_fields(api):
    types = {each["event_type"]: each for each in api.get("subscribed_events/event_types.json")["event_types"]}
    assert {"workspace:updated", "time_entry:created", "timesheet:created", "expense_report:created"} <= set(types)
    assert types["workspace:updated"]["fields"]["title"] == "text"


def test_a_custom_fields_value_is_told_in_its_records_name(api):
    project = api.ids("workspaces")[0]
    field = next(each for each in api.rows("custom_fields", subject_type="Workspace") if each["value_type"] == "string")
    value = {"subject_type": "Workspace", "subject_id": int(project), "custom_field_id": int(field["id"]), "value": "Z"}
    before = api.rows("workspaces", only=project)[0]["updated_at"]
    api.clock.pass_(seconds=5)
    api.post("custom_field_values", {"custom_field_value": value})
    told = [each for each in api.rows("subscribed_events") if "custom_field_value" in each["event_type"]]
    assert {each["event_type"] for each in told} >= {"workspace:custom_field_value_created"}
    assert {(each["subject_type"], each["subject_id"]) for each in told} == {("Workspace", int(project))}
    assert api.rows("workspaces", only=project)[0]["updated_at"] == before
    listed = {each["event_type"] for each in api.get("subscribed_events/event_types")["event_types"]}
    assert {each["event_type"] for each in told} <= listed
