"""The contract suite leaves no vendor out."""

import importlib
from pathlib import Path

from platforms.registry import vendor, vendors


def test_every_vendors_folder_is_registered_tried_and_documented():
    root = Path(__file__).parents[3]
    assert "salesforce" in vendors()
    for name in vendors():
        assert vendor(name).name == name
        assert (root / "tests" / "platforms" / name / "case.py").exists(), name
        assert (root / "docs" / "vendors" / f"{name}.md").exists(), name


def test_every_vendors_folder_says_in_one_sentence_what_it_is():
    assert all(importlib.import_module(f"platforms.{name}").__doc__ for name in vendors())
