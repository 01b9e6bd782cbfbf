"""What the lines of a render cost: whole credit-seconds, dealt out the same way before and after it is made."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction

from billing import models as billing
from rendering.models import Render, Segment


def whole(seconds: float) -> int:
    """Seconds as they are charged: rounded up, after the rounding errors of a sum are removed."""
    return math.ceil(round(seconds, 6))


def deal(lengths: Iterable[float]) -> list[int]:
    """Whole seconds for lengths in seconds, dealt out by running total: they sum to whole(sum(lengths))."""
    shares, given, total = [], 0, 0.0
    for length in lengths:
        total += length
        shares.append(whole(total) - given)
        given += shares[-1]
    return shares


def paid(project_id: str, line_keys: Collection[str]) -> set[str]:
    """Those of these lines that a delivered render of the project contained: they are never paid for again."""
    delivered = Segment.objects.filter(
        render__project=project_id, render__status="done", render__mode="final", status="done"
    )
    return set(delivered.filter(line_key__in=line_keys).values_list("line_key", flat=True))


def deliveries(project_id: str) -> int:
    """How many final renders of the project were delivered. While this number stays, so does the answer of `paid`."""
    return Render.objects.filter(project=project_id, status="done", mode="final").count()


@transaction.atomic
def deliver(render: Render, *, attempt: int | None = None, **changes: Any) -> None:
    """Ends a finished render and charges its lines, except those that another render has paid for meanwhile.

    All of it under the wallet's lock: of two renders that share a line, one pays.
    """
    billing.Wallet.locked(render.workspace_id)
    render.end("done", used=_settled(render), attempt=attempt, **changes)


def _settled(render: Render) -> int:
    """Deals out what the lines cost now that their lengths are known; returns what is charged for all of them."""
    if render.mode != "final":
        return 0
    rows = list(
        render.segments.order_by("position").values_list("pk", "line_key", "reason", "seconds")
    )
    open_rows = [row for row in rows if row[2] != "reused"]
    known = paid(render.project_id, {key for _, key, _, _ in open_rows})
    meanwhile = [pk for pk, key, _, _ in open_rows if key in known]
    charged = [row for row in open_rows if row[1] not in known]
    shares = deal(seconds or 0.0 for *_, seconds in charged)
    by_share = defaultdict(list)
    for (pk, *_), share in zip(charged, shares, strict=True):
        by_share[share].append(pk)
    for share, pks in by_share.items():
        Segment.objects.filter(pk__in=pks).update(credit_seconds=share)
    if meanwhile:
        Segment.objects.filter(pk__in=meanwhile).update(reason="reused", credit_seconds=0)
    return min(render.quoted, sum(shares))
