"""Which batch goes next: the one that has been due for longest, whatever the message was about.

A turn ends after some seconds and the next one may begin at once, behind every other batch that is due and behind what waits in the
workers' queue already. A batch whose window is full waits until one of its renders has ended.
"""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.utils import timezone

from rows.events import Event, consumer
from rows.work import LEASE, MOST_CLAIMS, Kind
from studio.batches import run
from studio.models import Batch, BatchRow

KINDS: dict[str, Kind[Batch]] = {kind.state: kind for kind in (run.CHECKING, run.RUNNING)}
LOOKED_AT = 10
"""Batches that are tried, if other workers take the same ones."""
AGAIN = timedelta(seconds=15)
"""After which a batch is due once more if its worker says nothing of it: it was killed, or the store was away."""


def due() -> QuerySet[Batch]:
    """Batches that may have a turn now, the one that has waited longest first."""
    now = timezone.now()
    free = Q(claimed_at=None) | Q(claimed_at__lt=now - LEASE)
    rows = Batch.objects.filter(free, state__in=KINDS, due_at__lte=now, claims__lt=MOST_CLAIMS)
    return rows.order_by("due_at", "pk")


def take() -> None:
    """One turn, for whoever is due; then the next message, if another waits."""
    for batch in due().only("pk", "state")[:LOOKED_AT]:
        attempt = KINDS[batch.state].claim(batch.pk)
        if attempt is not None:
            attempt.rows.update(due_at=timezone.now() + AGAIN)
            attempt.run()
            break
    call()


def call() -> None:
    """Sends a message if a batch is due."""
    batch = due().only("pk", "state").first()
    if batch is not None:
        KINDS[batch.state].ask(batch.pk)


def wake() -> None:
    """The same, from time to time: when a batch becomes due while no worker is at one, or when the message was lost.

    Messages do not pile up before other work: while a worker is at a batch, the next message is its own, and while all workers are at
    something else, one waits for them.
    """
    now = timezone.now()
    at_work = Batch.objects.filter(state__in=KINDS, claimed_at__gte=now - LEASE).exists()
    first = due().only("pk", "due_at").first()
    if first is None or (at_work and first.due_at > now - AGAIN):
        return
    if cache.add(f"called:{first.pk}:{first.due_at.timestamp()}", 1, AGAIN.total_seconds()):
        call()


@consumer("batches", "render.done", "render.failed", "render.canceled")
def render_ended(event: Event) -> None:
    """There is room in the window of its batch, and a video may want its link."""
    now = timezone.now()
    of = BatchRow.objects.filter(render=event.subject).values("batch")
    rows = Batch.objects.filter(pk__in=of)
    rows.filter(state=Batch.State.RUNNING, due_at__gt=now).update(due_at=now)
    if event.kind == "render.done":
        rows.filter(shares=True).update(shares_due_at=now)
