"""One business process per file, each declaring its `FLOW`. The file is the registration."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from sync.process import Flow


def flows() -> Mapping[str, Flow]:
    """Every process that this version of Crosswalk knows, by its name."""
    found: dict[str, Flow] = {}
    for entry in iter_modules(__path__):
        flow = getattr(import_module(f"{__name__}.{entry.name}"), "FLOW", None)
        if isinstance(flow, Flow):
            found[flow.name] = flow
    return found
