"""The command line, as a process of its own."""

import itertools
import json
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from sandbox.__main__ import main
from sandbox.world import offered_options, real_vendors, vendors

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
    assert "inventing a firm with 3 accounts (seed 3" in said
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


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("--only", "kantatta"), 1, "did you mean kantata?"),
        (("--platform", "netsuite:wall=x"), 1, "netsuite has no option 'wall'; it offers: legal_entities"),
        (("--platform", "salesforce:duplicate_rule=maybe"), 1, "takes yes or no"),
        (("--ready-file", "/no/such/folder/x"), 1, "can't write /no/such/folder/x: no folder /no/such/folder"),
        (("--ready-file", "/"), 1, "can't write /: it is a folder"),
        (("--port-base", "-1"), 1, "port base -1 is out of range"),
        (("--accounts", "0"), 2, "a firm needs at least one account, not 0"),
        (("--accounts", "-5"), 2, "a firm needs at least one account, not -5"),
        (("--accounts", "many"), 2, "expected a whole number, not 'many'"),
        (("--as-of", "yesterday"), 2, "expected a day such as 2026-11-20"),
        (("--account", "5"), 2, "unrecognized arguments: --account 5"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_anything_is_built(capsys, monkeypatch, arguments, code, reason):
    monkeypatch.setattr(sys, "argv", ["sandbox", *arguments])
    with pytest.raises(SystemExit) as ended:
        sys.exit(main())
    assert ended.value.code == code
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sandbox: error: ")
    assert reason in line


def test_the_help_names_every_vendor_with_its_options(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["sandbox", "--help"])
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr().out
    for name in vendors() + real_vendors():
        assert re.search(rf"^  {name}\b.*: .*{', '.join(offered_options(name))}$", told, re.MULTILINE)


def test_somebody_without_a_ready_file_is_told_the_credentials():
    process = sandbox(*SMALL, "--port-base", "0")
    lines = iter(process.stderr.readline, "")
    said = list(itertools.takewhile(lambda line: "ready;" not in line, lines))
    process.terminate()
    process.communicate(timeout=10)
    assert any(re.fullmatch(r"sandbox: {5}access_token: \w{64}\n", line) for line in said)


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
