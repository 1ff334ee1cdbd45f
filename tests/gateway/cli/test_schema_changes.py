"""What a schema's changes mean for those who call it."""

from pathlib import Path

import pytest

from gateway.cli.refusal import Refusal
from gateway.cli.schema_changes import compare

BEFORE = "type Query { a: Int  b(x: Int): String  gone: Int } enum Colour { RED }"
AFTER = "type Query { a: Int  b(x: Int!): String  new: Int } enum Colour { RED BLUE }"


def test_changes_are_weighed_and_the_heaviest_come_first() -> None:
    changes = compare(BEFORE, AFTER, name="before")
    assert [change.weight for change in changes] == ["breaking", "breaking", "dangerous", "safe"]
    assert any("gone" in change.description for change in changes[:2])
    assert "BLUE" in changes[2].description


def test_the_same_schema_has_no_changes() -> None:
    assert compare(BEFORE, BEFORE, name="before") == []


@pytest.mark.parametrize("text", ["type Query {", "type Query { a: Missing }", "", "hello"])
def test_what_is_no_schema_is_told_in_a_line(text: str) -> None:
    with pytest.raises(Refusal, match=r"old\.graphql is not a GraphQL schema") as caught:
        compare(text, AFTER, name="old.graphql")
    assert len(caught.value.lines) == 1
    assert "\n" not in caught.value.lines[0]


@pytest.mark.parametrize(("name", "content"), [("missing.graphql", None), ("binary.graphql", b"\xff\xfe")])
def test_a_file_that_can_not_be_read_is_told(crosswalk, tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    ran = crosswalk("schema", "check", name)
    assert ran.returncode == 1
    assert name in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_printed_schema_is_the_committed_one_and_differs_from_itself_in_nothing(crosswalk, tmp_path: Path) -> None:
    printed = crosswalk("schema", "print")
    assert printed.stdout == (Path(__file__).parents[3] / "schema/schema.graphql").read_text(encoding="utf-8")
    (tmp_path / "today.graphql").write_text(printed.stdout, encoding="utf-8")
    ran = crosswalk("schema", "check", "today.graphql")
    assert ran.returncode == 0
    assert ran.stdout == "0 breaking, 0 dangerous, 0 safe\n"


def test_a_schema_with_more_in_it_breaks_when_ours_has_less(crosswalk, tmp_path: Path) -> None:
    more = crosswalk("schema", "print").stdout.replace("type Query {", "type Query {\n  gone: Int", 1)
    (tmp_path / "before.graphql").write_text(more, encoding="utf-8")
    ran = crosswalk("schema", "check", "before.graphql")
    assert ran.returncode == 1
    assert "breaking   " in ran.stdout
    assert "gone" in ran.stdout


def test_the_demos_sample_question_fits_the_schema() -> None:
    from graphql import build_schema, parse, validate

    root = Path(__file__).parents[3]
    schema = build_schema((root / "schema/schema.graphql").read_text(encoding="utf-8"))
    question = parse((root / "gateway/cli/sample.graphql").read_text(encoding="utf-8"))
    assert validate(schema, question) == []
