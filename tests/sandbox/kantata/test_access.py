import pytest

from sandbox.platform import RefusedChange

UNAUTHORIZED = (401, [{"type": "oauth", "message": "Invalid OAuth 2 Request"}])


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic {token}", "{token}"])
def test_without_a_good_bearer_token_nothing_answers(api, header):
    token = api.platform.credentials["access_token"]
    answer = api.http.get("/api/v1/workspaces", headers={"Authorization": header.format(token=token)})
    assert (answer.status_code, answer.json()["errors"]) == UNAUTHORIZED
    assert answer.headers["x-request-id"]


def test_a_revoked_token_fails_until_the_account_is_reset(open_account):
    api = open_account()
    api.platform.revoke_access_token()
    assert api.refused("GET", "workspaces") == UNAUTHORIZED
    api.platform.reset()
    assert api.ids("users/me") == [api.platform.account.user_id]


def test_a_token_dies_with_its_user(open_account):
    api = open_account()
    me = api.get("users/me", include="account_membership")
    membership = next(iter(me["account_memberships"]))
    answer = api.http.put(f"/api/v1/account_memberships/{membership}/disable")
    assert answer.status_code == 200
    assert api.refused("GET", "users/me") == UNAUTHORIZED


def test_accounts_have_tokens_of_their_own(open_account):
    tokens = {open_account(name=name).platform.credentials["access_token"] for name in ("kantata", "kantata-emea")}
    assert len(tokens) == 2


def test_the_callers_request_id_comes_back(api):
    answer = api.http.get("/api/v1/users/me", headers={"X-Request-Id": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"


def test_what_is_not_there_is_not_found_whatever_the_verb(api):
    not_found = (404, [{"type": "system", "message": "Not found"}])
    assert api.refused("GET", "workspaces/1") == not_found
    assert api.refused("GET", "unicorns") == not_found
    assert api.refused("PATCH", "workspaces") == not_found
    assert api.http.get("/").status_code == 404


def test_the_general_limit_counts_all_calls_of_a_minute_and_429_has_no_headers(open_account):
    api = open_account(general_per_minute=3)
    for path in ("users", "roles", "users/me"):
        api.get(path)
    answer = api.http.get("/api/v1/stories")
    assert answer.status_code == 429
    assert answer.json()["errors"][0]["type"] == "system"
    assert not {"retry-after", "x-ratelimit-remaining", "ratelimit"} & set(answer.headers)
    api.clock.pass_(seconds=61)
    api.get("stories")


def test_classes_of_endpoints_have_limits_of_their_own(open_account):
    api = open_account(workspaces_per_minute=2, custom_field_values_per_minute=1)
    some = api.ids("workspaces", per_page=1)[0]
    api.get("workspaces.json")
    assert api.refused("GET", "workspaces")[0] == 429
    assert api.refused("POST", "workspaces", {"workspace": {"title": "A"}})[0] == 429
    api.get(f"workspaces/{some}")
    api.get("stories")
    api.get("custom_field_values", subject_type="User")
    assert api.refused("GET", "custom_field_values", subject_type="User")[0] == 429


def test_the_sandboxs_own_429_is_the_vendors(open_account):
    api = open_account(general_per_minute=0)
    assert api.http.get("/api/v1/users").content == api.platform.rate_limited().body


def test_users_of_the_account_change_records_by_hand(open_account):
    api = open_account()
    made = api.platform.create("workspaces", {"title": "By hand", "price": "99.5"})
    assert api.platform.show("workspace", made["id"])["price_in_cents"] == 9_950
    api.clock.pass_(minutes=1)
    api.platform.change("Workspace", made["id"], {"status": {"key": 401}, "percentage_complete": 12})
    shown = api.first(api.get(f"workspaces/{made['id']}"))
    assert (shown["status"]["message"], shown["percentage_complete"]) == ("On hold", 12)
    assert shown["updated_at"] > shown["created_at"]
    entry = api.some("time_entries", is_invoiced=False)
    api.platform.change("time_entries", entry["id"], {"is_invoiced": True})
    assert api.first(api.get(f"time_entries/{entry['id']}"))["is_invoiced"] is True
    api.platform.remove("workspaces", entry["workspace_id"])
    assert api.get("time_entries", workspace_ids=entry["workspace_id"])["count"] == 0
    assert api.platform.show("workspaces", entry["workspace_id"]) is None
    for fields, wrong in (
        ({}, "title can't be blank"),
        ({"title": "A", "tilte": "B"}, "tilte can't be set on workspaces"),
    ):
        with pytest.raises(RefusedChange, match=wrong):
            api.platform.create("workspaces", fields)
    with pytest.raises(RefusedChange, match="percentage_complete is not a number"):
        api.platform.change("workspaces", made["id"], {"percentage_complete": "most"})
    api.platform.reset()
    assert api.platform.show("workspaces", entry["workspace_id"]) is not None


def test_the_account_knows_every_record_of_the_firm_that_it_holds(api, firm):
    known = api.platform.known_as()
    for (canonical, key), as_known in known.items():
        assert api.platform.tables[as_known.entity].get(as_known.id) is not None, (canonical, key)
    counted = {name: sum(canonical == name for canonical, _ in known) for name, _ in known}
    assert counted == {
        "Account": sum(client.in_psa for client in firm.clients),
        "Resource": sum(person.delivers for person in firm.people),
        "Project": len(firm.projects),
        "Milestone": sum(len(project.milestones) for project in firm.projects),
        "Task": sum(len(project.tasks) for project in firm.projects),
        "Assignment": sum(len(project.assignments) for project in firm.projects),
        "TimeEntry": sum(len(project.time_entries) for project in firm.projects),
        "Expense": sum(len(project.expenses) for project in firm.projects),
    }
    unlinked = {key for (canonical, key), as_known in known.items() if canonical == "Account" and not as_known.linked}
    assert unlinked == {client.key for client in firm.clients if client.in_psa and not client.psa_linked}
