"""How busy other programs keep this machine: tasks that want a processor (proc(5): procs_running, state R)."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

SMOOTH = 20.0  # seconds over which it is averaged
NICE = 1.25  # by how much a step of niceness divides a share (sched(7))


class Load:
    """`others`: the number of such tasks, averaged. Call `look` about once a second."""

    def __init__(self) -> None:
        self.others = 0.0
        self._looked = time.monotonic()

    def look(self) -> None:
        now = time.monotonic()
        weight = 1 - math.exp((self._looked - now) / SMOOTH)
        self._looked = now
        found = max(0, _running() - _own())
        self.others += weight * (found - self.others)


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def weight() -> float:
    """How much more of a processor others get than this process, where all of them are busy."""
    return float(NICE ** os.nice(0))


def _running() -> int:
    try:
        with open("/proc/stat") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("procs_running"))
    except (OSError, StopIteration):
        return 0


def _own(process: str = "self") -> int:
    """Tasks of this process and of its children that run or want to."""
    found = 0
    for task in Path(f"/proc/{process}/task").glob("*"):
        try:
            state = (task / "stat").read_text().rpartition(")")[2].split()[0]
            children = (task / "children").read_text().split()
        except OSError:
            continue  # it has ended
        found += state == "R"
        found += sum(map(_own, children))
    return found
