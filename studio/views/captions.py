"""The captions of a scene, one by one: their words and times, without another word of the script."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from rendering.values import BadInput
from studio import access, actions, cues
from studio.access import in_workspace
from studio.fields import settings_of
from studio.forms import as_typed
from studio.models import Change, Scene
from studio.steps import steps
from studio.views.scenes import answers_json, saved, wants_json


@require_safe
@in_workspace
def scene_captions(request: HttpRequest, scene_id: str) -> HttpResponse:
    scene = access.scene(request.workspace, scene_id)  # type: ignore[attr-defined]
    partial = "#drawer" if wants_json(request) else ""
    context = {"scene": scene, "number": _number(scene), "shown": _shown(scene)}
    return render(request, f"studio/scene_captions.html{partial}", context)


def _number(scene: Scene) -> int:
    ids = [row.pk for row in scene.project.live_scenes]
    return ids.index(scene.pk) + 1 if scene.pk in ids else 1


def _shown(scene: Scene) -> cues.ShownCues:
    specs = actions.line_specs(scene, actions.dictionary_of(scene.project.workspace))
    return cues.shown_cues(scene, specs)


@require_POST
@in_workspace
@answers_json
def caption_save(request: HttpRequest, scene_id: str) -> HttpResponse:
    """The caption over words `first` to `last` of a line: its text, and when it comes and goes."""
    scene = access.scene(request.workspace, scene_id)  # type: ignore[attr-defined]
    sent = request.POST
    try:
        line, first, last = (int(sent.get(name, "")) for name in ("line", "first", "last"))
    except ValueError:
        raise BadInput(
            "Say which caption by its line and its first and last word.", code="missing_field"
        ) from None
    cue = next(
        (c for c in _shown(scene).cues if (c.line, c.first, c.last) == (line, first, last)), None
    )
    if cue is None:
        raise BadInput(
            "The script has changed, and with it this caption; load the captions again.",
            code="revision_conflict",
        )
    back = bool(sent.get("back"))
    row = {
        "from": {"line": line, "word": first},
        "to": {"line": line, "word": last},
        "said": cue.said,
        "text": "" if back else " ".join(as_typed(sent.get("text", "")).split()),
        "start": 0 if back else cues.shift_of(sent.get("start", 0), "start"),
        "end": 0 if back else cues.shift_of(sent.get("end", 0), "end"),
    }
    before = settings_of(scene)
    actions.edit_scene(scene, scene.revision, {"cues": cues.changed(scene, row)})
    Change.note(scene.project, scene, before, settings_of(scene), request.user)
    if not wants_json(request):
        return redirect("scene_captions", scene.pk)
    return JsonResponse(saved(scene) | {"steps": steps(scene.project, request.user)})
