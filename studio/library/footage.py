"""Uploaded videos: checked while somebody waits, encoded by a worker, screened, used when they are ready. Music is done at once."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from moderation import pictures as screening
from rendering import clips, media, storage, uploaded
from rendering.values import BadInput
from rows.work import Attempt, Kind
from studio.errors import PictureRefused, explain
from studio.models import Clip, Workspace
from studio.models.library import picture_path

SUFFIX = ".upload"
MOST_WAITING = 10  # videos of a workspace that are being prepared or wait for it
UNUSABLE_KEPT = timedelta(days=2)
SCREENED = 12  # pictures of a video that are looked at
ENCODED = 0.9  # share of the work that is done when only screening is left
OUR_FAULT = {
    "code": "internal",
    "sentence": "Something went wrong on our side while this video was prepared; upload it again.",
}


@dataclass(frozen=True)
class Opened:
    """An uploaded video, whole, in the store under `key` until it is encoded. sha256: of what was sent."""

    key: str
    sha256: str


@contextmanager
def opened(upload: Path) -> Iterator[Opened]:
    """Checks the file and puts it into the store, for the block to add(); otherwise it is removed afterwards.

    Nothing is decoded. Raises BadInput for a file that is unusable at first sight.
    """
    clips.check(upload, "video")
    with upload.open("rb") as file:
        taken = Opened(secrets.token_hex(32), hashlib.file_digest(file, "sha256").hexdigest())
    try:
        with storage.store().write(taken.key, SUFFIX) as draft:
            shutil.copyfile(upload, draft)
        yield taken
    finally:
        if not Clip.objects.filter(upload=taken.key).exists():
            _drop(taken.key)


def add(
    workspace: Workspace, name: str, taken: Opened, note: Callable[[str], object] = str
) -> Clip:
    """Makes the row of the video and asks a worker to encode it. For a file that was sent before, returns the row that it has.

    `note` gets the row's id within the transaction. Raises BadInput when too many wait already.
    """
    rows = Clip.objects.filter(workspace=workspace, kind=Clip.Kind.VIDEO)
    earlier = rows.filter(source=taken.sha256).first()
    fetched = earlier is not None and earlier.ready and _good(earlier)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        same = rows.filter(source=taken.sha256).first()
        if same and (_under_way(same) or (fetched and same == earlier)):
            rows.filter(pk=same.pk).update(removed_at=None, name=name[:120] or same.name)
            same.refresh_from_db()
            note(same.pk)
            return same
        if rows.filter(state=Clip.State.MAKING, removed_at=None).count() >= MOST_WAITING:
            raise BadInput(
                f"{MOST_WAITING} videos are being prepared already; wait until one of them is ready.",
                code="rate_limited",
                retry_after=30,
            )
        rows.filter(source=taken.sha256).update(source="")  # the earlier try came to nothing
        clip = Clip.objects.create(
            workspace=workspace,
            kind=Clip.Kind.VIDEO,
            name=name[:120] or "Video",
            state=Clip.State.MAKING,
            source=taken.sha256,
            upload=taken.key,
        )
        note(clip.pk)
        transaction.on_commit(lambda: PREPARING.ask(clip.pk))
    return clip


def _under_way(clip: Clip) -> bool:
    return clip.state == Clip.State.MAKING and clip.removed_at is None


def _good(clip: Clip) -> bool:
    """Whether the row's file exists here, fetched if necessary."""
    uploaded.fetch(clip.path, clip.sha256, storage.store())
    return clip.path.is_file()


def _drop(key: str) -> None:
    if key:
        storage.store().remove(key, SUFFIX)


def _prepare(attempt: Attempt[Clip]) -> None:
    """The worker's part: encodes the video anew, screens it and moves it into the library's folder."""
    with storage.store().scratch() as folder:
        attempt.tell(0.0)
        source = storage.store().find(attempt.row.upload, SUFFIX)
        if source is None:
            raise FileNotFoundError(attempt.row.upload)
        cleaned = clips.intake(source, folder, "video", lambda share: attempt.tell(ENCODED * share))
        for still in media.stills(cleaned.path, folder, SCREENED):
            attempt.tell(ENCODED)
            verdict = screening.screen_picture(still)
            if verdict.verdict != "allow":
                raise PictureRefused(verdict.title, noun="video")
        share(cleaned.sha256, cleaned.path)
        if cleaned.sound:
            share(cleaned.sound_sha256, cleaned.sound)
        if not _end(attempt, cleaned) and not Clip.objects.filter(sha256=cleaned.sha256).exists():
            storage.store().remove(cleaned.sha256, cleaned.path.suffix)


def _refused(error: Exception) -> dict[str, Any] | None:
    if not isinstance(error, BadInput | PictureRefused):
        return None
    problem = explain(error)
    findings = [{"code": problem.code, "sentence": problem.sentence}] if problem else [OUR_FAULT]
    return {"state": Clip.State.REFUSED, "fraction": 1.0, "upload": "", "findings": findings}


PREPARING = Kind(
    model=Clip,
    state=Clip.State.MAKING,
    only=Q(removed_at=None),
    task="studio.tasks.prepare_clip",
    do=_prepare,
    refused=_refused,
    failed=lambda: {
        "state": Clip.State.FAILED,
        "fraction": 1.0,
        "upload": "",
        "findings": [OUR_FAULT],
    },
    is_away=storage.is_away,
    ended=lambda clip: _drop(clip.upload),
)


def share(sha256: str, path: Path) -> None:
    """For workers and web processes on other machines: uploaded.fetch copies it from the store."""
    if storage.store().shared:
        with storage.store().write(sha256, path.suffix) as draft:
            shutil.copyfile(path, draft)


def shelve(made: Path, sha256: str) -> Path:
    """Moves what was made of an upload into the library's folder. Returns its path."""
    path = picture_path(sha256, made.suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{secrets.token_hex(8)}{made.suffix}")
    try:
        shutil.move(made, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _end(attempt: Attempt[Clip], cleaned: clips.Prepared) -> bool:
    """Ends an attempt that has a file. Returns False, and stores nothing, if the attempt no longer counts."""
    if not attempt.counts():
        return False
    placed = shelve(cleaned.path, cleaned.sha256)
    if cleaned.sound:
        shelve(cleaned.sound, cleaned.sound_sha256)
    ended = attempt.end(
        state=Clip.State.READY,
        fraction=1.0,
        upload="",
        sha256=cleaned.sha256,
        suffix=placed.suffix,
        sound=cleaned.sound_sha256,
        seconds=cleaned.seconds,
        width=cleaned.width,
        height=cleaned.height,
    )
    if not ended and not Clip.objects.filter(sha256=cleaned.sha256).exists():
        placed.unlink(missing_ok=True)
    return ended


def stop(clip: Clip) -> None:
    """For a video that was removed before it was ready: stops its encoding and deletes the upload."""
    Clip.objects.filter(pk=clip.pk, state=Clip.State.MAKING).update(upload="")
    _drop(clip.upload)


def tidy() -> None:
    """Removes videos that could not be used, some days later."""
    over = Clip.objects.filter(state__in=(Clip.State.REFUSED, Clip.State.FAILED), removed_at=None)
    over.filter(created_at__lt=timezone.now() - UNUSABLE_KEPT).update(removed_at=timezone.now())


def clean_music(upload: Path) -> clips.Prepared:
    """Uploaded music, encoded anew into the library's folder. A song takes seconds, half an hour less than a minute."""
    with storage.store().scratch() as folder:
        cleaned = clips.intake(upload, folder, "music")
        path = shelve(cleaned.path, cleaned.sha256)
    share(cleaned.sha256, path)
    return clips.Prepared(path, cleaned.sha256, cleaned.seconds)


def add_music(workspace: Workspace, name: str, cleaned: clips.Prepared) -> Clip:
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
