"""Looks at every part of an installation that the settings name, all at once."""

import asyncio
from collections.abc import Iterable

from gateway.cli.findings import Finding
from platforms.connected import Connected
from platforms.quota import Quota
from runtime.database import DatabaseUrlError, sqlite_path
from runtime.redis import probe_redis
from runtime.settings import Settings
from schema.errors import LedgerUnavailable
from sync.ledger.migrating import LedgerVersionError, prepare

_ALMOST_USED_UP = 0.9  # the share of an allowance from which a person should know


async def examine(settings: Settings, platforms: Iterable[Connected]) -> list[Finding]:
    """What is fine and what is not: keys, roles, each platform, ledger, Redis. Closes the platforms."""
    looked_at = await asyncio.gather(
        *(_platform(platform, settings) for platform in platforms),
        _ledger(settings),
        _broker(settings),
        _cache(settings),
    )
    return [_keys(settings), _roles(settings), *looked_at]


def _keys(settings: Settings) -> Finding:
    if not settings.keys:
        return Finding.bad(
            "keys",
            "there is no API key, so nobody gets any data",
            "make one with `crosswalk keys new --role portal` and put the entry that it prints under keys:",
        )
    roles = sorted({key.role for key in settings.keys})
    return Finding.good("keys", f"{len(settings.keys)} for {', '.join(roles)}")


def _roles(settings: Settings) -> Finding:
    if not settings.roles:
        return Finding.bad(
            "roles", "no platform plays a role, so the graph is empty", "bind them, such as roles: {CRM: [salesforce]}"
        )
    idle = sorted(set(settings.platforms) - {name for names in settings.roles.values() for name in names})
    if idle:
        return Finding.bad(
            "roles", f"{', '.join(idle)} is configured and plays no role", "name it under roles:, or remove it"
        )
    return Finding.good("roles", ", ".join(f"{role}: {' '.join(names)}" for role, names in settings.roles.items()))


async def _platform(platform: Connected, settings: Settings) -> Finding:
    subject = f"platform {platform.name}"
    seconds = 3 * settings.platforms[platform.name].timeout_seconds  # signing in, asking, and one repeat
    try:
        async with asyncio.timeout(seconds):
            probe = await platform.probe()
    except TimeoutError:
        return Finding.bad(
            subject, f"no answer from {platform.base_url} within {seconds:g} s", "check the url, proxies and firewalls"
        )
    finally:
        await platform.close()
    if not probe.ok:
        return Finding.bad(subject, probe.detail, probe.advice)
    return _with_quota(subject, probe.detail, probe.quota)


def _with_quota(subject: str, detail: str, quota: Quota) -> Finding:
    if quota.used is None or quota.limit is None:
        return Finding.good(subject, detail)
    told = f"{detail}; {quota.limit - quota.used} of {quota.limit} calls left"
    if quota.used < quota.limit * _ALMOST_USED_UP:
        return Finding.good(subject, told)
    until = f" (it starts anew at {quota.resets_at:%Y-%m-%d %H:%M} UTC)" if quota.resets_at else ""
    return Finding.bad(
        subject, told, f"find out what else spends the allowance, ask the vendor for more, or wait{until}"
    )


async def _ledger(settings: Settings) -> Finding:
    url = settings.ledger.url.get_secret_value()
    try:
        if _is_to_be_made(url):
            return Finding.good("ledger", "sqlite; its file is made when the gateway first starts")
        await prepare(url)
    except DatabaseUrlError as error:
        return Finding.bad("ledger", str(error), "correct ledger.url")
    except LedgerVersionError as error:
        return Finding.bad("ledger", str(error), "do as it says before the gateway starts")
    except LedgerUnavailable as error:
        return Finding.bad("ledger", error.detail, "check ledger.url, and that the database runs and lets us in")
    kind = url.partition(":")[0]
    return Finding.good("ledger", f"{kind}, tables of this version")


def _is_to_be_made(url: str) -> bool:
    """Whether it is a file that isn't there: looking at it must not make it."""
    file = sqlite_path(url)
    return file is not None and not file.exists()


async def _broker(settings: Settings) -> Finding:
    if settings.broker.url is None:
        return Finding.good("broker", "jobs are done in the gateway's own process; no Redis configured")
    why = await probe_redis(settings.broker.url.get_secret_value())
    if why is None:
        return Finding.good("broker", "Redis answers; `crosswalk worker` carries out runs")
    return Finding.bad(
        "broker",
        f"Redis: {why}",
        "check broker.url and that the server runs; runs are accepted, and wait until it does",
    )


async def _cache(settings: Settings) -> Finding:
    if settings.cache.url is None:
        return Finding.good("cache", "in each process; no Redis configured")
    why = await probe_redis(settings.cache.url.get_secret_value())
    if why is None:
        return Finding.good("cache", "Redis answers")
    return Finding.bad("cache", f"Redis: {why}", "check cache.url and that the server runs; reads go on without it")
