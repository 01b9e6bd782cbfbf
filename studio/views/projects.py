"""The first page, and the shelf of projects: search, duplicate, archive, remove, undo."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from rendering import storage
from rendering.fleet import eta
from rendering.models import Render
from rows import mended
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.batches import result as batch_result
from studio.batches import run as batch_run
from studio.limits import LONGEST_SEARCH, MOST_WORDS, PROJECTS, SEARCHES, take
from studio.links import file_name, file_url
from studio.models import Avatar, Batch, Project, Scene, Voice, Workspace
from studio.models.projects import FIRST_LOOK
from studio.people.roles import FIRST_DAY, allows
from studio.projects import brand

SHELF = 24
RECENT = 6
ACTIVE = ("held", "queued", "running")
JUST_ENDED = timedelta(minutes=10)
OPEN_BATCHES = (Batch.State.CHECKING, Batch.State.RUNNING, Batch.State.PAUSED)

EXAMPLE_TITLE = "A first hello"
EXAMPLE = """\
Hello, and welcome. I am not a real person, and this is not my real voice.

Everything I say is written here. Change a word, press Listen, and hear it at once.

When it sounds right, press Render. A few minutes later this is a finished video."""


NOT_OF_BATCHES = {"batch_row": None, "sample_of": None}
"""Projects that were not made for a row of a table: those are found in their batch."""


def shelf(workspace: Workspace) -> QuerySet[Project]:
    """The workspace's projects with everything a card shows, in one query."""
    renders = Render.objects.filter(project=OuterRef("pk")).order_by("-created_at")
    delivered = renders.filter(status="done")
    scenes = Scene.objects.filter(project=OuterRef("pk"), removed_at=None)
    own = Project.objects.filter(workspace=workspace, removed_at=None, **NOT_OF_BATCHES)
    return own.annotate(
        latest_status=Subquery(renders.values("status")[:1]),
        latest_id=Subquery(renders.values("pk")[:1]),
        delivered_id=Subquery(delivered.values("pk")[:1]),
        delivered_seconds=Subquery(delivered.values("seconds")[:1]),
        outputs=Subquery(delivered.values("outputs")[:1]),
        first_scene=Subquery(scenes.order_by("position", "created_at").values("pk")[:1]),
    )


def poster_url(project: Project) -> str:
    """The poster of the last delivered video, else a frame of the first scene, else nothing."""
    for output in mended.outputs(project.outputs):  # type: ignore[attr-defined]
        if output["kind"] == "poster" and storage.store().find(output["key"], output["suffix"]):
            name = file_name(project.title, output["suffix"])
            return file_url(output["key"], output["suffix"], name)
    if project.first_scene:  # type: ignore[attr-defined]
        return reverse("scene_frame", args=[project.first_scene])  # type: ignore[attr-defined]
    return ""


def with_posters(projects: list[Project]) -> list[Project]:
    for project in projects:
        project.poster_url = poster_url(project)  # type: ignore[attr-defined]
    return projects


@require_safe
@in_workspace("enter")
def home(request: WorkspaceRequest) -> HttpResponse:
    workspace, role = request.workspace, request.membership.role
    if not allows(role, "see"):
        return redirect(FIRST_DAY.get(role, "account_settings"))
    ended = Q(ended_at__gte=timezone.now() - JUST_ENDED)
    renders = (
        Render.objects.filter(
            Q(status__in=ACTIVE) | ended,
            workspace=workspace,
            **{f"project__{name}": value for name, value in NOT_OF_BATCHES.items()},
        )
        .exclude(status="canceled")
        .order_by(F("ended_at").desc(nulls_first=True), "-created_at")[:6]
    )
    positions = eta.positions(row for row in renders if not row.is_over)
    now = [(row, positions.get(row.pk)) for row in renders]
    batches = [
        (batch, batch_run.state_name(batch), batch_result.counts(batch)["done"])
        for batch in access.batches(workspace).filter(state__in=OPEN_BATCHES)[:3]
    ]
    at_work = any(not row.is_over for row, _ in now) or bool(batches)
    context = {"now": now, "batches": batches, "at_work": at_work}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "studio/home.html#now", context)
    projects = with_posters(list(shelf(workspace).filter(archived_at=None)[:RECENT]))
    context["projects"] = projects
    if not projects:
        context["avatars"] = Avatar.offered_to(workspace).filter(workspace=None, of="")[:4]
    return render(request, "studio/home.html", context)


@require_safe
@in_workspace("see")
def project_list(request: WorkspaceRequest) -> HttpResponse:
    workspace = request.workspace
    words = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    searched = words.split()
    if searched:
        take(SEARCHES, workspace.pk)
    archived = bool(request.GET.get("archived"))
    projects = shelf(workspace).filter(archived_at__isnull=not archived)
    for word in searched[:MOST_WORDS]:
        spoken = Scene.objects.filter(
            project=OuterRef("pk"), removed_at=None, script__icontains=word
        )
        projects = projects.filter(Q(title__icontains=word) | Exists(spoken))
    page = Paginator(projects, SHELF).get_page(request.GET.get("page"))
    page.object_list = with_posters(list(page.object_list))
    undo = Project.objects.filter(workspace=workspace, pk=request.GET.get("undo", "")).first()
    context = {
        "page": page,
        "words": words,
        "too_many": MOST_WORDS if len(searched) > MOST_WORDS else 0,
        "archived": archived,
        "here": urlencode({k: v for k, v in (("q", words), ("archived", archived and 1)) if v}),
        "undo": undo if undo and (undo.archived_at or undo.removed_at) else None,
    }
    name = "studio/project_list.html"
    return render(request, f"{name}#projects" if request.htmx else name, context)  # type: ignore[attr-defined]


def _back(request: HttpRequest, **more: str) -> HttpResponse:
    """Redirects to the list as it was: same words, same filter, same page."""
    filters = {
        name: request.POST[name] for name in ("q", "archived", "page") if request.POST.get(name)
    }
    query = urlencode({**filters, **more})
    return redirect(reverse("project_list") + (f"?{query}" if query else ""))


@require_POST
@in_workspace("edit")
def project_create(request: WorkspaceRequest) -> HttpResponse:
    """A blank project, or the example, with the first stock avatar and its voice."""
    workspace = request.workspace
    take(PROJECTS, workspace.pk)
    example = bool(request.POST.get("example"))
    avatars = Avatar.offered_to(workspace)
    avatar = (
        avatars.filter(slug=request.POST.get("avatar", "")).first()
        or avatars.filter(workspace=None, of="").first()
    )
    voices = Voice.offered_to(workspace)
    voice = voices.filter(slug=avatar.voice_slug if avatar else "").first() or voices.first()
    project = Project(
        workspace=workspace,
        created_by=request.user,
        **({"title": EXAMPLE_TITLE} if example else {}),
    )
    brand.dress(project, [], chosen=False)
    project.save(force_insert=True)
    words = EXAMPLE if example else ""
    project.add_scene(None, avatar=avatar, voice=voice, script=words, **FIRST_LOOK)
    return redirect("project_edit", project.pk)


@require_POST
@in_workspace("edit")
def project_duplicate(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    project = access.project(request.workspace, project_id)
    take(PROJECTS, project.workspace_id)
    return redirect("project_edit", project.duplicate(request.user).pk)


@require_POST
@in_workspace("edit")
def project_archive(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    access.project(request.workspace, project_id).archive()
    return _back(request, undo=project_id)


@require_POST
@in_workspace("edit")
def project_restore(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    access.removed_project(request.workspace, project_id).restore()
    return _back(request)


@require_POST
@in_workspace("edit")
def project_remove(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    access.project(request.workspace, project_id).remove()
    return _back(request, undo=project_id)
