"""The vendors that Crosswalk knows, each found in its own folder, and the platforms that an installation configures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import platforms
from platforms.budget import Budget, Budgets
from platforms.connected import Connected
from platforms.http import HttpRequest, HttpResponse, Transport
from platforms.keepalive import KeepAliveTransport
from runtime.clock import Clock, SystemClock
from runtime.settings import PlatformSettings, Settings, SettingsError
from runtime.settings.problems import nearest
from schema.roles import PlatformRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What the settings say of one platform. `url` has no slash at its end; `timeout` is in seconds.

    `budget` is what other processes share; None: this process keeps `slots` places to itself.
    """

    name: str
    vendor: str
    url: str
    roles: tuple[PlatformRole, ...]
    peers: Mapping[PlatformRole, str]
    credentials: Mapping[str, str]
    options: Mapping[str, Any]
    timeout: float
    slots: int
    budget: Budget | None = None

    def problem(self, setting: str, what: str) -> SettingsError:
        """The error that a vendor raises for a setting of this platform, such as `options.currency`."""
        return SettingsError([f"platforms.{self.name}.{setting}: {what}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A vendor's entry. `credentials` are the sets of names that suffice, `options` the known ones with their meaning.

    `connect` speaks to nobody yet; it raises SettingsError for what it can't use.
    """

    name: str
    credentials: tuple[tuple[str, ...], ...]
    options: Mapping[str, str]
    connect: Callable[[Connection, Transport, Clock], Connected]


def vendors() -> tuple[str, ...]:
    """Every vendor with a folder below `platforms/`."""
    return tuple(sorted(found.name for found in iter_modules(platforms.__path__) if found.ispkg))


def vendor(name: str) -> Vendor:
    """The entry of a vendor; SettingsError where there is none of that name."""
    known = vendors()
    if name not in known:
        raise SettingsError([f"there is no vendor {name!r}{nearest(name, known)}"])
    found: Vendor = import_module(f"platforms.{name}").VENDOR
    return found


def connect(
    settings: Settings,
    *,
    transport: Transport | None = None,
    clock: Clock | None = None,
    budgets: Budgets | None = None,
) -> dict[str, Connected]:
    """The configured platforms by name, none spoken to yet, all over one transport that the last one closes.

    `budgets` makes what processes share, as `platforms.budget_redis.redis_budgets` does; without it nothing is shared.
    Raises SettingsError with everything that is wrong with any of them: an unknown vendor, credentials or options that
    the vendor doesn't know or misses, a role that it can't play.
    """
    time = clock or SystemClock()
    shared = _Shared(transport or KeepAliveTransport(), holders=len(settings.platforms))
    connected: dict[str, Connected] = {}
    problems: list[str] = []
    for name, platform in settings.platforms.items():
        try:
            entry = _entry(name, platform)
            connection = _connection(name, platform, settings)
            _check(entry, connection)
            if budgets is not None:
                budget = budgets(name, slots=connection.slots, clock=time)
                connection = replace(connection, budget=budget)
            made = entry.connect(connection, shared, time)
            _check_roles(connection, made)
        except SettingsError as error:
            problems += error.problems
        else:
            connected[name] = made
    if problems:
        raise SettingsError(problems)
    return connected


def _entry(name: str, platform: PlatformSettings) -> Vendor:
    try:
        return vendor(platform.vendor)
    except SettingsError as error:
        raise SettingsError([f"platforms.{name}.vendor: {problem}" for problem in error.problems]) from None


def _connection(name: str, platform: PlatformSettings, settings: Settings) -> Connection:
    return Connection(
        name=name,
        vendor=platform.vendor,
        url=str(platform.url).rstrip("/"),
        roles=tuple(PlatformRole[role] for role, names in settings.roles.items() if name in names),
        peers={PlatformRole[role]: peer for role, peer in platform.peers.items()},
        credentials={key: secret.get_secret_value() for key, secret in platform.credentials.items()},
        options=platform.options,
        timeout=platform.timeout_seconds,
        slots=platform.slots,
    )


def _check(entry: Vendor, connection: Connection) -> None:
    where = f"platforms.{connection.name}"
    names = {name for accepted in entry.credentials for name in accepted}
    problems = [
        f"{where}.credentials.{given}: {entry.name} knows no such credential{nearest(given, names)}"
        for given in sorted(connection.credentials.keys() - names)
    ]
    if not any(connection.credentials.keys() >= set(accepted) for accepted in entry.credentials):
        ways = ", or ".join(" and ".join(accepted) for accepted in entry.credentials)
        problems.append(f"{where}.credentials: {entry.name} needs {ways}; see docs/vendors/{entry.name}.md")
    problems += [
        f"{where}.options.{given}: {entry.name} knows no such option{nearest(given, entry.options)}"
        for given in sorted(connection.options.keys() - entry.options.keys())
    ]
    if problems:
        raise SettingsError(problems)


def _check_roles(connection: Connection, made: Connected) -> None:
    played = {role for _, role in made.reader.facets}
    told = ", ".join(sorted(role.value for role in played)) or "no role"
    problems = [
        f"roles.{role.value} names {connection.name!r}, but {connection.vendor} plays {told}; take it out there"
        for role in connection.roles
        if role not in played
    ]
    if problems:
        raise SettingsError(problems)


class _Shared:
    """One transport for several platforms: closed when each of them has let go of it."""

    def __init__(self, transport: Transport, *, holders: int) -> None:
        self._transport = transport
        self._holders = holders

    async def send(self, request: HttpRequest, *, timeout: float) -> HttpResponse:  # noqa: ASYNC109 - the seam's own word
        return await self._transport.send(request, timeout=timeout)

    async def close(self) -> None:
        self._holders -= 1
        if self._holders == 0:
            await self._transport.close()
