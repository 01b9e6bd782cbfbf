"""The captions of a scene, one by one: their words and times; the script stays as it is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from rendering.values import BadInput
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import wants_json
from studio.models import Scene
from studio.projects import cues, editing
from studio.projects.fields import whole
from studio.projects.forms import as_typed
from studio.projects.steps import steps
from studio.renders import plan
from studio.views.answers import saved


@require_safe
@in_workspace("see")
def scene_captions(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    scene = access.scene(request.workspace, scene_id)
    partial = "#drawer" if wants_json(request) else ""
    context = {"scene": scene, "number": _number(scene), "shown": _shown(scene)}
    return render(request, f"studio/scene_captions.html{partial}", context)


def _number(scene: Scene) -> int:
    ids = [row.pk for row in scene.project.live_scenes]
    return ids.index(scene.pk) + 1 if scene.pk in ids else 1


def _shown(scene: Scene) -> cues.ShownCues:
    return cues.shown_cues(scene, plan.line_specs(scene))


@require_POST
@in_workspace("edit")
def caption_save(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    """Saves the caption over words `first` to `last` of a line: its text, and when it comes and goes."""
    scene = access.scene(request.workspace, scene_id)
    cue, _ = _cue_of(request, scene)
    if request.POST.get("back"):
        return _save(request, scene, cues.changed(scene, cue, ""))
    return _save(request, scene, cues.changed(scene, cue, *_typed(request)))


@require_POST
@in_workspace("edit")
def caption_split(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    """Makes two captions of one, cut at the caret, or in the middle."""
    scene = access.scene(request.workspace, scene_id)
    cue, _ = _cue_of(request, scene)
    caret = whole(request.POST.get("caret"))
    rows, second = cues.divided(scene, cue, *_typed(request), caret=caret)
    return _save(request, scene, rows, second)


@require_POST
@in_workspace("edit")
def caption_join(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    """Makes one caption of this and the next of its line."""
    scene = access.scene(request.workspace, scene_id)
    cue, following = _cue_of(request, scene)
    if following is None:
        raise BadInput(
            gettext("This caption is the last of its line; join the one before it with this one.")
        )
    rows, whole = cues.joined(scene, plan.line_specs(scene), cue, following, _typed(request)[0])
    return _save(request, scene, rows, whole)


def _cue_of(request: HttpRequest, scene: Scene) -> tuple[cues.ShownCue, cues.ShownCue | None]:
    """The caption that the form is about, and the next of its line."""
    line, first, last = (whole(request.POST.get(name)) for name in ("line", "first", "last"))
    if line is None or first is None or last is None:
        raise BadInput(
            "Say which caption by its line and its first and last word.", code="missing_field"
        )
    shown = _shown(scene)
    cue = shown.find(f"{line}-{first}-{last}")
    if cue is None:
        raise BadInput(
            "The script has changed, and with it this caption; load the captions again.",
            code="revision_conflict",
        )
    return cue, shown.after(cue)


def _typed(request: HttpRequest) -> tuple[str, float, float]:
    sent = request.POST
    start, end = (cues.shift_of(sent.get(name, 0), name) for name in ("start", "end"))
    return as_typed(sent.get("text", "")), start, end


def _save(
    request: HttpRequest, scene: Scene, rows: list[dict[str, Any]], key: str = ""
) -> HttpResponse:
    """Saves the rows as a step. key: of the caption that has the focus next."""
    editing.edit_scene(scene, scene.revision, {"cues": rows}, request.user)
    if not wants_json(request):
        return redirect("scene_captions", scene.pk)
    return JsonResponse(saved(scene) | {"steps": steps(scene.project, request.user), "cue": key})
