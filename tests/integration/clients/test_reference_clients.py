"""The reference clients of both protocols, Apollo Client and urql hold against a whole gateway.

Where there is no Node, what they do is held by `tests/gateway/streams`, which speaks the same frames by hand.
"""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox.tryton.install import digest, one_at_a_time
from tests.integration.test_governed_writes import account_id, config, firm, running

__all__ = ["config", "firm"]
FOLDER = Path(__file__).parent
CACHE = Path(__file__).resolve().parents[3] / ".cache"
PATIENCE = 240.0
CHECKS = 9
pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or shutil.which("npm") is None, reason="needs node 20 or newer, and npm"
)


@pytest.fixture(scope="module")
def packages() -> Path:
    """What the lock file says, from the npm registry, on first use; later uses need no network."""
    names = ("package.json", "package-lock.json")
    folder = CACHE / f"clients-{digest(*((FOLDER / name).read_bytes() for name in names))}"
    installed = folder / "node_modules"
    with one_at_a_time(folder):
        if not (installed / ".package-lock.json").exists():
            folder.mkdir(exist_ok=True)
            for name in names:
                shutil.copy(FOLDER / name, folder)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL)
    return installed


@pytest.mark.parametrize("config", ["embedded"], indirect=True)
async def test_reference_clients_hold(
    config: tuple[Path, dict[str, str]], firm: dict[str, Any], packages: Path
) -> None:
    async with running(config, firm) as installation:
        account = account_id(installation.firm("Account")[3])
        process = await asyncio.create_subprocess_exec(
            "node", str(FOLDER / "clients.mjs"), installation.url, installation.keys["service"], account,
            env={**os.environ, "NODE_PATH": str(packages)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
    lines = said.decode().splitlines()
    assert process.returncode == 0, said.decode()
    assert [line.partition("\t")[0] for line in lines[:-1]] == ["ok"] * CHECKS, said.decode()
