"""Position in the queue and likely end: `scheduling.forecast` over the rows and the workers that are present.

The rows say how much work waits; `rates` how long these machines take for it, `Worker.speed` how fast they are beside
what else they do now. The same model forecasts the end before a render is requested and afterwards.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db.models import Count, Max, Q, Sum
from django.utils import timezone

from rendering import effort, memory, voices
from rendering.fleet import queue, scheduling
from rendering.fleet.attempts import share_of
from rendering.fleet.scheduling import LANES, Alone, Forecast, LineUp, Waiting
from rendering.models import Render, Segment, Turn, Worker
from rendering.values import LineSpec, spec_from_json

if TYPE_CHECKING:
    from studio.models import Workspace

RECENT = timedelta(minutes=15)  # of arrivals, for what comes later and goes first
WARM_UP = 30.0  # seconds that a worker takes from its first sign until it claims
MANY = 100  # open renders from which a forecast is cached for a moment
CACHED, RATES_CACHED = 3, 10  # seconds
LINES, VIDEOS = 60, 30  # the last ones, from which the rates are measured
BIN = 60.0  # seconds, of arrivals


@dataclass(frozen=True)
class Place:
    """Where a render stands: `position` 0 means at work; seconds are None when unknown."""

    position: int
    ahead_seconds: float  # of a slot's work that goes first
    seconds: float | None
    high_seconds: float | None
    working: bool  # a worker for it is present
    late: bool = False  # the late end of the forecast at its request has passed


@dataclass(frozen=True)
class Wait:
    """Seconds until a render would be done: as likely as not, and nine times of ten."""

    likely: float
    late: float


def position(render: Render) -> Place:
    return positions([render])[render.pk]


def positions(renders: Iterable[Render]) -> dict[str, Place]:
    """The positions of renders, by id."""
    renders = list(renders)
    hands = queue.working()
    crews: dict[frozenset[str], list[Render]] = {}
    found: dict[str, Place] = {}
    workers = list(Worker.present()) if hands else []
    for render in renders:
        if render.is_over or render.status == "held":
            found[render.pk] = Place(0, 0.0, None, None, hands)
            continue
        crew = frozenset(w.name for w in workers if _serves(w, render))
        crews.setdefault(crew, []).append(render)
    for names, group in crews.items():
        forecasts = _forecasts([worker for worker in workers if worker.name in names])
        for render in group:
            found[render.pk] = _position(render, forecasts.get(render.pk), bool(names))
    return found


def _position(render: Render, forecast: Forecast | None, working: bool) -> Place:
    if forecast is None:  # claimed or ended this moment
        forecast = Forecast(0, 0.0, scheduling.ASSEMBLY, 2 * scheduling.ASSEMBLY)
    number = max(forecast.place, 1) if render.status == "queued" else 0
    late = render.late_at is not None and render.late_at < timezone.now()
    if not working:
        return Place(number, forecast.ahead, None, None, False, late)
    return Place(
        number, forecast.ahead, round(forecast.ends, 1), round(forecast.slow, 1), True, late
    )


def likely_wait(
    workspace: Workspace,
    lane: str,
    work: Sequence[float],
    after: float = scheduling.ASSEMBLY,
    *,
    alone: bool = False,
) -> Wait:
    """The wait for a render of these lines, if it were requested now. after: seconds from its last line to its end.
    alone: its frames are so large that a worker makes one line at a time."""
    crew = [worker for worker in Worker.present() if _takes(worker, lane)]
    now = timezone.now().timestamp()
    line_up = _line_up(crew)
    if work:
        rank = scheduling.rank(lane, now)
        lines: deque[float] = deque(map(Alone, work) if alone else work)
        line_up.add(Waiting("asked", workspace.pk, lane, rank, lines))
    found = _play(crew, line_up, own={"asked": 0.0}, after={"asked": after}, most=2_000)["asked"]
    return Wait(found.ends, found.slow)


def known_wait(
    workspace: Workspace, lane: str, work: Sequence[float], *, alone: bool = False
) -> Wait | None:
    """The same, or None while no worker is there for it."""
    if not queue.working() or not any(_takes(worker, lane) for worker in Worker.present()):
        return None
    return likely_wait(workspace, lane, work, alone=alone)


def rates() -> effort.Rates:
    """The rates of the present machines, from the last lines and videos."""
    return cache.get_or_set("rates", _rates, RATES_CACHED) or effort.Rates()


def _rates() -> effort.Rates:
    lines = Segment.objects.filter(
        status="done", reused=False, share__isnull=False, seconds__gt=0, ended_at__isnull=False
    ).order_by("-ended_at")[:LINES]
    videos = (
        Render.objects.filter(status="done", held_at=None, ended_at__isnull=False, seconds__gt=0)
        .order_by("-ended_at")
        .annotate(last=Max("segments__ended_at"))[:VIDEOS]
    )
    joined, ended = [], []
    for video in videos:
        usual = effort.joining(video.seconds or 0.0, music=bool(video.music))
        if video.last and video.ended_at:
            joined.append((usual, (video.ended_at - video.last).total_seconds()))
        if video.likely_seconds and video.ended_at:
            took = (video.ended_at - video.created_at).total_seconds()
            ended.append((video.likely_seconds, took))
    return effort.rates(map(_measured, lines), joined, ended)


def _measured(row: Segment) -> effort.Measured:
    share, took = row.share or 1.0, row.stage_seconds
    return effort.Measured(
        effort_of(spec_from_json(row.spec), row.seconds or 0.0, row.unspoken),
        took.get("speech", 0.0) * share,
        sum(took.get(stage, 0.0) for stage in ("frames", "smoothing", "delivery")) * share,
    )


def effort_of(spec: LineSpec, seconds: float, unspoken: float) -> effort.Effort:
    """The work for a line of so many seconds. unspoken: the share of its sound that has still to be spoken."""
    return effort.Effort(
        unspoken * seconds,
        seconds,
        spec.video,
        spec.draft,
        spec.engine,
        voices.get(spec.voice).engine,
    )


def _serves(worker: Worker, render: Render) -> bool:
    return _takes(worker, render.lane)


def _takes(worker: Worker, lane: str) -> bool:
    return not worker.lanes or lane in worker.lanes


def _lanes(crew: Collection[Worker]) -> tuple[str, ...]:
    if not crew or any(not worker.lanes for worker in crew):
        return tuple(LANES)
    return tuple({lane for worker in crew for lane in worker.lanes})


def _forecasts(crew: list[Worker]) -> dict[Hashable, Forecast]:
    """Forecasts of all open renders in the lanes of these workers; that of a long queue is cached for a moment."""
    if Render.objects.filter(status__in=("queued", "running")).count() <= MANY:
        return _foretell(crew)
    names = ",".join(sorted(worker.name for worker in crew))
    key = f"forecasts:{hashlib.sha256(names.encode()).hexdigest()}"
    return cache.get_or_set(key, lambda: _foretell(crew), CACHED) or {}


def _foretell(crew: list[Worker]) -> dict[Hashable, Forecast]:
    known = rates()
    own: dict[Hashable, float] = {}
    after: dict[Hashable, float] = {}
    rows = Render.objects.filter(status__in=("queued", "running"))
    for render in rows.annotate(film=Sum("segments__estimated_seconds")):
        own[render.pk] = 0.0
        after[render.pk] = effort.joining(render.film or 0.0, known, music=bool(render.music))
        if render.stage == "delivery":
            after[render.pk] /= 2
    pace, before = _pace(crew), defaultdict[str, float](float)
    for row in sorted(_at_work(crew), key=lambda row: _left(row, pace)):
        left, worker = _left(row, pace), row.lease_owner.rpartition(":")[0]
        if isinstance(left, Alone):  # it goes on when those of its worker are done
            before[worker] += left
            left = before[worker]
        if row.render_id in own:
            own[row.render_id] = max(own[row.render_id], left)
    return _play(crew, _line_up(crew), own=own, after=after)


def _play(crew: list[Worker], line_up: LineUp, **options: Any) -> dict[Hashable, Forecast]:
    lanes = _lanes(crew)
    arriving, mine = _arriving(lanes)
    return scheduling.forecast(
        line_up,
        _hands(crew, line_up) or [(0.0, None)],
        now=timezone.now().timestamp(),
        lanes=lanes,
        arriving=arriving,
        mine=mine,
        speed=lambda busy: _speed(crew, busy),
        spread=rates().spread,
        rooms=max(1, len(crew)),
        **options,
    )


def _speed(crew: Collection[Worker], busy: int) -> float:
    """How fast each of `busy` lines goes, when they are shared out among these workers."""
    slots = sum(worker.slots for worker in crew)
    if not slots:
        return 1.0
    return sum(worker.slots * worker.speed(busy * worker.slots / slots) for worker in crew) / slots


def _pace(crew: Collection[Worker]) -> float:
    small, large = 0, set()
    for row in _at_work(crew):
        if _is_alone(row.render):
            large.add(row.lease_owner.rpartition(":")[0])
        else:
            small += 1
    return _speed(crew, small + len(large))


def _is_alone(render: Render) -> bool:
    return memory.is_large(render.width, render.height)


def _at_work(crew: Collection[Worker]) -> Iterable[Segment]:
    return Segment.objects.filter(status="running", render__lane__in=_lanes(crew)).select_related(
        "render"
    )


def _left(row: Segment, pace: float) -> float:
    """What is left of the work of a line in hand: by its progress, and while it is spoken by the time that has
    passed."""
    left = _left_of(row, pace)
    return Alone(left) if _is_alone(row.render) else left


def _left_of(row: Segment, pace: float) -> float:
    drawing = row.effort - row.speech_work
    if row.stage in ("frames", "smoothing", "delivery"):
        return drawing * (1 - share_of("frames", row.progress))
    spoken = share_of("speech", row.progress)
    if row.speech_work and row.started_at:
        went_by = (timezone.now() - row.started_at).total_seconds() * pace
        spoken = max(spoken, min(0.9, went_by / row.speech_work))
    return drawing + row.speech_work * (1 - spoken)


def _hands(crew: Collection[Worker], line_up: LineUp) -> list[tuple[float, str | None]]:
    """For each slot the work until it is free, and the workspace it works for. Lines whose film is stored load
    nothing."""
    now = timezone.now()
    pace = _pace(crew)
    busy: list[tuple[float, str | None]] = [
        (_left(row, pace), row.render.workspace_id) for row in _at_work(crew)
    ]
    ready = sum(worker.slots for worker in crew if worker.ready_at)
    warming = [
        (max(1.0, WARM_UP - (now - worker.started_at).total_seconds()), None)
        for worker in crew
        if not worker.ready_at
        for _ in range(worker.slots)
    ]
    idle = max(0, ready - len(busy))
    drawn = any(line > 1.01 * effort.KEPT for line in line_up.lines())
    loading = effort.LOADING if drawn and not busy and not _warm(crew) else 0.0
    return [*busy, *((loading, None) for _ in range(idle)), *warming]


def _warm(crew: Collection[Worker]) -> bool:
    """Whether a line was made since these workers started: the first one loads voice and face."""
    begun = [worker.started_at for worker in crew if worker.ready_at and worker.cores]
    return not begun or Segment.objects.filter(reused=False, ended_at__gte=max(begun)).exists()


def _line_up(crew: Collection[Worker]) -> LineUp:
    """What waits in the lanes of these workers; the lines of a render are taken to be equally long."""
    line_up = LineUp()
    line_up.running.update(queue.running())
    for turn in Turn.objects.filter(lane__in=_lanes(crew)):
        line_up.flow(turn.workspace_id, turn.lane, turn.turn_at.timestamp())
    rows = (
        Segment.objects.filter(
            Q(status="waiting", render__status__in=("queued", "running")),
            render__lane__in=_lanes(crew),
        )
        .order_by("render__rank_at", "render")
        .values_list(
            *("render", "render__workspace", "render__lane", "render__rank_at", "render__status"),
            *("render__width", "render__height"),
        )
        .annotate(total=Sum(queue.WORK), lines=Count("pk"))
    )
    for name, workspace, lane, rank_at, status, width, height, work, lines in rows:
        line = work / lines
        each = deque([Alone(line) if memory.is_large(width, height) else line] * lines)
        begun = status == "running"
        line_up.add(Waiting(name, workspace, lane, rank_at.timestamp(), each, begun))
    return line_up


def _arriving(lanes: Collection[str]) -> tuple[dict[str, float], dict[tuple[Hashable, str], float]]:
    """Engine-seconds of new work a second, by lane; and what of it comes from each workspace."""
    now, minutes = timezone.now(), int(RECENT.total_seconds() / BIN)
    rate: dict[str, float] = {}
    mine: dict[tuple[Hashable, str], float] = {}
    for lane, found in queue.arrivals(RECENT).items():
        if lane not in lanes:
            continue
        bins = [0.0] * minutes
        for at, workspace, work in found:
            bins[min(minutes - 1, max(0, int((now - at).total_seconds() / BIN)))] += work
            mine[workspace, lane] = mine.get((workspace, lane), 0.0) + work / minutes / BIN
        rate[lane] = scheduling.steady(bins) / BIN
    return rate, mine
