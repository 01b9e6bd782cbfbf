"""What workers do for the library and for batches. Rows are the truth; a message that is lost is sent again by the sweep."""

from __future__ import annotations

from celery import shared_task
from django.db import close_old_connections

from rendering import storage
from rows.work import Kind
from studio.batches import run, turns
from studio.library import footage, photos, recordings

KINDS: tuple[Kind, ...] = (
    photos.MAKING,
    recordings.MEASURING,
    footage.PREPARING,
)


def sweep() -> None:
    """Sends the messages of everything that waits for a worker again; those of batches: studio/batches/turns.py."""
    for kind in KINDS:
        kind.sweep()
    for kind in turns.KINDS.values():
        kind.give_up()


def _work(kind: Kind, pk: str) -> None:
    """Does nothing while its result could not be stored; the sweep sends the message again."""
    close_old_connections()
    if storage.trouble() is None:
        kind.work(pk)


@shared_task(name=photos.MAKING.task)
def prepare_avatar(avatar_id: str) -> None:
    _work(photos.MAKING, avatar_id)


@shared_task(name=recordings.MEASURING.task)
def measure_voice(voice_id: str) -> None:
    _work(recordings.MEASURING, voice_id)


@shared_task(name=footage.PREPARING.task)
def prepare_clip(clip_id: str) -> None:
    _work(footage.PREPARING, clip_id)


def _take_turn() -> None:
    close_old_connections()
    if storage.trouble() is None:
        turns.take()


@shared_task(name=run.CHECKING.task)
def check_batch(batch_id: str) -> None:
    """A turn of whichever batch has waited longest; the others follow."""
    _take_turn()


@shared_task(name=run.RUNNING.task)
def run_batch(batch_id: str) -> None:
    _take_turn()
