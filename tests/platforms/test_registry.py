"""Platforms are connected from settings, and everything wrong with them is told at once."""

import pytest

from platforms.budget import LocalBudget
from platforms.quota import Quota
from platforms.registry import connect, vendor, vendors
from runtime.settings import Settings, SettingsError
from schema.roles import PlatformRole


class Unused:
    """A transport that nobody may send through, and that counts how often it is closed."""

    closed = 0

    async def send(self, request, *, timeout):  # noqa: ASYNC109 - the seam's word
        raise AssertionError(f"nobody should be spoken to: {request.url}")

    async def close(self):
        self.closed += 1


@pytest.fixture
def settings_of():
    def made(roles=None, **platforms):
        usual = {
            "vendor": "salesforce",
            "url": "https://acme.my.salesforce.com/",
            "credentials": {"client_id": "id", "client_secret": "secret"},
        }
        return Settings.model_validate(
            {"platforms": {name: usual | changes for name, changes in platforms.items()}, "roles": roles or {}}
        )

    return made


async def test_platforms_are_connected_by_name_and_share_one_transport(settings_of):
    transport = Unused()
    settings = settings_of({"CRM": ["second", "first"]}, first={}, second={})
    connected = connect(settings, transport=transport)
    assert {name: platform.name for name, platform in connected.items()} == {"first": "first", "second": "second"}
    first = connected["first"]
    assert first.base_url == "https://acme.my.salesforce.com"
    assert first.roles == (PlatformRole.CRM,)
    await first.close()
    assert transport.closed == 0
    await connected["second"].close()
    assert transport.closed == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"vendor": "salesfroce"}, "platforms.crm.vendor: there is no vendor 'salesfroce'; did you mean salesforce?"),
        (
            {"credentials": {"client_id": "id", "client_secrets": "secret"}},
            "platforms.crm.credentials.client_secrets: salesforce knows no such credential; did you mean client_",
        ),
        (
            {"credentials": {"client_id": "id"}},
            "platforms.crm.credentials: salesforce needs client_id and client_secret, or",
        ),
        ({"options": {"api": "62.0"}}, "platforms.crm.options.api: salesforce knows no such option"),
        ({"options": {"currency": "Euro"}}, "platforms.crm.options.currency: must be an ISO 4217 code"),
    ],
)
def test_what_a_vendor_does_not_know_is_refused_with_what_to_do(settings_of, changes, told):
    with pytest.raises(SettingsError) as refused:
        connect(settings_of(crm=changes), transport=Unused())
    assert any(problem.startswith(told) for problem in refused.value.problems)
    assert "secret'" not in str(refused.value)


def test_a_role_that_a_vendor_cannot_play_is_refused(settings_of):
    with pytest.raises(SettingsError, match=r"roles\.ERP names 'crm', but salesforce plays CRM"):
        connect(settings_of({"ERP": ["crm"]}, crm={}), transport=Unused())


@pytest.mark.parametrize("name", vendors())
def test_each_vendors_platform_spends_the_budget_that_it_is_given(name):
    asked = []

    def budgets(platform, *, slots, clock):
        asked.append((platform, slots))
        budget = LocalBudget(slots)
        budget.quota_seen(Quota(used=1, limit=17))
        return budget

    ways = (way for way in vendor(name).credentials if "private_key" not in way)
    credentials = dict.fromkeys(next(ways), "given")
    told = {"vendor": name, "url": "https://one.example", "credentials": credentials, "slots": 3}
    settings = Settings.model_validate({"platforms": {"one": told}})
    platform = connect(settings, transport=Unused(), budgets=budgets)["one"]
    assert asked == [("one", 3)]
    assert platform.quota() == Quota(used=1, limit=17)


def test_all_problems_are_told_at_once(settings_of):
    with pytest.raises(SettingsError) as refused:
        connect(settings_of(one={"vendor": "nobody"}, two={"options": {"x": 1, "y": 2}}), transport=Unused())
    assert len(refused.value.problems) == 3


def test_vendors_are_found_in_their_folders():
    assert "salesforce" in vendors()
    assert vendor("salesforce").name == "salesforce"
