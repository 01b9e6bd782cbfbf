"""What each plan gives, as data. Amounts in credits; 1 credit is 1 minute of delivered video.

The studio enforces the length of a film, drafts a day, waiting renders, rows of a batch, photo avatars and
recordings. The other fields record what the plans promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from billing.models import CREDIT, Grant, give

if TYPE_CHECKING:
    from studio.models import Workspace

LONGEST_FILM = 3600
"""Seconds, on any plan and for the operator's own tool."""
DRAFTS_A_DAY = 3600  # seconds of drafts that a workspace may make within 24 hours


@dataclass(frozen=True)
class Plan:
    """What one plan gives. None: set by the contract."""

    slug: str
    name: str
    credits_a_month: int
    dollars_a_month: int | None
    dollars_a_year: int | None
    seats: int | None

    longest_film: int  # seconds
    most_height: int  # pixels of the picture's short side
    visible_mark: bool
    commercial: bool
    own_avatars: int | None  # with their person's signed consent
    bulk_rows: int  # of one table of videos

    renders_waiting: int  # requested and not begun; drafts count
    renders_at_work: int | None
    renders_a_minute: int | None  # POST /renders
    requests_a_minute: int | None  # of one key

    audit_days: int = 30  # that the audit log is kept
    photo_avatars: int = 5  # from photos, for drafts, at once
    recordings: int = 10  # of people's voices, at once
    drafts_a_day: int = DRAFTS_A_DAY


PLANS = {
    plan.slug: plan
    for plan in (
        Plan(
            *("free", "Free", 10, 0, 0, 1),
            longest_film=180,
            most_height=720,
            visible_mark=True,
            commercial=False,
            own_avatars=1,
            bulk_rows=0,
            renders_waiting=5,
            renders_at_work=1,
            renders_a_minute=5,
            requests_a_minute=60,
        ),
        Plan(
            *("starter", "Starter", 40, 20, 192, 1),
            audit_days=90,
            longest_film=600,
            most_height=1080,
            visible_mark=False,
            commercial=True,
            own_avatars=3,
            bulk_rows=0,
            renders_waiting=100,
            renders_at_work=3,
            renders_a_minute=20,
            requests_a_minute=120,
        ),
        Plan(
            *("creator", "Creator", 150, 60, 540, 3),
            audit_days=90,
            longest_film=1800,
            most_height=1080,
            visible_mark=False,
            commercial=True,
            own_avatars=3,
            bulk_rows=100,
            renders_waiting=100,
            renders_at_work=5,
            renders_a_minute=20,
            requests_a_minute=120,
        ),
        Plan(
            *("team", "Team", 600, 200, 1680, 10),
            audit_days=365,
            longest_film=1800,
            most_height=2160,
            visible_mark=False,
            commercial=True,
            own_avatars=3,
            bulk_rows=1_000,
            renders_waiting=2_000,
            renders_at_work=10,
            renders_a_minute=60,
            requests_a_minute=600,
        ),
        Plan(
            *("business", "Business", 2_000, 500, 3_900, 30),
            audit_days=1095,
            longest_film=LONGEST_FILM,
            most_height=2160,
            visible_mark=False,
            commercial=True,
            own_avatars=3,
            bulk_rows=5_000,
            renders_waiting=2_000,
            renders_at_work=20,
            renders_a_minute=60,
            requests_a_minute=600,
        ),
        Plan(
            *("enterprise", "Enterprise", 5_000, None, None, None),
            audit_days=1095,
            longest_film=LONGEST_FILM,
            most_height=2160,
            visible_mark=False,
            commercial=True,
            own_avatars=None,
            bulk_rows=5_000,
            renders_waiting=20_000,
            renders_at_work=None,
            renders_a_minute=None,
            requests_a_minute=None,
        ),
    )
}
RATES = ((5_000, 0.24, 0.144), (20_000, 0.20, 0.12), (100_000, 0.17, 0.102))
"""Enterprise: credits a month from which a rate applies, dollars per credit paid monthly and prepaid for a year."""


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
