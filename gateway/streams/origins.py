"""Which pages may open a socket: browsers let any page try, and say where it comes from."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from gateway.options import EdgeOptions

_PORTS = {"http": 80, "https": 443}


def may_connect(headers: Mapping[bytes, bytes], options: EdgeOptions) -> bool:
    """Programs send no Origin; a page must be of this very host, or of an allowed origin."""
    origin = headers.get(b"origin")
    if origin is None:
        return True
    text = origin.decode("latin-1").lower()
    return text in options.allowed_origins or _is_ours(text, headers.get(b"host", b"").decode("latin-1").lower())


def _is_ours(origin: str, host: str) -> bool:
    try:
        page, own = urlsplit(origin), urlsplit(f"//{host}")
        if page.scheme not in _PORTS or not own.hostname:
            return False
        # What encryption ends before us hides the page's scheme from us: then Host has the port, or the usual one.
        usual = _PORTS[page.scheme]
        return page.hostname == own.hostname and (page.port or usual) == (own.port or usual)
    except ValueError:
        return False
