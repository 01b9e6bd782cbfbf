"""The scheduler: repairs what was lost, sends mails, grants the month's credits, ends lapsed reviews."""

from __future__ import annotations

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from billing.plans import grant_period, period_of
from moderation.models import Case
from rendering import tasks
from rendering.fleet import warmpool
from rendering.fleet.attempts import PULSE
from rows import events, limits
from studio import tasks as library
from studio.batches import links, retention, turns
from studio.library import footage, photos, recordings
from studio.models import IdempotencyKey, Play, Workspace
from studio.people import audit, letters
from studio.renders import mails
from studio.reviews import approval

log = logging.getLogger(__name__)

MAIL_SECONDS = 2
FAILURES = 3  # mails that could not be sent in one round
HOUR = 3600


def send_mails() -> None:
    """To everybody who requested a render that has ended and was not told yet.

    A mail that cannot be sent waits for its next try, and the others go on; after some failures the round ends, because the
    mail host may be away and each mail would wait for it.
    """
    failures = 0
    for render in mails.due()[:50]:
        try:
            mails.render_ended(render)
        except Exception:
            log.exception("mail of %s", render.pk)
            failures += 1
            if failures == FAILURES:
                return


def every_hour() -> None:
    """Work that may wait: the month's credits, what nobody decided in time, old answers to repeated requests."""
    for case in Case.overdue():
        case.lapse()
    approval.lapse_overdue()
    start, _ = period_of(timezone.now())
    granted = f":{start:%Y-%m}"
    for workspace in Workspace.objects.exclude(grants__source__endswith=granted).iterator():
        grant_period(workspace)
    photos.tidy()
    recordings.tidy()
    footage.tidy()
    retention.tidy()
    audit.seal()
    audit.tidy()
    limits.tidy()
    Play.tidy(timezone.now() - timedelta(days=1))
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - timedelta(hours=48)).delete()


class Command(BaseCommand):
    help = "Runs the scheduler until it is stopped; --once does everything once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="One round, then end.")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        if once:
            jobs: tuple[Callable[[], object], ...] = (
                *(tasks.sweep, warmpool.decide, library.sweep),
                *(events.deliver, turns.wake, links.make),
                *(send_mails, letters.send_due, every_hour),
            )
            for job in jobs:
                job()
            return
        PULSE.start()  # says that this process lives
        ended = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: ended.set())
        pauses: dict[Callable[[], object], float] = {
            tasks.sweep: settings.SWEEP_SECONDS,
            warmpool.decide: 2 * settings.SWEEP_SECONDS,
            library.sweep: settings.SWEEP_SECONDS,
            events.deliver: MAIL_SECONDS,
            turns.wake: MAIL_SECONDS,
            links.make: MAIL_SECONDS,
            send_mails: MAIL_SECONDS,
            letters.send_due: MAIL_SECONDS,
            every_hour: HOUR,
        }
        due = dict.fromkeys(pauses, 0.0)
        while not ended.wait(0.2):
            for job, moment in due.items():
                if time.monotonic() < moment:
                    continue
                due[job] = time.monotonic() + pauses[job]
                try:
                    close_old_connections()
                    job()
                except Exception:  # one bad round must not end the scheduler
                    log.exception("%s failed", getattr(job, "__name__", job))
