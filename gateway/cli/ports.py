"""Takes the port that a command shall listen on, before anything slow begins."""

import errno
import os
import socket

from gateway.cli.refusal import Refusal


def listen(host: str, port: int) -> socket.socket:
    """A bound socket, with `port` 0 on a free port; a port in use is told at once and plainly."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror:
        raise Refusal(f"can't listen on {host}: no such address; use 127.0.0.1, or 0.0.0.0 for all") from None
    listener = socket.socket(family, kind, protocol)
    if os.name == "posix":
        # A port of a gateway that has just stopped may be taken again at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise Refusal(_why(host, port, error)) from None
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    """Where a person on this machine reaches it."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; stop what uses it, or choose another with --port (0 picks a free one)"
    if error.errno == errno.EACCES:
        return f"port {port} needs administrator's rights; choose one above 1023 with --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"can't listen on {host}: this machine has no such address; use 127.0.0.1, or 0.0.0.0 for all"
    return f"can't listen on {host}:{port}: {error.strerror}"
