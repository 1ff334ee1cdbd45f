"""Where a URL leads, and the bytes of a request to it: nothing that a caller typed can end a line or a header."""

import re
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from platforms.http import HttpRequest

_TARGET = re.compile(r'/[!"$-~]*')  # visible ASCII without the fragment's #: a space would end the target
_OURS = frozenset({"host", "accept-encoding", "content-length", "transfer-encoding", "connection"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Origin(NamedTuple):
    """Scheme, host and port: what one pool of connections leads to."""

    host: str
    port: int
    secure: bool
    authority: str  # as the Host header says it
    credentials: str = ""  # a proxy's, as Basic wants them

    @classmethod
    def of(cls, url: str, *, credentials_allowed: bool = False) -> "Origin":
        """Of a URL without path or query; ValueError says what is wrong with it, without repeating it."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a platform's URL begins with http:// or https:// and names a host")
        if parts.path or parts.query or parts.fragment:
            raise ValueError("a query or fragment needs a path before it: https://host/?…")
        basic = ""
        if parts.username is not None:
            if not credentials_allowed:
                raise ValueError("credentials don't belong in a platform's URL: they would show in logs")
            basic = b64encode(f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()).decode()
        secure = parts.scheme == "https"
        host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
        shown = f"[{host}]" if ":" in host else host
        return cls(
            host=host,
            port=parts.port or (443 if secure else 80),
            secure=secure,
            authority=shown if parts.port is None else f"{shown}:{parts.port}",
            credentials=basic,
        )


def written(request: HttpRequest, origin: Origin, target: str, *, through: Origin | None) -> bytes:
    """The request as it goes on the wire; `through` is the proxy of a plain-HTTP call."""
    if not _TARGET.fullmatch(target):
        raise ValueError("a URL holds a character that must be percent-encoded")
    if through is not None:
        target = f"http://{origin.authority}{target}"
    # Tryton labels plain bodies as gzip unless it is asked for gzip, so that header is never left out.
    lines = [f"{request.method} {target} HTTP/1.1", f"Host: {origin.authority}", "Accept-Encoding: gzip"]
    for name, value in request.headers.items():
        if name.lower() in _OURS:
            raise ValueError(f"the header {name} is the transport's own")
        lines.append(f"{name}: {value}")
    if through is not None and through.credentials:
        lines.append(f"Proxy-Authorization: Basic {through.credentials}")
    if request.body or request.method in _WITH_BODY:
        lines.append(f"Content-Length: {len(request.body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1 or "\0" in head:
        raise ValueError("a header holds a line break")
    return head.encode("latin-1") + b"\r\n\r\n" + request.body
