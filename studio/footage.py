"""Uploaded videos: looked at while somebody waits, encoded by a worker, screened, used when they are ready. Music is done at once."""

from __future__ import annotations

import hashlib
import logging
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from moderation import pictures as screening
from rendering import clips, media, queue, uploaded
from rendering.values import BadInput, Canceled
from studio.errors import PictureRefused, explain
from studio.models import Clip, Workspace
from studio.models.library import picture_path

log = logging.getLogger(__name__)

SUFFIX = ".upload"
ABANDONED = timedelta(seconds=60)  # without a sign of life another worker takes the video up
MOST_CLAIMS = 3  # a video that ended so many workers is not given to another
MOST_WAITING = 10  # videos of a workspace that are prepared or wait for it
UNUSABLE_KEPT = timedelta(days=2)
SCREENED = 12  # pictures of a video that are looked at
ENCODED = 0.9  # share of the work that is done when only screening is left
OUR_FAULT = {
    "code": "internal",
    "sentence": "Something went wrong on our side while this video was prepared; upload it again.",
}


@dataclass(frozen=True)
class Received:
    """A video at the door, whole, in the store under `key` until it is encoded. sha256: of what was sent."""

    key: str
    sha256: str


@contextmanager
def received(upload: Path) -> Iterator[Received]:
    """Looks at the file and puts it into the store, for the block to keep(); else it is gone afterwards.

    Nothing is decoded. Raises BadInput for what shows at once that it cannot be used.
    """
    clips.check(upload, "video")
    with upload.open("rb") as file:
        taken = Received(secrets.token_hex(32), hashlib.file_digest(file, "sha256").hexdigest())
    try:
        with queue.store().write(taken.key, SUFFIX) as draft:
            shutil.copyfile(upload, draft)
        yield taken
    finally:
        if not Clip.objects.filter(upload=taken.key).exists():
            _drop(taken.key)


def keep(
    workspace: Workspace, name: str, taken: Received, told: Callable[[str], object] = str
) -> Clip:
    """The row of the video, which a worker is asked to encode. The same file again is the row that there is.

    `told` gets its id within the transaction. Raises BadInput when too many wait already.
    """
    from studio import tasks

    rows = Clip.objects.filter(workspace=workspace, kind=Clip.Kind.VIDEO)
    earlier = rows.filter(source=taken.sha256).first()
    fetched = earlier is not None and earlier.ready and _good(earlier)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        same = rows.filter(source=taken.sha256).first()
        if same and (_under_way(same) or (fetched and same == earlier)):
            rows.filter(pk=same.pk).update(removed_at=None, name=name[:120] or same.name)
            same.refresh_from_db()
            told(same.pk)
            return same
        if rows.filter(state=Clip.State.MAKING, removed_at=None).count() >= MOST_WAITING:
            raise BadInput(
                f"{MOST_WAITING} videos are being prepared already; wait until one of them is ready.",
                code="rate_limited",
                retry_after=30,
            )
        rows.filter(source=taken.sha256).update(source="")  # it came to nothing
        clip = Clip.objects.create(
            workspace=workspace,
            kind=Clip.Kind.VIDEO,
            name=name[:120] or "Video",
            state=Clip.State.MAKING,
            source=taken.sha256,
            upload=taken.key,
        )
        told(clip.pk)
        transaction.on_commit(lambda: tasks.ask_for_clip(clip.pk))
    return clip


def _under_way(clip: Clip) -> bool:
    return clip.state == Clip.State.MAKING and clip.removed_at is None


def _good(clip: Clip) -> bool:
    """Whether the file of the row is there. It may have to be fetched."""
    uploaded.fetch(clip.path, clip.sha256, queue.store())
    return clip.path.is_file()


def _drop(key: str) -> None:
    if key:
        queue.store().remove(key, SUFFIX)


def _silent() -> Q:
    """Videos that nobody works on."""
    return Q(claimed_at=None) | Q(claimed_at__lt=timezone.now() - ABANDONED)


def _waiting() -> QuerySet[Clip]:
    return Clip.objects.filter(_silent(), state=Clip.State.MAKING, removed_at=None)


def sweep() -> None:
    """Asks again for every video that waits: its message was lost, or its worker was killed."""
    from studio import tasks

    for clip in _waiting():
        if clip.claims < MOST_CLAIMS:
            tasks.ask_for_clip(clip.pk)
        else:
            _end(clip, Clip.State.FAILED, findings=[OUR_FAULT])


def claim(clip_id: str) -> Clip | None:
    """The video, if it waits for a worker or its worker has gone silent."""
    rows = _waiting().filter(pk=clip_id, claims__lt=MOST_CLAIMS)
    claimed = rows.update(claimed_at=timezone.now(), claims=F("claims") + 1)
    return Clip.objects.get(pk=clip_id) if claimed else None


def make(clip: Clip) -> None:
    """The worker's part: encoded anew, screened, put where the library keeps it. Ends in a state that pages explain."""
    try:
        with queue.store().scratch() as folder:
            _made(clip, folder)
    except (BadInput, PictureRefused) as refusal:
        problem = explain(refusal)
        found = [{"code": problem.code, "sentence": problem.sentence}] if problem else [OUR_FAULT]
        _end(clip, Clip.State.REFUSED, findings=found)
    except Canceled:
        log.info("%s is not wanted any more", clip.pk)
    except Exception as problem:
        if queue.is_away(problem):  # it waits for the sweep, and this try is not counted
            _attempt(clip).update(claimed_at=None, claims=F("claims") - 1)
            return
        log.exception("%s could not be prepared", clip.pk)
        _end(clip, Clip.State.FAILED, findings=[OUR_FAULT])


def _made(clip: Clip, folder: Path) -> None:
    """Raises BadInput, PictureRefused, and Canceled when this attempt is over."""
    tell = _teller(clip)
    tell(0.0)
    source = queue.store().find(clip.upload, SUFFIX)
    if source is None:
        raise FileNotFoundError(clip.upload)
    kept = clips.intake(source, folder, "video", lambda share: tell(ENCODED * share))
    for still in media.stills(kept.path, folder, SCREENED):
        tell(ENCODED)
        verdict = screening.screen_picture(still)
        if verdict.verdict != "allow":
            raise PictureRefused(verdict.title, noun="video")
    share(kept.sha256, kept.path)
    ended = _end(
        clip,
        Clip.State.READY,
        made=kept.path,
        sha256=kept.sha256,
        suffix=kept.path.suffix,
        seconds=kept.seconds,
        width=kept.width,
        height=kept.height,
    )
    if not ended and not Clip.objects.filter(sha256=kept.sha256).exists():
        queue.store().remove(kept.sha256, kept.path.suffix)


def share(sha256: str, path: Path) -> None:
    """For workers and web processes on other machines: uploaded.bring fetches it."""
    if queue.store().shared:
        with queue.store().write(sha256, path.suffix) as draft:
            shutil.copyfile(path, draft)


def place(made: Path, sha256: str) -> Path:
    """Moves what was made of an upload to where the library keeps it."""
    path = picture_path(sha256, made.suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{secrets.token_hex(8)}{made.suffix}")
    try:
        shutil.move(made, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _teller(clip: Clip) -> Callable[[float], None]:
    """Writes progress, at most once a second; raises Canceled when this attempt no longer counts."""
    at = -1.0

    def tell(fraction: float) -> None:
        nonlocal at
        if time.monotonic() - at < 1:
            return
        at = time.monotonic()
        shown = Greatest("fraction", Value(fraction))
        if not _attempt(clip).update(fraction=shown, claimed_at=timezone.now()):
            raise Canceled

    return tell


def _attempt(clip: Clip) -> QuerySet[Clip]:
    """The row, as long as this attempt is the one that counts."""
    return Clip.objects.filter(
        pk=clip.pk, state=Clip.State.MAKING, claims=clip.claims, removed_at=None
    )


def _end(clip: Clip, state: str, *, made: Path | None = None, **fields: Any) -> bool:
    """The last word of an attempt, with its file; False, and nothing is written, when another attempt counts or none."""
    if not _attempt(clip).exists():
        return False
    placed = place(made, fields["sha256"]) if made else None
    if not _attempt(clip).update(state=state, fraction=1.0, upload="", **fields):
        if placed and not Clip.objects.filter(sha256=fields["sha256"]).exists():
            placed.unlink(missing_ok=True)
        return False
    _drop(clip.upload)
    return True


def stop(clip: Clip) -> None:
    """A video that was removed before it was ready: whoever encodes it stops, and what was sent is deleted."""
    Clip.objects.filter(pk=clip.pk, state=Clip.State.MAKING).update(upload="")
    _drop(clip.upload)


def tidy() -> None:
    """What could not be used is offered no more."""
    over = Clip.objects.filter(state__in=(Clip.State.REFUSED, Clip.State.FAILED), removed_at=None)
    over.filter(created_at__lt=timezone.now() - UNUSABLE_KEPT).update(removed_at=timezone.now())


def clean_music(upload: Path) -> clips.Kept:
    """Uploaded music, encoded anew where the library keeps it. A song takes seconds, half an hour less than a minute."""
    with queue.store().scratch() as folder:
        cleaned = clips.intake(upload, folder, "music")
        path = place(cleaned.path, cleaned.sha256)
    share(cleaned.sha256, path)
    return clips.Kept(path, cleaned.sha256, cleaned.seconds)


def keep_music(workspace: Workspace, name: str, cleaned: clips.Kept) -> Clip:
    clip, _ = Clip.objects.update_or_create(
        workspace=workspace,
        kind=Clip.Kind.MUSIC,
        sha256=cleaned.sha256,
        defaults={
            "name": name[:120] or "Music",
            "suffix": cleaned.path.suffix,
            "seconds": cleaned.seconds,
            "removed_at": None,
        },
    )
    return clip
