"""Use cases that cross apps. The site, the API and the command line call these, and those of studio/renders."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from billing.plans import PLANS
from moderation import pictures as picture_screening
from rendering import pictures, pipeline, tasks
from rendering.fleet import queue
from rendering.stages import speech
from rendering.values import BadInput, spec_to_json
from studio.errors import PictureRefused
from studio.library import footage
from studio.models import Change, Clip, Picture, Scene, Workspace
from studio.models.library import picture_path
from studio.projects import overlays
from studio.projects.fields import settings_of
from studio.renders.ordering import request_render
from studio.renders.plan import MAX_LINES, Plan, line_specs, plan_render


def clean_picture(upload: Path, box: pictures.Box | None = None) -> pictures.Cleaned:
    """An uploaded picture, or a part of one, cleaned and screened, where the library keeps it; no row is written yet."""
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


def keep_picture(workspace: Workspace, name: str, cleaned: pictures.Cleaned) -> Picture:
    picture, _ = Picture.objects.update_or_create(
        workspace=workspace,
        sha256=cleaned.sha256,
        defaults={
            "name": name[:120] or "Picture",
            "suffix": cleaned.path.suffix,
            "width": cleaned.width,
            "height": cleaned.height,
            "removed_at": None,
        },
    )
    return picture


def remove_asset(row: Picture | Clip) -> None:
    """It is offered no more, and scenes that show it fall back to their colour. Videos that were made keep it."""
    type(row).objects.filter(pk=row.pk).update(removed_at=timezone.now())
    if isinstance(row, Clip):
        footage.stop(row)


def edit_scene(scene: Scene, revision: int, fields: dict[str, Any]) -> None:
    """Scene.edit; where the script changes, overlays and captions stay on their words. RevisionConflict as there."""
    rewritten = "script" in fields and fields["script"] != scene.script
    hung = [name for name in ("overlays", "cues") if getattr(scene, name) and name not in fields]
    if rewritten and hung:
        before = overlays.words_of(scene.script, scene.markup)
        after = overlays.words_of(fields["script"], fields.get("markup", scene.markup))
        moved = {name: overlays.moved(getattr(scene, name), before, after) for name in hung}
        fields = {**fields, **moved}
    scene.edit(revision, **fields)


def edit_captions(scene: Scene, rows: list[dict[str, Any]], by: Any) -> None:
    """Keeps captions that were changed by hand, as a step of the person who did it, or whose key did. RevisionConflict."""
    before = settings_of(scene)
    scene.edit(scene.revision, cues=rows)
    if by is not None:
        Change.note(scene.project, scene, before, settings_of(scene), by)


def speak_ahead(scene: Scene) -> None:
    """Asks for the sound of the scene's lines, after everything that somebody waits for. As far as a film may reach."""
    if scene.voice is None:
        return
    specs, left = line_specs(scene), float(PLANS[scene.project.workspace.plan].longest_film)
    for spec in specs[:MAX_LINES]:
        try:
            parsed = pipeline.read_script(spec)
        except BadInput:
            continue  # the editor says so beside the line
        left -= speech.estimate(parsed, spec.voice, spec.speed)
        if left < 0:
            return
        if not speech.cached(parsed, spec.voice, speed=spec.speed, store=queue.store()):
            tasks.speak_line(spec_to_json(spec))


__all__ = ["Plan", "line_specs", "plan_render", "request_render"]
