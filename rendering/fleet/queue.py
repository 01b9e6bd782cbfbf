"""Who is next: the policy of `scheduling.py` over the rows, whatever the broker knows.

A worker claims the best waiting segment that it can make: of the flow (workspace and lane) that goes first, the oldest
render, in the order of its lines. A claim is one UPDATE that only one worker can win; it moves the flow's turn on.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Count, Exists, F, Min, OuterRef, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from consent.models import NotAllowed, allows
from rendering.fleet import scheduling
from rendering.fleet.scheduling import LANES, Head
from rendering.models import USUAL_SPEED, Render, Segment, Turn, Worker, lease_end


@dataclass(frozen=True, slots=True)
class Kinds:
    """What a worker can do. Empty means everything."""

    engines: tuple[str, ...] = ()
    lanes: tuple[str, ...] = ()

    @property
    def of_segments(self) -> Q:
        return Q(engine__in=self.engines) if self.engines else Q()

    @property
    def of_renders(self) -> Q:
        return Q(lane__in=self.lanes) if self.lanes else Q()


ALL = Kinds()


def waiting() -> Q:
    return Q(
        status="waiting", next_at__lte=timezone.now(), render__status__in=("queued", "running")
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def rank_at(lane: str, asked_at: datetime) -> datetime:
    """Render.rank_at of a render of this lane."""
    return _moment(scheduling.rank(lane, asked_at.timestamp()))


def claim(owner: str, kinds: Kinds = ALL) -> Segment | Render | None:
    """The next piece of work, now this owner's: a line to render, or a video to assemble."""
    return _claim_assembly(owner, kinds) or _claim_segment(owner, kinds)


def running() -> dict[str, int]:
    """Lines at work, by workspace."""
    rows = Segment.objects.filter(status="running").order_by().values_list("render__workspace")
    return dict(rows.annotate(n=Count("pk")))


def _heads(kinds: Kinds) -> list[Head]:
    """The oldest render of each flow. It may turn out to have nothing for this worker just now."""
    mine = Segment.objects.filter(
        kinds.of_segments, status="waiting", next_at__lte=timezone.now(), render=OuterRef("pk")
    )
    rows = Render.objects.filter(kinds.of_renders).order_by()
    begun = rows.filter(Exists(mine), status="running")
    oldest: dict[tuple[str, str], datetime] = {}
    for found in (rows.filter(status="queued"), begun):
        for space, lane, first in found.values_list("workspace", "lane").annotate(
            first=Min("rank_at")
        ):
            known = oldest.get((space, lane))
            oldest[space, lane] = min(first, known) if known else first
    turns = (
        {(t.workspace_id, t.lane): t.turn_at.timestamp() for t in Turn.objects.all()}
        if oldest
        else {}
    )
    return [
        Head(space, lane, first.timestamp(), turns.get((space, lane), 0.0))
        for (space, lane), first in oldest.items()
    ]


def _claim_segment(owner: str, kinds: Kinds) -> Segment | None:
    # Otherwise a worker with nothing to do would query each flow in turn.
    if not Segment.objects.filter(kinds.of_segments, status="waiting").exists():
        return None
    now = timezone.now().timestamp()
    # A line that is being made now will be in the store in a moment: equal lines are made once.
    twin = Segment.objects.filter(status="running", key=OuterRef("key"))
    ranked = [
        (scheduling.key(head.rank_at, head.turn_at), head.rank_at, number, head)
        for number, head in enumerate(scheduling.in_order(_heads(kinds), running()))
    ]
    while ranked:
        _, rank, number, head = heapq.heappop(ranked)
        with transaction.atomic():
            rows = Segment.objects.filter(
                ~Exists(twin),
                waiting(),
                kinds.of_segments,
                render__workspace=head.workspace,
                render__lane=head.lane,
            ).order_by("render__rank_at", "render", "position")
            if connection.features.has_select_for_update_skip_locked:
                rows = rows.select_for_update(skip_locked=True, of=("self",))
            candidates = list(rows.values_list("pk", "render__rank_at")[:4])
            if candidates and (true := candidates[0][1].timestamp()) > rank:
                # Its oldest render has nothing for this worker: it gets the key of its next one.
                later = scheduling.key(true, head.turn_at)
                heapq.heappush(ranked, (later, true, number, head))
                continue
            for pk, render_rank in candidates:
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
                _take_turn(segment, render_rank.timestamp(), now)
                return segment
    return None


def _take_turn(segment: Segment, rank: float, now: float) -> None:
    """Moves the turn of the flow that got this line: its next line waits for it."""
    render = segment.render
    turn, _ = Turn.objects.select_for_update().get_or_create(
        workspace_id=render.workspace_id, lane=render.lane, defaults={"turn_at": _moment(rank)}
    )
    moved = scheduling.next_turn(render.lane, rank, turn.turn_at.timestamp(), now, segment.effort)
    Turn.objects.filter(pk=turn.pk).update(turn_at=_moment(moved))


def assemblable() -> Q:
    """Renders whose lines are all done and which nobody assembles."""
    open_lines = Segment.objects.filter(render=OuterRef("pk")).exclude(status="done")
    return Q(~Exists(open_lines), status="running", lease_until=None, next_at__lte=timezone.now())


def _claim_assembly(owner: str, kinds: Kinds) -> Render | None:
    rows = Render.objects.filter(assemblable(), kinds.of_renders)
    for render in rows.order_by("rank_at")[:4]:
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


def has_work(kinds: Kinds = ALL) -> bool:
    """Whether anything waits that such a worker could do."""
    lanes = Q(render__lane__in=kinds.lanes) if kinds.lanes else Q()
    return (
        Segment.objects.filter(waiting(), kinds.of_segments, lanes).exists()
        or Render.objects.filter(assemblable(), kinds.of_renders).exists()
    )


def kinds_waiting() -> dict[tuple[str, str], int]:
    """(engine, lane) of all that waits, with how many pieces of work there are."""
    rows = Segment.objects.filter(waiting()).order_by().values_list("engine", "render__lane")
    found = {(engine, lane): n for engine, lane, n in rows.annotate(n=Count("pk"))}
    for render in Render.objects.filter(assemblable())[:100]:
        engine = render.segments.values_list("engine", flat=True).first() or "portrait"
        found[engine, render.lane] = found.get((engine, render.lane), 0) + 1
    return found


def ping() -> bool:
    """Whether the broker answers now."""
    # Its client takes a third of a second to load, and most callers of this module never ask.
    import redis

    try:
        with redis.Redis.from_url(
            settings.BROKER_URL, socket_connect_timeout=1, socket_timeout=2
        ) as broker:
            return bool(broker.ping())
    except redis.RedisError:
        return False


def working() -> bool:
    """Whether a worker is present and the broker answers, which is checked every few seconds."""
    return slots() > 0 and bool(cache.get_or_set("broker-answers", ping, 5))


def slots() -> int:
    """How many lines the present workers can make at once."""
    return sum(Worker.alive().values_list("slots", flat=True))


WORK = Coalesce("work", F("estimated_seconds") * USUAL_SPEED)
"""Segment.effort in SQL."""


def arrivals(since: timedelta) -> dict[str, list[tuple[datetime, str, float]]]:
    """(moment, workspace, engine-seconds) of the lines requested lately, by lane: without those taken from the store
    and those of canceled or failed renders."""
    found: dict[str, list[tuple[datetime, str, float]]] = {lane: [] for lane in LANES}
    rows = (
        Segment.objects.filter(render__created_at__gte=timezone.now() - since, kept=False)
        .exclude(Q(reused=True) | Q(render__status__in=("canceled", "failed")))
        .order_by()
        .values_list("render__lane", "render__workspace", "render__created_at")
        .annotate(total=Sum(WORK))
    )
    for lane, space, at, total in rows:
        found[lane].append((at, space, total))
    return found
