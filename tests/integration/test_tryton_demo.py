"""`crosswalk demo --erp tryton`: a real Tryton is up, asked, and gone again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from gateway.cli.ask import ask
from sandbox.tryton.rpc import TrytonClient

START_SECONDS = 400.0  # a first start installs Tryton
STOP_SECONDS = 20.0
QUESTION = "{ invoices(first: 100) { nodes { number sources { platform entity } account { name } project { code } } } }"


def test_a_demo_with_tryton_answers_from_it_and_leaves_nothing(tmp_path: Path) -> None:
    ready_file, output, temporary = tmp_path / "ready.json", tmp_path / "output", tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-P", "-c", "from gateway.cli import main; main()", "demo", "--erp", "tryton"]
    command += ["--port", "0", "--accounts", "12", "--ready-file", str(ready_file)]
    with output.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "TMPDIR": str(temporary)})
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready_file.exists():
            assert process.poll() is None, output.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, output.read_text(encoding="utf-8")
            time.sleep(0.05)
        ready = json.loads(ready_file.read_text(encoding="utf-8"))
        tryton = ready["sandbox"]["platforms"]["tryton"]
        assert (tryton["vendor"], tryton["role"]) == ("tryton", "ERP")
        assert "netsuite" not in ready["sandbox"]["platforms"]
        told = ask(ready["graphql"], key=ready["keys"]["admin"], document=QUESTION)
        assert "errors" not in told
        found = told["data"]["invoices"]["nodes"]
        client = TrytonClient(tryton["url"], tryton["credentials"])
        numbers = client.call(
            "model.account.invoice.search_read", [["total_amount", ">=", 0]], 0, None, None, ["number"]
        )
        assert {one["number"] for one in found} == {row["number"] for row in numbers}
        assert all(one["sources"] == [{"platform": "tryton", "entity": "account.invoice"}] for one in found)
        assert any(one["account"] for one in found)
        assert any(one["project"] for one in found)
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_SECONDS) == 0
    finally:
        process.kill()
        process.wait()
    _, _, shown = output.read_text(encoding="utf-8").partition("Its answer:\n\n")
    answer, _ = json.JSONDecoder().raw_decode(shown)
    assert "errors" not in answer
    assert list(temporary.iterdir()) == []
    try:
        TrytonClient(tryton["url"], tryton["credentials"])
    except OSError:
        return
    raise AssertionError("Tryton outlived its demo")
