"""Starting, resetting and stopping leave exactly what they say they leave."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.firm.model import Firm
from sandbox.tryton.install import TrytonUnavailable, default_cache, run
from sandbox.tryton.platform import RunningTryton, start_tryton
from sandbox.tryton.rpc import TrytonClient, TrytonRefused

WATCH = Path(__file__).parents[3] / "sandbox" / "tryton" / "inside" / "watch.py"


def test_the_running_platform_says_where_it_is_and_who_may_enter(tryton: RunningTryton, client: TrytonClient) -> None:
    assert (tryton.name, tryton.vendor, tryton.role) == ("tryton", "tryton", "ERP")
    assert set(tryton.credentials) == {"database", "user", "password"}
    assert client.context["company_filter"] == "all"
    assert client.call("model.company.company.search_count", []) == len(client.context["companies"])


def test_a_second_start_takes_everything_from_the_cache(tryton: RunningTryton, firm: Firm) -> None:
    said: list[str] = []
    second = start_tryton(firm, name="tryton-again", progress=said.append)
    try:
        assert said == ["starting Tryton"]
        assert second.url != tryton.url
    finally:
        second.stop()


def test_stop_leaves_no_process_and_no_file(firm: Firm) -> None:
    running = start_tryton(firm, name="tryton-stopped")
    group, folder = running.server.process_id, running.server.folder
    assert group is not None
    assert folder.exists()
    running.stop()
    running.stop()
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)
    assert not folder.exists()
    assert not running.server.answers()


def test_reset_brings_back_the_firm_at_the_same_address(firm: Firm) -> None:
    running = start_tryton(firm, name="tryton-reset")
    try:
        client, url = TrytonClient(running.url, running.credentials), running.url
        (party,) = client.call("model.party.party.search_read", [["code", "like", "001%"]], 0, 1, None, ["name"])
        client.call("model.party.party.write", [party["id"]], {"name": "Renamed"})
        running.reset()
        assert running.url == url
        with pytest.raises(TrytonRefused) as refused:
            client.call("model.party.party.read", [party["id"]], ["name"])
        assert refused.value.args[0] == 401
        again = TrytonClient(running.url, running.credentials)
        assert again.call("model.party.party.read", [party["id"]], ["name"]) == [party]
    finally:
        running.stop()


def test_a_port_in_use_is_refused_at_once(firm: Firm) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(TrytonUnavailable, match=f"port {port} is in use"):
            start_tryton(firm, name="tryton-refused", port=port)


def test_a_server_ends_with_its_starter(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    watched = subprocess.Popen([sys.executable, str(WATCH), str(folder), *command], stdin=subprocess.PIPE)
    assert watched.stdin is not None
    watched.stdin.close()  # what the kernel does when the starter dies
    assert watched.wait(10) != 0
    assert not folder.exists()


def test_a_step_that_fails_says_why_and_where_the_log_is(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    step = [sys.executable, "-c", "import sys; print('no space left'); sys.exit(3)"]
    with pytest.raises(TrytonUnavailable, match=r"installing Tryton failed: no space left .*step\.log"):
        run(step, log=log, what="installing Tryton")


def test_the_cache_is_where_the_machine_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "crosswalk" / "tryton"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache().parts[-2:] == (".cache", "tryton")
