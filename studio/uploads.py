"""Files from a form to the library: limits first, then a file on disk, then the pipeline's intake."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from rendering import clips, pictures
from rendering.values import BadInput
from studio import actions
from studio.models import Clip, Picture, Workspace

LARGEST = {"image": pictures.MOST_BYTES, **clips.MOST_BYTES}
LARGEST_REQUEST = max(LARGEST.values()) + 1_000_000
"""Bytes of any request with a file; the rest of a form is small."""


def take_in(
    workspace: Workspace, upload: UploadedFile, kind: str, name: str = ""
) -> Picture | Clip:
    """Adds the file to the workspace. kind: image, video or music. Raises BadInput, PictureRefused."""
    size = upload.size or 0
    if size > LARGEST[kind]:
        raise BadInput(
            f"The file has {size / 1e6:,.0f} MB; at most {LARGEST[kind] // 1_000_000} MB can be used.",
            code="file_too_large",
        )
    name = name.strip() or upload.name or ""
    settings.MEDIA_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.MEDIA_DIR, suffix=".upload") as kept:
        for chunk in upload.chunks():
            kept.write(chunk)
        kept.flush()
        if kind == "image":
            return actions.add_picture(workspace, name, Path(kept.name))
        return actions.add_clip(workspace, name, Path(kept.name), kind)
