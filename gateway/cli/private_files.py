"""Writes files that hold secrets."""

import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """The whole text or nothing, readable by its owner alone; whoever waits for the file never sees half of it."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(draft).replace(path)
