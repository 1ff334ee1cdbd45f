"""How the process listens: uvicorn, set up for an edge that strangers may reach."""

import gc

import uvicorn
from starlette.types import ASGIApp

from gateway.options import EdgeOptions
from gateway.protocol import protocol_with
from gateway.streams.socket_protocol import socket_with

ALLOCATIONS = 10_000
"""Objects made and not freed before the garbage collector looks at the youngest: an answer of a thousand records."""


def calm_collector() -> None:
    """Tells the garbage collector to leave alone what stands when serving begins, and to look less often.

    Schema and modules are some hundred thousand objects that never go; walking through them again and again costs a
    small operation a third of its time. What operations leave behind is freed by reference count, hardly ever by it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 20, 20)


def server_config(
    app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, options: EdgeOptions | None = None
) -> uvicorn.Config:
    """For `uvicorn.Server`. Told to stop, it takes nothing new, finishes what is in flight within `drain_seconds`,
    cancels the rest and closes the engine.
    """
    options = options or EdgeOptions()
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol_with(options),
        ws=socket_with(options),
        ws_max_size=options.body_bytes,
        ws_ping_interval=options.heartbeat_seconds,
        ws_ping_timeout=options.heartbeat_seconds,
        ws_per_message_deflate=False,  # it would take some 40 kB per socket
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=options.keep_alive_seconds,
        timeout_graceful_shutdown=options.drain_seconds,
    )
