"""One row as a free draft, to look at before the batch is started.

It has a project and a render of its own: the row stays as it was, and nothing of it counts against the cap.
"""

from __future__ import annotations

from django.utils.translation import gettext

from rendering.models import Render
from rendering.values import BadInput
from rows import events
from studio.batches import plan
from studio.limits import SAMPLES, take
from studio.models import ApiKey, Batch, BatchRow, User
from studio.renders.ordering import request_render


def render_of(batch: Batch) -> Render | None:
    """The draft that was made last, in whatever state it is."""
    return Render.objects.filter(pk=batch.sample).first() if batch.sample else None


def first_row(batch: Batch) -> int | None:
    """The number of the first row that can be rendered."""
    ready = batch.rows.filter(state=BatchRow.State.READY)
    return ready.values_list("number", flat=True).first()


def ask(
    batch: Batch, number: int | None = None, *, by: User | None = None, key: ApiKey | None = None
) -> Render:
    """Requests the draft of a row, the first good one if none is named. The draft of the same row that there is, or that is being
    made, is returned instead of a second. Raises BadInput, and what a render is refused with."""
    if batch.state != Batch.State.READY:
        sentence = gettext("A draft of a row is made after the check and before the start.")
        raise BadInput(sentence, code="wrong_status")
    ready = batch.rows.filter(state=BatchRow.State.READY)
    row = (ready if number is None else ready.filter(number=number)).first()
    if row is None:
        sentence = gettext("There is no such row that can be rendered; choose another one.")
        raise BadInput(sentence, code="invalid_field", path="row")
    known = render_of(batch)
    if known and batch.sample_row == row.number and known.status not in ("failed", "canceled"):
        return known
    take(SAMPLES, batch.workspace_id)
    project, scenes = plan.video_of(batch, row)
    project.batch_row, project.sample_of, project.created_by = None, batch, by

    def note(render_id: str) -> None:
        rows = Batch.objects.filter(pk=batch.pk, state=Batch.State.READY, sample=batch.sample)
        if not rows.update(sample=render_id, sample_row=row.number):
            sentence = gettext("The batch has changed meanwhile; look at it again.")
            raise BadInput(sentence, code="wrong_status")
        events.record(
            "batch.sampled", batch.pk, workspace=batch.workspace_id, after={"render": render_id}
        )

    return request_render(project, scenes=scenes, by=by, key=key, mode="draft", note=note)
