"""Work in hand: what this process claimed, and the pulse that keeps it claimed.

One thread per process reports to the database every second how far each attempt is. That one statement is
progress, heartbeat and cancel check; an attempt that no longer counts is asked to stop, and does so
within a second even in the middle of a sentence.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from datetime import datetime
from types import TracebackType

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from rendering import effort, load, memory, watchdog
from rendering.fleet.queue import ALL, Kinds
from rendering.models import Render, Segment, Worker
from rendering.values import Canceled

log = logging.getLogger(__name__)

PULSE_SECONDS = 1.0
HUNG_SECONDS = 1800.0  # without progress, after which a line counts as hung; the longest step takes some minutes
STUCK_SECONDS = (
    3.0  # after which a line that was asked to stop and did not is given back all the same
)
SHARES = {"speech": (0.0, 0.45), "frames": (0.5, 0.45)}
"""Where a stage begins and how much of a line's work it is. What lies between is short."""


def process_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def overall(stage: str, fraction: float) -> float | None:
    """How far a whole line is, from how far one stage of it is."""
    if stage not in SHARES:
        return None
    begin, share = SHARES[stage]
    return begin + share * min(max(fraction, 0.0), 1.0)


def share_of(stage: str, progress: float) -> float:
    """How far a stage is, 0..1, from how far the whole line is: the inverse of `overall`."""
    begin, share = SHARES[stage]
    return min(1.0, max(0.0, (progress - begin) / share))


class Attempt:
    """One claim on a segment or on the assembly of a render. `with attempt:` keeps it alive."""

    def __init__(self, row: Segment | Render) -> None:
        self.row, self.number = row, row.attempt
        self.stage, self.fraction = row.stage or "script", 0.0
        self.stop = threading.Event()
        self.moved_at = time.monotonic()
        self.thread = threading.get_ident()
        self.speeds: list[
            float
        ] = []  # of its machine, as of Segment.share, at each beat at which it was at work

    @property
    def share(self) -> float:
        return sum(self.speeds) / len(self.speeds) if self.speeds else PULSE.speed()

    @property
    def hangs(self) -> bool:
        return time.monotonic() - self.moved_at > HUNG_SECONDS

    def report(self, stage: str, fraction: float) -> None:
        """Called by the pipeline. It does not touch the database, so it may be called for every frame."""
        self.moved_at = time.monotonic()
        self.stage = stage
        self.fraction = max(self.fraction, overall(stage, fraction) or 0.0)
        if self.stop.is_set():
            raise Canceled

    def tell(self) -> None:
        try:
            self.row.report(self.number, self.stage, self.fraction)
        except Canceled:
            self.stop.set()

    def __enter__(self) -> Attempt:
        PULSE.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        PULSE.remove(self)


class Pulse:
    """The heartbeat thread of a process. `stopping` is set when the process was asked to end: then it claims nothing
    more."""

    def __init__(self) -> None:
        self.attempts: set[Attempt] = set()
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.giving_back = threading.Event()
        self.slots = 0
        self.grace = 0.0  # seconds that lines in hand may still take after it was asked to end
        self.kinds = ALL
        self.ready_at: datetime | None = None
        self.ill_at: datetime | None = None  # since when it fails its own trial line
        self.started_at = timezone.now()
        self.beaten = time.monotonic()
        self.thread: threading.Thread | None = None
        self.load = load.Load()

    def speed(self) -> float:
        """How fast each line at work goes now, as a share of the speed of one alone."""
        held = memory.held_back()
        with self.lock:
            busy = sum(
                isinstance(attempt.row, Segment) and attempt.thread not in held
                for attempt in self.attempts
            )
        return effort.speed(busy, load.cores(), self.load.others, load.weight())

    def add(self, attempt: Attempt) -> None:
        with self.lock:
            self.attempts.add(attempt)
            if self.giving_back.is_set():
                attempt.stop.set()
        self.start()

    def remove(self, attempt: Attempt) -> None:
        with self.lock:
            self.attempts.discard(attempt)

    def start(self) -> None:
        with self.lock:
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
                self.thread.start()

    def sign_in(self, slots: int, kinds: Kinds, *, ready: bool) -> None:
        """Starts the heartbeat of a worker; the queue counts on it once it is ready."""
        self.slots, self.kinds = slots, kinds
        self.ready_at = timezone.now() if ready else None
        self._sign_in()
        self.start()

    def fall_ill(self) -> bool:
        """Stops claiming. False if it was ill already."""
        with self.lock:
            if self.ill_at is not None:
                return False
            self.ill_at = timezone.now()
        self._report_state()
        return True

    def recover(self) -> None:
        self.ill_at = None
        self._report_state()

    def _report_state(self) -> None:
        try:
            if self.slots:
                self._sign_in()
        except DatabaseError:  # the next beat reports it
            log.exception("the state of the worker was not written down")

    def end(self) -> None:
        """Ends the process: it claims nothing more, and gives back what is not done within the grace."""
        self.stopping.set()
        threading.Thread(target=self._leave, name="leave", daemon=True).start()

    def _leave(self) -> None:
        try:
            Worker.objects.filter(name=process_name()).update(leaving_at=timezone.now())
            connection.close()
        except DatabaseError:  # the queue counts on it until its heartbeat is missed
            log.exception("leaving was not written down")
        time.sleep(self.grace)
        with self.lock:
            self.giving_back.set()
            for attempt in self.attempts:
                attempt.stop.set()
        time.sleep(STUCK_SECONDS)
        with self.lock:
            stuck = list(self.attempts)
        for attempt in stuck:  # deep in a call of a model: others need not wait for it
            attempt.row.give_back(attempt.number, failed=False)
        connection.close()

    def _beat(self) -> None:
        seen = 0.0
        while True:
            started = self.beaten = time.monotonic()
            watchdog.beat()
            with self.lock:
                attempts = list(self.attempts)
            if not self.slots and not attempts:
                connection.close()
                time.sleep(PULSE_SECONDS)
                continue
            try:
                close_old_connections()
                if (
                    self.slots
                    and not self.stopping.is_set()
                    and started - seen >= settings.HEARTBEAT_SECONDS
                ):
                    self._sign_in()
                    seen = started
                self.load.look()
                speed = self.speed()
                if any(attempt.hangs for attempt in attempts):
                    self._end_hung(attempts)
                held = memory.held_back()
                for attempt in attempts:
                    if attempt.thread not in held:
                        attempt.speeds.append(speed)
                    attempt.tell()
            except Exception:  # the database is away: the lease decides, and the thread lives on
                log.exception("the pulse did not reach the database")
                connection.close()
            time.sleep(max(0.05, PULSE_SECONDS - (time.monotonic() - started)))

    def _end_hung(self, attempts: list[Attempt]) -> None:
        """Ends the process, because a hung thread cannot be ended: the hung line is left to the sweep, which counts
        that as its failure, and those beside it are given back."""
        for attempt in attempts:
            if attempt.hangs:
                log.error("%s hangs in %s; this worker ends", attempt.row, attempt.stage)
            else:
                attempt.row.give_back(attempt.number, failed=False)
        connection.close()
        os._exit(1)

    def _sign_in(self) -> None:
        Worker.objects.update_or_create(
            name=process_name(),
            defaults={
                "slots": self.slots,
                "engines": list(self.kinds.engines),
                "lanes": list(self.kinds.lanes),
                "started_at": self.started_at,
                "ready_at": None if self.ill_at else self.ready_at,
                "ill_at": self.ill_at,
                "seen_at": timezone.now(),
                "cores": load.cores(),
                "load": round(self.load.others, 2),
                "weight": load.weight(),
            },
        )


PULSE = Pulse()
