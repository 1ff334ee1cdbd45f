"""Which rules are on: as an installation sets it, each with a default, none by mistake."""

import pytest

from gateway.cli.demo_settings import write_settings
from runtime.settings import SettingsError, read_settings
from sync.acting.modes import modes_of
from sync.acting.rules import rules
from sync.flows import flows
from sync.policy import MAY_REQUEST


def test_what_isnt_set_has_its_default():
    assert modes_of({}) == {"convertWonDeals": "propose", "syncInvoices": "on", "syncCustomers": "on"}
    assert modes_of({"syncInvoices": "off"})["syncInvoices"] == "off"


def test_a_rule_that_isnt_there_is_refused_with_the_nearest():
    with pytest.raises(
        SettingsError, match=r"triggers\.syncInvoice: there is no such rule; did you mean syncInvoices\?"
    ):
        modes_of({"syncInvoice": "on"})


@pytest.mark.parametrize("mode", ["on", "off", "propose", '"on"', '"off"'])
def test_modes_may_be_written_as_yaml_takes_them(tmp_path, mode):
    """Bare `on` and `off` are true and false there."""
    tmp_path.chmod(0o700)
    path = write_settings(tmp_path, {}, [])
    path.write_text(path.read_text() + f"triggers:\n  syncInvoices: {mode}\n")
    settings = read_settings(path, environ={})
    assert modes_of(settings.triggers)["syncInvoices"] == mode.strip('"')


def test_a_mode_that_isnt_there_is_refused_by_the_settings(tmp_path):
    tmp_path.chmod(0o700)
    path = write_settings(tmp_path, {}, [])
    path.write_text(path.read_text() + "triggers:\n  syncInvoices: maybe\n")
    with pytest.raises(SettingsError, match=r"triggers\.syncInvoices"):
        read_settings(path, environ={})


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.name)
def test_each_rule_starts_a_process_that_there_is_and_that_a_service_may_request(rule):
    assert rule.flow in flows()
    assert "service" in MAY_REQUEST[rule.flow]
    assert flows()[rule.flow].subject(_wish(rule)) == "the-id"
    assert rule.says.endswith(".")
    assert all(condition.says.endswith(".") for condition in rule.conditions)


def _wish(rule):
    from sync.planning import wish_of

    return wish_of(flows()[rule.flow], rule.wish("the-id"))
