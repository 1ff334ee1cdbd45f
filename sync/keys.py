"""Keys that a step's record bears on its platform: the same for every try, and for nobody else."""

from base64 import b32encode
from hashlib import sha256

LENGTH = 28
"""`cw` and 26 characters, 130 bits: letters and digits only, which every platform stores."""


def business_key(*parts: str) -> str:
    """The key of something that the firm has once, whoever asks for it: the project of an opportunity, say."""
    return _key("business", *parts)


def step_key(run_id: str, step: str) -> str:
    """The key of what this step of this run makes."""
    return _key("step", run_id, step)


def _key(*parts: str) -> str:
    text = "\x1f".join(parts)
    return "cw" + b32encode(sha256(text.encode()).digest()).decode().lower()[: LENGTH - 2]
