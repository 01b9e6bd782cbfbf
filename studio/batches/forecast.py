"""When a batch would be done: the forecast of a render (rendering/fleet/eta.py), asked for all of its rows together.

Nothing is said where somebody else decides: at a cap that is too low, before an approval, beyond the drafts of a day, without a worker.
"""

from __future__ import annotations

from django.core.cache import cache
from django.db.models import Avg, Count, Sum

from billing.models import available
from rendering.fleet import eta, scheduling
from rendering.fleet.eta import Wait
from rendering.models import Render
from studio.batches import plan, result
from studio.batches.run import SOON, window_of
from studio.models import Batch, BatchRow
from studio.renders.ordering import drafts_left

REMEMBERED = 10
"""Seconds; pages ask more often."""
STEP = 2 * SOON.total_seconds()
"""Seconds that a window of renders takes at least, however many workers there are."""


def end_of(batch: Batch) -> Wait | None:
    """Seconds until the batch is done, if it were started now or goes on as it does; None if that cannot be known."""
    if batch.state not in (Batch.State.READY, Batch.State.RUNNING):
        return None
    key = f"end:{batch.pk}:{batch.state}:{batch.max_cost}:{batch.approved}"
    found = cache.get(key)
    if found is None:
        found = (_end_of(batch),)
        cache.set(key, found, REMEMBERED)
    return found[0]


def _end_of(batch: Batch) -> Wait | None:
    ready = batch.rows.filter(state=BatchRow.State.READY)
    rows = ready.aggregate(count=Count("pk"), work=Sum("work"), seconds=Avg("seconds"))
    held = result.renders_of(batch).filter(status="held").exists()
    if held or (rows["count"] and (not rows["work"] or not _goes_through(batch))):
        return None
    at_work = _renders(batch) if batch.started_at else Wait(0.0, 0.0)
    if at_work is None or not rows["count"]:
        return at_work
    lane = scheduling.lane_of(
        draft=batch.mode == "draft", plan=batch.workspace.plan, seconds=rows["seconds"] or 0.0
    )
    project = batch.content["project"]
    large = batch.mode != "draft" and project.get("resolution") == "2160p"
    each = [rows["work"] / rows["count"]] * rows["count"]
    wait = eta.known_wait(batch.workspace, lane, each, alone=large)
    if wait is None:
        return None
    least = STEP * (rows["count"] / window_of(batch) - 1)
    likely = max(wait.likely, at_work.likely, least)
    return Wait(likely, max(wait.late, at_work.late, likely))


def _goes_through(batch: Batch) -> bool:
    """Whether all rows that are to come can be rendered without anybody doing something about it."""
    if batch.mode == "draft":
        return plan.length(batch) <= drafts_left(batch.workspace)
    if batch.workspace.needs_approval and not batch.approved:
        return False
    price = plan.price(batch)
    left = available(batch.workspace)
    if batch.started_at:
        left = min(left, (batch.max_cost or 0) - result.cost_of(batch)["net"])
    return price <= left


def _renders(batch: Batch) -> Wait | None:
    """Until the last of the renders that were asked for is done; None if no worker is there for one of them."""
    open_now = result.renders_of(batch).exclude(status__in=Render.OVER)
    places = eta.positions(open_now).values()
    if any(place.seconds is None for place in places):
        return None
    likely = max((place.seconds or 0.0 for place in places), default=0.0)
    return Wait(likely, max((place.high_seconds or 0.0 for place in places), default=0.0))
