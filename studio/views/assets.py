"""Uploads for videos: pictures, videos and music; and cuts of a picture."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rendering import decoding, media, storage, uploaded
from rendering.values import BadInput
from studio import access, limits
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import wants_json
from studio.library import pictures, uploads
from studio.models import Clip, Picture, Project, Scene, Workspace
from studio.projects import brand, editing
from studio.projects.fields import project_settings, whole
from studio.projects.steps import steps
from studio.views.answers import back_to, saved
from studio.views.files import serve
from studio.views.frames import frame_url, frame_urls

KINDS = {
    "image": "image", "video": "video", "logo": "image", "music_file": "music", "intro_file": "video", "outro_file": "video",
}  # fmt: skip
"""Names of file fields, and what is sent in them."""
USES = {"image": Picture.Use.BACKGROUND, "logo": Picture.Use.LOGO}
LEAST = decoding.SMALLEST_CUTOUT  # pixels of each side of a cut


@require_POST
@in_workspace("edit")
def asset_create(request: WorkspaceRequest) -> HttpResponse:
    """Uploads a file. With a scene it becomes its background, with a project its logo, music, intro or outro."""
    workspace: Workspace = request.workspace
    name = next((name for name in KINDS if isinstance(request.FILES.get(name), UploadedFile)), None)
    if name is None:
        raise BadInput("Choose a file first.", code="missing_field")
    _target(request, workspace)  # a stranger's is refused before the file is worked on
    row = uploads.take_in(workspace, request.FILES[name], KINDS[name], use=USES.get(name, ""))  # type: ignore[arg-type]
    return _used(request, row, name)


def _target(request: HttpRequest, workspace: Workspace) -> tuple[Scene | None, Project | None]:
    """The scene or the project that was named."""
    fields = request.POST if request.method == "POST" else request.GET
    if fields.get("scene"):
        return access.scene(workspace, fields["scene"]), None
    if fields.get("project"):
        return None, access.project(workspace, fields["project"])
    return None, None


def _used(request: WorkspaceRequest, row: Picture | Clip, name: str) -> HttpResponse:
    """Puts the upload to its use, as a step that can be undone, and answers."""
    scene, project = _put(request, row, name)
    body: dict[str, Any] = {"id": row.pk, "name": row.name}
    if scene is not None:
        body |= saved(scene)
        project = scene.project
    elif project is not None:
        body |= {"project": project_settings(project), "frames": frame_urls(project)}
    if wants_json(request):
        if project is not None:
            body["steps"] = steps(project, request.user)
        return JsonResponse(body, status=201)
    if scene is not None:
        return back_to(scene)
    return redirect("project_edit", project.pk) if project else redirect("project_list")


@transaction.atomic
def _put(
    request: WorkspaceRequest, row: Picture | Clip, name: str
) -> tuple[Scene | None, Project | None]:
    """Reads the scene or the project only now: work on a file takes long, and they may have been saved meanwhile."""
    scene, project = _target(request, request.workspace)
    for target in filter(None, (scene, project)):
        target.refresh_from_db(from_queryset=type(target)._base_manager.select_for_update())
    if scene is not None:
        chosen = {"clip": row} if name == "video" else {"picture": row}
        kind = "video" if name == "video" else "picture"
        fields = {**chosen, "background": kind}
        editing.edit_scene(scene, scene.revision, fields, request.user)
    elif project is not None:
        field = name.removesuffix("_file")
        brand.check_changes(request.workspace, {field: row.pk})
        editing.edit_project(project, {field: row}, request.user)
    return scene, project


@require_http_methods(["GET", "POST"])
@in_workspace("edit")
def picture_crop(request: WorkspaceRequest, picture_id: str) -> HttpResponse:
    """Makes a rectangle of the picture a picture of its own, which replaces this one."""
    workspace: Workspace = request.workspace
    picture = access.picture(workspace, picture_id)
    scene, project = _target(request, workspace)
    if request.method == "GET":
        context = {"picture": picture, "scene": scene, "project": project, "least": LEAST}
        partial = "#drawer" if wants_json(request) else ""
        return render(request, f"studio/picture_crop.html{partial}", context)
    box = _box(request, picture)
    limits.take(limits.PICTURES, workspace.pk)
    name = "logo" if project else "image"
    cut = pictures.clean_picture(picture.path, box)
    made = pictures.add_picture(workspace, picture.name, cut, USES[name])
    return _used(request, made, name)


def _box(request: HttpRequest, picture: Picture) -> tuple[int, int, int, int]:
    """(left, top, width, height) in pixels, inside the picture. Raises BadInput, which names the field."""
    found = {}
    for name in ("left", "top", "width", "height"):
        number = whole(request.POST.get(name))
        if number is None:
            raise BadInput(
                f"Write {name} as a whole number of pixels.", code="invalid_field", field=name
            )
        found[name] = number
    for size, start, most in (("width", "left", picture.width), ("height", "top", picture.height)):
        if found[size] < LEAST:
            raise BadInput(
                f"The {size} of a cut is at least {LEAST} pixels.", code="invalid_field", field=size
            )
        if found[start] + found[size] > most:
            raise BadInput(
                gettext(
                    "{start} and {size} reach outside the picture, which has {most} pixels there; make the cut smaller."
                ).format(start=start.capitalize(), size=size, most=most),
                code="invalid_field",
                field=start,
            )
    return found["left"], found["top"], found["width"], found["height"]


@require_safe
@in_workspace("see")
def picture_file(request: WorkspaceRequest, picture_id: str) -> FileResponse:
    """The cleaned picture itself, to its own workspace only."""
    picture = access.picture(request.workspace, picture_id)
    uploaded.fetch(picture.path, picture.sha256, storage.store())
    return _file(picture.path)


@require_safe
@in_workspace("see")
def clip_state(request: WorkspaceRequest, clip_id: str) -> HttpResponse:
    """How far a video is. The last answer also gives the editor the frames of the scenes that show it."""
    clip = access.clip(request.workspace, clip_id)
    answer = render(request, "studio/_clip_state.html", {"clip": clip})
    if clip.state != Clip.State.MAKING:
        shown = Scene.objects.filter(clip=clip, removed_at=None, project__removed_at=None)
        frames = {scene.pk: frame_url(scene) for scene in shown.select_related("project", "clip")}
        answer["HX-Trigger"] = json.dumps({"clip-over": {"frames": frames}})
    return answer


@require_safe
@in_workspace("see")
def clip_poster(request: WorkspaceRequest, clip_id: str) -> FileResponse:
    """The first picture of a video."""
    clip = _ready(request, clip_id)
    if clip.kind != Clip.Kind.VIDEO or not clip.path.is_file():
        raise Http404
    store = storage.store()
    key = hashlib.sha256(f"clip-poster/1 {clip.sha256}".encode()).hexdigest()
    if store.find(key, ".jpg") is None:
        try:
            with store.write(key, ".jpg") as path:
                media.run(["-i", clip.path, "-frames:v", "1", "-vf", "scale=320:-2", path])
        except media.MediaFailed:  # the file was damaged since it was uploaded
            raise Http404 from None
    return _file(store.path(key, ".jpg"))


@require_safe
@in_workspace("see")
def clip_file(request: WorkspaceRequest, clip_id: str) -> HttpResponseBase:
    """The clip as it is stored, to its own workspace only; with ranges, so that it can be played."""
    clip = _ready(request, clip_id)
    if not clip.path.is_file():
        raise Http404
    return serve(request, clip.path, clip.path.name, download=False)


def _ready(request: WorkspaceRequest, clip_id: str) -> Clip:
    """The clip, its file fetched if necessary. 404 until it is ready."""
    clip = access.clip(request.workspace, clip_id)
    if not clip.ready:
        raise Http404
    uploaded.fetch(clip.path, clip.sha256, storage.store())
    return clip


def _file(path: Path) -> FileResponse:
    if not path.is_file():
        raise Http404
    answer = FileResponse(path.open("rb"))
    answer["Cache-Control"] = "private, max-age=31536000, immutable"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
