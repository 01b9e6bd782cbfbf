"""A program measured from start to end, with all that it starts: wall and processor seconds, and memory."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Measured:
    """A process and its children: wall and CPU seconds, and the peak of their summed memory (PSS)."""

    def __init__(self, *command: str | Path, environment: dict[str, str] | None = None) -> None:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env=_usual() | (environment or {}),
            stdout=subprocess.PIPE,
            text=True,
        )
        self.peak = 0
        watcher = threading.Thread(target=self._watch, args=(process,), daemon=True)
        watcher.start()
        self.output = process.communicate()[0]
        self.wall = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if process.returncode:
            raise SystemExit(f"{command} ended with {process.returncode}")

    def _watch(self, process: subprocess.Popen) -> None:
        while process.poll() is None:
            self.peak = max(self.peak, sum(map(_pss, _family(process.pid))))
            time.sleep(0.25)


def _usual() -> dict[str, str]:
    """The environment of a process that keeps what it compiled of its modules, as Python does unless it is told not to."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def _family(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                children = Path(f"/proc/{one}/task/{task}/children").read_text().split()
                found += [int(child) for child in children]
        except OSError:
            continue
    return found


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
