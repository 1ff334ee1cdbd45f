"""The keys of a file count from the moment that the file has changed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.cli.edge_settings import key_file, key_ring
from gateway.cli.key_entries import new_entry
from runtime.settings import read_settings

PATIENCE = 20.0


class Installation:
    """Settings with a key of their own, and a file of keys that changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.own, own = new_entry(name="own", role="admin")
        self.file = folder / "keys.yaml"
        self.hold(*(new_entry(name="first", role="portal"),))
        (folder / "crosswalk.yaml").write_text(yaml.safe_dump({"keys": [own], "keys_file": "keys.yaml"}))
        settings = read_settings(folder / "crosswalk.yaml", environ={})
        self.ring = key_ring(settings)
        found = key_file(settings, self.ring)
        assert found is not None
        self.follower = found

    def hold(self, *made: tuple[str, dict[str, str]]) -> None:
        self.file.write_text(yaml.safe_dump([entry for _, entry in made]))

    def roles(self, *keys: str) -> list[str | None]:
        return [None if (holder := self.ring.holder(key)) is None else holder.role for key in keys]


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


async def test_new_keys_open_and_removed_ones_open_no_more(installation: Installation) -> None:
    first, second = new_entry(name="first", role="portal"), new_entry(name="second", role="pmo")
    installation.hold(first)
    await installation.follower.look()
    assert installation.roles(installation.own, first[0], second[0]) == ["admin", "portal", None]
    installation.hold(second)
    await installation.follower.look()
    assert installation.roles(installation.own, first[0], second[0]) == ["admin", None, "pmo"]
    installation.hold()
    await installation.follower.look()
    assert installation.roles(installation.own, first[0], second[0]) == ["admin", None, None]


@pytest.mark.parametrize(
    "broken",
    [
        "[", "{}", "- {name: x}", "- 5", "- {name: own, role: admin, sha256: '" + "a" * 64 + "'}",
        "- {name: y, role: king, sha256: '" + "a" * 64 + "'}", "- {name: y, role: admin, sha256: secret}",
    ],
)  # fmt: skip
async def test_a_file_that_cant_be_used_changes_nothing(
    installation: Installation, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = new_entry(name="first", role="portal")
    installation.hold(key)
    await installation.follower.look()
    installation.file.write_text(broken)
    await installation.follower.look()
    assert installation.roles(installation.own, key[0]) == ["admin", "portal"]
    said = capsys.readouterr()
    assert "can't be used" in said.out + said.err
    assert "secret" not in said.out + said.err
    installation.hold()
    await installation.follower.look()
    assert installation.roles(installation.own, key[0]) == ["admin", None]


async def test_a_file_that_is_gone_changes_nothing(installation: Installation) -> None:
    key = new_entry(name="first", role="portal")
    installation.hold(key)
    await installation.follower.look()
    installation.file.unlink()
    await installation.follower.look()
    assert installation.roles(key[0]) == ["portal"]


async def test_it_is_read_only_when_it_has_changed(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: list[Any] = []
    monkeypatch.setattr(type(installation.ring), "replace", lambda _ring, keys: replaced.append(keys))
    for _ in range(3):
        await installation.follower.look()
    installation.hold(new_entry(name="later", role="pmo"))
    for _ in range(3):
        await installation.follower.look()
    assert [len(keys) for keys in replaced] == [2, 2]


async def test_it_is_looked_at_while_the_gateway_runs(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.key_file.SECONDS", 0.001)
    key = new_entry(name="later", role="pmo")
    async with installation.follower.followed(), asyncio.timeout(PATIENCE):
        installation.hold(key)
        while installation.roles(key[0]) != ["pmo"]:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
