"""A sign of life for whoever started this process: a file that is touched while its threads run.

`manage.py serve` names the file in LIKENESS_PULSE and restarts a child whose file grows old: a child that hangs would
not be noticed otherwise, because it has not ended.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

HUNG = 45.0  # seconds without a beat after which a child counts as hung
TWICE = 15.0  # seconds for which that must last: the whole machine may have slept


def beat() -> None:
    if path := os.environ.get("LIKENESS_PULSE"):
        with contextlib.suppress(OSError):  # a full disk is no reason to stop working
            Path(path).touch()


class Watch:
    """Watches one child from its start. A child never counts as hung before its first beat: a start may take long."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        self.late_since: float | None = None

    def is_hung(self) -> bool:
        try:
            late = time.time() - self.place.stat().st_mtime > HUNG
        except FileNotFoundError:
            late = False
        now = time.monotonic()
        if not late:
            self.late_since = None
        elif self.late_since is None:
            self.late_since = now
        return self.late_since is not None and now - self.late_since > TWICE
