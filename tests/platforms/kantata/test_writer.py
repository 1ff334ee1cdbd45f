"""What is written to an account is there as it was asked, bears its key, and costs no more calls than it needs."""

from datetime import date
from decimal import Decimal

import pytest

from platforms.writers import Line
from schema.enums import ProjectKind, ProjectStatus
from schema.errors import Landed, UpstreamRejected
from schema.roles import PlatformRole

KEY = "cwabcdefghijklmnopqrstuvwx23"
NOWHERE = "999000000001"

# ----------------------------------------------------------------------------------------------------- new records


async def test_a_project_is_made_in_one_call_that_holds_its_key_and_one_for_each_reference(psa, truth, write):
    values = {
        "name": "Rollout", "code": "HAL-1", "kind": ProjectKind.RETAINER, "status": ProjectStatus.ACTIVE,
        "startDate": date(2026, 12, 1), "endDate": date(2027, 6, 30), "budget.amount": Decimal("1200.50"),
        "budget.currency": "EUR", "account": "001A00000HALDEN1AA", "contract": "800A00000HALDEN1AA",
        "billing.status": "Open", "billing.invoiced": Decimal("10.05"), "billing.paid": Decimal(0),
        "billing.outstanding": Decimal("-3.00"), "billing.credited": Decimal("1234567.89"),
    }  # fmt: skip
    project = write("Project")
    assert set(values) == set(project.paths)
    await psa.writer.create(project, "first", {"name": "Another", "code": "HAL-0"})  # looks the custom fields up
    truth.calls()
    made = await psa.writer.create(project, KEY, values)
    assert truth.calls() == {"POST /workspaces": 1, "POST /external_references/create_or_update": 2}
    held = truth.record("workspace", made)
    assert (held["price_in_cents"], held["currency"], held["budgeted"]) == (120_050, "EUR", True)
    assert truth.references("Workspace", made) == {
        "crosswalk": ("Project", KEY),
        "salesforce": ("Account", "001A00000HALDEN1AA"),
        "salesforce_contract": ("Contract", "800A00000HALDEN1AA"),
    }
    truth.calls()
    found = await psa.writer.fetch(project, made)
    assert truth.calls() == {"GET /workspaces": 1}
    assert found.values == values
    assert (found.external_id, found.url) == (made, f"{psa.base_url}/workspaces/{made}")
    assert found.version == held["updated_at"]
    assert found.modified_at.tzinfo is not None
    assert await psa.writer.find(project, KEY) == (found,)
    assert truth.calls() == {"GET /workspaces": 1}


async def test_figures_of_a_project_without_a_currency_of_its_own_are_set_in_that_which_it_got(psa, truth, write):
    values = {"name": "Rollout", "budget.amount": Decimal("99.50"), "billing.paid": Decimal("12.34")}
    truth.calls()
    made = await psa.writer.create(write("Project"), KEY, values)
    assert truth.calls() == {"GET /custom_fields": 1, "POST /workspaces": 1, "PUT /workspaces/{id}": 1}
    found = (await psa.writer.fetch(write("Project"), made)).values
    assert {path: found[path] for path in values} == values
    assert found["budget.currency"] == "USD", "the account's own"


async def test_a_client_is_a_company(psa, truth, write):
    made = await psa.writer.create(write("Account"), KEY, {"name": "Halden AS", "anchor": "001A00000HALDEN1AA"})
    assert truth.record("workspace_group", made)["company"] is True
    assert truth.references("WorkspaceGroup", made) == {
        "crosswalk": ("Account", KEY),
        "salesforce": ("Account", "001A00000HALDEN1AA"),
    }
    found = await psa.writer.fetch(write("Account"), made)
    assert found.values == {"name": "Halden AS", "anchor": "001A00000HALDEN1AA"}
    assert found.url is None


async def test_milestones_and_tasks_are_stories_of_their_types(psa, truth, write, project_in):
    project = project_in("EUR")
    plan = {"project": project, "key": "MS-1", "name": "Design", "dueDate": date(2027, 1, 31)}
    truth.calls()
    milestone = await psa.writer.create(write("Milestone"), KEY, {**plan, "amount.amount": Decimal("5000.05")})
    calls = {"GET /workspaces": 1, "POST /stories": 1, "POST /external_references/create_or_update": 1}
    assert truth.calls() == calls
    held = truth.record("story", milestone)
    assert (held["story_type"], held["budget_estimate_in_cents"]) == ("milestone", 500_005)
    days = {"startDate": date(2027, 1, 1), "dueDate": date(2027, 1, 5)}
    parent = await psa.writer.create(write("Task"), "parent", {"project": project, "name": "Write"})
    truth.calls()
    task = await psa.writer.create(write("Task"), KEY, {"project": project, "name": "Draw", "parent": parent, **days})
    assert truth.calls() == {"POST /stories": 1}
    assert truth.record("story", task)["story_type"] == "task"
    found = (await psa.writer.fetch(write("Task"), task)).values
    assert found == {"project": project, "name": "Draw", "parent": parent, **days}
    assert await psa.writer.fetch(write("Task"), milestone) is None, "it is no task"
    (only,) = await psa.writer.find(write("Task"), KEY)
    assert only.external_id == task


async def test_a_demand_is_an_unnamed_resource_with_a_role_and_a_rate(psa, truth, write, project_in):
    project = project_in("GBP")
    role = truth.records("roles", limit="1")[0]
    await psa.writer.create(write("ResourceDemand"), "first", {"project": project, "role": role["name"]})
    values = {"project": project, "role": role["name"], "rate": Decimal("150.25")}
    truth.calls()
    made = await psa.writer.create(write("ResourceDemand"), KEY, values)
    calls = truth.calls()
    assert calls.pop("GET /custom_fields") == 1
    assert calls == {"GET /workspaces": 1, "POST /workspace_resources": 1, "POST /custom_field_values": 1}
    held = truth.record("workspace_resource", made)
    assert (held["user_id"], held["role_id"], held["workspace_id"]) == (None, role["id"], project)
    truth.calls()
    assert (await psa.writer.fetch(write("ResourceDemand"), made)).values == values
    assert truth.calls() == {"GET /workspace_resources": 1}


async def test_an_invoice_says_which_work_is_billed(psa, truth, write, worked):
    project, entries, expenses = worked
    lines = (Line(description="Fixed fee", amount=Decimal(250)), Line(description="Rebate", amount=Decimal(-20)))
    values = {
        "project": project, "timeEntries": entries[:2], "expenses": expenses[:1], "items": lines,
        "issueDate": date(2026, 11, 1), "paymentDays": 30, "purchaseOrder": "PO-7", "erpInvoice": "4711",
        "draft": False,
    }  # fmt: skip
    assert set(values) == set(write("ProjectInvoice").paths)
    truth.calls()
    made = await psa.writer.create(write("ProjectInvoice"), KEY, values)
    assert truth.calls() == {"POST /invoices": 1, "POST /external_references/create_or_update": 1}
    assert all(truth.record("time_entry", each)["is_invoiced"] for each in entries[:2])
    assert truth.references("Invoice", made) == {
        "crosswalk": ("ProjectInvoice", KEY),
        "crosswalk_invoice": ("Invoice", "4711"),
    }
    truth.calls()
    assert (await psa.writer.fetch(write("ProjectInvoice"), made)).values == values
    assert truth.calls() == {"GET /invoices": 1}


async def test_work_that_is_billed_already_is_refused(psa, write, worked):
    project, entries, _ = worked
    values = {"project": project, "timeEntries": entries[:2], "paymentDays": 30}
    await psa.writer.create(write("ProjectInvoice"), KEY, values)
    with pytest.raises(UpstreamRejected, match="time_entry_ids") as refused:
        await psa.writer.create(write("ProjectInvoice"), "other", {**values, "timeEntries": entries[1:3]})
    assert refused.value.landed is Landed.NO
    assert await psa.writer.find(write("ProjectInvoice"), "other") == ()


async def test_several_records_with_one_key_are_all_found_the_oldest_first(psa, truth, write):
    made = [await psa.writer.create(write("Project"), KEY, {"name": f"Try {number}"}) for number in range(3)]
    truth.change("workspace", made[0], archived=True)
    await psa.writer.create(write("Project"), KEY[:-1], {"name": "Another"})
    found = await psa.writer.find(write("Project"), KEY)
    assert [each.external_id for each in found] == sorted(made, key=int)
    assert write("Project").unique is False
    assert psa.writer.traits.settle_seconds == 180


async def test_a_key_or_name_of_the_firms_own_is_held_under_the_names_of_the_options(
    fresh_sandbox, connect_sandbox, truth
):
    options = {"key_reference": "halden.keys", "account_reference": "crm", "settle_seconds": 5}
    named = connect_sandbox(fresh_sandbox, **options)
    writable = named.writer.writables["Project", PlatformRole.PSA]
    made = await named.writer.create(writable, KEY, {"name": "Rollout", "account": "A-1"})
    assert truth.references("Workspace", made) == {"halden.keys": ("Project", KEY), "crm": ("Account", "A-1")}
    assert [found.external_id for found in await named.writer.find(writable, KEY)] == [made]
    assert named.writer.traits.settle_seconds == 5
    lacking = connect_sandbox(fresh_sandbox, billing_paid_field="Halden paid")
    with pytest.raises(UpstreamRejected, match=r"'Halden paid' of projects \(options.billing_paid_field\)") as refused:
        await lacking.writer.update(writable, made, {"billing.paid": Decimal(1), "name": "Renamed"})
    assert refused.value.landed is Landed.NO
    assert truth.record("workspace", made)["title"] == "Rollout", "nothing of it was done"


# -------------------------------------------------------------------------------------------------------- changes


async def test_what_changes_together_is_changed_in_one_call(psa, truth, write, project_in):
    project = project_in("JPY")
    values = {
        "name": "Renamed", "code": "HAL-2", "kind": ProjectKind.ADVISORY, "status": ProjectStatus.COMPLETED,
        "endDate": date(2027, 1, 1), "budget.amount": Decimal(1_200_000), "billing.status": "Paid",
    }  # fmt: skip
    await psa.writer.update(write("Project"), project, {"code": "HAL-1"})  # looks the custom fields up
    truth.calls()
    await psa.writer.update(write("Project"), project, values)
    assert truth.calls() == {"PUT /workspaces/{id}": 1}
    await psa.writer.update(write("Project"), project, {"billing.invoiced": Decimal(500), "contract": "800A"})
    calls = {"GET /workspaces": 1, "PUT /workspaces/{id}": 1, "POST /external_references/create_or_update": 1}
    assert truth.calls() == calls
    found = (await psa.writer.fetch(write("Project"), project)).values
    assert {path: found[path] for path in values} == values
    assert (found["billing.invoiced"], found["contract"]) == (Decimal(500), "800A")
    assert truth.record("workspace", project)["price_in_cents"] == 1_200_000, "a yen has no cents"


async def test_a_reference_that_is_there_is_replaced_and_another_stays(psa, truth, write):
    made = await psa.writer.create(write("Project"), KEY, {"name": "Rollout", "account": "A-1", "contract": "C-1"})
    await psa.writer.update(write("Project"), made, {"account": "A-2"})
    references = truth.references("Workspace", made)
    assert references["salesforce"] == ("Account", "A-2")
    assert references["salesforce_contract"] == ("Contract", "C-1")
    assert references["crosswalk"] == ("Project", KEY)


async def test_clearing_deletes_what_has_an_id_of_its_own(psa, truth, write):
    values = {
        "name": "Rollout", "code": "HAL-3", "kind": ProjectKind.PROJECT, "startDate": date(2027, 1, 1),
        "budget.amount": Decimal(10), "budget.currency": "EUR", "account": "A-1", "contract": "C-1",
        "billing.paid": Decimal(1),
    }  # fmt: skip
    made = await psa.writer.create(write("Project"), KEY, values)
    truth.calls()
    cleared = dict.fromkeys(("startDate", "budget.amount", "account", "code", "kind", "billing.paid"))
    await psa.writer.update(write("Project"), made, cleared)
    assert truth.calls() == {
        "GET /workspaces": 1,
        "PUT /workspaces/{id}": 1,
        "DELETE /external_references/{id}": 1,
        "DELETE /custom_field_values/{id}": 3,
    }
    found = (await psa.writer.fetch(write("Project"), made)).values
    assert {path for path in cleared if found[path] is not None} == set()
    assert found["contract"] == "C-1"
    assert truth.record("workspace", made)["budgeted"] is False
    await psa.writer.update(write("Project"), made, cleared)  # gone already
    assert [each.external_id for each in await psa.writer.find(write("Project"), KEY)] == [made], "the key stays"


@pytest.mark.parametrize("type_name", ["Account", "Project", "Milestone", "Task", "ResourceDemand", "ProjectInvoice"])
async def test_what_cant_be_missing_cant_be_cleared(psa, truth, write, type_name):
    needed = [path for path, each in write(type_name).paths.items() if each.required and each.update]
    assert needed
    truth.calls()
    for path in needed:
        with pytest.raises(UpstreamRejected, match=f"^{path}: can't be cleared"):
            await psa.writer.update(write(type_name), NOWHERE, {path: None})
    assert truth.calls() == {}


async def test_an_invoices_lines_are_replaced_and_those_left_out_can_be_billed_again(psa, truth, write, worked):
    project, entries, expenses = worked
    values = {"project": project, "timeEntries": entries[:2], "expenses": expenses[:1], "paymentDays": 30}
    made = await psa.writer.create(write("ProjectInvoice"), KEY, values)
    await psa.writer.update(write("ProjectInvoice"), made, {"timeEntries": entries[1:3], "expenses": None})
    found = (await psa.writer.fetch(write("ProjectInvoice"), made)).values
    assert (found["timeEntries"], found["expenses"]) == (entries[1:3], None)
    assert truth.record("time_entry", entries[0])["is_invoiced"] is False


# ------------------------------------------------------------------------------------------------------- removals


async def test_a_removed_project_is_archived_and_gone_for_writes_until_somebody_brings_it_back(psa, truth, write):
    project = write("Project")
    made = await psa.writer.create(project, KEY, {"name": "Rollout"})
    truth.change("workspace", made, archived=True)
    assert (await psa.writer.fetch(project, made)).external_id == made, "archived because it is done"
    truth.calls()
    await psa.writer.remove(project, made)
    assert truth.calls() == {"PUT /workspaces/{id}": 1, "POST /external_references/create_or_update": 1}
    assert await psa.writer.fetch(project, made) is None
    assert await psa.writer.find(project, KEY) == ()
    truth.change("workspace", made, archived=False)
    assert [each.external_id for each in await psa.writer.find(project, KEY)] == [made]


@pytest.mark.parametrize("type_name", ["Account", "Milestone", "Task", "ResourceDemand"])
async def test_other_records_are_deleted(psa, truth, write, project_in, type_name):
    role = truth.records("roles", limit="1")[0]["name"]
    values = {"project": project_in("EUR"), "name": "Passing", "role": role}
    made = await psa.writer.create(
        write(type_name), KEY, {p: v for p, v in values.items() if p in write(type_name).paths}
    )
    truth.calls()
    await psa.writer.remove(write(type_name), made)
    assert truth.calls().popitem()[0].startswith("DELETE /")
    assert await psa.writer.fetch(write(type_name), made) is None
    assert await psa.writer.find(write(type_name), KEY) == ()
    await psa.writer.remove(write(type_name), made)


@pytest.mark.parametrize("draft", [True, False])
async def test_a_draft_invoice_is_deleted_another_cancelled_and_its_work_free_again(psa, truth, write, worked, draft):
    project, entries, _ = worked
    values = {"project": project, "timeEntries": entries[:1], "paymentDays": 30, "draft": draft}
    made = await psa.writer.create(write("ProjectInvoice"), KEY, values)
    truth.calls()
    await psa.writer.remove(write("ProjectInvoice"), made)
    how = "DELETE /invoices/{id}" if draft else "PUT /invoices/{id}/cancel"
    assert truth.calls() == {"GET /invoices": 1, how: 1}
    assert await psa.writer.fetch(write("ProjectInvoice"), made) is None
    assert await psa.writer.find(write("ProjectInvoice"), KEY) == ()
    assert truth.record("time_entry", entries[0])["is_invoiced"] is False
    await psa.writer.remove(write("ProjectInvoice"), made)
    again = await psa.writer.create(write("ProjectInvoice"), KEY, values)
    assert [each.external_id for each in await psa.writer.find(write("ProjectInvoice"), KEY)] == [again]


async def test_an_invoice_that_is_paid_stays(psa, truth, write, worked):
    project, entries, _ = worked
    values = {"project": project, "timeEntries": entries[:1], "paymentDays": 30}
    made = await psa.writer.create(write("ProjectInvoice"), KEY, values)
    truth.make("external_payment", workspace_id=project, invoice_id=made)
    with pytest.raises(UpstreamRejected, match="can't be cancelled"):
        await psa.writer.remove(write("ProjectInvoice"), made)
