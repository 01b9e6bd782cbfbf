"""What scenes choose from: avatars, voices and uploaded pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from rendering.values import BadInput, LineSpec
from studio import access, actions, uploads
from studio.access import in_workspace
from studio.gallery import gallery
from studio.models import Avatar, Scene, Voice
from studio.models.projects import RevisionConflict
from studio.views.files import serve
from studio.views.listen import sound
from studio.views.scenes import answers_json, wants_json

SAMPLE = "Hello. This is how your script will sound when I read it."
LANGUAGES = {"en-US": "American English", "en-GB": "British English"}
LARGEST_PICTURE = 20_000_000  # bytes


def _drawer(request: HttpRequest, scene: Scene, name: str, context: dict) -> HttpResponse:
    """The content of a drawer where the page's script asks; else a page of its own."""
    partial = "#drawer" if wants_json(request) else ""
    return render(request, f"studio/{name}.html{partial}", {"scene": scene, **context})


@require_safe
@in_workspace
def scene_avatars(request: HttpRequest, scene_id: str) -> HttpResponse:
    scene = access.scene(request.workspace, scene_id)  # type: ignore[attr-defined]
    avatars = Avatar.offered_to(request.workspace)  # type: ignore[attr-defined]
    return _drawer(request, scene, "scene_avatars", {"gallery": gallery(avatars, request.GET)})


@require_safe
@in_workspace
def scene_voices(request: HttpRequest, scene_id: str) -> HttpResponse:
    """Voices by language, the one that goes with the avatar first among its language."""
    scene = access.scene(request.workspace, scene_id)  # type: ignore[attr-defined]
    groups: dict[str, list[Voice]] = {}
    for voice in Voice.offered_to(request.workspace):  # type: ignore[attr-defined]
        heading = (
            "Preview" if voice.slug == "preview" else LANGUAGES.get(voice.language, voice.language)
        )
        groups.setdefault(heading, []).append(voice)
    order = sorted(groups, key=lambda heading: (heading == "Preview", heading))
    return _drawer(request, scene, "scene_voices", {"groups": [(h, groups[h]) for h in order]})


@require_http_methods(["GET", "POST"])
@in_workspace
@answers_json
def voice_sample(request: HttpRequest, slug: str) -> HttpResponse:
    """One sentence in that voice, spoken once and kept."""
    voice = access.voice(request.workspace, slug)  # type: ignore[attr-defined]
    spec = LineSpec(text=SAMPLE, avatar="", voice=voice.slug, language=voice.language)
    return sound(request, spec)


@require_POST
@in_workspace
@answers_json
def picture_create(request: HttpRequest) -> HttpResponse:
    """Takes in a picture; with a scene and its revision it becomes that scene's background."""
    workspace = request.workspace  # type: ignore[attr-defined]
    upload = request.FILES.get("file")
    if not isinstance(upload, UploadedFile):
        raise BadInput(
            "Choose a picture first: a JPEG, PNG, WebP or HEIC file.", code="missing_field"
        )
    if (upload.size or 0) > LARGEST_PICTURE:
        raise BadInput(
            f"The picture has {upload.size / 1e6:.0f} MB; at most 20 MB fit. "  # type: ignore[operator]
            "Save it smaller, for example as a JPEG.",
            code="file_too_large",
        )
    scene = None
    if request.POST.get("scene"):
        scene = access.scene(workspace, request.POST["scene"])
    settings.MEDIA_DIR.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.MEDIA_DIR, suffix=".upload") as kept:
        for chunk in upload.chunks():
            kept.write(chunk)
        kept.flush()
        picture = actions.add_picture(workspace, upload.name or "", Path(kept.name))
    if wants_json(request):
        url = reverse("picture_file", args=[picture.pk])
        return JsonResponse({"id": picture.pk, "name": picture.name, "url": url}, status=201)
    if scene is None:
        return redirect("project_list")
    try:
        revision = int(request.POST.get("revision") or scene.revision)
        scene.edit(revision, picture=picture, background="picture")
    except (RevisionConflict, ValueError):
        # The picture was chosen last, and by hand.
        scene.edit(scene.revision, picture=picture, background="picture")
    return redirect(
        reverse("project_edit", args=[scene.project_id]) + f"?scene={scene.pk}#{scene.pk}"
    )


@require_safe
@in_workspace
def picture_file(request: HttpRequest, picture_id: str) -> FileResponse:
    """The cleaned picture itself, to its own workspace only."""
    picture = access.picture(request.workspace, picture_id)  # type: ignore[attr-defined]
    if not picture.path.is_file():
        raise Http404
    answer = FileResponse(picture.path.open("rb"))
    answer["Cache-Control"] = "private, max-age=31536000, immutable"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_POST
@in_workspace
@answers_json
def clip_create(request: HttpRequest) -> HttpResponse:
    """Takes in a video for backgrounds, or music (`kind`), and says what it has become."""
    upload, kind = request.FILES.get("file"), request.POST.get("kind", "")
    if kind not in ("video", "music"):
        raise BadInput("Say what the file is: video or music.", code="invalid_field")
    if not isinstance(upload, UploadedFile):
        wanted = "a video: an MP4, MOV or WebM" if kind == "video" else "a file with sound"
        raise BadInput(f"Choose {wanted} first.", code="missing_field")
    clip = uploads.take_in(request.workspace, upload, kind)  # type: ignore[attr-defined]
    if not wants_json(request):
        return redirect("project_list")
    url = reverse("clip_file", args=[clip.pk])
    told = {"id": clip.pk, "name": clip.name, "kind": kind, "seconds": clip.seconds, "url": url}  # type: ignore[union-attr]
    return JsonResponse(told, status=201)


@require_safe
@in_workspace
def clip_file(request: HttpRequest, clip_id: str) -> HttpResponseBase:
    """The clip as it is kept, to its own workspace only; with ranges, so that it can be played."""
    clip = access.clip(request.workspace, clip_id)  # type: ignore[attr-defined]
    if not clip.path.is_file():
        raise Http404
    return serve(request, clip.path, clip.path.name, download=False)
