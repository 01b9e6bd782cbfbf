"""The fleet as it is and as it should be: `scaling.decide` over the rows, stored for whoever starts and ends
workers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, Sum
from django.utils import timezone

from rendering.fleet import eta, queue, scaling
from rendering.fleet.metrics import Sample
from rendering.fleet.scaling import BIN, POOLS, RECENT
from rendering.fleet.scheduling import LANES
from rendering.models import Render, Segment, WarmPool, Worker

NEVER = datetime(2000, 1, 1, tzinfo=UTC)


def _arrivals(now: datetime) -> dict[str, list[float]]:
    """Engine-seconds requested in each of the last bins, oldest first, of each workspace only what its cap can use."""
    bins: dict[str, list[dict[str, float]]] = {lane: [{} for _ in range(RECENT)] for lane in LANES}
    for lane, rows in queue.arrivals(timedelta(seconds=RECENT * BIN)).items():
        for at, workspace, work in rows:
            index = min(RECENT - 1, max(0, RECENT - 1 - int((now - at).total_seconds() / BIN)))
            found = bins[lane][index]
            found[workspace] = found.get(workspace, 0.0) + work
    return {
        lane: [sum(scaling.usable(lane, work, BIN) for work in found.values()) for found in each]
        for lane, each in bins.items()
    }


def _waiting() -> dict[str, list[float]]:
    """Engine-seconds in the queue, of each workspace."""
    found: dict[str, list[float]] = {lane: [] for lane in LANES}
    rows = (
        Segment.objects.filter(status="waiting", render__status__in=("queued", "running"))
        .order_by()
        .values_list("render__lane", "render__workspace")
        .annotate(total=Sum(queue.WORK))
    )
    for lane, _, total in rows:
        found[lane].append(total)
    return found


def decide() -> list[WarmPool]:
    """Decides what each lane wants now, and stores it. Repeating it changes only the moment."""
    now = timezone.now()
    return _decided(now, _arrivals(now), _waiting())


@transaction.atomic
def _decided(now: datetime, arrivals: Any, waiting: dict[str, list[float]]) -> list[WarmPool]:
    known = {pool.lane: pool for pool in WarmPool.objects.select_for_update()}
    found = []
    for lane in LANES:
        before = known.get(lane)
        pool = (
            scaling.Pool(
                before.desired, before.needed_at.timestamp(), before.changed_at.timestamp()
            )
            if before
            else scaling.Pool(0, NEVER.timestamp(), NEVER.timestamp())
        )
        made = scaling.decide(
            lane,
            arrivals[lane],
            waiting[lane],
            pool,
            now.timestamp(),
            promised=lane in settings.PROMISED_CLASSES,
        )
        row, _ = WarmPool.objects.update_or_create(
            lane=lane,
            defaults={
                "desired": made.desired,
                "reason": made.reason[:300],
                "needed_at": datetime.fromtimestamp(made.pool.needed_at, UTC),
                "changed_at": datetime.fromtimestamp(made.pool.changed_at, UTC),
                "decided_at": now,
            },
        )
        found.append(row)
    return found


def decided() -> list[WarmPool]:
    """The last decision, or a new one where the scheduler has not made one lately."""
    rows = list(WarmPool.objects.filter(lane__in=LANES))
    fresh = timezone.now() - timedelta(seconds=3 * settings.SWEEP_SECONDS)
    if len(rows) < len(LANES) or min(row.decided_at for row in rows) < fresh:
        return decide()
    order = list(LANES)
    return sorted(rows, key=lambda row: order.index(row.lane))


def slots_of(lanes: tuple[str, ...]) -> int:
    """The slots of all workers that serve one of these lanes."""
    return sum(
        worker.slots
        for worker in Worker.alive()
        if not worker.lanes or set(worker.lanes) & set(lanes)
    )


def plan() -> dict[str, Any]:
    """The decision for each pool and lane, as JSON."""
    rows = decided()
    by_lane = {row.lane: row for row in rows}
    return {
        "pools": {
            name: {
                "classes": list(lanes),
                "slots": sum(by_lane[lane].desired for lane in lanes),
                "ready_slots": slots_of(lanes),
            }
            for name, lanes in POOLS.items()
        },
        "classes": {
            row.lane: {"slots": row.desired, "reason": row.reason, "decided_at": row.decided_at}
            for row in rows
        },
    }


def samples() -> Iterator[Sample]:
    """The fleet and its queue, for Prometheus."""
    fleet = plan()
    for name, pool in fleet["pools"].items():
        label = {"pool": name}
        yield Sample("likeness_pool_desired_slots", "gauge", "Slots wanted.", pool["slots"], label)
        yield Sample(
            "likeness_pool_ready_slots", "gauge", "Slots there are.", pool["ready_slots"], label
        )
    for row in WarmPool.objects.filter(lane__in=LANES):
        yield Sample(
            "likeness_class_desired_slots",
            "gauge",
            "Slots a class wants.",
            row.desired,
            {"class": row.lane},
        )
    ill = Worker.present().exclude(ill_at=None).count()
    yield Sample("likeness_workers_ill", "gauge", "Workers that fail their trial line.", ill)
    now = timezone.now()
    lines = Segment.objects.filter(render__status__in=("queued", "running")).order_by()
    by = lines.values_list("render__lane", "engine", "status").annotate(n=Count("pk"))
    for lane, engine, status, count in by:
        yield Sample(
            "likeness_lines",
            "gauge",
            "Lines of open renders.",
            count,
            {"class": lane, "engine": engine, "status": status},
        )
    waits = Render.objects.filter(status="queued").order_by().values_list("lane")
    for lane, oldest in waits.annotate(oldest=Min("created_at")):
        yield Sample(
            "likeness_oldest_wait_seconds",
            "gauge",
            "Since when the oldest render that has not begun waits.",
            (now - oldest).total_seconds(),
            {"class": lane},
        )
    rates = eta.rates()
    for stage, found in (("speech", rates.speech), ("drawing", rates.drawing)):
        for kind, ratio in found.items():
            yield Sample(
                "likeness_slowness",
                "gauge",
                "What lines took lately, by themselves, as a multiple of the figures of rendering/effort.py.",
                ratio,
                {"stage": stage, "kind": kind or "all"},
            )
    for state, count in (
        ("ready", Worker.alive().count()),
        ("warming", Worker.present().filter(ready_at=None).count()),
    ):
        yield Sample("likeness_workers", "gauge", "Worker processes.", count, {"state": state})
    today = Render.objects.filter(ended_at__gte=now - timedelta(days=1)).order_by()
    for status, count in today.values_list("status").annotate(n=Count("pk")):
        yield Sample(
            "likeness_renders_ended_day",
            "gauge",
            "Renders that ended within 24 hours.",
            count,
            {"status": status},
        )
