"""Credits: the balance and the use."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from billing import models as billing
from billing.models import Transfer, Wallet
from billing.plans import period_of
from rendering.models import Render, Segment
from studio.api.account import answers
from studio.api.common import Problem, workspace_of

router = Router(tags=["Credits"])


@router.get(
    "/usage",
    response={200: answers.Usage, 401: Problem, 429: Problem},
    summary="Read the balance and this month's use",
)
def usage(request: HttpRequest) -> Any:
    """Credit-seconds, 60 to a credit; the period is the calendar month in UTC."""
    workspace = workspace_of(request, "see_money")
    starts_at, ends_at = period_of(timezone.now())
    available = billing.available(workspace)
    delivered = Render.objects.filter(
        workspace=workspace, status="done", ended_at__gte=starts_at, ended_at__lt=ends_at
    )
    sums = delivered.aggregate(renders=Count("pk"), seconds=Sum("seconds"))
    reused = Segment.objects.filter(render__in=delivered, reason="reused").aggregate(
        seconds=Sum("seconds")
    )
    moved = Transfer.objects.filter(
        workspace=workspace, created_at__gte=starts_at, created_at__lt=ends_at
    ).aggregate(
        spent=Sum("amount", filter=Q(kind="spend")), back=Sum("amount", filter=Q(kind="refund"))
    )
    return {
        "balance": {
            "available": available,
            "pending": Wallet.objects.get(workspace=workspace).pending,
        },
        "period": {"starts_at": starts_at, "ends_at": ends_at},
        "renders": sums["renders"],
        "seconds": sums["seconds"] or 0.0,
        "seconds_reused": reused["seconds"] or 0.0,
        "credits_used": (moved["spent"] or 0) - (moved["back"] or 0),
    }
