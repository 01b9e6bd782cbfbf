"""The editor: one page of scenes, each a piece of a manuscript, and everything that saves itself."""

from __future__ import annotations

import functools
import json
import logging
import threading
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from billing.models import available
from rendering.values import BadInput
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import ScriptRefused, wants_json
from studio.limits import ESTIMATES, MOST_PRONUNCIATIONS, take
from studio.models import Project, Scene
from studio.models.fields import PROJECT
from studio.models.projects import RevisionConflict
from studio.projects import brand, editing
from studio.projects.fields import project_settings, settings_of
from studio.projects.forms import ProjectForm, SceneForm
from studio.projects.manuscript import MarginLine, margins, rough_margin, words_of
from studio.projects.steps import NAMES, steps
from studio.renders import screening
from studio.renders.ordering import request_render, seen_in
from studio.renders.plan import plan_render
from studio.reviews import comments
from studio.views.answers import back_to, saved
from studio.views.frames import frame_urls, frame_version
from studio.views.inspector import inspector

log = logging.getLogger(__name__)


# -- the page ------------------------------------------------------------------------------------


@require_safe
@in_workspace("see")
def project_edit(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    workspace = request.workspace
    project = access.project(workspace, project_id)
    project.workspace = workspace
    scenes = list(project.live_scenes)
    wanted = request.GET.get("scene", "")
    index = next((n for n, s in enumerate(scenes) if s.pk == wanted), 0)
    chosen = inspector(project, scenes[index], index + 1) if scenes else {}
    if wants_json(request):
        html = render_to_string("studio/_inspector.html", chosen, request)
        return JsonResponse({"html": html})
    undo = None
    if removed := request.GET.get("undo"):
        undo = project.scenes.filter(pk=removed).exclude(removed_at=None).first()
    priced = {}
    if request.GET.get("estimate"):  # for a page without its script, which would ask by itself
        priced = {"priced": True, **estimate(project, _delivered(project))}
    listen_soon()
    context = {
        "project": project,
        "scenes": [_dressed(scene, n, project) for n, scene in enumerate(scenes, start=1)],
        "words": sum(words_of(scene.script) for scene in scenes),
        "undo": undo,
        "line_model": [MarginLine(0, 0, 0, 0.0, "")],
        "steps": steps(project, request.user),
        "say_left": MOST_PRONUNCIATIONS - project.workspace.pronunciations.count(),
        **_running(project),
        **chosen,
        **priced,
    }
    return render(request, "studio/project_edit.html", context)


@functools.cache
def listen_soon() -> None:
    """Whoever opens the editor will listen: what reads sound is loaded while the first page is served."""

    def load() -> None:
        import pyloudnorm  # large: loaded when it is needed
        import scipy.signal

        log.debug("ready to read sound: %s, %s", pyloudnorm.__name__, scipy.signal.__name__)

    threading.Thread(target=load, daemon=True).start()


def _dressed(scene: Scene, number: int, project: Project) -> Scene:
    """The scene with what its templates show."""
    margin = rough_margin(scene)
    scene.project = project
    scene.number = number  # type: ignore[attr-defined]
    scene.margin = margin  # type: ignore[attr-defined]
    scene.words = words_of(scene.script)  # type: ignore[attr-defined]
    scene.seconds = sum(line.seconds for line in margin)  # type: ignore[attr-defined]
    scene.opening = scene.script.strip()[:80]  # type: ignore[attr-defined]
    scene.frame_version = frame_version(scene)  # type: ignore[attr-defined]
    settings = {k: v for k, v in settings_of(scene).items() if k != "script"}
    scene.settings = json.dumps(settings)  # type: ignore[attr-defined]
    return scene


def _running(project: Project) -> dict[str, Any]:
    latest = project.renders.order_by("-created_at").first()
    active = latest if latest and not latest.is_over else None
    return {"running": active, "latest": latest, "open_comments": comments.open_count(project)}


def _delivered(project: Project) -> bool:
    return project.renders.filter(status="done", mode="final").exists()


# -- saving --------------------------------------------------------------------------------------


def _revision(request: HttpRequest) -> int:
    try:
        return int(request.POST["revision"])
    except (KeyError, ValueError):
        raise BadInput(
            "This page is too old to save; load it again.", code="invalid_field"
        ) from None


@require_POST
@in_workspace("edit")
def scene_save(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    """Saves the fields that were sent, if nobody saved the scene since the revision that was sent."""
    scene = access.scene(request.workspace, scene_id)
    fields = SceneForm(request.POST, request.workspace).changes()
    brand.check_changes(request.workspace, request.POST)
    revision = _revision(request)
    fields = scene.cast(fields)
    same = all(getattr(scene, name) == value for name, value in fields.items())
    if not same:
        try:
            editing.edit_scene(scene, revision, fields, request.user)
        except RevisionConflict:
            return _conflict(request, access.scene(request.workspace, scene_id), fields)
    scene = access.scene(request.workspace, scene_id)
    if not wants_json(request):
        return back_to(scene)
    return JsonResponse(saved(scene) | {"steps": steps(scene.project, request.user)})


def _conflict(request: HttpRequest, current: Scene, mine: dict[str, Any]) -> HttpResponse:
    """Two people, or two tabs, changed the scene: both versions, to choose from."""
    theirs = settings_of(current)
    sent = {name: request.POST[name] for name in mine if name in request.POST}
    if "script" in sent:
        sent["script"] = mine["script"]
    others = [
        (NAMES[k], v, theirs[k])
        for k, v in sent.items()
        if k in NAMES and k != "script" and v != theirs[k]
    ]
    context = {
        "scene": current,
        "mine": sent,
        "theirs": theirs,
        "differ": others,
        "rest": {k: v for k, v in sent.items() if k != "script"},
    }
    if wants_json(request):
        html = render_to_string("studio/_scene_conflict.html", context, request)
        body = {"revision": current.revision, "settings": theirs, "html": html}
        return JsonResponse({"conflict": body}, status=409)
    return render(request, "studio/scene_conflict.html", context, status=409)


@require_POST
@in_workspace("edit")
def project_save(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    """Name, format, captions, logo, music. Each is saved only if it still is what the page had shown."""
    project = access.project(request.workspace, project_id)
    fields = ProjectForm(request.POST, request.workspace).changes()
    brand.check_changes(request.workspace, request.POST)
    shown = {name: request.POST.get(f"was_{name}") for name in fields}
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=project.pk)
        now = project_settings(project)
        for name, value in fields.items():
            if (
                shown[name] is not None
                and now[name] != shown[name]
                and getattr(project, name) != value
            ):
                sentence = gettext(
                    "Somebody changed this to “{theirs}” in the meantime, so your change was not saved. "
                    "Make it again if you want to replace theirs."
                ).format(theirs=now[name])
                if wants_json(request):
                    problem = {"code": "revision_conflict", "sentence": sentence, "errors": []}
                    return JsonResponse({"problem": problem, "settings": now}, status=409)
                raise RevisionConflict(project)
        changed = {k: v for k, v in fields.items() if getattr(project, k) != v}
        if changed:
            editing.edit_project(project, changed, request.user)
    if not wants_json(request):
        return redirect("project_edit", project.pk)
    seen = any(PROJECT[name].seen for name in changed)
    body = {
        "settings": project_settings(project),
        "frames": frame_urls(project) if seen else {},
    }
    return JsonResponse(body | {"steps": steps(project, request.user)})


# -- the order of scenes -------------------------------------------------------------------------


def arranged(request: HttpRequest, project: Project, chosen: str = "", **more: Any) -> HttpResponse:
    """The answer after the scenes changed: the page again, or the rail and the chosen scene for the page's script."""
    if not wants_json(request):
        where = f"?scene={chosen}#{chosen}" if chosen else ""
        return redirect(reverse("project_edit", args=[project.pk]) + where)
    scenes = [_dressed(s, n, project) for n, s in enumerate(project.live_scenes, start=1)]
    context: dict[str, Any] = {"project": project, "scenes": scenes}
    body = {
        "rail": render_to_string("studio/_rail.html", context, request),
        "chosen": chosen,
        "steps": steps(project, request.user),
        **more,
    }
    for scene in scenes:
        if scene.pk == chosen:
            context["scene"] = scene
            body["scene"] = render_to_string("studio/_scene.html", context, request)
    return JsonResponse(body)


@require_POST
@in_workspace("edit")
def scene_create(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    project = access.project(request.workspace, project_id)
    after = project.live_scenes.filter(pk=request.POST.get("after", "")).first()
    scene = editing.add_scene(project, after, request.user)
    return arranged(request, project, scene.pk)


@require_POST
@in_workspace("edit")
def project_order(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    project = access.project(request.workspace, project_id)
    editing.order_scenes(project, request.POST.getlist("scene"), request.user)
    return arranged(request, project)


@require_POST
@in_workspace("edit")
def scene_move(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    """Moves a scene up or down by one."""
    scene = access.scene(request.workspace, scene_id)
    ids = [row.pk for row in scene.project.live_scenes]
    at = ids.index(scene.pk)
    to = at - 1 if request.POST.get("move") == "up" else at + 1
    if 0 <= to < len(ids):
        ids[at], ids[to] = ids[to], ids[at]
        editing.order_scenes(scene.project, ids, request.user)
    return arranged(request, scene.project, scene.pk)


@require_POST
@in_workspace("edit")
def scene_duplicate(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    scene = access.scene(request.workspace, scene_id)
    twin = editing.duplicate_scene(scene, request.user)
    return arranged(request, scene.project, twin.pk)


@require_POST
@in_workspace("edit")
def scene_remove(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    scene = access.scene(request.workspace, scene_id)
    editing.remove_scene(scene, request.user)
    if wants_json(request):
        return arranged(request, scene.project)
    return redirect(reverse("project_edit", args=[scene.project_id]) + f"?undo={scene.pk}")


@require_POST
@in_workspace("edit")
def scene_restore(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    scene = access.removed_scene(request.workspace, scene_id)
    editing.restore_scene(scene, request.user)
    return arranged(request, scene.project, scene.pk)


# -- what it would cost, and the press of the button ---------------------------------------------


@require_safe
@in_workspace("see")
def project_estimate(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    """Length, price and waiting time of the project as saved, and the margins of its scenes.

    ?scene=ID (may repeat) asks for those margins only; without it all are sent.
    """
    workspace = request.workspace
    project = access.project(workspace, project_id)
    take(ESTIMATES, workspace.pk)
    project.workspace = workspace
    scenes = list(project.live_scenes)
    wanted = request.GET.getlist("scene")
    delivered = _delivered(project)
    context = {**estimate(project, delivered), **_running(project), "project": project}
    found = margins(scenes, context["plan"], delivered=delivered, stopped=context["stopped"])
    rows = {
        scene.pk: render_to_string(
            "studio/_scene_lines.html", {"scene": scene, "margin": found[scene.pk]}
        )
        for scene in scenes
        if not wanted or scene.pk in wanted
    }
    plan = context["plan"]
    return JsonResponse(
        {
            "bar": render_to_string("studio/_estimate.html", context, request),
            "label": context["label"],
            "refused": context["stands"],
            "quoted": plan.quoted if plan else None,
            "margins": rows,
            "running": bool(context["running"]),
        }
    )


def estimate(project: Project, delivered: bool) -> dict[str, Any]:
    """The plan in words: what is shown beside the Render button, and why it cannot be pressed."""
    left = available(project.workspace)
    answer: dict[str, Any] = {
        "plan": None,
        "problem": None,
        "stands": False,  # nothing can be rendered until the words change
        "refused": None,
        "stopped": {},
        "left": left,
        "label": "Render",
    }
    try:
        plan = plan_render(project)
    except BadInput as error:
        answer["problem"], answer["stands"] = error, True
        where = error.where
        if "scene" in where and "line" in where:  # then the margin says what is wrong there
            own = error.__cause__ if isinstance(error.__cause__, BadInput) else error
            answer["stopped"] = {(where["scene"], where["line"]): own.sentence}
            answer["stopped_at"] = where
        return answer
    reading = screening.read(project, plan.lines)
    if reading.refused:
        answer["refused"], answer["stands"] = reading, True
        for where in reading.spans:
            sentence = gettext(
                "“{words}” cannot be rendered. Rule: {title}. Change the words."
            ).format(words=where["text"], title=reading.title)
            answer["stopped"][where["scene"], where["line"]] = sentence
    changed = plan.changed
    if delivered and changed == 0:
        label = "Render again"
    elif not delivered or changed == len(plan.lines):
        label = "Render"
    else:
        label = f"Render {changed} line{'' if changed == 1 else 's'}"
        answer["changed"] = changed
    answer |= {
        "plan": plan,
        "label": label,
        "after": left - plan.quoted,
        "short": max(0, plan.quoted - left),
    }
    return answer


@require_POST
@in_workspace("render")
def render_create(request: WorkspaceRequest, project_id: str) -> HttpResponse:
    project = access.project(request.workspace, project_id)
    mode = "draft" if request.POST.get("mode") == "draft" else "final"
    try:
        made = request_render(
            project,
            by=request.user,
            mode=mode,
            seen=seen_in(request.POST, mode),
            one=True,
            appeal=bool(request.POST.get("appeal")),
        )
    except ScriptRefused:
        if wants_json(request):
            raise
        messages.error(request, "Not rendered, not charged.")
        return redirect(reverse("project_edit", args=[project.pk]) + "?estimate=1")
    if wants_json(request):
        return JsonResponse({"url": reverse("render_detail", args=[made.pk])}, status=201)
    return redirect("render_detail", made.pk)
