"""Work in hand: what this process claimed, and the pulse that keeps it claimed.

One thread per process tells the database every second how far each attempt is. That one statement is
progress, heartbeat and cancel check; an attempt that no longer counts is asked to stop, and does so
within a second even in the middle of a sentence.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from types import TracebackType

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from rendering.models import Render, Segment, Worker
from rendering.values import Canceled

log = logging.getLogger(__name__)

PULSE_SECONDS = 1.0
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


class Attempt:
    """One claim on a segment or on the assembly of a render. `with attempt:` keeps it alive."""

    def __init__(self, row: Segment | Render) -> None:
        self.row, self.number = row, row.attempt
        self.stage, self.fraction = row.stage or "script", 0.0
        self.stop = threading.Event()

    def report(self, stage: str, fraction: float) -> None:
        """What the pipeline calls: no database here, so it may be called for every frame."""
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
    """The thread. `stopping` is set when the process was asked to end: work is given back then."""

    def __init__(self) -> None:
        self.attempts: set[Attempt] = set()
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.slots = 0
        self.thread: threading.Thread | None = None

    def add(self, attempt: Attempt) -> None:
        with self.lock:
            self.attempts.add(attempt)
            if self.stopping.is_set():
                attempt.stop.set()
        self.start()

    def remove(self, attempt: Attempt) -> None:
        with self.lock:
            self.attempts.discard(attempt)

    def start(self, slots: int | None = None) -> None:
        """Begins to beat; with `slots`, as a worker that the queue may count on."""
        with self.lock:
            self.slots = self.slots if slots is None else slots
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._beat, name="pulse", daemon=True)
                self.thread.start()

    def end(self) -> None:
        """The process ends: claim nothing more and give back what is in hand."""
        self.stopping.set()
        with self.lock:
            for attempt in self.attempts:
                attempt.stop.set()

    def _beat(self) -> None:
        seen = 0.0
        while True:
            started = time.monotonic()
            try:
                close_old_connections()
                if self.slots and started - seen >= settings.HEARTBEAT_SECONDS:
                    self._sign_in()
                    seen = started
                with self.lock:
                    attempts = list(self.attempts)
                for attempt in attempts:
                    attempt.tell()
            except Exception:  # the database is away: the lease decides, and the thread lives on
                log.exception("the pulse did not reach the database")
                connection.close()
            time.sleep(max(0.05, PULSE_SECONDS - (time.monotonic() - started)))

    def _sign_in(self) -> None:
        Worker.objects.update_or_create(
            name=process_name(), defaults={"slots": self.slots, "seen_at": timezone.now()}
        )


PULSE = Pulse()
