"""Every command explains itself, starts fast, and tells a mistake in a plain line."""

import re
import socket
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

Crosswalk = Callable[..., subprocess.CompletedProcess[str]]

COMMANDS = [
    ("demo", ["--port", "--accounts", "--seed", "--erp", "--ready-file"]),
    ("sandbox", ["--port-base", "--accounts", "--seed", "--only", "--platform", "--ready-file"]),
    ("serve", ["--config", "--host", "--port"]),
    ("migrate", ["--config"]),
    ("query", ["--variables", "--url", "--key"]),
    ("trace", ["CORRELATION_ID", "--config", "--json"]),
    ("audit verify", ["--config"]),
    ("doctor", ["--config"]),
    ("schema print", []),
    ("schema check", ["AGAINST"]),
    ("keys new", ["--role", "--name"]),
    ("settings docs", []),
]


@pytest.mark.parametrize(("command", "options"), COMMANDS)
def test_every_command_explains_itself_and_its_options(crosswalk: Crosswalk, command: str, options: list[str]) -> None:
    ran = crosswalk(*command.split(), "--help")
    assert ran.returncode == 0
    assert re.search(r"^  [A-Z]\w+ \w+", ran.stdout, re.MULTILINE)
    for option in options:
        assert option.lower() in ran.stdout.lower()


def test_help_loads_nothing_heavy() -> None:
    """The start of the command line stays far below 0.3 s as long as these stay out of it."""
    heavy = {"graphql", "strawberry", "uvicorn", "starlette", "aiohttp", "msgspec", "yaml", "redis", "structlog"}
    code = f"import gateway.cli, sys; print(sorted({heavy!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "[]"


def plain(ran: subprocess.CompletedProcess[str], *told: str) -> None:
    """It failed, said so on standard error, and showed no stack trace."""
    assert ran.returncode in (1, 2)
    assert "Traceback" not in ran.stderr
    for text in told:
        assert text in ran.stderr


def test_serving_without_a_settings_file_says_what_to_do(crosswalk: Crosswalk) -> None:
    plain(crosswalk("serve"), "there is no settings file crosswalk.yaml", "crosswalk.example.yaml", "crosswalk demo")


def test_serving_with_broken_yaml_says_where(crosswalk: Crosswalk, tmp_path: Path) -> None:
    (tmp_path / "crosswalk.yaml").write_text("server: [", encoding="utf-8")
    plain(crosswalk("serve"), "is not valid YAML at line 1")


def test_serving_with_wrong_settings_tells_each(crosswalk: Crosswalk, tmp_path: Path) -> None:
    (tmp_path / "crosswalk.yaml").write_text("servre: {}\nroles: {CRM: [x]}\nlog: {level: loud}", encoding="utf-8")
    plain(crosswalk("serve"), "did you mean server?", "log.level")


@pytest.mark.parametrize("command", [("demo",), ("serve",)])
def test_a_port_in_use_is_told(crosswalk: Crosswalk, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "crosswalk.yaml").write_text("server: {}", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        plain(crosswalk(*command, "--port", port), f"port {port} on 127.0.0.1 is in use", "--port")


def test_an_address_of_another_machine_is_told(crosswalk: Crosswalk, tmp_path: Path) -> None:
    (tmp_path / "crosswalk.yaml").write_text("server: {}", encoding="utf-8")
    plain(crosswalk("serve", "--host", "192.0.2.1", "--port", "0"), "can't listen on 192.0.2.1")


def test_an_unknown_option_is_told(crosswalk: Crosswalk) -> None:
    plain(crosswalk("demo", "--prot", "1"), "--prot")


def test_an_unknown_erp_is_told_with_the_known(crosswalk: Crosswalk) -> None:
    plain(crosswalk("demo", "--erp", "sap"), "netsuite", "tryton")


def test_a_ready_file_in_no_folder_is_told_at_once(crosswalk: Crosswalk) -> None:
    plain(crosswalk("demo", "--port", "0", "--ready-file", "none/ready.json"), "there is no folder none")


def test_a_new_key_is_printed_once_with_the_entry_that_opens_to_it(crosswalk: Crosswalk) -> None:
    ran = crosswalk("keys", "new", "--role", "portal", "--name", "Client portal")
    assert ran.returncode == 0
    key, line = ran.stdout.splitlines()
    (entry,) = yaml.safe_load(line)
    assert entry["name"] == "Client portal"
    assert entry["role"] == "portal"
    assert entry["sha256"] == sha256(key.encode()).hexdigest()
    assert key.startswith(entry["prefix"])
    assert key not in ran.stderr
    assert key not in line


def test_a_key_for_a_role_that_nobody_has_is_refused(crosswalk: Crosswalk) -> None:
    plain(crosswalk("keys", "new", "--role", "portl"), "did you mean portal?")
