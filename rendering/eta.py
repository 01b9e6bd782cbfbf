"""Place in the queue and likely end: `scheduling.forecast` over the rows and the workers that are there."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.utils import timezone

from rendering import queue, scheduling
from rendering.models import Render, Segment, Turn, Worker
from rendering.scheduling import LANES, Forecast, LineUp, Waiting

if TYPE_CHECKING:
    from studio.models import Workspace

RECENT = timedelta(minutes=15)  # of arrivals, for what comes later and goes first
WARM_UP = 30.0  # seconds that a worker takes from its first sign until it claims
MANY = 100  # open renders from which a forecast is kept for a moment, for all who ask
KEPT = 3  # seconds


@dataclass(frozen=True)
class Place:
    """Where a render stands: `position` 0 means at work; seconds are None when unknown."""

    position: int
    ahead_seconds: float  # of a slot's work, that goes first
    seconds: float | None
    high_seconds: float | None
    working: bool  # somebody is there to do it


def position(render: Render) -> Place:
    return positions([render])[render.pk]


def positions(renders: Iterable[Render]) -> dict[str, Place]:
    """The places of renders, by id."""
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
        told = _forecasts([worker for worker in workers if worker.name in names])
        for render in group:
            found[render.pk] = _place(render, told.get(render.pk), bool(names))
    return found


def _place(render: Render, told: Forecast | None, working: bool) -> Place:
    if told is None:  # claimed or ended this moment
        told = Forecast(0, 0.0, scheduling.ASSEMBLY, 2 * scheduling.ASSEMBLY)
    place = max(told.place, 1) if render.status == "queued" else 0
    if not working:
        return Place(place, told.ahead, None, None, False)
    return Place(place, told.ahead, round(told.ends, 1), round(told.slow, 1), True)


def likely_wait(workspace: Workspace, lane: str, lines: list[float]) -> float:
    """Wall seconds until a render of these lines (seconds of video) would be done, were it asked for now."""
    crew = [worker for worker in Worker.present() if not worker.lanes or lane in worker.lanes]
    speed = queue.speeds()
    now = timezone.now().timestamp()
    line_up = _line_up(crew, speed)
    work = deque(seconds * speed.usual(lane) for seconds in lines)
    if not work:
        return scheduling.ASSEMBLY
    rank = scheduling.rank(lane, now)
    line_up.add(Waiting("asked", workspace.pk, lane, rank, work))
    told = scheduling.forecast(
        line_up,
        _hands(crew, speed) or [(0.0, None)],
        now=now,
        lanes=_lanes(crew),
        own={"asked": 0.0},
        arriving=_arriving(),
        spread=speed.spread(lane),
        most=2_000,
    )
    return told["asked"].ends


def _serves(worker: Worker, render: Render) -> bool:
    return not worker.lanes or render.lane in worker.lanes


def _lanes(crew: Collection[Worker]) -> tuple[str, ...]:
    if not crew or any(not worker.lanes for worker in crew):
        return tuple(LANES)
    return tuple({lane for worker in crew for lane in worker.lanes})


def _forecasts(crew: list[Worker]) -> dict[Hashable, Forecast]:
    """All open renders of the lanes that these workers serve; a long queue is played forward once in a while only."""
    if Render.objects.filter(status__in=("queued", "running")).count() <= MANY:
        return _foretell(crew)
    names = ",".join(sorted(worker.name for worker in crew))
    key = f"forecasts:{hashlib.sha256(names.encode()).hexdigest()}"
    return cache.get_or_set(key, lambda: _foretell(crew), KEPT) or {}


def _foretell(crew: list[Worker]) -> dict[Hashable, Forecast]:
    speed = queue.speeds()
    own: dict[Hashable, float] = dict.fromkeys(
        Render.objects.filter(status__in=("queued", "running")).values_list("pk", flat=True), 0.0
    )
    for row in _at_work(crew):
        if row.render_id in own:
            left = _left(row, speed)
            own[row.render_id] = max(own[row.render_id], left)
    lanes = _lanes(crew)
    return scheduling.forecast(
        _line_up(crew, speed),
        _hands(crew, speed) or [(0.0, None)],
        now=timezone.now().timestamp(),
        lanes=lanes,
        own=own,
        arriving={lane: work for lane, work in _arriving().items() if lane in lanes},
        spread=max(speed.spread(lane) for lane in lanes),
    )


def _at_work(crew: Collection[Worker]) -> Iterable[Segment]:
    return Segment.objects.filter(status="running", render__lane__in=_lanes(crew)).select_related(
        "render"
    )


def _left(row: Segment, speed: queue.Speeds) -> float:
    return row.estimated_seconds * (1 - row.progress) * speed.usual(row.render.lane)


def _hands(crew: Collection[Worker], speed: queue.Speeds) -> list[tuple[float, str | None]]:
    """Each slot: seconds until it is free, and for whom it works."""
    now = timezone.now()
    busy: list[tuple[float, str | None]] = [
        (_left(row, speed), row.render.workspace_id) for row in _at_work(crew)
    ]
    ready = sum(worker.slots for worker in crew if worker.ready_at)
    warming = [
        (max(1.0, WARM_UP - (now - worker.started_at).total_seconds()), None)
        for worker in crew
        if not worker.ready_at
        for _ in range(worker.slots)
    ]
    idle = max(0, ready - len(busy))
    return [*busy, *((0.0, None) for _ in range(idle)), *warming]


def _line_up(crew: Collection[Worker], speed: queue.Speeds) -> LineUp:
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
            "render", "render__workspace", "render__lane", "render__rank_at", "render__status"
        )
        .annotate(work=Sum("estimated_seconds"), lines=Count("pk"))
    )
    for name, workspace, lane, rank_at, status, work, lines in rows:
        each = deque([work * speed.usual(lane) / lines] * lines)
        begun = status == "running"
        line_up.add(Waiting(name, workspace, lane, rank_at.timestamp(), each, begun))
    return line_up


def _arriving() -> dict[str, float]:
    """Engine-seconds of new work a second, by lane."""
    seconds = RECENT.total_seconds()
    return {
        lane: sum(work for _, _, work in found) / seconds
        for lane, found in queue.asked(RECENT).items()
    }
