"""The page about settings is the declarations, printed."""

import re
from pathlib import Path

from runtime.settings import Settings
from runtime.settings.page import settings_page

ROOT = Path(__file__).parents[3]


def test_the_committed_page_is_what_the_declarations_print() -> None:
    committed = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert committed == settings_page(), "run `./run settings docs > docs/settings.md`"


def test_every_setting_has_a_meaning_on_the_page() -> None:
    page = settings_page()
    assert "| None |" not in page
    for name in Settings.model_fields:
        assert f"`{name}`" in page
    assert len(re.findall(r"^\| `", page, re.MULTILINE)) > 30


def test_the_example_file_is_valid(tmp_path: Path) -> None:
    """With its secrets in place: the example names files below /run/secrets, which here are beside it."""
    from runtime.settings import read_settings

    text = (ROOT / "crosswalk.example.yaml").read_text(encoding="utf-8").replace("/run/secrets/", "")
    (tmp_path / "crosswalk.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "keys.yaml").write_text("[]", encoding="utf-8")
    for name in re.findall(r"file: (\w+) }", text):
        (tmp_path / name).write_text("x", encoding="utf-8")
    environ = dict.fromkeys(re.findall(r"env: (\w+) }", text), "x")
    assert set(read_settings(tmp_path / "crosswalk.yaml", environ=environ).roles) == {"CRM", "PSA", "ERP"}
