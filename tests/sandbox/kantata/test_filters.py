from sandbox.firm.ids import salesforce_id


def test_archived_workspaces_are_hidden_from_lists_and_shows_unless_asked_for(api):
    some = api.ids("workspaces", per_page=1)[0]
    api.put(f"workspaces/{some}", {"workspace": {"archived": True}})
    assert some not in api.ids("workspaces", per_page=200)
    assert api.ids("workspaces", only=some) == []
    assert api.refused("GET", f"workspaces/{some}") == (404, [{"type": "system", "message": "Not found"}])
    assert api.ids(f"workspaces/{some}", include_archived="true") == [some]
    assert api.ids("workspaces", archived="only") == [some]
    assert some in api.ids("workspaces", per_page=200, archived="include")


def test_what_belongs_to_archived_workspaces_is_hidden_too(api):
    entry = next(iter(api.platform.tables["time_entries"]))
    api.put(f"workspaces/{entry['workspace_id']}", {"workspace": {"archived": True}})
    assert api.ids("time_entries", only=entry["id"]) == []
    assert api.ids("time_entries", only=entry["id"], from_archived_workspaces="TRUE") == [entry["id"]]
    assert api.ids("stories", workspace_id=entry["workspace_id"]) == []
    assert api.ids("stories", workspace_id=entry["workspace_id"], show_from_archived_workspaces="true") != []


def test_children_are_found_by_lists_of_parents(api):
    parents = api.ids("workspaces", per_page=12)
    for path in ("stories", "time_entries", "expenses", "workspace_allocations", "workspace_resources"):
        expected = {row["id"] for row in api.platform.tables[path] if row["workspace_id"] in parents}
        for name in ("workspace_ids", "workspace_id"):
            assert set(api.ids(path, per_page=200, **{name: ",".join(parents)})) == expected
    assert set(api.ids("stories", with_projects=parents[0])) == {
        row["id"] for row in api.platform.tables["stories"] if row["workspace_id"] == parents[0]
    }


def test_a_blank_filter_is_not_given_and_an_unknown_one_is_ignored(api):
    everything = api.get("time_entries")["count"]
    assert api.get("time_entries", workspace_ids="")["count"] == everything
    assert api.get("time_entries", billable=" ")["count"] == everything
    assert api.get("time_entries", nonsense="1")["count"] == everything


def test_some_filters_hold_whatever_their_value_is(api):
    entries = api.platform.tables["time_entries"]
    approved = {row["id"] for row in entries if row["approved"]}
    assert (
        api.get("time_entries", approved="false")["count"]
        == api.get("time_entries", approved="true")["count"]
        == len(approved)
    )
    assert api.get("time_entries", uninvoiced="no")["count"] == sum(not row["is_invoiced"] for row in entries)
    assert api.get("time_entries", billable="false")["count"] == sum(not row["billable"] for row in entries)


def test_ranges_of_days_include_both_ends(api):
    day = api.rows("time_entries", per_page=1)[0]["date_performed"]
    found = api.rows("time_entries", per_page=200, date_performed_between=f"{day}:{day}")
    assert {row["date_performed"] for row in found} == {day}
    assert api.get("time_entries", date_performed_between=f":{day}")["count"] == api.get("time_entries")["count"]


def test_updated_after_is_strict_and_takes_any_offset(api):
    newest = api.rows("workspaces", per_page=1)[0]["updated_at"]
    assert api.ids("workspaces", updated_after=newest) == []
    some = api.ids("workspaces", per_page=200)[-1]
    moment = api.clock.pass_(minutes=5)
    api.put(f"workspaces/{some}", {"workspace": {"title": "Renamed"}})
    assert api.ids("workspaces", updated_after=newest, order="updated_at:asc") == [some]
    assert api.ids("workspaces", updated_after=moment.isoformat()) == []
    status, errors = api.refused("GET", "workspaces", updated_after="yesterday")
    assert (status, errors[0]["type"]) == (400, "system")


def test_companies_and_projects_are_found_by_the_crms_id(api, firm):
    linked = [client for client in firm.clients if client.psa_linked]
    refs = [salesforce_id("001", client.key) for client in linked]
    found = api.rows(
        "workspace_groups",
        per_page=200,
        include="external_references",
        external_reference_service_name="salesforce",
        external_reference_service_model_refs=",".join([*refs, "001missing"]),
    )
    assert {row["name"] for row in found} == {client.psa_name for client in linked}
    projects = [project for project in firm.projects if project.client == linked[0].key]
    titles = api.rows("workspaces", external_reference_service_model_refs=refs[0], per_page=200)
    assert {row["title"] for row in titles} == {project.psa_name for project in projects}
    contract = next(project for project in firm.projects if project.contract)
    ref = salesforce_id("800", contract.contract)
    assert contract.psa_name in {
        row["title"]
        for row in api.rows(
            "workspaces",
            external_reference_service_name="salesforce_contract",
            external_reference_service_model_ref=ref,
        )
    }


def test_at_most_200_references_and_one_reference_must_meet_all_conditions(api):
    status, errors = api.refused(
        "GET", "workspaces", external_reference_service_model_refs=",".join(map(str, range(201)))
    )
    assert status == 400
    assert "200" in errors[0]["message"]
    reference = api.some("external_references", subject_type="Workspace", service_name="salesforce")
    params = {"external_reference_service_model_refs": reference["service_model_ref"]}
    assert api.ids("workspaces", **params, external_reference_service_name="netsuite") == []
    assert str(reference["subject_id"]) in api.ids("workspaces", **params, external_reference_service_model="Account")


def test_what_has_no_reference_to_a_service_yet(api):
    total = api.get("workspaces")["count"]
    without = set(api.ids("workspaces", per_page=200, without_external_reference_service_name="salesforce"))
    named = {
        str(row["subject_id"])
        for row in api.platform.tables["external_references"]
        if row["service_name"] == "salesforce" and row["subject_type"] == "Workspace"
    }
    assert without.isdisjoint(named)
    assert len(without) + len(named) == total
    with_any = api.get("workspaces", has_external_references="true")["count"]
    assert with_any + api.get("workspaces", has_external_references="false")["count"] == total


def test_custom_field_values_filter_by_text_and_choice(api, firm):
    fields = {row["name"]: row for row in api.rows("custom_fields")}
    project = firm.projects[3]
    code = fields["Project code"]["id"]
    assert [row["title"] for row in api.rows("workspaces", by_custom_text_value=f"({code}:{project.code})")] == [
        project.psa_name
    ]
    kind = fields["Engagement type"]["id"]
    choices = {row["label"]: row["id"] for row in api.rows("custom_field_choices", for_custom_fields=kind)}
    expected = sum(project.kind in {"RETAINER", "ADVISORY"} for project in firm.projects)
    wanted = f"{kind}:{choices['Retainer']},{choices['Advisory']}"
    assert api.get("workspaces", by_custom_choice_value=wanted)["count"] == expected
    assert api.get("workspaces", by_custom_choice_value="nonsense")["count"] == 0


def test_stories_by_type_state_and_due_date(api, firm):
    milestones = api.rows("stories", story_type="milestone", per_page=200)
    assert len(milestones) == sum(len(project.milestones) for project in firm.projects)
    done = api.get("stories", story_type="milestone", completed="true")["count"]
    assert done == sum(m.status in {"COMPLETED", "ACCEPTED", "BILLED"} for p in firm.projects for m in p.milestones)
    assert api.get("stories", by_status="billed")["count"] == sum(
        m.status == "BILLED" for p in firm.projects for m in p.milestones
    )
    due = api.rows("stories", due_between="2026-06-01:2026-08-01", per_page=200)
    assert due
    assert all("2026-06-01" <= row["due_date"] <= "2026-08-01" for row in due)


def test_allocations_by_people_and_overlap(api):
    allocation = next(iter(api.platform.tables["workspace_allocations"]))
    resource = api.first(api.get(f"workspace_resources/{allocation['workspace_resource_id']}"))
    found = api.rows("workspace_allocations", user_ids=resource["user_id"], include="workspace_resource", per_page=200)
    assert allocation["id"] in {row["id"] for row in found}
    overlap = f"{allocation['end_date']}:{allocation['end_date']}"
    assert allocation["id"] in api.ids("workspace_allocations", overlaps_with_date_range=overlap, per_page=200)
    assert api.ids("workspace_allocations", type="soft") == []


def test_search_ranks_what_starts_with_the_words_first(api):
    word = api.rows("workspaces", per_page=1)[0]["title"].split()[0].upper()
    titles = [row["title"].upper() for row in api.rows("workspaces", search=word, per_page=200)]
    starts = [title.startswith(word) for title in titles]
    assert titles
    assert all(word in title for title in titles)
    assert starts == sorted(starts, reverse=True)
    assert api.ids("workspaces", search="no such project anywhere") == []


def test_people_are_found_by_address_and_by_project(api):
    user = api.rows("users")[0]
    assert api.ids("users", by_email_address=user["email_address"]) == [user["id"]]
    participation = next(iter(api.platform.tables["participations"]))
    assert participation["user_id"] in api.ids("users", participant_in=participation["workspace_id"])
