"""How long the values of a batch's rows are kept: they name people, and a batch that has ended no longer needs them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from rendering.values import BadInput
from rows import events
from studio.batches import run
from studio.models import Batch, BatchRow, Project, User

KEPT_DAYS = 90
"""After the end of a batch."""
UNSTARTED_DAYS = 30
"""After which a batch that was never started is removed, rows and all."""
PAUSED_DAYS = 90
"""After which the rest of a batch that is paused is canceled."""
CUT_OFF = timedelta(hours=1)
"""After which a table that is still being stored is not: its request was cut off."""
AT_ONCE = 200

State = Batch.State
OVER = (State.DONE, State.CANCELED)


def removes_at(batch: Batch) -> datetime | None:
    """When the values will be removed, or the batch as a whole if it was never started; None as long as it is at work."""
    if batch.values_removed_at:
        return None
    if batch.started_at is None:
        return batch.moved_at + timedelta(days=UNSTARTED_DAYS)
    return batch.ended_at + timedelta(days=KEPT_DAYS) if batch.is_over and batch.ended_at else None


def remove_values(batch: Batch, by: User | None = None) -> None:
    """Deletes what the table said of each row: what is left are keys and results. Videos and their projects stay.

    Raises BadInput for a batch that still needs them.
    """
    if batch.is_over and not batch.values_removed_at:
        _shorten_errors(batch)
    now = timezone.now()
    with transaction.atomic():
        over = Batch.objects.filter(pk=batch.pk, state__in=OVER, values_removed_at=None)
        if over.update(values_removed_at=now):
            batch.rows.update(cells={}, overrides={})
            _remove_samples(batch)
            events.record(
                "batch.values_removed",
                batch.pk,
                workspace=batch.workspace_id,
                actor=str(by.pk) if by else "",
            )
    batch.refresh_from_db()
    if not batch.values_removed_at:
        sentence = gettext("The batch is {state} and needs its values; cancel it first.")
        raise BadInput(sentence.format(state=run.state_name(batch)), code="wrong_status")


def _shorten_errors(batch: Batch) -> None:
    """What is wrong with a row is said with its values, so only the codes and places stay."""
    said = gettext("What was wrong was removed with the row’s values.")
    rows = batch.rows.exclude(errors=[])
    last = 0
    while chunk := list(rows.filter(number__gt=last).only("pk", "number", "errors")[:AT_ONCE]):
        for row in chunk:
            row.errors = [_shortened(error, said) for error in row.errors]
        BatchRow.objects.bulk_update(chunk, ["errors"])
        last = chunk[-1].number


def _shortened(error: dict[str, Any], said: str) -> dict[str, Any]:
    return {**{name: error[name] for name in ("code", "path") if name in error}, "message": said}


def _remove_samples(batch: Batch) -> None:
    for project in Project.objects.filter(sample_of=batch, removed_at=None):
        project.remove()


def tidy() -> None:
    """What an hour brings: tables that were cut off, batches that nobody started or goes on with, values that are no longer needed."""
    now = timezone.now()
    for batch in Batch.objects.filter(state=State.READING, created_at__lt=now - CUT_OFF):
        _delete(batch)
    for batch in _unstarted(now):
        with transaction.atomic():  # nobody sees it from then on
            if not _unstarted(now).filter(pk=batch.pk).update(state=State.READING):
                continue
            _remove_samples(batch)
            events.record("batch.removed", batch.pk, workspace=batch.workspace_id)
        _delete(batch)
    paused = Batch.objects.filter(
        state=State.PAUSED, moved_at__lt=now - timedelta(days=PAUSED_DAYS)
    )
    for batch in paused.exclude(started_at=None).select_related("workspace"):
        with suppress(BadInput):  # somebody goes on with it this moment
            run.cancel(batch)
    over = Batch.objects.filter(state__in=OVER, values_removed_at=None)
    for batch in over.filter(ended_at__lt=now - timedelta(days=KEPT_DAYS)):
        with suppress(BadInput):
            remove_values(batch)


def _unstarted(now: datetime) -> QuerySet[Batch]:
    idle = (State.READY, State.PAUSED, State.CANCELED)
    before = now - timedelta(days=UNSTARTED_DAYS)
    return Batch.objects.filter(state__in=idle, started_at=None, moved_at__lt=before)


def _delete(batch: Batch) -> None:
    """Some rows at a time; what is left of one that was interrupted is deleted an hour later."""
    while numbers := list(batch.rows.values_list("pk", flat=True)[:AT_ONCE]):
        BatchRow.objects.filter(pk__in=numbers).delete()
    batch.delete()
