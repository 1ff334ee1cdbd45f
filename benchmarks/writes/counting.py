"""Counts the database transactions of a process where another one can read the count at any time: in a small file."""

import mmap
import struct
from pathlib import Path
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

_COUNT = struct.Struct("q")


def count_transactions(path: Path) -> None:
    """Every transaction that this process begins from now on, of reading and of writing, adds one to the file."""
    path.write_bytes(_COUNT.pack(0))
    with path.open("r+b") as file:
        shared = mmap.mmap(file.fileno(), _COUNT.size)

    counting = Lock()  # SQLite's transactions are begun in threads

    @event.listens_for(sa.Engine, "begin")
    def begun(_: Any) -> None:
        with counting:
            _COUNT.pack_into(shared, 0, _COUNT.unpack_from(shared)[0] + 1)


def counted(path: Path) -> int:
    """How many the process behind the file has begun so far."""
    found: int = _COUNT.unpack(path.read_bytes())[0]
    return found
