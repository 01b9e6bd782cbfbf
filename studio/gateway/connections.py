"""One connection: time limits for heads and for answers that nobody reads, and room for the next one."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 2000
HEAD_SECONDS = 15
IDLE_SECONDS = (
    75  # longer than proxies keep theirs (60 s), so that they do not write to a closed one
)
SEND_SECONDS = 60
"""An answer is cut off if its client takes less than 48 kB in this time (the transport's high and low mark)."""
READ_AT_ONCE = 64 * 1024
SEND_BUFFER = 256 * 1024
"""Bytes of an answer that the kernel buffers; by default it would buffer megabytes for each slow reader."""
LARGEST_HEAD = 32 * 1024


class Connection(H11Protocol):
    resting: ClassVar[dict[Connection, None]] = {}
    """Connections without a running request, the longest idle first. They make room for new ones."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.head_timer: asyncio.TimerHandle | None = None
        self.send_timer: asyncio.TimerHandle | None = None

    @property
    def at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.max_size = READ_AT_ONCE  # type: ignore[attr-defined]
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER
        )
        self._look()
        if len(self.connections) > MOST:
            next(iter(self.resting)).transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.at_work and len(self.conn.trailing_data[0]) > READ_AT_ONCE:
            self.transport.abort()  # pipelined requests are buffered in memory
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.at_work:
            self.resting[self] = None
            if self.conn.trailing_data[0]:  # a head that has begun already
                self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.resting.pop(self, None)
        for timer in (self.head_timer, self.send_timer):
            if timer:
                timer.cancel()
        self._unset_keepalive_if_required()

    def _look(self) -> None:
        """Limits the time for a head: begins when the connection rests, ends when a whole head has arrived."""
        if self.at_work:
            self.resting.pop(self, None)
            if self.head_timer:
                self.head_timer.cancel()
                self.head_timer = None
        elif not self.transport.is_closing():
            self.resting.setdefault(self)
            self.head_timer = self.head_timer or self.loop.call_later(
                HEAD_SECONDS, self.transport.close
            )

    def send_400_response(self, msg: str) -> None:
        """Works in the middle of a body too, when the application must no longer answer."""
        if self.at_work:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.send_timer = self.loop.call_later(SEND_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.send_timer:
            self.send_timer.cancel()
            self.send_timer = None
