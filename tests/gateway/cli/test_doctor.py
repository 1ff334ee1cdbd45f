"""The doctor tells what is wrong with an installation and what to do, and lets nothing hang."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.cli.examination import examine
from gateway.cli.findings import Finding, table
from platforms.connected import Probe
from platforms.quota import Quota
from runtime.settings import Settings

Crosswalk = Callable[..., subprocess.CompletedProcess[str]]


class Platform(SimpleNamespace):
    """A platform whose probe finds what the test says."""

    closed = False

    async def probe(self) -> Probe:
        if isinstance(self.found, Probe):
            return self.found
        await asyncio.Event().wait()
        raise AssertionError

    async def close(self) -> None:
        self.closed = True


def settings(**more: Any) -> Settings:
    return Settings.model_validate(
        {
            "keys": [{"name": "portal", "role": "portal", "sha256": "a" * 64}],
            "platforms": {"crm": {"vendor": "x", "url": "https://crm.example", "timeout_seconds": 0.005}},
            "roles": {"CRM": ["crm"]},
            **more,
        }
    )


def platform(found: Probe | None) -> Platform:
    return Platform(name="crm", base_url="https://crm.example", found=found)


async def findings(found: Probe | None = None, **more: Any) -> dict[str, Finding]:
    platforms = [platform(found)] if found else []
    return {finding.subject: finding for finding in await examine(settings(**more), platforms)}  # type: ignore[arg-type]


async def test_an_installation_in_order_is_all_fine() -> None:
    found = await findings(Probe(ok=True, detail="signed in", quota=Quota(used=10, limit=1000)))
    assert all(finding.fine for finding in found.values())
    assert found["platform crm"].detail == "signed in; 990 of 1000 calls left"


async def test_refused_credentials_come_with_the_platforms_own_advice() -> None:
    found = await findings(Probe(ok=False, detail="credentials refused", advice="renew client_secret"))
    assert found["platform crm"] == Finding.bad("platform crm", "credentials refused", "renew client_secret")


async def test_an_allowance_that_is_almost_used_up_is_told() -> None:
    quota = Quota(used=950, limit=1000, resets_at=datetime(2026, 11, 21, 12, tzinfo=UTC))
    found = await findings(Probe(ok=True, detail="signed in", quota=quota))
    assert not found["platform crm"].fine
    assert "2026-11-21 12:00 UTC" in found["platform crm"].advice


async def test_a_platform_that_never_answers_is_given_up_and_closed() -> None:
    silent = platform(None)
    found = await examine(settings(), [silent])  # type: ignore[list-item]
    assert any("no answer from https://crm.example" in finding.detail for finding in found)
    assert silent.closed


async def test_no_keys_no_roles_and_idle_platforms_are_told() -> None:
    assert not (await findings(keys=[]))["keys"].fine
    assert not (await findings(roles={}))["roles"].fine
    idle = {"crm": {"vendor": "x", "url": "https://a.example"}, "old": {"vendor": "x", "url": "https://b.example"}}
    assert "old is configured and plays no role" in (await findings(platforms=idle))["roles"].detail


async def test_a_redis_that_is_not_there_is_told_without_its_password(unused_tcp_port: int) -> None:
    cache = {"url": f"redis://:hunter2@127.0.0.1:{unused_tcp_port}/0"}
    found = (await findings(cache=cache))["cache"]
    assert not found.fine
    assert "hunter2" not in found.detail + found.advice


async def test_a_redis_that_answers_is_fine(redis_url: str) -> None:
    assert (await findings(cache={"url": redis_url}))["cache"].fine


def test_the_table_puts_the_advice_below_what_needs_it() -> None:
    lines = list(table([Finding.good("a", "fine"), Finding.bad("bb", "broken", "mend it")]))
    assert lines == ["ok    a   fine", "FAIL  bb  broken", "          -> mend it", "1 of 2 need attention"]


def test_wrong_settings_are_findings_too(crosswalk: Crosswalk, tmp_path: Path) -> None:
    (tmp_path / "crosswalk.yaml").write_text("servre: {}", encoding="utf-8")
    ran = crosswalk("doctor")
    assert ran.returncode == 1
    assert "FAIL  settings crosswalk.yaml  servre: there is no such setting; did you mean server?" in ran.stdout


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"owners": {"Account.nam": "CRM"}}, "owners.Account.nam: the graph has no such field"),
        ({"owners": {"Account.name": "ERP"}}, "owners.Account.name: no platform of role ERP knows this field"),
        (
            {"keys": [{"name": "portal", "role": "protal", "sha256": "a" * 64}]},
            "keys: 'portal' has the role protal, which is none; did you mean portal?",
        ),
    ],
)
@pytest.mark.parametrize("command", ["doctor", "serve"])
def test_what_only_the_graph_can_tell_is_wrong_is_told_too(
    crosswalk: Crosswalk, tmp_path: Path, command: str, change: dict[str, Any], told: str
) -> None:
    token = {"access_token": {"env": "TOKEN"}}
    platforms = {"psa": {"vendor": "kantata", "url": "http://127.0.0.1:9", "credentials": token}}
    given = {"server": {"port": 0}, "platforms": platforms, "roles": {"PSA": ["psa"]}, **change}
    (tmp_path / "crosswalk.yaml").write_text(json.dumps(given), encoding="utf-8")
    ran = crosswalk(command, environ={"TOKEN": "x"})
    assert ran.returncode == 1
    assert told in ran.stdout + ran.stderr
