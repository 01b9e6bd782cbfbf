"""Undo and redo: a person's own steps in a project, in order, stored with the project."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from rendering.values import BadInput
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import wants_json
from studio.models import Change, Project
from studio.projects import versions
from studio.projects.fields import project_settings, settings_of
from studio.projects.forms import ProjectForm, SceneForm
from studio.projects.steps import steps
from studio.views.answers import saved
from studio.views.scenes import arranged


@require_POST
@in_workspace("edit")
def project_undo(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    project = access.project(request.workspace, project_id)
    return _step(request, project, Change.last_done(project, request.user), back=True)


@require_POST
@in_workspace("edit")
def project_redo(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    project = access.project(request.workspace, project_id)
    return _step(request, project, Change.last_undone(project, request.user), back=False)


def _step(
    request: WorkspaceRequest, project: Project, change: Change | None, *, back: bool
) -> HttpResponse:
    if change is None:
        raise BadInput(
            "There is nothing to undo." if back else "There is nothing to redo.",
            code="nothing_to_undo",
        )
    project.workspace = request.workspace
    found, wanted = (change.after, change.before) if back else (change.before, change.after)
    fields = _sent(project, change, wanted)
    stale = False
    with transaction.atomic():
        (change.scene or project).refresh_from_db()
        if _as_left(project, change, found):
            _put(project, change, fields)
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
    if "whole" in wanted:
        return JsonResponse({"reload": True})
    if set(wanted) & {"order", "removed"}:
        chosen = change.scene_id if change.scene_id and not wanted.get("removed") else ""
        return arranged(request, project, chosen, **body)
    if change.scene_id:
        scene = access.scene(request.workspace, change.scene_id)
        body |= saved(scene)
    else:
        body["project"] = project_settings(project)
    return JsonResponse(body)


def _as_left(project: Project, change: Change, found: dict[str, Any]) -> bool:
    """Whether the fields are still what the step made of them."""
    if "order" in found:
        return [scene.pk for scene in project.live_scenes] == found["order"]
    if "whole" in found:
        return bool(versions.body_of(project) == found["whole"])
    if change.scene is None:
        now: dict[str, Any] = project_settings(project)
    elif "removed" in found:
        now = {"removed": "1" if change.scene.removed_at else ""}
    elif change.scene.removed_at:
        return False
    else:
        now = settings_of(change.scene)
    return all(now[name] == value for name, value in found.items())


def _sent(project: Project, change: Change, wanted: dict[str, Any]) -> dict[str, Any]:
    """The fields as if they had been posted. Raises BadInput if what they name is gone."""
    if set(wanted) & {"order", "removed", "whole"}:
        return wanted
    form = SceneForm if change.scene else ProjectForm
    return form(wanted, project.workspace).changes()


def _put(project: Project, change: Change, fields: dict[str, Any]) -> None:
    if "order" in fields:
        project.order_scenes(fields["order"])
    elif "whole" in fields:
        versions.put(project, fields["whole"])
    elif change.scene is None:
        project.edit(project.revision, **fields)
    elif "removed" in fields:
        change.scene.remove() if fields["removed"] else change.scene.restore()
    else:
        change.scene.edit(change.scene.revision, **fields)
