"""`docs/flows.md` says of every process who may ask for it, who approves, whose queue it is, and what is undone."""

from pathlib import Path

from sync.flows import flows
from sync.flows.update_contract_status import ALLOWED
from sync.policy import MAY_REQUEST

DOCUMENT = (Path(__file__).parents[3] / "docs/flows.md").read_text()
ENDS = {"undo": "what was done is undone", "stop": "it stops there"}


def test_the_table_is_what_the_code_says() -> None:
    for name, flow in flows().items():
        row = " | ".join(
            [
                f"| [{name}](#{name.lower()})",
                ", ".join(sorted(MAY_REQUEST[name])),
                flow.approver or "",
                flow.queue.value,
                f"{ENDS[flow.on_refusal]} |",
            ]
        )
        assert row.replace("|  |", "| |") in DOCUMENT, row


def test_every_process_has_its_section_and_its_diagram() -> None:
    for name in flows():
        section = DOCUMENT.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert "```mermaid" in section, name


def test_which_plans_are_made_anew_is_told() -> None:
    told = DOCUMENT.partition("**A plan is made anew**")[2].partition("\n- ")[0]
    assert all((name in told) == flow.live for name, flow in flows().items())


def test_the_moves_of_a_contract_are_the_diagrams() -> None:
    section = DOCUMENT.partition("\n## updateContractStatus\n")[2].partition("```mermaid")[2].partition("```")[0]
    drawn = {line.strip() for line in section.splitlines() if "-->" in line}
    assert drawn == {f"{before.value} --> {after.value}" for before, ways in ALLOWED.items() for after in ways}
