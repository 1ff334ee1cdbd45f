"""How the process listens: uvicorn, set up for an edge that strangers may reach."""

import uvicorn
from starlette.types import ASGIApp

from gateway.options import EdgeOptions
from gateway.protocol import protocol_with


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
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=options.keep_alive_seconds,
        timeout_graceful_shutdown=options.drain_seconds,
    )
