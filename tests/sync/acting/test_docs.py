"""`docs/triggers.md` says of every rule what it does, how it is set by default, and whose its conditions are."""

from pathlib import Path

from sync.acting.rules import rules
from tests.sync.acting.scene import CRM

DOCUMENT = (Path(__file__).parents[3] / "docs/triggers.md").read_text()


def test_the_table_is_what_the_code_says() -> None:
    for name, rule in rules().items():
        flow = f"[{rule.flow}](flows.md#{rule.flow.lower()})"
        row = f"| `{name}` | {rule.default} | {rule.says} | {flow} | {rule.approver} | {rule.queue.value} |"
        assert row in DOCUMENT, row


def test_every_rule_has_its_section() -> None:
    assert all(f"\n### `{name}`\n" in DOCUMENT for name in rules())


def test_the_conditions_of_a_deal_are_told_with_their_owners() -> None:
    for condition in rules()["convertWonDeals"].conditions:
        where = "where the contract is" if condition.name == "contract-approved" else condition.role.value
        assert f"| {condition.says} | {condition.queue.value} | {where} |" in DOCUMENT
    assert rules()["convertWonDeals"].conditions[2].role is CRM
