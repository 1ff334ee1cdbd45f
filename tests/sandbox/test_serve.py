"""The sandbox as a library: on the caller's loop, in a thread, and how it refuses to start."""

import asyncio
import socket
from datetime import UTC, date, datetime

import pytest

from sandbox.firm.generate import generate
from sandbox.serve import SandboxThread, running, serving
from sandbox.world import SandboxError, World

AS_OF = date(2026, 11, 20)


def noon() -> datetime:
    return datetime(2026, 11, 20, 12, tzinfo=UTC)


async def status_of(url: str) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    line = await reader.readline()
    writer.close()
    return line


async def test_it_runs_on_the_callers_loop_until_the_block_ends(build_notebook):
    world = World(
        generate(accounts=3, as_of=AS_OF), [build_notebook(generate(accounts=3, as_of=AS_OF), clock=noon)], noon
    )
    async with serving(world) as ready:
        assert b"200" in await status_of(ready["control"])
        assert b"404" in await status_of(ready["platforms"]["notebook"]["url"])
    with pytest.raises(ConnectionRefusedError):
        await status_of(ready["control"])


async def test_the_ready_document_names_vendor_role_url_and_credentials(notebook_vendor):
    async with running(platforms=["a=notebook", "b=notebook:pages=9"], accounts=2, clock=noon) as ready:
        assert set(ready) == {"control", "platforms"}
        assert {name: platform["vendor"] for name, platform in ready["platforms"].items()} == {
            "a": "notebook",
            "b": "notebook",
        }
        assert ready["platforms"]["a"] == {
            "vendor": "notebook",
            "role": "CRM",
            "url": ready["platforms"]["a"]["url"],
            "credentials": {"access_token": "a-token"},
        }


async def test_a_request_in_progress_does_not_hold_up_the_end(build_notebook):
    firm = generate(accounts=3, as_of=AS_OF)
    world = World(firm, [build_notebook(firm, clock=noon)], noon)
    async with serving(world) as ready:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(ready["control"].rpartition(":")[2]))
        writer.write(b"GET /calls HTTP/1.1\r\nHost: x\r\n\r\n")  # kept alive, idle
        await reader.readuntil(b"\r\n\r\n")
    writer.close()
    assert await asyncio.wait_for(reader.read(-1), 2) is not None


def test_a_thread_serves_callers_of_any_loop_and_stops(notebook_vendor):
    thread = SandboxThread(platforms=[notebook_vendor], accounts=2, clock=noon)
    ready = thread.start()
    assert b"200" in asyncio.run(status_of(ready["control"]))
    assert b"200" in asyncio.run(status_of(ready["control"]))
    thread.stop()
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(status_of(ready["control"]))


def test_a_thread_that_cannot_start_says_why_and_may_be_stopped(notebook_vendor):
    thread = SandboxThread(platforms=[notebook_vendor], accounts=0)
    with pytest.raises(SandboxError, match="at least one account"):
        thread.start()
    thread.stop()


async def test_a_port_in_use_is_named_and_nothing_stays_open(build_notebook):
    firm = generate(accounts=2, as_of=AS_OF)
    world = World(firm, [build_notebook(firm, clock=noon)], noon)
    with socket.socket() as taken:
        base = _free_pair()
        taken.bind(("127.0.0.1", base + 1))
        taken.listen()
        with pytest.raises(SandboxError, match=f"port {base + 1} on 127.0.0.1, meant for platform notebook, is in use"):
            async with serving(world, port_base=base):
                pass
        with pytest.raises(ConnectionRefusedError):
            await status_of(f"http://127.0.0.1:{base}")


async def test_platforms_take_the_ports_behind_the_control_api(build_notebook):
    firm = generate(accounts=2, as_of=AS_OF)
    world = World(firm, [build_notebook(firm, clock=noon)], noon)
    base = _free_pair()
    async with serving(world, port_base=base) as ready:
        assert ready["control"] == f"http://127.0.0.1:{base}"
        assert ready["platforms"]["notebook"]["url"] == f"http://127.0.0.1:{base + 1}"


@pytest.mark.parametrize("base", [-1, 65_535, 70_000])
async def test_a_port_base_out_of_range_is_refused(build_notebook, base):
    firm = generate(accounts=1, as_of=AS_OF)
    with pytest.raises(SandboxError, match="out of range"):
        async with serving(World(firm, [build_notebook(firm, clock=noon)], noon), port_base=base):
            pass


def _free_pair() -> int:
    """A port that is free and whose successor is."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
