"""What a careful writer does: projects with their links and plan, people without names, billing figures, invoices."""

import pytest


def reference(service, model, ref):
    return {"service_name": service, "service_model": model, "service_model_ref": ref}


def field(api, name):
    return next(row for row in api.rows("custom_fields", per_page=200) if row["name"] == name)


@pytest.fixture
def workspace(api):
    """A project as a converted opportunity becomes one."""
    link = reference("salesforce", "Account", "001X")
    client = {"name": "Halden", "company": True, "external_reference": link}
    group = api.post("workspace_groups", {"workspace_group": client})
    body = {
        "title": "Halden ERP rollout",
        "currency": "EUR",
        "price": 4_800.25,
        "budgeted": True,
        "start_date": "2026-12-01",
        "due_date": "2027-03-31",
        "status_key": 201,
        "primary_workspace_group_id": int(group["id"]),
        "workspace_group_ids": [int(group["id"])],
        "custom_fields": [{"custom_field_id": 460001, "value": "P-NEW"}],
        "external_reference": reference("salesforce_contract", "Contract", "800X"),
    }
    return api.post("workspaces", {"workspace": body})


def test_a_workspace_is_made_whole_and_found_by_its_reference(api, workspace):
    asked = {
        "external_reference_service_name": "salesforce_contract",
        "external_reference_service_model_refs": "800W,800X",
        "include": "external_references,custom_field_values,primary_workspace_group",
    }
    (found,) = api.rows("workspaces", **asked)
    assert found["id"] == workspace["id"]
    assert (found["currency"], found["price_in_cents"], found["budgeted"]) == ("EUR", 480_025, True)
    assert (found["start_date"], found["due_date"], found["status"]["key"]) == ("2026-12-01", "2027-03-31", 201)
    (group,) = api.rows("workspace_groups", external_reference_service_model_refs="001X")
    assert (found["primary_workspace_group_id"], group["name"]) == (group["id"], "Halden")
    assert len(found["external_reference_ids"]) == len(found["custom_field_value_ids"]) == 1


def test_a_workspace_follows_changes_and_can_be_put_away(api, workspace):
    body = {"title": "Renamed", "due_date": "2027-04-30", "status_key": 301, "price": 5_000}
    changed = api.put(f"workspaces/{workspace['id']}", {"workspace": body})
    assert (changed["title"], changed["due_date"], changed["status"]["key"]) == ("Renamed", "2027-04-30", 301)
    assert (changed["price_in_cents"], changed["start_date"]) == (500_000, "2026-12-01")
    assert api.put(f"workspaces/{workspace['id']}", {"workspace": {"archived": True}})["archived"] is True
    assert api.refused("GET", f"workspaces/{workspace['id']}")[0] == 404
    assert api.ids("workspaces", only=workspace["id"], include_archived="true") == [workspace["id"]]


def test_links_are_put_found_and_taken_back(api, workspace):
    link = {"subject_type": "Workspace", "subject_id": int(workspace["id"]), **reference("netsuite", "job", "812")}
    first = api.post("external_references/create_or_update", {"external_reference": link})
    moved = api.post(
        "external_references/create_or_update", {"external_reference": {**link, "service_model_ref": "813"}}
    )
    assert (moved["id"], moved["service_model_ref"]) == (first["id"], "813")
    asked = {"subject_type": "Workspace", "service_name": "netsuite"}
    assert api.ids("external_references", **asked, service_model_ref="812") == []
    assert api.ids("external_references", **asked, service_model_ref="813,814") == [first["id"]]
    assert api.http.delete(f"/api/v1/external_references/{first['id']}").status_code == 204
    assert api.ids("external_references", **asked) == []
    assert api.ids("workspaces", external_reference_service_model_refs="800X") == [workspace["id"]]


def test_a_plan_is_made_changed_and_taken_back(api, workspace):
    milestone = {
        "title": "Design approved",
        "story_type": "milestone",
        "workspace_id": int(workspace["id"]),
        "due_date": "2026-12-15",
        "budget_estimate_in_cents": 120_050,
        "external_reference": reference("crosswalk_milestone", "Milestone", "ms-1"),
    }
    made = api.post("stories", {"story": milestone})
    task = {"title": "Draw", "story_type": "task", "workspace_id": int(workspace["id"]), "parent_id": int(made["id"])}
    below = api.post("stories", {"story": task})
    assert (made["due_date"], made["budget_estimate_in_cents"], made["currency"]) == ("2026-12-15", 120_050, "EUR")
    assert (below["parent_id"], below["ancestry_depth"]) == (made["id"], 1)
    asked = {"workspace_id": workspace["id"], "external_reference_service_name": "crosswalk_milestone"}
    assert api.ids("stories", **asked, external_reference_service_model_refs="ms-1,ms-2") == [made["id"]]
    changed = api.put(f"stories/{made['id']}", {"story": {"due_date": "2027-01-15", "budget_estimate_in_cents": 1}})
    assert (changed["title"], changed["due_date"], changed["budget_estimate_in_cents"]) == (
        "Design approved", "2027-01-15", 1,
    )  # fmt: skip
    assert api.http.delete(f"/api/v1/stories/{made['id']}").status_code == 204
    assert api.refused("GET", f"stories/{below['id']}")[0] == 404
    assert api.ids("external_references", subject_type="Story", service_model_ref="ms-1") == []


def test_resources_without_names_stand_for_roles(api, workspace):
    (role,) = api.rows("roles", matching="Architect")
    body = {
        "workspace_id": int(workspace["id"]),
        "user_id": None,
        "role_id": int(role["id"]),
        "label": "Not asked for",
        "external_reference": reference("crosswalk_rate", "Rate", "800X/Architect"),
    }
    first = api.post("workspace_resources", {"workspace_resource": body})
    several = {"workspace_resources": [{name: body[name] for name in ("workspace_id", "role_id")}] * 2}
    answer = api.http.post("/api/v1/workspace_resources", json=several).json()
    assert len(answer["results"]) == 2
    made = api.rows("workspace_resources", workspace_id=workspace["id"], order="created_at:asc")
    assert [(each["label"], each["user_id"], each["role_name"]) for each in made] == [
        ("Architect", None, "Architect"), ("Architect 2", None, "Architect"), ("Architect 3", None, "Architect"),
    ]  # fmt: skip
    renamed = api.put(f"workspace_resources/{first['id']}", {"workspace_resource": {"label": "Lead architect"}})
    assert (renamed["label"], renamed["role_id"]) == ("Lead architect", role["id"])
    assert api.ids("workspace_resources", external_reference_service_model_refs="800X/Architect") == [first["id"]]
    bare = {"workspace_resource": {"workspace_id": int(workspace["id"])}}
    assert api.refused("POST", "workspace_resources", bare)[1][0]["field"] == "role_id"
    assert api.http.delete(f"/api/v1/workspace_resources/{first['id']}").status_code == 204
    assert api.ids("workspace_resources", external_reference_service_model_refs="800X/Architect") == []


def test_a_persons_last_resource_stays(api, workspace):
    user = api.platform.account.user_id
    body = {"workspace_resource": {"workspace_id": int(workspace["id"]), "user_id": int(user)}}
    first, second = api.post("workspace_resources", body), api.post("workspace_resources", body)
    assert first["role_id"] == api.rows("account_memberships", user_id=user)[0]["default_role_id"]
    assert api.http.delete(f"/api/v1/workspace_resources/{first['id']}").status_code == 204
    assert api.refused("DELETE", f"workspace_resources/{second['id']}")[1][0]["field"] == "base"


def test_a_resources_bill_rate_is_a_custom_field(api, workspace):
    (role,) = api.rows("roles", matching="Architect")
    body = {"workspace_id": int(workspace["id"]), "role_id": int(role["id"])}
    resource = api.post("workspace_resources", {"workspace_resource": body})
    rate = field(api, "Bill rate")
    assert (rate["subject_type"], rate["value_type"]) == ("Resource", "currency")
    value = {"subject_type": "Resource", "subject_id": int(resource["id"]), "custom_field_id": int(rate["id"])}
    told = api.post("custom_field_values", {"custom_field_value": {**value, "value": [15_050, "EUR"]}})
    assert (told["value"], told["display_value"]) == ([15_050, "EUR"], "150.50 EUR")
    (shown,) = api.rows("workspace_resources", only=resource["id"], include="custom_field_values")
    assert shown["custom_field_value_ids"] == [told["id"]]
    assert api.http.delete(f"/api/v1/workspace_resources/{resource['id']}").status_code == 204
    assert api.ids("custom_field_values", subject_type="Resource") == []


def test_groups_are_renamed_and_linked(api):
    made = api.post("workspace_groups", {"workspace_group": {"name": "Halden", "company": True}})
    link = reference("salesforce", "Account", "001Z")
    body = {"name": "Halden AS", "website": "https://halden.example", "external_reference": link}
    changed = api.put(f"workspace_groups/{made['id']}", {"workspace_group": body})
    assert (changed["name"], changed["website"], changed["company"]) == ("Halden AS", "https://halden.example", True)
    assert api.ids("workspace_groups", external_reference_service_model_refs="001Z") == [made["id"]]


def test_billing_figures_are_empty_until_they_are_put_and_put_again(api, workspace):
    names = ("Billing status", "Invoiced", "Paid", "Outstanding", "Credited")
    fields = {name: field(api, name) for name in names}
    assert [fields[name]["value_type"] for name in names] == ["string", *["currency"] * 4]
    assert all(each["subject_type"] == "Workspace" and each["values_count"] == 0 for each in fields.values())
    subject = {"subject_type": "Workspace", "subject_id": int(workspace["id"])}

    def put(invoiced):
        values = [("Billing status", "Partly paid"), ("Invoiced", [invoiced, "EUR"]), ("Outstanding", None)]
        body = [{**subject, "custom_field_id": int(fields[name]["id"]), "value": value} for name, value in values]
        answer = api.http.post("/api/v1/custom_field_values", json={"custom_field_values": body})
        assert answer.status_code == 200, answer.text

    for invoiced in (100_000, 250_050):
        put(invoiced)
    ids = ",".join(fields[name]["id"] for name in names)
    values = api.rows(
        "custom_field_values", subject_type="Workspace", with_subject_id=workspace["id"], with_custom_field_id=ids
    )
    assert {each["custom_field_name"]: (each["value"], each["display_value"]) for each in values} == {
        "Billing status": ("Partly paid", "Partly paid"),
        "Invoiced": ([250_050, "EUR"], "2500.50 EUR"),
        "Outstanding": (None, None),
    }
    wrong = {**subject, "custom_field_id": int(fields["Invoiced"]["id"]), "value": 5}
    assert api.refused("POST", "custom_field_values", {"custom_field_values": [wrong]})[0] == 422
    yen = {**subject, "custom_field_id": int(fields["Paid"]["id"]), "value": [500, "JPY"]}
    assert api.post("custom_field_values", {"custom_field_value": yen})["display_value"] == "500 JPY"


# -- invoices


def line_items(api, *, approved=True):
    """A project with time and an expense that can be billed."""
    tables = api.platform.tables
    for expense in tables["expenses"]:
        billable = {"approved": approved, "is_invoiced": False}
        entries = [
            row
            for row in tables["time_entries"].where("workspace_id", [expense["workspace_id"]])
            if row["billable"] and all(row[name] is value for name, value in billable.items())
        ]
        if entries and expense["is_billable"] and all(expense[name] is value for name, value in billable.items()):
            return expense["workspace_id"], entries[0]["id"], expense["id"]
    raise AssertionError("the firm has no project with both")


def bill(workspace_id, **lines):
    return {"invoice": {"workspace_id": int(workspace_id), "payment_schedule": 30, "suppress_emails": True, **lines}}


def states(api, entry, expense):
    rows = api.rows("time_entries", only=entry) + api.rows("expenses", only=expense)
    return [(row["is_invoiced"], row["invoice_id"]) for row in rows]


@pytest.mark.parametrize("draft", [True, False])
def test_an_invoice_takes_time_expenses_and_items_and_gives_them_back(api, draft):
    workspace, entry, expense = line_items(api)
    lines = {"time_entry_ids": [int(entry)], "expense_ids": [int(expense)]}
    items = {"fixed_fee_items": [{"amount": 100.5, "notes": "Phase 1"}], "additional_items": [{"amount": 20}]}
    link = reference("netsuite", "invoice", "10412")
    path = "invoices?include=time_entries,expenses,fixed_fee_items,additional_items,external_references"
    invoice = api.post(path, bill(workspace, draft=draft, external_reference=link, **lines, **items))
    tables = api.platform.tables
    time = tables["time_entries"].rows[entry]
    worth = round(time["time_in_minutes"] * time["rate_in_cents"] / 60)
    assert invoice["balance_in_cents"] == worth + tables["expenses"].rows[expense]["amount_in_cents"] + 12_050
    assert (invoice["draft"], invoice["status"], invoice["time_entry_ids"], invoice["expense_ids"]) == (
        draft, "new", [entry], [expense],
    )  # fmt: skip
    kept = tables["fixed_fee_items"].where("id", invoice["fixed_fee_item_ids"])
    assert [(each["amount_in_cents"], each["notes"]) for each in kept] == [(10_050, "Phase 1")]
    assert len(invoice["additional_item_ids"]) == 1
    assert api.ids("invoices", external_reference_service_model_refs="10412") == [invoice["id"]]
    assert states(api, entry, expense) == [(True, invoice["id"])] * 2
    for name, ids in lines.items():
        assert api.refused("POST", "invoices", bill(workspace, **{name: ids})) == (
            422, [{"type": "validation", "message": "is invalid", "field": name}],
        )  # fmt: skip
    if draft:
        assert api.refused("PUT", f"invoices/{invoice['id']}/cancel")[0] == 422
        assert api.http.delete(f"/api/v1/invoices/{invoice['id']}").status_code == 204
        assert len(tables["fixed_fee_items"]) == len(tables["additional_items"]) == 0
    else:
        assert api.refused("DELETE", f"invoices/{invoice['id']}")[0] == 422
        assert api.put(f"invoices/{invoice['id']}/cancel", {})["status"] == "cancelled"
    assert states(api, entry, expense) == [(False, None)] * 2
    assert api.post("invoices", bill(workspace, **lines))["status"] == "new"


def test_what_the_firm_invoiced_long_ago_is_not_invoiced_again(api):
    for name, table in (("time_entry_ids", "time_entries"), ("expense_ids", "expenses")):
        line = api.some(table, is_invoiced=True)
        refused = api.refused("POST", "invoices", bill(line["workspace_id"], **{name: [int(line["id"])]}))
        assert (refused[0], refused[1][0]["field"]) == (422, name)


def test_an_invoice_is_of_its_own_projects_lines(api):
    workspace, entry, _ = line_items(api)
    other = next(each for each in api.ids("workspaces", per_page=200) if each != workspace)
    assert api.refused("POST", "invoices", bill(other, time_entry_ids=[int(entry)]))[1][0]["field"] == "time_entry_ids"
    elsewhere = {"amount": 5, "workspace_id": int(other)}
    refused = api.refused("POST", "invoices", bill(workspace, fixed_fee_items=[elsewhere]))
    assert refused[1][0]["field"] == "fixed_fee_items"
    story = api.some("stories", workspace_id=other)
    foreign = {"amount": 5, "story_id": int(story["id"])}
    refused = api.refused("POST", "invoices", bill(workspace, fixed_fee_items=[foreign]))
    assert refused[1][0]["field"] == "fixed_fee_items"


def test_a_drafts_lines_are_replaced_and_its_items_stay(api):
    workspace, entry, expense = line_items(api)
    items = [{"amount": 10}]
    draft = api.post("invoices", bill(workspace, draft=True, time_entry_ids=[int(entry)], additional_items=items))
    body = {"invoice": {"time_entry_ids": [], "expense_ids": [int(expense)], "additional_items": [{"amount": 99}]}}
    changed = api.put(f"invoices/{draft['id']}", body)
    amount = api.platform.tables["expenses"].rows[expense]["amount_in_cents"]
    assert changed["balance_in_cents"] == amount + 1_000
    assert states(api, entry, expense) == [(False, None), (True, draft["id"])]
    assert api.put(f"invoices/{draft['id']}", {"invoice": {"draft": False}})["draft"] is False
    assert api.refused("DELETE", f"invoices/{draft['id']}")[0] == 422
