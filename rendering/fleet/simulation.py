"""Simulated days of a fleet: ways of scaling, and what users would have seen.

The queue is `scheduling.LineUp` and the scaling `scaling.decide`: the product's own. A day of 100,000 renders takes seconds.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rendering.fleet import scaling, scheduling
from rendering.fleet.scaling import POOLS
from rendering.fleet.scheduling import LANES, LineUp, Waiting
from rendering.fleet.traces import DAY, Request

COLD = (
    75.0  # seconds from the order of a worker to its first claim: start, models, warm-up; paid for
)
NOISE = 0.25  # standard deviation of the logarithm of a line's time against its estimate
SLOW = math.exp(1.2816 * NOISE)  # the 90th percentile of times over the median
TICK = 30.0  # seconds between two decisions


# Ways of scaling


@dataclass(slots=True)
class View:
    """What a way of scaling sees of its pool: samples of arrivals and the work that waits, by lane."""

    now: float
    arrivals: dict[str, list[float]]
    waiting: dict[str, list[float]]
    slots: int  # ready or starting
    busy: int


Scaler = Callable[[View], int]


def warm(lanes: Sequence[str]) -> Scaler:
    """The product's policy: the sum of what its lanes want."""
    pools = {lane: scaling.Pool() for lane in lanes}

    def decide(view: View) -> int:
        total = 0
        for lane in lanes:
            made = scaling.decide(
                lane, view.arrivals[lane], view.waiting[lane], pools[lane], view.now
            )
            pools[lane] = made.pool
            total += made.desired
        return total

    return decide


def fixed(slots: int) -> Scaler:
    """Always the same number."""
    return lambda view: slots


def reactive(backlog: float, least: int = 1, calm: float = 300.0) -> Scaler:
    """The usual way: the busy slots and one more for every `backlog` seconds of waiting work; down after a calm
    time."""
    calm_since = [0.0]

    def decide(view: View) -> int:
        wanted = max(least, view.busy + math.ceil(sum(map(sum, view.waiting.values())) / backlog))
        if wanted >= view.slots:
            calm_since[0] = view.now
            return wanted
        return wanted if view.now - calm_since[0] >= calm else view.slots

    return decide


# The day


@dataclass(slots=True)
class Pool:
    """Slots that serve the same lanes."""

    lanes: tuple[str, ...]
    scaler: Scaler
    idle: int
    arrivals: dict[str, list[float]]
    busy: int = 0
    starting: deque[float] = field(default_factory=deque)  # moments when they are ready
    surplus: int = 0  # busy slots that end after their line
    paid: float = 0.0  # slot-seconds
    cold_starts: int = 0

    @property
    def slots(self) -> int:
        return self.idle + self.busy - self.surplus + len(self.starting)

    def resize(self, wanted: int, clock: float) -> None:
        """Orders what is missing; ends slots that are starting, then idle ones, then busy ones once their line is
        done."""
        more = wanted - self.slots
        if more > 0:
            spared = min(more, self.surplus)
            self.surplus -= spared
            self.starting.extend([clock + COLD] * (more - spared))
            self.cold_starts += more - spared
        for _ in range(-more):
            if self.starting:
                self.starting.pop()
            elif self.idle:
                self.idle -= 1
            elif self.surplus < self.busy:
                self.surplus += 1


@dataclass(slots=True)
class AtWork:
    """A line and its slot."""

    render: Waiting
    work: float  # as estimated
    began: float
    took: float

    def left(self, now: float) -> float:
        """The work that is left of it, as the product estimates it from its progress."""
        return self.work * (1 - (now - self.began) / self.took)


@dataclass(slots=True)
class Outcome:
    """The forecast for a render at its request, and what came true."""

    lane: str
    forecast: float
    high: float
    took: float = 0.0


@dataclass(slots=True)
class Day:
    """Seconds until the first line began, by lane; what the fleet cost; the forecasts and what came true."""

    waits: dict[str, list[float]]
    slot_hours: float
    cold_starts: int
    foretold: list[Outcome]

    def within_promise(self) -> float:
        """The share of renders that began within the promise of their lane."""
        punctual = sum(sum(w <= LANES[n].promise for w in waits) for n, waits in self.waits.items())
        return punctual / max(1, sum(map(len, self.waits.values())))

    def eta(self) -> tuple[float, float]:
        """(median error over the larger of 25 % and 5 s, share that ended inside high_seconds)."""
        errors = [abs(f.forecast - f.took) / max(0.25 * f.took, 5.0) for f in self.foretold]
        inside = sum(f.took <= f.high for f in self.foretold)
        return scaling.percentile(errors, 0.5), inside / max(1, len(self.foretold))


class Simulation:
    """One day. scalers: a way of scaling for each of POOLS. foretell_every: one of so many renders gets a forecast."""

    def __init__(
        self,
        requests: Sequence[Request],
        scalers: dict[str, Scaler],
        *,
        seed: int = 0,
        begin_with: int = 2,
        foretell_every: int = 0,
    ) -> None:
        self.requests, self.foretell_every = requests, foretell_every
        self.dice = random.Random(f"times:{seed}")
        self.pools = [
            Pool(lanes, scalers[name], begin_with, {lane: [] for lane in lanes})
            for name, lanes in POOLS.items()
        ]
        self.pool_of = {lane: pool for pool in self.pools for lane in pool.lanes}
        self.line_up = LineUp()
        self.at_work: list[tuple[float, int, AtWork]] = []
        self.waits: dict[str, list[float]] = {lane: [] for lane in LANES}
        self.left = [len(render.lines) for render in requests]
        self.outcomes: dict[int, Outcome] = {}
        self.recent: deque[dict[str, float]] = deque(maxlen=15)
        self.clock = self.paid_until = 0.0
        self.order = 0

    def run(self) -> Day:
        coming: dict[str, dict[int, float]] = {lane: {} for lane in LANES}
        number, tick, sample, open_lines = 0, 0.0, scaling.BIN, sum(self.left)
        while open_lines:
            moments = [tick, *(pool.starting[0] for pool in self.pools if pool.starting)]
            if number < len(self.requests):
                moments.append(self.requests[number].at)
            if self.at_work:
                moments.append(self.at_work[0][0])
            self.clock = clock = min(moments)
            while self.at_work and self.at_work[0][0] <= clock:
                self._finish(heapq.heappop(self.at_work)[2])
                open_lines -= 1
            for pool in self.pools:
                while pool.starting and pool.starting[0] <= clock:
                    pool.starting.popleft()
                    pool.idle += 1
            while number < len(self.requests) and self.requests[number].at <= clock:
                one = self.requests[number]
                before = coming[one.lane].get(one.workspace, 0.0)
                coming[one.lane][one.workspace] = before + sum(one.lines)
                self._ask(number)
                number += 1
            if clock >= sample:
                self.recent.append({lane: sum(found.values()) for lane, found in coming.items()})
                for lane, pool in self.pool_of.items():
                    came = coming[lane].values()
                    useful = sum(scaling.usable(lane, work, scaling.BIN) for work in came)
                    pool.arrivals[lane] = [*pool.arrivals[lane][1 - scaling.RECENT :], useful]
                coming = {lane: {} for lane in LANES}
                sample += scaling.BIN
            if clock >= tick:
                self._pay()
                for pool in self.pools:
                    waiting = {lane: self.line_up.work(lane) for lane in pool.lanes}
                    view = View(clock, pool.arrivals, waiting, pool.slots, pool.busy)
                    pool.resize(pool.scaler(view), clock)
                tick += TICK
            for pool in self.pools:
                self._give_out(pool)
        self.clock = max(self.clock, DAY)
        self._pay()
        return Day(
            self.waits,
            sum(pool.paid for pool in self.pools) / 3600,
            sum(pool.cold_starts for pool in self.pools),
            [found for found in self.outcomes.values() if found.took],
        )

    def _pay(self) -> None:
        for pool in self.pools:
            slots = pool.idle + pool.busy + len(pool.starting)
            pool.paid += (self.clock - self.paid_until) * slots
        self.paid_until = self.clock

    def _give_out(self, pool: Pool) -> None:
        while pool.idle:
            taken = self.line_up.claim(self.clock, pool.lanes)
            if taken is None:
                return
            render, work, _ = taken
            pool.idle -= 1
            pool.busy += 1
            request = self.requests[render.name]  # type: ignore[call-overload]
            if len(render.lines) + 1 == len(request.lines):
                self.waits[render.lane].append(self.clock - request.at)
            took = work * self.dice.lognormvariate(0.0, NOISE)
            self.order += 1
            line = AtWork(render, work, self.clock, took)
            heapq.heappush(self.at_work, (self.clock + took, self.order, line))

    def _finish(self, line: AtWork) -> None:
        pool = self.pool_of[line.render.lane]
        self.line_up.finish(line.render.workspace)
        if pool.surplus:
            self._pay()
            pool.surplus -= 1
        else:
            pool.idle += 1
        pool.busy -= 1
        number: int = line.render.name  # type: ignore[assignment]
        self.left[number] -= 1
        if not self.left[number] and number in self.outcomes:
            took = self.clock - self.requests[number].at + scheduling.ASSEMBLY
            self.outcomes[number].took = took

    def _ask(self, number: int) -> None:
        one = self.requests[number]
        lines = deque(one.lines)
        rank = scheduling.rank(one.lane, one.at)
        render = Waiting(number, one.workspace, one.lane, rank, lines)
        self.line_up.add(render)
        if self.foretell_every and number % self.foretell_every == 0:
            self._give_out(self.pool_of[one.lane])
            self.outcomes[number] = self._foretell(render)

    def _foretell(self, render: Waiting) -> Outcome:
        """What the product would forecast now."""
        pool = self.pool_of[render.lane]
        mine = [line for _, _, line in self.at_work if line.render.lane in pool.lanes]
        own = max((line.left(self.clock) for line in mine if line.render is render), default=0.0)
        found = scheduling.forecast(
            self.line_up.copy(),
            [
                *((0.0, None) for _ in range(pool.idle)),
                *((moment - self.clock, None) for moment in pool.starting),
                *((line.left(self.clock), line.render.workspace) for line in mine),
            ],
            now=self.clock,
            lanes=pool.lanes,
            own={render.name: own},
            arriving={
                lane: scheduling.steady([came[lane] for came in self.recent]) / scaling.BIN
                for lane in pool.lanes
            },
            spread=SLOW,
        )[render.name]
        return Outcome(render.lane, found.ends, found.slow)
