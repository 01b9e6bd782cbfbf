"""Frames of several lines through a network together.

A GPU paints thirty faces in little more than the time of one. Lines are drawn side by side, each in a thread of its own, and each
hands in its frames by blocks, one ahead of what it draws; one more thread runs the network on the blocks of all lines.
"""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Generic, NamedTuple, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

LINGER = 0.05  # seconds that a batch waits for lines that have handed in nothing, or as long as the last run took if
# that is longer: then waiting in vain costs no more than the run that a late line would need for itself
IDLE = 30.0  # seconds without work after which the thread ends


class _Block(NamedTuple):
    line: object
    items: list
    made: Future


class Batcher(Generic[In, Out]):
    """run: a list of results of a list of inputs, one for each. block: inputs that a line hands in at once. size: the most
    that `run` gets at once, at least a block."""

    def __init__(
        self, run: Callable[[list[In]], list[Out]], *, block: int = 8, size: int = 32
    ) -> None:
        self.run, self.block, self.size = run, block, max(block, size)
        self.calls = 0  # of run
        self._took = 0.0  # seconds, the last run
        self._waiting: list[_Block] = []
        self._open: set[object] = set()  # lines with blocks to come
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def over(self, items: Iterable[In]) -> Iterator[Out]:
        """The results of a line's items, in order. Raises what `run` raises. Until all are taken or the iterator is
        closed, other lines wait a moment for this one, also while its first items are made."""
        line = object()
        with self._changed:
            self._open.add(line)
        found = self._over(line, iter(items))
        weakref.finalize(found, self._close, line)  # one that was never begun ends in silence
        return found

    def _over(self, line: object, source: Iterator[In]) -> Iterator[Out]:
        try:
            pending: list[Future] = []
            while block := list(itertools.islice(source, self.block)):
                pending.append(self._hand_in(line, block))
                if len(pending) == 2:
                    yield from pending.pop(0).result()
            self._close(line)
            for made in pending:
                yield from made.result()
        finally:
            self._close(line)

    def _hand_in(self, line: object, items: list[In]) -> Future:
        made: Future = Future()
        with self._changed:
            self._waiting.append(_Block(line, items, made))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return made

    def _close(self, line: object) -> None:
        with self._changed:
            self._open.discard(line)
            self._changed.notify_all()

    def _work(self) -> None:
        while batch := self._next():
            items = [item for block in batch for item in block.items]
            try:
                self.calls += 1
                begun = time.perf_counter()
                results = self.run(items)
                self._took = time.perf_counter() - begun
            except Exception as problem:  # each line gets it, and decides what it means
                for block in batch:
                    block.made.set_exception(problem)
                continue
            for block in batch:
                block.made.set_result(results[: len(block.items)])
                results = results[len(block.items) :]

    def _next(self) -> list[_Block]:
        """The blocks of the next batch; none if nothing came for a while."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting, IDLE):
                self._thread = None
                return []
            self._changed.wait_for(self._full, max(LINGER, self._took))
            batch: list[_Block] = []
            count = 0
            for block in list(self._waiting):  # one of each line, as many as fit
                fits = count + len(block.items) <= self.size
                if fits and all(block.line is not other.line for other in batch):
                    self._waiting.remove(block)
                    batch.append(block)
                    count += len(block.items)
            return batch

    def _full(self) -> bool:
        """Whether nobody could add to the batch: it is large enough, or all lines have handed something in."""
        lines = {block.line for block in self._waiting}
        return self._open <= lines or len(lines) * self.block >= self.size
