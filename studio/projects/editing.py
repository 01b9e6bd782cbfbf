"""Changes to a project and its scenes, each stored as a step that its person can undo."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from billing.plans import PLANS
from rendering import pipeline, storage, tasks
from rendering.stages import speech
from rendering.values import BadInput, spec_to_json
from studio.models import Change, Project, Scene
from studio.projects import overlays
from studio.projects.fields import project_settings, settings_of
from studio.renders.plan import MAX_LINES, line_specs

OUT, IN = {"removed": "1"}, {"removed": ""}
"""A scene that was removed, or put back."""


def edit_scene(scene: Scene, revision: int, fields: dict[str, Any], by: Any) -> None:
    """Scene.edit, as a step of that person; if the script changes, overlays and captions stay on their words.

    by: None stores no step. Raises RevisionConflict as Scene.edit does.
    """
    before = settings_of(scene)
    rewritten = "script" in fields and fields["script"] != scene.script
    hung = [name for name in ("overlays", "cues") if getattr(scene, name) and name not in fields]
    if rewritten and hung:
        was = overlays.words_of(scene.script, scene.markup)
        now = overlays.words_of(fields["script"], fields.get("markup", scene.markup))
        moved = {name: overlays.moved(getattr(scene, name), was, now) for name in hung}
        fields = {**fields, **moved}
    with transaction.atomic():
        scene.edit(revision, **fields)
        if by is not None:
            Change.note(scene.project, scene, before, settings_of(scene), by)


@transaction.atomic
def edit_project(project: Project, fields: dict[str, Any], by: Any) -> None:
    """Project.edit, as a step of that person."""
    before = project_settings(project)
    project.edit(project.revision, **fields)
    Change.note(project, None, before, project_settings(project), by)


@transaction.atomic
def add_scene(project: Project, after: Scene | None, by: Any) -> Scene:
    scene = project.add_scene(after)
    Change.note(project, scene, OUT, IN, by)
    return scene


@transaction.atomic
def duplicate_scene(scene: Scene, by: Any) -> Scene:
    twin = scene.duplicate()
    Change.note(scene.project, twin, OUT, IN, by)
    return twin


@transaction.atomic
def remove_scene(scene: Scene, by: Any) -> None:
    scene.remove()
    Change.note(scene.project, scene, IN, OUT, by)


@transaction.atomic
def restore_scene(scene: Scene, by: Any) -> None:
    scene.restore()
    Change.note(scene.project, scene, OUT, IN, by)


@transaction.atomic
def order_scenes(project: Project, ids: list[str], by: Any) -> None:
    before = {"order": [row.pk for row in project.live_scenes]}
    project.order_scenes(ids)
    after = {"order": [row.pk for row in project.live_scenes]}
    Change.note(project, None, before, after, by)


def speak_ahead(scene: Scene) -> None:
    """Requests the sound of the scene's lines, behind everything that somebody waits for, as far as a film may reach."""
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
        if not speech.cached(parsed, spec.voice, speed=spec.speed, store=storage.store()):
            tasks.speak_line(spec_to_json(spec))
