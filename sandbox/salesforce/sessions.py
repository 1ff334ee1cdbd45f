"""Access tokens: issued, checked, expired, revoked."""

from datetime import datetime, timedelta
from secrets import token_urlsafe

from sandbox.platform import Clock
from sandbox.salesforce.errors import session_expired


class Sessions:
    """Sessions of the org. A token says nothing of its life: a caller finds out by INVALID_SESSION_ID."""

    def __init__(self, clock: Clock, org_id: str, *, session_seconds: int) -> None:
        self._clock = clock
        self._org_id = org_id
        self._life = timedelta(seconds=session_seconds)
        self._expires: dict[str, datetime] = {}

    def issue(self) -> str:
        token = f"{self._org_id[:15]}!{token_urlsafe(64)}"
        self._expires[token] = self._clock() + self._life
        return token

    def holds(self, token: str) -> bool:
        expires = self._expires.get(token)
        return expires is not None and self._clock() < expires

    def require(self, authorization: str) -> None:
        """INVALID_SESSION_ID unless the `Authorization` header carries a live token."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() not in {"bearer", "oauth"} or not self.holds(token.strip()):
            raise session_expired()

    def expires(self, token: str) -> datetime | None:
        return self._expires.get(token)

    def revoke(self, token: str) -> bool:
        return self._expires.pop(token, None) is not None

    def expire_all(self) -> None:
        self._expires.clear()
