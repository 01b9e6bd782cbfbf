"""What is done to scenes: edited, captioned, spoken ahead of Listen and Render."""

from __future__ import annotations

from typing import Any

from billing.plans import PLANS
from rendering import pipeline, storage, tasks
from rendering.stages import speech
from rendering.values import BadInput, spec_to_json
from studio.models import Change, Scene
from studio.projects import overlays
from studio.projects.fields import settings_of
from studio.renders.plan import MAX_LINES, line_specs


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
        if not speech.cached(parsed, spec.voice, speed=spec.speed, store=storage.store()):
            tasks.speak_line(spec_to_json(spec))
