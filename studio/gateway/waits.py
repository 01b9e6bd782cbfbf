"""Requests that wait for the end of a render (`Prefer: wait=N`): held by the event loop, checked by one query for all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from studio.gateway.pools import Pool

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks
MOST = 1000

ASKED = "studio.wait"
"""A view that wants its answer to wait puts a Wait here, in the environment of its request."""
OVER = "studio.waited"
"""Set in the environment when the same request is given to the view again, after the wait."""


@dataclass(frozen=True)
class Wait:
    render_id: str
    seconds: int


class Waits:
    """`look` returns which renders of these ids are over; it is called in a thread of `pool`."""

    def __init__(self, look: Callable[[Collection[str]], set[str]], pool: Pool) -> None:
        self.look, self.pool = look, pool
        self.parked: dict[str, set[asyncio.Future]] = {}
        self.count = 0
        self.ending = False
        self.looking: asyncio.Task | None = None

    async def over(self, wait: Wait) -> None:
        """Returns at the end of the render, of the seconds or of the server, or at once if too many wait."""
        if self.ending or self.count >= MOST:
            return
        ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.parked.setdefault(wait.render_id, set()).add(ended)
        self.count += 1
        if self.looking is None or self.looking.done():
            self.looking = asyncio.create_task(self._look())
        try:
            await asyncio.wait({ended}, timeout=wait.seconds)
        finally:
            self.count -= 1
            beside = self.parked[wait.render_id]
            beside.discard(ended)
            if not beside:
                del self.parked[wait.render_id]

    def end(self) -> None:
        self.ending = True
        self._release(set(self.parked))

    def _release(self, render_ids: Collection[str]) -> None:
        for render_id in render_ids:
            for ended in self.parked.get(render_id, ()):
                if not ended.done():
                    ended.set_result(None)

    async def _look(self) -> None:
        while self.parked:
            await asyncio.sleep(EVERY)
            look = partial(self.look, list(self.parked))
            try:
                self._release(await self.pool.run("", look))
            except Exception:  # the database is away: look again
                log.exception("waits")
