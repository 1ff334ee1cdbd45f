"""The demo brings everything up, answers, tells where things are, and goes without a trace."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.ask import ask
from gateway.cli.key_entries import ROLES
from gateway.cli.refusal import Refusal

START_SECONDS = 60.0


@dataclass
class Demo:
    process: subprocess.Popen[bytes]
    ready: dict[str, Any]
    output: Path
    temporary: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo of a small firm on free ports."""
    folder = tmp_path_factory.mktemp("demo")
    ready_file, output, temporary = folder / "ready.json", folder / "output", folder / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-P", "-c", "from gateway.cli import main; main()", "demo"]
    command += ["--port", "0", "--accounts", "25", "--ready-file", str(ready_file)]
    with output.open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder, env={**os.environ, "TMPDIR": str(temporary)}
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready_file.exists():
            assert process.poll() is None, output.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, output.read_text(encoding="utf-8")
            time.sleep(0.02)
        yield Demo(process, json.loads(ready_file.read_text(encoding="utf-8")), output, temporary)
    finally:
        process.kill()
        process.wait()


class TestDemo:
    """One demo for all, in the order of its life."""

    def test_the_sample_question_has_a_real_answer_without_errors(self, demo: Demo) -> None:
        text = demo.output.read_text(encoding="utf-8")
        _, _, shown = text.partition("Its answer:\n\n")
        answer, _ = json.JSONDecoder().raw_decode(shown)
        assert "errors" not in answer
        (account,) = answer["data"]["accounts"]["nodes"]
        assert account["name"] in json.dumps(answer)
        assert float(account["billing"]["overdue"]["amount"]) > 0
        assert {source["role"] for source in account["sources"]} >= {"CRM", "ERP"}
        assert account["invoices"]["nodes"]

    def test_a_deal_becomes_a_project_whose_start_a_subscriber_hears_of(self, demo: Demo) -> None:
        _, _, told = demo.output.read_text(encoding="utf-8").partition("A won deal becomes a project")
        conversion, _, change = told.partition("A change in the PSA")
        assert "The run is SUCCEEDED" in conversion
        assert "netsuite    billing schedule in ERP" in conversion
        _, _, shown = change.partition("The portal gets\n")
        event, _ = json.JSONDecoder().raw_decode(shown.lstrip())
        assert (event["platform"], event["before"], event["after"]) == ("kantata", "PLANNED", "ACTIVE")
        assert event["project"]["status"] == "ACTIVE"

    def test_the_ready_file_tells_what_a_client_needs(self, demo: Demo) -> None:
        assert set(demo.ready) == {"graphql", "keys", "sandbox"}
        assert set(demo.ready["keys"]) == set(ROLES)
        platforms = demo.ready["sandbox"]["platforms"]
        assert {name: (platform["vendor"], platform["role"]) for name, platform in platforms.items()} == {
            "salesforce": ("salesforce", "CRM"),
            "kantata": ("kantata", "PSA"),
            "netsuite": ("netsuite", "ERP"),
        }
        assert set(platforms["salesforce"]["credentials"]) >= {"client_id", "client_secret"}
        assert set(platforms["kantata"]["credentials"]) >= {"access_token"}
        assert set(platforms["netsuite"]["credentials"]) >= {
            "account",
            "consumer_key",
            "consumer_secret",
            "token_key",
            "token_secret",
        }

    @pytest.mark.parametrize("role", ROLES)
    def test_every_roles_key_gets_an_answer(self, demo: Demo, role: str) -> None:
        answer = ask(demo.ready["graphql"], key=demo.ready["keys"][role], document="{ platforms { name health } }")
        assert len(answer["data"]["platforms"]) == 3

    @pytest.mark.parametrize("key", [None, "cw_admin_" + "0" * 64])
    def test_without_a_valid_key_there_is_no_answer(self, demo: Demo, key: str | None) -> None:
        with pytest.raises(Refusal, match="wants a valid API key"):
            ask(demo.ready["graphql"], key=key, document="{ platforms { name } }")

    def test_the_keys_are_not_kept_where_others_can_read_them(self, demo: Demo) -> None:
        (folder,) = demo.temporary.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())

    def test_it_stops_cleanly(self, demo: Demo) -> None:
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(timeout=30) == 0
        assert demo.output.read_text(encoding="utf-8").endswith("Stopped.\n")
        assert not list(demo.temporary.iterdir())
        with pytest.raises(Refusal, match="is the gateway running"):
            ask(demo.ready["graphql"], key=None, document="{ platforms { name } }")
