"""Keeps a long render as small as a short one, and a web process after one large page as small as before.

glibc gives each thread a heap of its own and lets the size from which blocks are mapped grow, so pieces of what the longest
sentences once needed stay behind: a quarter more after ten minutes of film. Both are fixed here (mallopt(3)).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
ARENAS = 2
MAPPED_FROM = 4 << 20  # bytes: larger blocks are mapped, and go back to the system when freed
SPARE = 16 << 20  # free bytes that may stay at the end of a heap


def steady() -> None:
    """For a process of many threads; call it before they start. Does nothing where the C library has no mallopt."""
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_ARENA_MAX, ARENAS)
        mallopt(M_MMAP_THRESHOLD, MAPPED_FROM)
        mallopt(M_TRIM_THRESHOLD, SPARE)


def trim(*, collect: bool = True) -> None:
    """Gives freed memory back to the system. collect: also what only cycles of objects hold, which takes a tenth of a second."""
    if collect:
        gc.collect()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def in_use() -> int:
    """Bytes that this process holds in memory (proc(5), statm: resident pages); 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def bound(pid: int, limits: Mapping[int, int]) -> None:
    """Limits a child that was just started, by kind (getrlimit(2)). From here and not between fork and exec: there the limit of
    the address space already holds for what this process has mapped, and Python may fail to go on."""
    for kind, most in limits.items():
        with contextlib.suppress(ProcessLookupError):  # it has ended
            resource.prlimit(pid, kind, (most, most))


def ran_out(problem: BaseException) -> bool:
    """Whether the error says that memory ran out: Python's own, torch's (by name: torch may be absent), OpenCV's
    (-4)."""
    names = {kind.__name__ for kind in type(problem).__mro__}
    return bool(names & {"MemoryError", "OutOfMemoryError"}) or getattr(problem, "code", 0) == -4


LARGE = 2560 * 1440  # pixels of a frame from which lines are made one after another

_alone = threading.Lock()
_held: set[int] = set()


def is_large(width: int, height: int) -> bool:
    """Whether lines of frames of this size are made one after another."""
    return width * height >= LARGE


def held_back() -> frozenset[int]:
    """The threads that wait until theirs is the only line of large frames."""
    return frozenset(_held)


@contextlib.contextmanager
def room(width: int, height: int) -> Iterator[bool]:
    """Holds a line of large frames back until it is the only one of this process; True if it had to be alone."""
    if not is_large(width, height):
        yield False
        return
    me = threading.get_ident()
    _held.add(me)
    try:
        _alone.acquire()
    finally:
        _held.discard(me)
    try:
        yield True
    finally:
        _alone.release()
