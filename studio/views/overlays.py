"""Texts and pictures that lie over the frame while words are said: added, changed, moved and removed one by one."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from rendering.values import BadInput
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import wants_json
from studio.models import Scene
from studio.projects import anchors, editing, overlays
from studio.projects.fields import whole
from studio.projects.forms import as_typed
from studio.projects.steps import steps
from studio.views.answers import back_to, saved


@require_POST
@in_workspace("edit")
def overlay_create(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    """Adds a text or a picture, on the words that were selected (`start` and `end`, characters of the script) or written."""
    scene = access.scene(request.workspace, scene_id)
    row: dict[str, Any] = {"asset_id": request.POST.get("picture") or None}
    if not row["asset_id"]:
        row["text"] = as_typed(request.POST.get("text", "")).strip()
        row["style"] = "card"
    row |= _anchored(request, scene)
    before = {one["id"] for one in scene.overlays}
    _write(request, scene, [*scene.overlays, row])
    made = next(one["id"] for one in scene.overlays if one["id"] not in before)
    return _answer(request, scene, made)


@require_POST
@in_workspace("edit")
def overlay_save(request: WorkspaceRequest, scene_id: str, overlay_id: str) -> HttpResponse:
    """Saves the fields that were sent; the others stay."""
    scene = access.scene(request.workspace, scene_id)
    row = dict(_row(scene, overlay_id))
    sent = request.POST
    if "text" in sent and row["text"]:
        row["text"] = as_typed(sent["text"]).strip()
    if "size" in sent:
        row["size"] = _share(sent["size"], "size", 100)
    if sent.get("style"):
        row["style"] = sent["style"]
    if sent.get("moves"):
        row["enter"] = row["exit"] = sent["moves"]
    if sent.get("position"):
        row |= {"position": sent["position"], "x": None, "y": None}
    if sent.get("x") and sent.get("y"):
        row |= {name: _share(sent[name], name, 1) for name in ("x", "y")}
    row |= _anchored(request, scene)
    _write(request, scene, [row if one["id"] == overlay_id else one for one in scene.overlays])
    return _answer(request, scene, overlay_id)


@require_POST
@in_workspace("edit")
def overlay_remove(request: WorkspaceRequest, scene_id: str, overlay_id: str) -> HttpResponse:
    scene = access.scene(request.workspace, scene_id)
    _row(scene, overlay_id)
    _write(request, scene, [one for one in scene.overlays if one["id"] != overlay_id])
    return _answer(request, scene, "")


def _row(scene: Scene, overlay_id: str) -> dict[str, Any]:
    for row in scene.overlays:
        if row["id"] == overlay_id:
            return row
    raise Http404


def _anchored(request: HttpRequest, scene: Scene) -> dict[str, Any]:
    """`from` and `to` for the words that were sent; nothing if none were."""
    sent = request.POST
    start, end = whole(sent.get("start")), whole(sent.get("end"))
    if start is not None and end is not None:
        first, last = anchors.anchors_of(scene.script, scene.markup, start, end)
        return {"from": first, "to": last}
    if "words" not in sent:
        return {}
    words = " ".join(sent["words"].split())
    if not words:
        return {"from": None, "to": None}
    first, last = anchors.find(scene.script, scene.markup, words)
    return {"from": first, "to": last}


def _share(value: str, name: str, of: int) -> float:
    try:
        return round(float(value) / of, 4)
    except (ValueError, OverflowError):
        raise BadInput(f"Write the {name} as a number.", code="invalid_field", field=name) from None


def _write(request: WorkspaceRequest, scene: Scene, rows: list[dict[str, Any]]) -> None:
    """Saves the overlays, as a step that can be undone. Raises BadInput, which names the field."""
    try:
        checked = overlays.checked(rows, request.workspace)
    except BadInput as problem:
        field = str(problem.where.get("path", "")).rpartition(".")[2] or "text"
        raise BadInput(problem.sentence, code=problem.code, field=field) from None
    editing.edit_scene(scene, scene.revision, {"overlays": checked}, request.user)


def _answer(request: HttpRequest, scene: Scene, overlay_id: str) -> HttpResponse:
    if not wants_json(request):
        return back_to(scene)
    more = {"overlay": overlay_id, "steps": steps(scene.project, request.user)}
    return JsonResponse(saved(scene) | more)
