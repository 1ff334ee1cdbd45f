"""The port through which a platform's own messages come in: whether one is the platform's, and which records it names.

A vendor that signs in its own way brings its own `Inbound` to its `Connected`; every other platform gets that of
`platforms.standard_webhooks`, for messages that a script or a flow inside the platform sends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from platforms.feeds import Hint


class Fault(StrEnum):
    """What is wrong with a message."""

    UNSIGNED = "UNSIGNED"
    FORGED = "FORGED"
    STALE = "STALE"
    MALFORMED = "MALFORMED"


class UnacceptableError(Exception):
    """A message that isn't taken in. `detail` is shown to its sender: it says what to do, and quotes no secret."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message as it came. `url`: the whole one, as the sender called it; header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Inbound(Protocol):
    """How the messages of one configured platform are checked and read."""

    def problem_with(self, secret: str) -> str | None:
        """Why this text can't be what the platform signs with; None where it can."""
        ...

    def event_id(self, post: Post, *, secrets: Sequence[str], now: datetime, tolerance: timedelta) -> str:
        """What the same message has again when it is sent again. Raises UnacceptableError unless it was signed with
        one of the secrets, at a time no further from `now` than `tolerance`.

        Signatures are compared in constant time, with every secret.
        """
        ...

    def hints(self, body: bytes) -> Sequence[Hint]:
        """The records that the message is about, each once; none where it is about nothing of ours. Raises
        UnacceptableError for a body that isn't what the platform sends.
        """
        ...
