"""Pictures of a workspace: cleaned, screened, stored and removed."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from moderation import pictures as picture_screening
from rendering import pictures
from studio.errors import PictureRefused
from studio.library import footage
from studio.models import Clip, Picture, Workspace
from studio.models.library import picture_path


def clean_picture(upload: Path, box: pictures.Box | None = None) -> pictures.Cleaned:
    """An uploaded picture, or a part of one, cleaned, screened and moved into the library's folder; no row is written yet."""
    look = upload.with_name(f"{secrets.token_hex(8)}.look")
    try:
        cleaned = pictures.intake(upload, settings.MEDIA_DIR, alpha=True, box=box, look=look)
        path = picture_path(cleaned.sha256, cleaned.path.suffix)
        if cleaned.path != path:
            path.parent.mkdir(parents=True, exist_ok=True)
            cleaned.path.replace(path)
        verdict = picture_screening.screen_picture(look)
    finally:
        look.unlink(missing_ok=True)
    if verdict.verdict != "allow":
        if not Picture.objects.filter(sha256=cleaned.sha256).exists():
            path.unlink(missing_ok=True)
        raise PictureRefused(verdict.title)
    footage.share(cleaned.sha256, path)
    return replace(cleaned, path=path)


def add_picture(
    workspace: Workspace, name: str, cleaned: pictures.Cleaned, use: str = ""
) -> Picture:
    """The row of the picture, offered for that use; one that is there already for another is offered for both from now on."""
    earlier = Picture.objects.filter(workspace=workspace, sha256=cleaned.sha256).first()
    both = earlier is not None and earlier.removed_at is None and earlier.use != use
    picture, _ = Picture.objects.update_or_create(
        workspace=workspace,
        sha256=cleaned.sha256,
        defaults={
            "use": "" if both else use,
            "name": name[:120] or "Picture",
            "suffix": cleaned.path.suffix,
            "width": cleaned.width,
            "height": cleaned.height,
            "removed_at": None,
        },
    )
    return picture


def remove_asset(row: Picture | Clip) -> None:
    """Removes an upload: scenes that show it fall back to their colour; finished videos stay as they are."""
    type(row).objects.filter(pk=row.pk).update(removed_at=timezone.now())
    if isinstance(row, Clip):
        footage.stop(row)
