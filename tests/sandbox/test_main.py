"""The command line, as a process of its own."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
SMALL = ("--only", "kantata", "--accounts", "3", "--seed", "3")


def sandbox(*arguments: str, **options) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, **options)


def wait_for(path: Path, process: subprocess.Popen[str]) -> dict:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return json.loads(path.read_text())


def test_it_writes_the_ready_file_once_everything_answers_and_stops_cleanly(tmp_path):
    path = tmp_path / "ready.json"
    path.write_text("from an earlier start")
    process = sandbox(*SMALL, "--port-base", "0", "--ready-file", str(path))
    while path.exists() and path.read_text().startswith("from"):
        time.sleep(0.005)
    ready = wait_for(path, process)
    with urllib.request.urlopen(f"{ready['control']}/firm?type=Account", timeout=10) as answer:
        assert len(json.load(answer)["Account"]) == 3
    assert list(ready["platforms"]) == ["kantata"]
    assert set(ready["platforms"]["kantata"]) == {"vendor", "role", "url", "credentials"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "building the firm: 3 accounts" in said
    assert "Traceback" not in said


def test_it_stops_on_sigterm_and_when_its_parent_is_gone(tmp_path):
    by_signal = sandbox(*SMALL, "--port-base", "0", "--ready-file", str(tmp_path / "a"))
    by_eof = sandbox(
        *SMALL, "--port-base", "0", "--ready-file", str(tmp_path / "b"), "--stop-on-eof", stdin=subprocess.PIPE
    )
    wait_for(tmp_path / "a", by_signal)
    wait_for(tmp_path / "b", by_eof)
    by_signal.terminate()
    by_eof.stdin.close()
    assert (by_signal.wait(10), by_eof.wait(10)) == (0, 0)
    by_signal.stderr.close()
    by_eof.stderr.close()


def test_a_port_in_use_is_one_clear_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = sandbox(*SMALL, "--port-base", str(port))
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.splitlines()[-1] == (
        f"sandbox: error: port {port} on 127.0.0.1, meant for the control API, is in use;"
        " choose another --port-base, or 0 for free ports"
    )


def test_wrong_arguments_are_refused_without_a_stack_trace(tmp_path):
    for arguments, reason in [
        (("--only", "kantatta"), "did you mean kantata?"),
        (("--accounts", "0", "--only", "kantata"), "at least one account"),
        (
            ("--only", "kantata", "--accounts", "1", "--port-base", "0", "--ready-file", str(tmp_path / "no" / "x")),
            "No such",
        ),
    ]:
        process = sandbox(*arguments, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        _, said = process.communicate(timeout=30)
        assert process.returncode == 1
        assert reason in said.splitlines()[-1]
        assert "Traceback" not in said


def test_a_call_that_hangs_in_a_fault_does_not_hold_up_the_stop(tmp_path):
    process = sandbox(*SMALL, "--port-base", "0", "--ready-file", str(tmp_path / "ready"))
    ready = wait_for(tmp_path / "ready", process)
    fault = json.dumps({"platform": "kantata", "kind": "latency", "ms": 600_000}).encode()
    urllib.request.urlopen(f"{ready['control']}/faults", fault, timeout=10).close()
    port = int(ready["platforms"]["kantata"]["url"].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as hanging:
        hanging.sendall(b"GET /api/v1/users.json HTTP/1.1\r\nHost: x\r\n\r\n")
        calls = {"total": 0}
        while calls["total"] == 0:
            with urllib.request.urlopen(f"{ready['control']}/calls", timeout=10) as answer:
                calls = json.load(answer)["platforms"]["kantata"]
        process.terminate()
        _, said = process.communicate(timeout=5)
    assert process.returncode == 0
    assert "Traceback" not in said
