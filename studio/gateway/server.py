"""uvicorn, as the studio configures it."""

from __future__ import annotations

import resource
import sys
from typing import Any

import uvicorn

from rendering import memory
from studio.gateway import connections
from studio.gateway.application import Gateway

GRACE_SECONDS = 8
"""For running requests when the server is to end. Views that take longer end with the process."""


SWITCH_SECONDS = 0.0005
"""After this long a computing thread lets others run. Every query of a page waits this long once, for each thread that computes."""

FILES = 8192
"""Open files: each connection is one, each large body another."""


def tune() -> None:
    """Sets this process up for many threads that share one interpreter; to be called before the first of them starts."""
    sys.setswitchinterval(SWITCH_SECONDS)
    memory.steady()


class Server(uvicorn.Server):
    def __init__(self, gateway: Gateway, host: str, port: int) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
        self.gateway = gateway
        super().__init__(
            uvicorn.Config(
                gateway,
                host=host,
                port=port,
                http=connections.Connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # studio/gateway/addresses.py reads them
                server_header=False,
                timeout_keep_alive=connections.IDLE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
                h11_max_incomplete_event_size=connections.LARGEST_HEAD,
            )
        )

    async def shutdown(self, sockets: Any = None) -> None:
        self.gateway.waits.end()
        await super().shutdown(sockets)
