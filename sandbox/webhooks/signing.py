"""Signs a message as Standard Webhooks says.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from datetime import datetime

PREFIX = "whsec_"


def read_secret(text: str) -> bytes:
    """The key behind `whsec_` and base64. Raises ValueError."""
    key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError(f"{len(key)} bytes")
    return key


def headers(key: bytes, *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Those that a receiver checks; `at` is the time of this attempt."""
    seconds = str(int(at.timestamp()))
    content = b".".join([message_id.encode(), seconds.encode(), body])
    mac = hmac.new(key, content, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }
