"""What each plan gives. Amounts in credits; 1 credit is 1 minute of delivered video."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from billing.models import CREDIT, Grant, give

if TYPE_CHECKING:
    from studio.models import Workspace


@dataclass(frozen=True)
class Plan:
    slug: str
    name: str
    credits_a_month: int
    photo_avatars: int  # avatars from photos that a workspace has at once
    recordings: int = 10  # of people's voices, at once


PLANS = {"free": Plan("free", "Free", 10, 5)}


def period_of(now: datetime) -> tuple[datetime, datetime]:
    """The calendar month (UTC) that holds this moment."""
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    month = start.month % 12 + 1
    return start, start.replace(month=month, year=start.year + (month == 1))


def grant_period(workspace: Workspace, now: datetime | None = None) -> Grant:
    """This month's credits of the workspace's plan. Repeating it changes nothing."""
    start, end = period_of(now or timezone.now())
    plan = PLANS[workspace.plan]
    return give(
        workspace,
        plan.credits_a_month * CREDIT,
        kind="plan",
        source=f"plan:{workspace.pk}:{start:%Y-%m}",
        expires_at=end,
    )
