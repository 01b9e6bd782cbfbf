"""What the site asks of workers, beside renders. Rows are the truth; a message that is lost is sent again by the sweep."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.db import close_old_connections

from rendering import queue
from rendering.tasks import publish
from studio import footage, photos, recordings


def _can_keep() -> bool:
    """Whether what would be made now could be kept; if not, the sweep asks again."""
    close_old_connections()
    return queue.store_trouble() is None


def ask(avatar_id: str) -> bool:
    """Somebody waits for this avatar. False when the broker is away."""
    return publish(prepare_avatar, avatar_id, priority=0, expires=2 * settings.SWEEP_SECONDS)


@shared_task(name="studio.tasks.prepare_avatar")
def prepare_avatar(avatar_id: str) -> None:
    if not _can_keep():
        return
    avatar = photos.claim(avatar_id)
    if avatar is not None:
        photos.make(avatar)


def ask_for_voice(voice_id: str) -> bool:
    """Somebody waits for this recording. False when the broker is away."""
    return publish(measure_voice, voice_id, priority=0, expires=2 * settings.SWEEP_SECONDS)


@shared_task(name="studio.tasks.measure_voice")
def measure_voice(voice_id: str) -> None:
    if not _can_keep():
        return
    voice = recordings.claim(voice_id)
    if voice is not None:
        recordings.measure(voice)


def ask_for_clip(clip_id: str) -> bool:
    """Somebody waits for this video. False when the broker is away."""
    return publish(prepare_clip, clip_id, expires=2 * settings.SWEEP_SECONDS)


@shared_task(name="studio.tasks.prepare_clip")
def prepare_clip(clip_id: str) -> None:
    if not _can_keep():
        return
    clip = footage.claim(clip_id)
    if clip is not None:
        footage.make(clip)
