"""Token-based authentication: a request signed as OAuth 1.0a says, with HMAC-SHA256.

Source: RFC 5849, section 3.4; docs.oracle.com, The Authorization Header for token-based authentication.
"""

import hmac
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote

from platforms.origin import Origin
from runtime.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSignature:
    """Signs requests of one integration for one user. `account` is the id as NetSuite shows it, such as 1234567_SB1."""

    account: str
    consumer_key: str
    consumer_secret: str = field(repr=False)
    token_key: str
    token_secret: str = field(repr=False)
    clock: Clock
    nonce: Callable[[], str] = secrets.token_hex

    def authorization(self, method: str, url: str, query: Mapping[str, str]) -> str:
        """The header's value for one sending: NetSuite refuses a nonce that it has seen. `url` is without query."""
        own = {
            "oauth_consumer_key": self.consumer_key,
            "oauth_nonce": self.nonce(),
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_timestamp": str(int(self.clock.now().timestamp())),
            "oauth_token": self.token_key,
            "oauth_version": "1.0",
        }
        signature = self._signature(method, url, {**query, **own})
        parameters = {"realm": self.account, **own, "oauth_signature": signature}
        return "OAuth " + ", ".join(f'{name}="{encoded(value)}"' for name, value in parameters.items())

    def _signature(self, method: str, url: str, parameters: Mapping[str, str]) -> str:
        """JSON bodies aren't signed; the realm isn't either."""
        pairs = sorted((encoded(name), encoded(value)) for name, value in parameters.items())
        joined = "&".join(f"{name}={value}" for name, value in pairs)
        base = "&".join((method, encoded(url), encoded(joined)))
        key = f"{encoded(self.consumer_secret)}&{encoded(self.token_secret)}"
        return b64encode(hmac.digest(key.encode(), base.encode(), sha256)).decode()


def encoded(value: str) -> str:
    """Percent-encoded as RFC 3986 says: only letters, digits and -._~ stay."""
    return quote(value, safe="-._~")


def signed_url(url: str) -> str:
    """A URL as it stands in the signature: scheme and host in lower case, a default port left out."""
    scheme, rest = url.split("://", 1)
    authority, slash, path = rest.partition("/")
    origin = Origin.of(f"{scheme}://{authority}")
    usual = 443 if origin.secure else 80
    host = origin.authority.rsplit(":", 1)[0] if origin.port == usual and ":" in origin.authority else origin.authority
    return f"{scheme.lower()}://{host.lower()}{slash}{path}"
