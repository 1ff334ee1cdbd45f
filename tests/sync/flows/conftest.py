"""Stories begin with the firm as generated: what one test did isn't there for the next."""

import urllib.request
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _as_generated(firm_sandbox: dict[str, Any]) -> None:
    reset = urllib.request.Request(f"{firm_sandbox['control']}/reset", method="POST")
    urllib.request.urlopen(reset, timeout=60).close()
