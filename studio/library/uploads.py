"""Files from a form to the library: limits first, then a file on disk, then the pipeline's intake."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext

from rendering import clips, pictures
from rendering.values import BadInput
from studio import limits
from studio.library import footage
from studio.library.pictures import add_picture, clean_picture
from studio.models import Clip, Picture, Workspace

NOUN = {"image": "picture", **clips.NOUN}
LARGEST = {"image": pictures.MOST_BYTES, **clips.MOST_BYTES}
SENT = {"image": limits.PICTURES, "video": limits.VIDEOS, "music": limits.TUNES}


@contextmanager
def opened(
    workspace: Workspace, upload: UploadedFile, kind: str
) -> Iterator[pictures.Cleaned | clips.Prepared | footage.Opened]:
    """The file for the block to add(). kind: image, video or music. May take seconds, so not within a transaction.

    Pictures and music are ready for the library; a video is encoded by a worker once it is added. Raises BadInput, PictureRefused.
    """
    size = upload.size or 0
    if size > LARGEST[kind]:
        raise BadInput(
            gettext(
                "The {noun} has {size} MB; at most {most} MB can be used. Choose a smaller file."
            ).format(noun=NOUN[kind], size=f"{size / 1e6:,.0f}", most=LARGEST[kind] // 1_000_000),
            code="file_too_large",
        )
    limits.take(SENT[kind], workspace.pk)
    settings.MEDIA_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.MEDIA_DIR, suffix=".upload") as file:
        for chunk in upload.chunks():
            file.write(chunk)
        file.flush()
        if kind == "video":
            with footage.opened(Path(file.name)) as taken:
                yield taken
        elif kind == "image":
            yield clean_picture(Path(file.name))
        else:
            yield footage.clean_music(Path(file.name))


def add(
    workspace: Workspace,
    name: str,
    taken: pictures.Cleaned | clips.Prepared | footage.Opened,
    note: Callable[[str], object] = str,
    *,
    use: str = "",
) -> Picture | Clip:
    """Makes the row of an upload that opened() has read. Raises BadInput if too many videos wait.

    use: of a picture, what it is offered for. `note` gets the row's id within the transaction.
    """
    if isinstance(taken, footage.Opened):
        return footage.add(workspace, name, taken, note)
    with transaction.atomic():
        if isinstance(taken, pictures.Cleaned):
            row: Picture | Clip = add_picture(workspace, name, taken, use)
        else:
            row = footage.add_music(workspace, name, taken)
        note(row.pk)
    return row


def take_in(
    workspace: Workspace, upload: UploadedFile, kind: str, *, use: str = ""
) -> Picture | Clip:
    """Adds the file to the workspace. Raises BadInput, PictureRefused."""
    with opened(workspace, upload, kind) as taken:
        return add(workspace, upload.name or "", taken, use=use)
