"""Millions of records that stay are built without looking for garbage among them, then or ever after."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """What is built inside stays: Python's collector neither slows the building nor stalls calls to look through it.

    With 20,000 accounts each such look takes seconds and the building twice as long. What an earlier call left
    behind is freed first. It holds for the whole process, so it is for one that runs nothing but the sandbox.
    """
    gc.disable()
    gc.unfreeze()
    try:
        yield
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()
