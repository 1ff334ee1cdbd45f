"""Which addresses may be sent to on somebody's word: none of our own networks, unless an installation allows it."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 2_000
HTTPS = 443
LOWEST_FREE_PORT = 1024
_USUAL = frozenset({80, HTTPS})
# Ports above 1023 that browsers never speak HTTP to, since another protocol could take it for its own:
# https://fetch.spec.whatwg.org/#port-blocking
_OTHERS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
)
_VISIBLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_ENDS_IN_NUMBER = re.compile(r"(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$")
"""Which a resolver takes for an address in an odd spelling, such as 0x7f.1 or 2130706433."""


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


# https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-; written out, since what Python calls global
# differs from release to release.
_NEVER_BY_NAME = _networks(
    "0.0.0.0/8",
    "169.254.0.0/16",  # link-local, where clouds keep their metadata
    "168.63.129.16/32",  # Azure's own, which looks public
    "100.100.100.200/32",  # Alibaba's metadata
    "192.0.0.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "fe80::/10",
    "fd00:ec2::/32",  # Amazon's metadata
    "ff00::/8",
    "::/128",
)
_PRIVATE = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",  # carriers' own
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001::/23",  # Teredo among them, which holds an IPv4 address
    "2001:db8::/32",
    "2002::/16",  # 6to4, which holds one too
    "3fff::/20",
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


class Receiver(NamedTuple):
    """Where a URL leads. `host`: as it is resolved and as its certificate names it."""

    secure: bool
    host: str
    port: int
    authority: str
    """As the Host header says it."""
    target: str
    """Path and query."""


class UrlProblemError(ValueError):
    """A URL that nothing may be sent to; the message says why and what to do, without repeating it."""


class Targets:
    """`allowed`: hosts, and networks or addresses, that may be sent to although they are private, and without TLS.

    A host that is allowed by its name still doesn't lead to link-local, multicast or a cloud's metadata addresses.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        """Raises ValueError, which names the entry that is neither a host nor a network."""
        self._hosts: set[str] = set()
        self._networks: list[Network] = []
        for entry in allowed:
            try:
                self._networks.append(ipaddress.ip_network(entry))
            except ValueError:
                host = entry.lower().rstrip(".")
                if not _HOST.fullmatch(host) or _ENDS_IN_NUMBER.search(host) or "/" in entry:
                    raise ValueError(f"{entry!r} is neither a host nor a network") from None
                self._hosts.add(host)

    def receiver(self, url: str) -> Receiver:
        """Raises UrlProblemError. Nothing is resolved."""
        parts, port = _parts(url)
        host = (parts.hostname or "").rstrip(".")
        address = _literal(host)
        if address is None and (not _HOST.fullmatch(host) or _ENDS_IN_NUMBER.search(host)):
            raise UrlProblemError("The URL names no host that can be looked up: write it as https://host.example/path.")
        secure = parts.scheme == "https"
        if not secure and not self._is_named(host, address):
            raise UrlProblemError("Use https: http is sent to hosts only that hooks.allow_private names.")
        if address is not None and not self.may_reach(host, address):
            raise UrlProblemError("The URL leads into a private network; hooks.allow_private lists those allowed.")
        if address is None and _is_local(host) and host not in self._hosts:
            raise UrlProblemError("The URL names this very machine; hooks.allow_private lists what is allowed.")
        shown = f"[{host}]" if ":" in host else host
        usual = HTTPS if secure else 80
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Receiver(secure, host, port or usual, shown if port in (None, usual) else f"{shown}:{port}", target)

    def may_reach(self, host: str, address: Address) -> bool:
        """Whether `host`, which leads to this address, may be sent to."""
        inner = _inner(address)
        if any(inner in network or address in network for network in self._networks):
            return True
        if any(inner in network for network in _NEVER_BY_NAME):
            return False
        return host in self._hosts or _is_public(inner)

    def all_reachable(self, host: str, addresses: Sequence[Address]) -> bool:
        """One that isn't spoils them all: nobody's public receiver has a private address beside its public one."""
        return bool(addresses) and all(self.may_reach(host, address) for address in addresses)

    def _is_named(self, host: str, address: Address | None) -> bool:
        if address is None:
            return host in self._hosts
        return any(_inner(address) in network or address in network for network in self._networks)


def _parts(url: str) -> tuple[SplitResult, int | None]:
    if len(url) > LONGEST_URL:
        raise UrlProblemError(f"A URL has at most {LONGEST_URL} characters.")
    if not _VISIBLE.fullmatch(url) or "\\" in url:
        raise UrlProblemError("The URL holds a sign that must be encoded: a host as xn--…, anything else by percent.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UrlProblemError("This is no URL: write it as https://host.example/path.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UrlProblemError("The URL begins with https:// and names a host.")
    if "@" in parts.netloc:
        raise UrlProblemError("Credentials don't belong in a URL: what is sent is signed, which proves who sent it.")
    if "#" in url:
        raise UrlProblemError("Leave out the fragment behind #: it is never sent.")
    if port is not None and not (port in _USUAL or (port >= LOWEST_FREE_PORT and port not in _OTHERS)):
        raise UrlProblemError(f"Nothing is sent to port {port}: use 443, or one above 1023 that no other protocol has.")
    return parts, port


def _literal(host: str) -> Address | None:
    with suppress(ValueError):
        return ipaddress.ip_address(host)
    return None


def _is_local(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return ipaddress.IPv6Address(int(address))  # without its zone, which no network has


def _is_public(address: Address) -> bool:
    if any(address in network for network in _PRIVATE):
        return False
    return isinstance(address, ipaddress.IPv4Address) or address in _GLOBAL_V6
