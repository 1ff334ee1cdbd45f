"""Runs `crosswalk` as a person does: in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Crosswalk = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def crosswalk(tmp_path: Path) -> Crosswalk:
    """Runs a command in an empty folder; `environ` adds to the environment."""

    def run(
        *arguments: str, stdin: str = "", environ: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CROSSWALK_")}
        return subprocess.run(
            [sys.executable, "-P", "-c", "from gateway.cli import main; main()", *arguments],
            cwd=tmp_path,
            env={**clean, "COLUMNS": "120", **(environ or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
