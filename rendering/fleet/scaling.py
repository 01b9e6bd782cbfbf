"""How many slots each lane wants: up at once, down slowly, never to none while a lane has a promise.

Pure functions: `warmpool.py` calls them with the rows, `simulation.py` with simulated days.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rendering.fleet.scheduling import LANES

POOLS = {"general": ("preview", "short", "long", "free"), "dedicated": ("enterprise",)}
"""Workers that serve the same lanes, sized together."""
BIN = 60.0  # seconds of one sample of arrivals
RECENT = 30  # samples that count
BUSY = 0.85  # share of a slot's time that is planned to be work
CALM = 600.0  # seconds without need before slots go
DOWN_EVERY = 120.0  # seconds between two steps down
DOWN = 0.1  # of the slots, in one step


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that this share of them does not exceed; 0 without samples."""
    ranked = sorted(samples)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else 0.0


@dataclass(frozen=True, slots=True)
class Pool:
    """The last decision for a lane, and when it was last needed or changed. Moments in seconds."""

    desired: int = 0
    needed_at: float = -math.inf  # that many or more were wanted
    changed_at: float = -math.inf  # a step down


@dataclass(frozen=True, slots=True)
class Decision:
    lane: str
    desired: int
    reason: str
    pool: Pool


def usable(lane: str, work: float, seconds: float) -> float:
    """The part of a workspace's work that can be done within so many seconds, on no more slots than its cap."""
    return min(work, LANES[lane].cap * seconds)


def decide(
    lane: str,
    arrivals: Sequence[float],
    waiting: Sequence[float],
    pool: Pool,
    now: float,
    *,
    promised: bool = True,
    most: int = 1_000,
) -> Decision:
    """The slots this lane wants now.

    arrivals: engine-seconds requested in each of the last bins of BIN seconds, oldest first, of each workspace only
    what is usable within a bin. waiting: engine-seconds in the queue now, of each workspace. promised: somebody may
    count on this lane.
    """
    usual = percentile(arrivals[-RECENT:], 0.9) / BIN
    steady = usual / BUSY
    # What waits has to be done within the promise, beside what arrives.
    within = max(LANES[lane].promise, BIN)
    backlog = sum(usable(lane, work, within) for work in waiting) / within
    wanted = math.ceil(steady + backlog - 1e-9)
    least = 1 if promised else 0
    wanted = min(max(wanted, least), most)
    figures = f"P90 of arrivals {usual:.2f} slots at {BUSY:.0%} busy, backlog {backlog:.2f}"
    if wanted >= pool.desired:
        verb = "up at once" if wanted > pool.desired else "as it is"
        if wanted == least and promised:
            figures += "; never none while it is promised"
        after = Pool(wanted, now, pool.changed_at)
        return Decision(lane, wanted, f"{figures}: {verb}", after)
    calm, rest = now - pool.needed_at, now - pool.changed_at
    if calm < CALM:
        reason = f"{figures}: {wanted} would do, held until it was calm for {CALM / 60:.0f} min"
        return Decision(lane, pool.desired, reason, pool)
    if rest < DOWN_EVERY:
        reason = f"{figures}: {wanted} would do, the next step down in {DOWN_EVERY - rest:.0f} s"
        return Decision(lane, pool.desired, reason, pool)
    lower = max(wanted, pool.desired - max(1, math.floor(DOWN * pool.desired)))
    after = Pool(lower, pool.needed_at, now)
    return Decision(lane, lower, f"{figures}: down slowly, towards {wanted}", after)
