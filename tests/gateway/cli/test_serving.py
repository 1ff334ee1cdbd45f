"""A gateway answers from entering its block, ends with it, and a signal stops it without a trace."""

import asyncio
import os
import signal
import socket
import subprocess
import sys

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gateway.cli.ports import listen, url_of
from gateway.cli.refusal import Refusal
from gateway.cli.serving import serving
from gateway.cli.until_stopped import run_until_stopped
from gateway.options import EdgeOptions


async def hello(_: object) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def get(url: str) -> bytes:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer


async def test_it_answers_within_the_block_and_not_after() -> None:
    listener = listen("127.0.0.1", 0)
    async with serving(Starlette(routes=[Route("/", hello)]), listener, EdgeOptions()):
        assert (await get(url_of(listener))).endswith(b"hello")
        url = url_of(listener)
    with pytest.raises(ConnectionError):
        await get(url)


async def test_an_application_that_can_not_start_is_refused() -> None:
    class Broken:
        async def __aenter__(self) -> None:
            raise RuntimeError("no engine")

        async def __aexit__(self, *_: object) -> None: ...

    app = Starlette(lifespan=lambda _: Broken())  # type: ignore[arg-type,return-value]
    with pytest.raises(Refusal, match="could not start"):
        async with serving(app, listen("127.0.0.1", 0), EdgeOptions()):
            pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_work_after_its_cleaning_up(number: signal.Signals) -> None:
    code = (
        "import asyncio\nfrom gateway.cli.until_stopped import run_until_stopped\n"
        "async def work():\n"
        "    try:\n        print('up', flush=True)\n        await asyncio.Event().wait()\n"
        "    finally:\n        await asyncio.sleep(0)\n        print('clean', flush=True)\n"
        "run_until_stopped(work())\nprint('end')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "up\n"
        os.kill(process.pid, number)
        assert process.stdout.read() == "clean\nend\n"
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_an_error_of_the_work_is_not_hidden() -> None:
    async def work() -> None:
        raise Refusal("no")

    with pytest.raises(Refusal, match="no"):
        run_until_stopped(work())


def test_a_port_below_1024_or_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refusal, match=f"port {port} on 127.0.0.1 is in use"):
            listen("127.0.0.1", port)


def test_an_unknown_host_is_told() -> None:
    with pytest.raises(Refusal, match="no such address"):
        listen("no-such-host.invalid", 0)


def test_all_addresses_are_shown_as_one_that_a_browser_can_open() -> None:
    listener = listen("0.0.0.0", 0)
    assert url_of(listener).startswith("http://127.0.0.1:")
    listener.close()
