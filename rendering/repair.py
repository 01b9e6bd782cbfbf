"""A finished film whose files are damaged is made again from its stored lines: same words, same render, no charge."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from consent.models import NotAllowed
from rendering import pipeline, storage, uploaded
from rendering.fleet.attempts import process_name
from rendering.models import Render
from rendering.tasks import delivered, publish, queue_name
from rendering.values import BadInput, spec_from_json

log = logging.getLogger(__name__)

LONGEST = timedelta(minutes=30)  # after which it may be requested again, whatever became of it


def is_damaged(render: Render) -> bool:
    store = storage.store()
    return any(store.is_damaged(output["key"], output["suffix"]) for output in render.outputs)


def is_running(render: Render) -> bool:
    return render.lease_until is not None and render.lease_until > timezone.now()


def ask(render: Render) -> None:
    """Has the film made again if it is done and damaged. Fine to ask twice."""
    if render.status != "done" or not is_damaged(render):
        return
    now = timezone.now()
    rows = Render.objects.filter(Q(lease_until=None) | Q(lease_until__lt=now), pk=render.pk)
    if not rows.filter(status="done").update(lease_owner="", lease_until=now + LONGEST):
        return
    engine = render.segments.order_by().values_list("engine", flat=True).first() or "portrait"
    if not publish(repair_film, render.pk, queue=queue_name(engine, render.lane)):
        _end(render)


@shared_task(name="rendering.repair.repair_film", ignore_result=True)
def repair_film(render_id: str) -> None:
    """Makes the film again, and those of its lines that are no longer in the store."""
    owner = process_name()
    requested = Render.objects.filter(pk=render_id, status="done", lease_owner="")
    if not requested.filter(lease_until__gt=timezone.now()).update(lease_owner=owner):
        return
    render = Render.objects.get(pk=render_id)
    rows = list(render.segments.select_related("avatar", "voice"))
    specs = [spec_from_json(row.spec) for row in rows]
    try:
        uploaded.bring(specs, storage.store())
        parts = [
            pipeline.render_line(spec, earlier=specs[:number], store=storage.store())
            for number, spec in enumerate(specs)
        ]
        made = delivered(render, rows, parts)
    except (NotAllowed, BadInput) as problem:
        log.warning("%s stays damaged: %s", render_id, problem.sentence)
        _end(render)
    except Exception:
        log.exception("%s stays damaged", render_id)
        _end(render)
    else:
        _end(render, outputs=made.outputs, provenance=made.provenance, seconds=made.seconds)
        log.info("%s was damaged and is whole again", render_id)


def _end(render: Render, **made: object) -> None:
    rows = Render.objects.filter(pk=render.pk, status="done")
    rows.update(lease_owner="", lease_until=None, **made)
