"""Waits for started processes as long as something progresses, and says what for."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

PATIENCE = 120
"""Seconds in which none of them may have used a second of processor time, before it is given up."""
SAY_EVERY = 15


class Stuck(Exception):
    pass


def processor_seconds(groups: Iterable[int]) -> float:
    """What the processes of these groups have used, with those of their children that ended."""
    wanted, ticks = set(groups), 0
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[2]) in wanted:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def until_ready(
    parts: dict[str, Callable[[], bool]],
    used: Callable[[], float],
    say: Callable[[str], object],
    *,
    patience: float = PATIENCE,
    say_every: float = SAY_EVERY,
) -> None:
    """Returns when each of the parts (a noun, and whether it is ready) was ready once.

    Raises Stuck when nothing became ready and `used` (seconds of processor time) stood still for `patience`.
    """
    waiting = dict(parts)
    begun = moved = told = time.monotonic()
    before = used()
    while True:
        ready = [noun for noun, is_ready in waiting.items() if is_ready()]
        for noun in ready:
            del waiting[noun]
        if not waiting:
            return
        now, spent = time.monotonic(), used()
        if ready or spent - before >= 1:
            moved, before = now, spent
        nouns = " and ".join(waiting)
        if now - moved > patience:
            raise Stuck(f"Nothing has moved for {patience:.0f} s while waiting for {nouns}.")
        if now - told > say_every:
            told = now
            say(f"Waiting for {nouns}: {now - begun:.0f} s so far …")
        time.sleep(0.2)
