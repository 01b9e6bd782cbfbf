"""The versions of a project: named, watched side by side, their words restored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.shortcuts import render as respond
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from rendering.models import Render
from rendering.values import BadInput
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.links import file_name, file_url
from studio.models import Project
from studio.projects import versions
from studio.projects.fields import whole
from studio.views.renders import lines_of

SHELF = 30
LONGEST_NAME = 80


@dataclass(frozen=True)
class Film:
    """A version as the page plays it."""

    render: Render
    video_url: str
    vtt_url: str
    poster_url: str


def film_of(render: Render) -> Film:
    links = {
        output["kind"]: file_url(
            output["key"], output["suffix"], file_name(render.title, output["suffix"])
        )
        for output in render.outputs
    }
    return Film(render, *(links.get(kind, "") for kind in ("video", "vtt", "poster")))


def _chosen(project: Project, posted: str | None, usual: Render | None) -> Render | None:
    number = whole(posted)
    if number is None:
        return usual
    return versions.versions(project).filter(version=number).first() or usual


@require_safe
@in_workspace("see")
def version_list(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    """All versions, and two of them side by side with the lines that differ."""
    project = access.project(request.workspace, project_id)
    finished = versions.versions(project)
    page = Paginator(finished.select_related("requested_by"), SHELF).get_page(
        request.GET.get("page")
    )
    newest = list(finished[:2])
    context: dict[str, Any] = {
        "project": project,
        "page": page,
        "all": finished.only("version", "label", "mode"),
    }
    if newest:
        new = _chosen(project, request.GET.get("new"), newest[0])
        before = finished.filter(version__lt=new.version).first() if new else None
        old = _chosen(project, request.GET.get("old"), before or newest[-1])
        if old and new and old.pk != new.pk:
            texts = [list(one.segments.values_list("text", flat=True)) for one in (old, new)]
            pairs = versions.compared(*texts)
            context |= {
                "old": film_of(old),
                "new": film_of(new),
                "pairs": pairs,
                "differ": sum(pair.differs for pair in pairs),
                "times": [line.start for line in lines_of(old)],
            }
    return respond(request, "studio/version_list.html", context)


@require_safe
@in_workspace("see")
def project_film(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    """The latest version for the editor: its film, and when each word of each line is said."""
    project = access.project(request.workspace, project_id)
    render = versions.latest(project)
    if render is None:
        raise Http404
    film = film_of(render)
    rows = []
    for line in lines_of(render):
        segment, words = line.segment, line.segment.timing.get("words", [])
        times = [[word[0], line.start + word[1], line.start + word[2]] for word in words]
        rows.append({"scene": segment.scene, "text": segment.text, "words": times})
    body = {"version": render.version, "video_url": film.video_url, "poster_url": film.poster_url}
    return JsonResponse({**body, "lines": rows})


@require_POST
@in_workspace("edit")
def version_name(request: WorkspaceRequest, project_id: str, number: int) -> HttpResponse:
    project = access.project(request.workspace, project_id)
    render = access.version(project, number)
    name = " ".join(request.POST.get("name", "").split())
    if len(name) > LONGEST_NAME:
        raise BadInput(
            gettext("The name of a version takes at most {most} characters; shorten it.").format(
                most=LONGEST_NAME
            ),
            code="invalid_field",
        )
    Render.objects.filter(pk=render.pk).update(label=name)
    return redirect(reverse("version_list", args=[project.pk]) + f"#version-{number}")


@require_POST
@in_workspace("edit")
def version_restore(request: WorkspaceRequest, project_id: str, number: int) -> HttpResponse:
    """Makes the project's words and settings what they were for this version."""
    project = access.project(request.workspace, project_id)
    project.workspace = request.workspace
    render = access.version(project, number)
    lost = versions.restore(project, render, request.user)
    if lost:
        messages.warning(
            request,
            gettext("Version {number} is restored, except what is no longer there: {lost}.").format(
                number=number, lost=", ".join(lost)
            ),
        )
    else:
        messages.success(
            request,
            gettext(
                "The words of version {number} are back. Its lines are paid; Undo takes it back."
            ).format(number=number),
        )
    return redirect("project_edit", project.pk)
