"""The sandbox that every other test shares."""

import json
import urllib.request


def told(url, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as answer:
        return json.load(answer)


def test_it_holds_forty_accounts_on_every_platform_that_answers(sandbox):
    accounts = told(f"{sandbox['control']}/firm?type=Account")["Account"]
    assert len(accounts) == 40
    crms = {name for name, platform in sandbox["platforms"].items() if platform["role"] == "CRM"}
    assert crms
    assert all(crms <= set(account["records"]) for account in accounts)


def test_it_is_as_new_for_a_test_that_asks_for_it_fresh(fresh_sandbox):
    control = fresh_sandbox["control"]
    assert told(f"{control}/faults") == {"faults": []}
    assert all(platform["total"] == 0 for platform in told(f"{control}/calls")["platforms"].values())
