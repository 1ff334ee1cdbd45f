"""`crosswalk query` sends an operation as it is told to and shows the answer, whatever the gateway does."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

Crosswalk = Callable[..., subprocess.CompletedProcess[str]]


class Gateway:
    """Answers what it is told to and keeps what it was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, b'{"data": {"hello": "w\\u00f6rld"}}'
        self.asked: list[tuple[dict[str, str], Any]] = []
        outer = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_port}/graphql"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    thread = threading.Thread(target=gateway.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield gateway
    gateway.server.shutdown()
    gateway.server.server_close()
    thread.join()


def test_an_operation_from_standard_input_is_answered(crosswalk: Crosswalk, gateway: Gateway) -> None:
    ran = crosswalk(
        "query",
        "-",
        "--url",
        gateway.url,
        "--variables",
        '{"first": 2}',
        stdin="{ hello }",
        environ={"CROSSWALK_KEY": "k"},
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {"data": {"hello": "wörld"}}
    assert "wörld" in ran.stdout
    ((headers, body),) = gateway.asked
    assert headers["x-api-key"] == "k"
    assert body == {"query": "{ hello }", "variables": {"first": 2}}


def test_an_operation_from_a_file_is_answered(crosswalk: Crosswalk, gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "hello.graphql").write_text("query A { hello }", encoding="utf-8")
    ran = crosswalk("query", "hello.graphql", "--url", gateway.url, "--operation", "A")
    assert ran.returncode == 0
    ((headers, body),) = gateway.asked
    assert "x-api-key" not in headers
    assert body == {"query": "query A { hello }", "operationName": "A"}


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_with_errors_is_shown_and_fails(crosswalk: Crosswalk, gateway: Gateway, status: int) -> None:
    gateway.status, gateway.body = status, b'{"errors": [{"message": "no"}]}'
    ran = crosswalk("query", "-", "--url", gateway.url, stdin="{ hello }")
    assert ran.returncode == 1
    assert json.loads(ran.stdout) == {"errors": [{"message": "no"}]}


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, b'{"errors": [{"message": "no key"}]}', "wants a valid API key"),
        (404, b"not here", "does the address end in /graphql?"),
        (200, b"<html>", "no GraphQL"),
    ],
)
def test_what_is_no_answer_says_what_to_do(
    crosswalk: Crosswalk, gateway: Gateway, status: int, body: bytes, told: str
) -> None:
    gateway.status, gateway.body = status, body
    ran = crosswalk("query", "-", "--url", gateway.url, stdin="{ hello }")
    assert ran.returncode == 1
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        (["-", "--url", "http://127.0.0.1:1/graphql"], "{ hello }", "is the gateway running?"),
        (["-", "--url", "file:///etc/passwd"], "{ hello }", "is no address of a gateway"),
        (["-", "--url", "nonsense"], "{ hello }", "is no address of a gateway"),
        (["-"], "", "standard input holds no operation"),
        (["none.graphql"], "", "there is no file none.graphql"),
        (["-", "--variables", "{"], "{ hello }", "--variables is not JSON"),
        (["-", "--variables", "[1]"], "{ hello }", "--variables must be a JSON object"),
    ],
)
def test_a_mistake_is_told_before_anything_is_sent(
    crosswalk: Crosswalk, arguments: list[str], stdin: str, told: str
) -> None:
    ran = crosswalk("query", *arguments, stdin=stdin)
    assert ran.returncode == 1
    assert told in ran.stderr
    assert "Traceback" not in ran.stderr
