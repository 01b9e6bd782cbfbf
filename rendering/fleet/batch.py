"""How many lines this process makes at once: as many as it has slots, fewer when memory runs out."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rendering import memory


class Batch:
    """The slots for lines made side by side. `budget`: bytes beyond which no further line joins those at work; 0 is no
    limit."""

    def __init__(self, size: int = 1, budget: int = 0) -> None:
        self.size, self.budget = size, budget
        self.used = 0
        self.counts: Counter[str] = Counter()  # of lines, by what became of them
        self._lock = threading.Lock()

    @contextmanager
    def slot(self) -> Iterator[int]:
        """Takes a slot for the block and yields the size of its batch, or 0 if no slot is free."""
        with self._lock:
            full = self.used >= self.size or bool(
                self.used and self.budget and memory.in_use() > self.budget
            )
            size = 0 if full else self.size
            self.used += size > 0
        try:
            yield size
        finally:
            with self._lock:
                self.used -= size > 0

    def halve(self, size: int) -> bool:
        """Halves the size after memory ran out in a batch of `size` lines. False if it was one line alone."""
        with self._lock:
            if size <= 1:
                return False
            self.size = min(self.size, max(1, size // 2))
        memory.trim()
        return True


BATCH = Batch()
