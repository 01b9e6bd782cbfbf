"""Who is next, and how long it will take: one query over the rows, whatever the broker knows.

A worker claims the best waiting segment: first from the workspaces with the least work in hand, then
by rank (first come, with a head start for paid lanes), then in the order of the lines. A claim is one
UPDATE that only one worker can win.
"""

from __future__ import annotations

import functools
import statistics
from dataclasses import dataclass
from datetime import timedelta

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.utils import timezone

from consent.models import NotAllowed, allows
from rendering.models import Render, Segment, Worker, lease_end
from rendering.store import Store

HEAD_START = {"free": timedelta(0), "short": timedelta(minutes=5), "enterprise": timedelta(hours=1)}
"""How much earlier a lane counts as waiting. Everyone's turn comes: ranks only move forward."""

USUAL_SPEED = 1.2
"""Wall seconds per second of video and slot, until this machine has rendered something."""


@functools.cache
def store() -> Store:
    return Store(settings.STORE_DIR)


def waiting() -> Q:
    return Q(
        status="waiting", next_at__lte=timezone.now(), render__status__in=("queued", "running")
    )


def _candidates(busy: dict[str, int]) -> list[str]:
    """Ids of segments to try, best first."""
    rows = Segment.objects.filter(waiting()).order_by("render__rank_at", "position")
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    free = list(rows.exclude(render__workspace__in=busy).values_list("pk", flat=True)[:4])
    if free:
        return free
    for workspace in sorted(busy, key=busy.__getitem__):
        if found := list(rows.filter(render__workspace=workspace).values_list("pk", flat=True)[:4]):
            return found
    return []


def claim(owner: str) -> Segment | Render | None:
    """The next piece of work, now this owner's: a line to render, or a video to assemble."""
    return _claim_assembly(owner) or _claim_segment(owner)


def _claim_segment(owner: str) -> Segment | None:
    for _ in range(10):
        with transaction.atomic():
            busy = dict(
                Segment.objects.filter(status="running")
                .order_by()
                .values_list("render__workspace")
                .annotate(n=Count("pk"))
            )
            candidates = _candidates(busy)
            for pk in candidates:
                won = Segment.objects.filter(waiting(), pk=pk).update(
                    status="running",
                    attempt=F("attempt") + 1,
                    claims=F("claims") + 1,
                    lease_owner=owner,
                    lease_until=lease_end(),
                    started_at=timezone.now(),
                )
                if not won:
                    continue
                segment = Segment.objects.select_related("render", "avatar", "voice").get(pk=pk)
                try:
                    allows(segment.avatar, segment.voice, draft=segment.is_draft)
                except NotAllowed as refusal:
                    segment.render.fail(refusal.code, refusal.sentence)
                    continue
                segment.render.start()
                return segment
        if not candidates:
            return None
    return None


def assemblable() -> Q:
    """Renders whose lines are all done and which nobody assembles."""
    open_lines = Segment.objects.filter(render=OuterRef("pk")).exclude(status="done")
    return Q(~Exists(open_lines), status="running", lease_until=None, next_at__lte=timezone.now())


def _claim_assembly(owner: str) -> Render | None:
    for render in Render.objects.filter(assemblable()).order_by("rank_at")[:4]:
        won = Render.objects.filter(assemblable(), pk=render.pk).update(
            attempt=F("attempt") + 1,
            lease_owner=owner,
            lease_until=lease_end(),
            stage="delivery",
            touched_at=timezone.now(),
        )
        if won:
            render.refresh_from_db()
            return render
    return None


def has_work() -> bool:
    return (
        Segment.objects.filter(waiting()).exists() or Render.objects.filter(assemblable()).exists()
    )


@dataclass(frozen=True)
class Place:
    """Where a render stands: `position` 0 means at work; seconds are None when unknown."""

    position: int
    ahead_seconds: float
    seconds: float | None
    high_seconds: float | None
    working: bool  # somebody is there to do it


def speed() -> tuple[float, float]:
    """(median, 90th percentile) wall seconds per second of line and slot, of the last 40 lines made."""
    rows = (
        Segment.objects.filter(status="done", reused=False, seconds__gt=0, ended_at__isnull=False)
        .order_by("-ended_at")
        .values_list("started_at", "ended_at", "seconds")[:40]
    )
    ratios = [
        (end - start).total_seconds() / seconds
        for start, end, seconds in rows
        if start and end and seconds
    ]
    if len(ratios) < 3:
        return USUAL_SPEED, 1.7 * USUAL_SPEED
    return statistics.median(ratios), statistics.quantiles(ratios, n=10)[-1]


def ping() -> bool:
    """Whether the broker answers now."""
    try:
        with redis.Redis.from_url(
            settings.BROKER_URL, socket_connect_timeout=1, socket_timeout=2
        ) as broker:
            return bool(broker.ping())
    except redis.RedisError:
        return False


def working() -> bool:
    """Whether somebody is there to make things and can be told; asked of the broker every few seconds."""
    return slots() > 0 and bool(cache.get_or_set("broker-answers", ping, 5))


def slots() -> int:
    """How many lines can be made at once, by the workers that are there."""
    return Worker.alive().aggregate(n=Sum("slots"))["n"] or 0


def _left(renders: Q) -> float:
    rows = Segment.objects.filter(renders, status__in=("waiting", "running"))
    total = rows.aggregate(n=Sum(F("estimated_seconds") * (1 - F("progress"))))["n"]
    return float(total or 0.0)


def position(render: Render) -> Place:
    """Place and likely end. The lines of a render are made side by side on all slots."""
    hands = slots() if working() else 0
    if render.is_over or render.status == "held":
        return Place(0, 0.0, None, None, hands > 0)
    ahead = Q(render__status__in=("queued", "running"), render__rank_at__lt=render.rank_at)
    place = 0
    ahead_seconds = 0.0
    if render.status == "queued":
        place = 1 + Render.objects.filter(status="queued", rank_at__lt=render.rank_at).count()
        ahead_seconds = _left(ahead)
    if not hands:
        return Place(place, ahead_seconds, None, None, False)
    usual, slow = speed()
    open_lines = render.segments.filter(status__in=("waiting", "running")).count()
    own = _left(Q(render=render)) / min(hands, max(open_lines, 1))
    wait = ahead_seconds / hands
    assembly = 2.0
    return Place(
        place,
        ahead_seconds,
        round((own + wait) * usual + assembly, 1),
        round((own + wait) * slow + 2 * assembly, 1),
        True,
    )


def likely_wait(seconds: float) -> float:
    """Wall seconds until a render with this much to make would be done, were it asked for now."""
    hands = max(slots(), 1)
    ahead = _left(Q(render__status__in=("queued", "running")))
    return (ahead + seconds) / hands * speed()[0] + 2.0
