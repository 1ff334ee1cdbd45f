"""The gateway as it is served, over the fake platform: edge, key, log, engine, cache at its default settings."""

import sys
from hashlib import sha256

import uvicorn

from benchmarks.connector import platforms
from benchmarks.processes import listening, ready
from benchmarks.queries import KEY
from gateway.app import build_app
from gateway.keys import ApiKey, KeyRing
from gateway.server import calm_collector, server_config
from platforms.bindings import Bindings
from platforms.keepalive import KeepAliveTransport
from resolvers.assembly import memory_of
from resolvers.engine import GraphEngine
from runtime.clock import SystemClock
from runtime.settings import CacheSettings


def main(upstream: str) -> None:
    clock = SystemClock()
    bindings = Bindings(platforms(upstream, KeepAliveTransport()))
    engine = GraphEngine(bindings, memory_of(CacheSettings(), clock), clock, seconds=9.5)
    keys = KeyRing([ApiKey(name="bench", role="finance", sha256=sha256(KEY.encode()).hexdigest())])
    listener = listening()
    ready(listener)
    config = server_config(build_app(engine, keys=keys))
    calm_collector()
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
