"""Bodies of requests: bounded in bytes and time before a view sees it, in memory while it is small, else in a file."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import IO, Any

IN_MEMORY = 64 * 1024
SECONDS = 30
"""For the first byte and for any body; a larger one gets a second more for each 500 bytes that arrived."""
BYTES_A_SECOND = 500
ROOM, ROOM_EACH = 4_000_000_000, 1_200_000_000
"""Bytes of all bodies in files at one time, and of those from one address: two videos and some pictures."""

Receive = Callable[[], Awaitable[dict[str, Any]]]


class Gone(Exception):
    """The client has closed the connection."""


class TooLarge(Exception):
    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class TooSlow(Exception):
    pass


class NoRoom(Exception):
    pass


def spooled() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)


class Room:
    """How much of the disk bodies take up."""

    def __init__(self, most: int = ROOM, each: int = ROOM_EACH) -> None:
        self.most, self.each = most, each
        self.taken: Counter[str] = Counter()

    def take(self, address: str, size: int) -> None:
        if self.taken.total() + size > self.most or self.taken[address] + size > self.each:
            raise NoRoom
        self.taken[address] += size

    def give_back(self, address: str, size: int) -> None:
        self.taken[address] -= size
        if not self.taken[address]:
            del self.taken[address]


class Body:
    """A body that is read from the connection into `file`. close() gives back what it takes."""

    def __init__(self, room: Room, address: str) -> None:
        self.room, self.address = room, address
        self.file = spooled()
        self.size = self.on_disk = 0

    async def read(self, receive: Receive, most: int) -> None:
        """Reads all of it. Raises TooLarge, TooSlow, NoRoom, Gone."""
        begun = time.monotonic()
        more = True
        while more:
            left = begun + SECONDS + self.size / BYTES_A_SECOND - time.monotonic()
            try:
                message = await asyncio.wait_for(receive(), max(0, left))
            except TimeoutError:
                raise TooSlow from None
            if message["type"] == "http.disconnect":
                raise Gone
            data, more = message["body"], message["more_body"]
            self.size += len(data)
            if self.size > most:
                raise TooLarge(self.size)
            if self.size <= IN_MEMORY:
                self.file.write(data)
                continue
            self.room.take(self.address, self.size - self.on_disk)
            self.on_disk = self.size
            await asyncio.to_thread(self.file.write, data)
        self.file.seek(0)

    def close(self) -> None:
        self.file.close()
        if self.on_disk:
            self.room.give_back(self.address, self.on_disk)
            self.on_disk = 0
