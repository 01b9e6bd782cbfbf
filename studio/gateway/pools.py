"""Threads for the views: a few of them, dealt out in turn, so that one client leaves some to the others."""

from __future__ import annotations

import asyncio
import logging
import queue
import sys
import threading
import time
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


class Shares:
    """How much of the one interpreter each client used lately, so that one who used much makes way for the others.

    Half of what a client used is forgotten after HALF seconds.
    """

    HALF = 10.0
    MUCH = 2.0  # seconds; whoever computes a seventh of the time stays below
    REST = 2.0  # the pause before a client's next request, in times of what the last one computed

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.used: dict[Hashable, tuple[float, float]] = {}  # seconds, and when they were counted
        self.rests_until: dict[Hashable, float] = {}

    def of(self, client: Hashable) -> float:
        seconds, at = self.used.get(client, (0.0, 0.0))
        return float(seconds * 0.5 ** ((self.clock() - at) / self.HALF))

    def add(self, client: Hashable, seconds: float) -> None:
        now = self.clock()
        self.used[client] = (self.of(client) + seconds, now)
        if self.has_much(client):
            self.rests_until[client] = now + self.REST * seconds
        for name, (_, at) in list(self.used.items()):
            if now - at > 10 * self.HALF:
                del self.used[name]
                self.rests_until.pop(name, None)

    def has_much(self, client: Hashable) -> bool:
        """Whether the client used much while others were active."""
        if self.of(client) < self.MUCH:
            return False
        now = self.clock()
        return any(now - at < self.HALF for name, (_, at) in self.used.items() if name != client)

    def rest(self, client: Hashable) -> float:
        """Seconds until its next request may begin."""
        return max(0.0, self.rests_until.get(client, 0.0) - self.clock())


class Job:
    def __init__(self, client: Hashable, work: Callable[[], Any], done: asyncio.Future) -> None:
        self.client, self.work, self.done = client, work, done
        self.thread: int | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.given_up = False


class Pool:
    """`threads` at once, of these `each` for one client; `waiting` in line, of these `waiting_each` of one client.

    Clients that wait get threads in turn, not in order of arrival; one that used much of the processor lately gets one
    at a time, with rests, while others are active (`Shares`). Belongs to one event loop. Work that takes
    longer than `seconds` is given up: its thread cannot be ended, so another takes its place. When as many are
    lost as the pool began with, `at_end` is called.
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
        shares: Shares,
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.name, self.threads, self.each, self.seconds = name, threads, each, seconds
        self.most_waiting, self.most_waiting_each = waiting, waiting_each
        self.shares = shares
        self.at_end = at_end
        self.lines: dict[Hashable, deque[Job]] = {}
        self.waiting = 0
        self.running: Counter[Hashable] = Counter()
        self.resting: set[Hashable] = set()
        self.free = threads
        self.lost = 0
        self.handed: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        for _ in range(threads):
            self._add_thread()

    async def run(self, client: Hashable, work: Callable[[], Any]) -> Any:
        """What work() returns, run in a thread. Raises Full, TooMany, TooSlow, and what work() raises.

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
        """Each thread ends after its current work."""
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
            if self.running[client] >= (1 if self.shares.has_much(client) else self.each):
                continue
            if rest := self.shares.rest(client):
                if client not in self.resting:
                    self.resting.add(client)
                    asyncio.get_running_loop().call_later(rest, self._rested, client)
                continue
            line = self.lines.pop(client)
            job = line.popleft()
            if line:
                self.lines[client] = line  # back to the end of the turn
            self.waiting -= 1
            self.free -= 1
            self.running[client] += 1
            job.timer = job.done.get_loop().call_later(self.seconds, self._give_up, job)
            self.handed.put(job)

    def _rested(self, client: Hashable) -> None:
        self.resting.discard(client)
        self._hand_out()

    def _add_thread(self) -> None:
        threading.Thread(target=self._work, name=self.name, daemon=True).start()

    def _work(self) -> None:
        while True:
            job = self.handed.get()
            if job is None:
                connections.close_all()
                return
            job.thread = threading.get_ident()
            result, error, begun = None, None, time.thread_time()
            try:
                result = job.work()
            except BaseException as raised:
                error = raised
            took = time.thread_time() - begun
            job.done.get_loop().call_soon_threadsafe(self._ended, job, took, result, error)
            if job.given_up:
                connections.close_all()
                return
            del job, result, error

    def _ended(self, job: Job, took: float, result: Any, error: BaseException | None) -> None:
        self.shares.add(job.client, took)
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
