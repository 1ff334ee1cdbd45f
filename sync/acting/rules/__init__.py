"""One rule per file, each declaring its `RULE`. The file is the registration."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from sync.acting.rule import Rule

Rules = Mapping[str, Rule[Any]]


@lru_cache(maxsize=1)
def rules() -> Rules:
    """Every rule that this version of Crosswalk knows, by its name."""
    found: dict[str, Rule[Any]] = {}
    for entry in iter_modules(__path__):
        rule = getattr(import_module(f"{__name__}.{entry.name}"), "RULE", None)
        if isinstance(rule, Rule):
            found[rule.name] = rule
    return found
