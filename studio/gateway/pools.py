"""Threads for the views: a few of them, dealt out in turn, so that one client leaves some to the others."""

from __future__ import annotations

import asyncio
import logging
import queue
import sys
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable, Hashable
from typing import Any

from django.db import connections

log = logging.getLogger(__name__)


class Full(Exception):
    """So much waits already that one more would wait in vain."""


class TooMany(Exception):
    """This client alone has as much waiting as it may have."""


class TooSlow(Exception):
    """The work was given up after the seconds of the pool."""


class Job:
    def __init__(self, client: Hashable, work: Callable[[], Any], done: asyncio.Future) -> None:
        self.client, self.work, self.done = client, work, done
        self.thread: int | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.given_up = False


class Pool:
    """`threads` at once, of these `each` for one client; `waiting` in line, of these `waiting_each` of one client.

    Whoever waits gets a thread in turn, not in the order of coming. Belongs to one event loop. Work that takes
    longer than `seconds` is given up: its thread cannot be ended, so another takes its place. When as many are
    lost as there were, `at_end` is called.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        *,
        each: int,
        waiting: int,
        waiting_each: int,
        seconds: float,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.name, self.threads, self.each, self.seconds = name, threads, each, seconds
        self.most_waiting, self.most_waiting_each = waiting, waiting_each
        self.at_end = at_end
        self.lines: dict[Hashable, deque[Job]] = {}
        self.waiting = 0
        self.running: Counter[Hashable] = Counter()
        self.free = threads
        self.lost = 0
        self.handed: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        for _ in range(threads):
            self._add_thread()

    async def run(self, client: Hashable, work: Callable[[], Any]) -> Any:
        """What work() gives, from a thread. Raises Full, TooMany, TooSlow, and what work() raises.

        A caller who is canceled leaves the line; work that has begun goes on to its end.
        """
        line = self.lines.get(client, ())
        if len(line) >= self.most_waiting_each:
            raise TooMany
        if self.waiting >= self.most_waiting:
            raise Full
        job = Job(client, work, asyncio.get_running_loop().create_future())
        self.lines.setdefault(client, deque()).append(job)
        self.waiting += 1
        self._hand_out()
        try:
            return await job.done
        finally:
            if job.done.cancelled():
                self._leave(job)

    def end(self) -> None:
        """Each thread ends after what it has in hand."""
        for _ in range(self.threads):
            self.handed.put(None)

    def _leave(self, job: Job) -> None:
        line = self.lines.get(job.client)
        if line and job in line:
            line.remove(job)
            self.waiting -= 1
            if not line:
                del self.lines[job.client]

    def _hand_out(self) -> None:
        for client in list(self.lines):
            if not self.free:
                return
            if self.running[client] >= self.each:
                continue
            line = self.lines.pop(client)
            job = line.popleft()
            if line:
                self.lines[client] = line  # again at the end of the turn
            self.waiting -= 1
            self.free -= 1
            self.running[client] += 1
            job.timer = job.done.get_loop().call_later(self.seconds, self._give_up, job)
            self.handed.put(job)

    def _add_thread(self) -> None:
        threading.Thread(target=self._work, name=self.name, daemon=True).start()

    def _work(self) -> None:
        while True:
            job = self.handed.get()
            if job is None:
                connections.close_all()
                return
            job.thread = threading.get_ident()
            result, error = None, None
            try:
                result = job.work()
            except BaseException as raised:
                error = raised
            job.done.get_loop().call_soon_threadsafe(self._ended, job, result, error)
            if job.given_up:
                connections.close_all()
                return
            del job, result, error

    def _ended(self, job: Job, result: Any, error: BaseException | None) -> None:
        if job.given_up:
            self.lost -= 1
            return
        if job.timer:
            job.timer.cancel()
        self._thread_is_free(job)
        if job.done.done():  # nobody waits for it any more
            if close := getattr(result, "close", None):
                close()
        elif error is not None:
            job.done.set_exception(error)
        else:
            job.done.set_result(result)

    def _thread_is_free(self, job: Job) -> None:
        self.free += 1
        self.running[job.client] -= 1
        if not self.running[job.client]:
            del self.running[job.client]
        self._hand_out()

    def _give_up(self, job: Job) -> None:
        frame = sys._current_frames().get(job.thread or 0)
        where = "".join(traceback.format_stack(frame)) if frame else "not begun"
        log.error("%s: given up after %.0f s\n%s", self.name, self.seconds, where)
        job.given_up = True
        self.lost += 1
        self._add_thread()
        self._thread_is_free(job)
        if not job.done.done():
            job.done.set_exception(TooSlow())
        if self.lost >= self.threads:
            log.critical("%s: %d threads are lost; ending.", self.name, self.lost)
            self.at_end()
