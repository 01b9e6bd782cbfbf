"""Who goes first, and when each will be done: the policy of the queue as functions of plain values.

`queue.py` calls them with rows, `simulation.py` with simulated days; there is no second copy.

Work waits in flows, one for each workspace and lane, and each flow is first come, first served. Between flows the smallest
key goes first: the moment since which its head waits, put forward by its lane's head start, or the flow's
turn if that is later. A turn moves on with every line that is given out (Virtual Clock: Zhang, SIGCOMM 1990), so a
workspace that gets more than its share falls behind those that get less. Two bounds make waiting finite: a turn runs at
most LEAD ahead of the clock, and a head start is a constant. Hence a head is overtaken only by work that came at most
LEAD plus the difference of the head starts after it; ageing is the passing of time itself.

Moments are seconds since any fixed one, work is in engine-seconds: wall seconds of one slot.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Lane:
    """One class of work. `promise`: seconds within which nine of ten are meant to begin."""

    name: str
    words: str
    head_start: float  # seconds that it counts as waiting longer than it does
    weight: float  # a share twice as large moves the turn half as far
    cap: int  # lines of one workspace made at once, over all its lanes
    promise: float


LANES = {
    lane.name: lane
    for lane in (
        Lane("preview", "Previews", head_start=240, weight=4, cap=16, promise=15),
        Lane("short", "Short videos", head_start=180, weight=4, cap=32, promise=30),
        Lane("long", "Long videos", head_start=60, weight=4, cap=32, promise=120),
        Lane("free", "Free", head_start=0, weight=2, cap=8, promise=300),
        Lane("enterprise", "Enterprise", head_start=600, weight=8, cap=128, promise=15),
    )
}
SHORT = 30.0  # seconds of video below which a render is short
RATE = 8.0  # seconds that an engine-second of weight 1 moves a turn: a slot of its own is more than a share
LEAD = 300.0  # seconds that a turn runs ahead of the clock at most
ASSEMBLY = 2.0  # wall seconds of joining and signing where nothing better is known, and the margin of a late end
BURSTS = 2  # of the last minutes of arrivals are left out


def lane_of(*, draft: bool, plan: str, seconds: float) -> str:
    """The lane of a render: what it is for, whose it is, how long it will be."""
    if draft:
        return "preview"
    if plan in ("free", "enterprise"):
        return plan
    return "short" if seconds < SHORT else "long"


def rank(lane: str, asked_at: float) -> float:
    """Since when a render of this lane counts as waiting."""
    return asked_at - LANES[lane].head_start


def key(rank_at: float, turn_at: float) -> float:
    """What decides between flows: the smallest goes first."""
    return max(rank_at, turn_at)


def next_turn(lane: str, rank_at: float, turn_at: float, now: float, work: float) -> float:
    """The turn of a flow after so much work was given to it."""
    moved = key(rank_at, turn_at) + RATE * work / LANES[lane].weight
    return min(moved, rank(lane, now) + LEAD)


def may_claim(lane: str, running: int) -> bool:
    """Whether a workspace with so many lines at work may have one more."""
    return running < LANES[lane].cap


@dataclass(frozen=True, slots=True)
class Head:
    """The oldest render of a flow that has a line to give out."""

    workspace: Any
    lane: str
    rank_at: float
    turn_at: float


def in_order(heads: Iterable[Head], running: Mapping[Any, int]) -> list[Head]:
    """The heads to serve, best first, without those of workspaces at their cap."""
    able = [head for head in heads if may_claim(head.lane, running.get(head.workspace, 0))]
    return sorted(able, key=lambda head: (key(head.rank_at, head.turn_at), head.rank_at))


class Alone(float):
    """Engine-seconds of a line of which a process makes only one at a time: the next one waits in its slot."""


@dataclass(slots=True)
class Waiting:
    """A render with lines to give out, in order, in engine-seconds."""

    name: Hashable
    workspace: Hashable
    lane: str
    rank_at: float
    lines: deque[float]
    begun: bool = False  # a line of it was given out before


@dataclass(slots=True)
class _Flow:
    workspace: Hashable
    lane: str
    turn_at: float
    order: int
    renders: deque[Waiting] = field(default_factory=deque)
    work: float = 0.0  # engine-seconds that wait
    listed: bool = False  # is in the heap of its lane


class LineUp:
    """All flows in memory, in the order of `in_order`, with claims in logarithmic time."""

    def __init__(self) -> None:
        self.flows: dict[tuple[Hashable, str], _Flow] = {}
        self.heaps: dict[str, list[tuple[float, float, int, _Flow]]] = {n: [] for n in LANES}
        self.running: dict[Hashable, int] = {}
        self.capped: dict[Hashable, list[_Flow]] = {}
        self.waiting: dict[str, dict[Hashable, _Flow]] = {lane: {} for lane in LANES}

    def flow(self, workspace: Hashable, lane: str, turn_at: float = 0.0) -> _Flow:
        found = self.flows.get((workspace, lane))
        if found is None:
            found = _Flow(workspace, lane, turn_at, len(self.flows))
            self.flows[workspace, lane] = found
        return found

    def add(self, render: Waiting) -> None:
        """Adds a render at the end of its flow. Renders of a flow are added in the order of their ranks."""
        flow = self.flow(render.workspace, render.lane)
        flow.renders.append(render)
        flow.work += sum(render.lines)
        if not flow.listed:
            self._list(flow)

    def lines(self) -> Iterator[float]:
        """Engine-seconds of each line that waits."""
        for flow in self.flows.values():
            for render in flow.renders:
                yield from render.lines

    def claim(self, now: float, lanes: Collection[str]) -> tuple[Waiting, float, float] | None:
        """The best line of these lanes, as (render, engine-seconds, key), now at work; None if there is none."""
        while True:
            best = None
            for lane in lanes:
                heap = self.heaps[lane]
                if heap and (best is None or heap[0] < best[0]):
                    best = heap
            if best is None:
                return None
            lowest, _, _, flow = heapq.heappop(best)
            running = self.running.get(flow.workspace, 0)
            if may_claim(flow.lane, running):
                break
            self.capped.setdefault(flow.workspace, []).append(flow)
        render = flow.renders[0]
        work = render.lines.popleft()
        flow.work -= work
        self.running[flow.workspace] = running + 1
        flow.turn_at = next_turn(flow.lane, render.rank_at, flow.turn_at, now, work)
        if not render.lines:
            flow.renders.popleft()
        flow.listed = False
        if flow.renders:
            self._list(flow)
        else:
            flow.work = 0.0
            del self.waiting[flow.lane][flow.workspace]
        return render, work, lowest

    def finish(self, workspace: Hashable) -> None:
        """Notes that a line of this workspace is done."""
        self.running[workspace] -= 1
        for flow in self.capped.pop(workspace, ()):
            self._list(flow)

    def copy(self) -> LineUp:
        """Another line-up with what waits in this one."""
        twin = LineUp()
        twin.running = dict(self.running)
        for flow in self.flows.values():
            if not flow.renders:
                continue
            same = twin.flow(flow.workspace, flow.lane, flow.turn_at)
            for render in flow.renders:
                lines = deque(render.lines)
                same.renders.append(replace(render, lines=lines))
            same.work = flow.work
            twin._list(same)
        return twin

    def _list(self, flow: _Flow) -> None:
        first = flow.renders[0].rank_at
        entry = (key(first, flow.turn_at), first, flow.order, flow)
        heapq.heappush(self.heaps[flow.lane], entry)
        self.waiting[flow.lane][flow.workspace] = flow
        flow.listed = True

    def work(self, lane: str) -> list[float]:
        """Engine-seconds that wait in a lane, for each workspace."""
        return [flow.work for flow in self.waiting[lane].values()]


@dataclass(frozen=True, slots=True)
class Forecast:
    """How it will go for one render, in seconds from now."""

    place: int  # renders that begin before it, and itself; 0 when it has begun
    ahead: float  # engine-seconds that go first
    ends: float
    slow: float  # nine of ten end before


def forecast(
    line_up: LineUp,
    hands: Sequence[tuple[float, Hashable | None]],
    *,
    now: float,
    lanes: Collection[str],
    own: Mapping[Hashable, float],
    arriving: Mapping[str, float],
    spread: float,
    after: Mapping[Hashable, float] | None = None,
    speed: Callable[[int], float] = lambda busy: 1.0,
    mine: Mapping[tuple[Hashable, str], float] | None = None,
    rooms: int = 1,
    most: int = 20_000,
) -> dict[Hashable, Forecast]:
    """Plays the queue forward until the renders named in `own` are made. Consumes the line-up.

    hands: for each slot of these lanes the work until it is free, and for which workspace it works. own: what the lines
    of a render that are at work still take. after: seconds from a render's last line to its end. speed: how fast each
    of so many lines goes that are at work at once. arriving: engine-seconds of new work a second, by lane, for what
    comes later and goes first all the same; mine: the part of it that a workspace sends, which waits behind its own.
    rooms: processes, each of which makes one line that is `Alone` at a time. spread: what the slowest tenth takes, as a
    multiple of the usual. Renders that are not reached within `most` lines come after them, by the work in between.
    """
    at_work: list[tuple[float, int, Hashable | None]] = []
    free, order, clock, done = 0, len(hands), 0.0, 0.0  # done: what each slot has done by then
    taken_until = [0.0] * max(1, rooms)
    held: list[float] = []  # when those begin that wait in their slots until they can be alone

    def end_of(work: float) -> float:
        if not isinstance(work, Alone):
            return done + work
        begin = max(done, heapq.heappop(taken_until))
        heapq.heappush(taken_until, begin + work)
        if begin > done:
            heapq.heappush(held, begin)
        return begin + work

    def busy() -> int:
        while held and held[0] <= done:
            heapq.heappop(held)
        return len(at_work) - len(held)

    for number, (work, workspace) in enumerate(sorted(hands, key=lambda hand: hand[0])):
        heapq.heappush(at_work, (end_of(work), number, workspace))
    places: dict[Hashable, tuple[int, float]] = {}
    given, begin = sum(seconds for seconds, _ in hands), 0
    ends = dict(own)  # in what a slot has done by then
    more: dict[Hashable, float] = {}
    found: dict[Hashable, Forecast] = {}
    waiting = {render.name for flow in line_up.flows.values() for render in flow.renders}
    ending = [(work, number, name) for number, (name, work) in enumerate(own.items())]
    ending = [entry for entry in ending if entry[2] not in waiting]
    heapq.heapify(ending)
    left = set(own) & waiting
    capacity = max(1, len(hands)) * speed(max(1, len(hands)))
    mine = mine or {}

    def record(name: Hashable, end: float) -> None:
        place = places.get(name, (0, 0.0))
        last = ASSEMBLY if after is None else after.get(name, ASSEMBLY)
        found[name] = _forecast(*place, end, spread, more.get(name, 0.0), last)

    for _ in range(most):
        taken = line_up.claim(now + clock, lanes) if free and (left or ending) else None
        if taken is None:
            pace = speed(max(1, busy()))
            while ending and (not at_work or ending[0][0] <= at_work[0][0]):
                work, _, name = heapq.heappop(ending)
                record(name, clock + max(0.0, work - done) / pace)
            if not at_work or not (left or ending):
                break
            then, _, workspace = heapq.heappop(at_work)
            clock += max(0.0, then - done) / pace
            done = max(done, then)
            if workspace is not None:
                line_up.finish(workspace)
            free += 1
            continue
        render, work, lowest = taken
        free -= 1
        order += 1
        end = end_of(work)
        heapq.heappush(at_work, (end, order, render.workspace))
        name = render.name
        if name not in places:
            begin += not render.begun
            places[name] = (0 if render.begun else begin, given)
        given += work
        ends[name] = max(ends.get(name, 0.0), end)
        if name in left and not render.lines:
            left.discard(name)
            others = {
                lane: max(0.0, come - mine.get((render.workspace, lane), 0.0))
                for lane, come in arriving.items()
            }
            more[name] = _newcomers(clock, lowest, capacity, now, others)
            heapq.heappush(ending, (ends[name], order, name))
    for work, _, name in ending:  # too much goes on beside them to be played to its end
        record(name, clock + max(0.0, work - done) / speed(max(1, busy())))
    if left:
        rest = _rest(line_up, lanes, len(hands), speed)
        for name in left:
            places.setdefault(name, (begin + 1, given))
            record(name, clock + rest[name])
    return found


def _rest(
    line_up: LineUp, lanes: Collection[str], hands: int, speed: Callable[[int], float]
) -> dict[Hashable, float]:
    """Seconds until each waiting render is given out, without playing it: all slots have to do what others wait for and
    what goes before it in its flow; of the latter, its workspace does no more at once than its cap."""
    found: dict[Hashable, float] = {}
    total = sum(sum(line_up.work(lane)) for lane in lanes)
    hands = max(1, hands)
    pace = speed(hands)
    for lane in lanes:
        for flow in line_up.waiting[lane].values():
            most = min(hands, LANES[lane].cap)
            own_pace = speed(most)
            before = 0.0
            for render in flow.renders:
                before += sum(render.lines)
                fleet = (total - flow.work + before) / (hands * pace)
                found[render.name] = max(fleet, before / (most * own_pace))
    return found


def _newcomers(
    wait: float, key_of_head: float, capacity: float, now: float, arriving: Mapping[str, float]
) -> float:
    """Seconds that a wait grows by what will come within it and go first: what has the smaller key.

    No more than by the wait itself: newcomers take turns with those who wait already.
    """
    longer = wait
    for _ in range(8):
        before = longer
        longer = wait + sum(
            work / capacity * min(longer, max(0.0, key_of_head - rank(lane, now)))
            for lane, work in arriving.items()
        )
        longer = min(longer, 2 * wait)
        if longer - before < 0.1:
            break
    return longer - wait


def steady(bins: Sequence[float]) -> float:
    """What usually arrives in one of these stretches of time: a burst is no rate, so the two fullest do not count."""
    usual = sorted(bins)[: max(1, len(bins) - BURSTS)]
    return sum(usual) / len(usual) if usual else 0.0


def _forecast(
    place: int, ahead: float, end: float, spread: float, more: float, after: float
) -> Forecast:
    ends = end + more + after
    return Forecast(place, ahead, ends, ends * spread + ASSEMBLY)
