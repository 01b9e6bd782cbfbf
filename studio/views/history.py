"""Undo and redo: a person's own steps in a project, in order, kept with the project."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from rendering.values import BadInput
from studio import access
from studio.access import in_workspace
from studio.fields import project_settings, settings_of
from studio.forms import ProjectForm, SceneForm
from studio.models import Change, Project, Scene
from studio.steps import steps
from studio.views.scenes import answers_json, arranged, saved, wants_json


@require_POST
@in_workspace
@answers_json
def project_undo(request: HttpRequest, project_id: str) -> HttpResponse:
    project = access.project(request.workspace, project_id)  # type: ignore[attr-defined]
    return _step(request, project, Change.last_done(project, request.user), back=True)


@require_POST
@in_workspace
@answers_json
def project_redo(request: HttpRequest, project_id: str) -> HttpResponse:
    project = access.project(request.workspace, project_id)  # type: ignore[attr-defined]
    return _step(request, project, Change.last_undone(project, request.user), back=False)


def _step(
    request: HttpRequest, project: Project, change: Change | None, *, back: bool
) -> HttpResponse:
    if change is None:
        raise BadInput(
            "There is nothing to undo." if back else "There is nothing to redo.",
            code="nothing_to_undo",
        )
    project.workspace = request.workspace  # type: ignore[attr-defined]
    found, wanted = (change.after, change.before) if back else (change.before, change.after)
    stale = False
    with transaction.atomic():
        if _as_left(project, change, found):
            _put(project, change, wanted)
            Change.objects.filter(pk=change.pk).update(undone_at=timezone.now() if back else None)
        else:
            change.delete()  # somebody else has changed it since
            stale = True
    if stale:
        raise BadInput(
            "Somebody has changed this since, so it was left as it is. Press again for the step before.",
            code="revision_conflict",
        )
    if not wants_json(request):
        where = f"?scene={change.scene_id}#{change.scene_id}" if change.scene_id else ""
        return redirect(reverse("project_edit", args=[project.pk]) + where)
    project.refresh_from_db()
    body: dict[str, Any] = {"steps": steps(project, request.user), "fields": list(wanted)}
    if set(wanted) & {"order", "removed"}:
        chosen = change.scene_id if change.scene_id and not wanted.get("removed") else ""
        return arranged(request, project, chosen, **body)
    if change.scene_id:
        scene = access.scene(request.workspace, change.scene_id)  # type: ignore[attr-defined]
        body |= saved(scene)
    else:
        body["project"] = project_settings(project)
    return JsonResponse(body)


def _as_left(project: Project, change: Change, found: dict[str, Any]) -> bool:
    """Whether the fields are still what the step made of them."""
    if "order" in found:
        return [scene.pk for scene in project.live_scenes] == found["order"]
    if change.scene is None:
        now: dict[str, Any] = project_settings(project)
    elif "removed" in found:
        now = {"removed": "1" if change.scene.removed_at else ""}
    elif change.scene.removed_at:
        return False
    else:
        now = settings_of(change.scene)
    return all(now[name] == value for name, value in found.items())


def _put(project: Project, change: Change, wanted: dict[str, Any]) -> None:
    """Writes the fields as if they had been posted. BadInput where what they name is gone."""
    if "order" in wanted:
        project.order_scenes(wanted["order"])
    elif change.scene is None:
        project.edit(project.revision, **ProjectForm(wanted, project.workspace).sent())
    elif "removed" in wanted:
        change.scene.remove() if wanted["removed"] else change.scene.restore()
    else:
        scene: Scene = change.scene
        scene.edit(scene.revision, **SceneForm(wanted, project.workspace).sent())
