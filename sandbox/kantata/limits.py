"""Rate limits per class of endpoints. Kantata publishes which classes exist, not their numbers nor any header.

https://developer.kantata.com/section/rate-limits
"""

import re
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from sandbox.platform import Clock

WINDOW = timedelta(minutes=1)
GENERAL = "general"
CLASSES: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("workspaces", "GET POST", re.compile(r"/api/v1/workspaces(\.json)?")),
    ("workspace_invitations", "POST", re.compile(r"/api/v1/workspaces/[^/]+/invite(\.json)?")),
    ("custom_field_values", "GET POST", re.compile(r"/api/v1/custom_field_values(\.json)?")),
)
"""Name, methods and path of each class that has a limit of its own beside the general one."""


class RateLimits:
    """Requests of the last minute, per class. A class without a number is not limited."""

    def __init__(self, clock: Clock, per_minute: Mapping[str, int]) -> None:
        self._clock = clock
        self._per_minute = dict(per_minute)
        self._seen: dict[str, deque[datetime]] = {}

    def admit(self, method: str, path: str) -> bool:
        """Whether the request is within every limit that it falls under; one that isn't counts for none."""
        names = [
            GENERAL,
            *(name for name, methods, pattern in CLASSES if method in methods and pattern.fullmatch(path)),
        ]
        limited = [name for name in names if name in self._per_minute]
        now = self._clock()
        for name in limited:
            seen = self._seen.setdefault(name, deque())
            while seen and seen[0] <= now - WINDOW:
                seen.popleft()
            if len(seen) >= self._per_minute[name]:
                return False
        for name in limited:
            self._seen[name].append(now)
        return True

    def reset(self) -> None:
        self._seen.clear()
