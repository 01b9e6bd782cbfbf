"""A scene as it will look: one frame of the person at rest, drawn once and cached."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from pathlib import Path

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from rendering import pipeline, storage, uploaded
from rendering.values import VideoFormat
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.models import Project, Scene
from studio.models.fields import PROJECT, SCENE
from studio.projects import composition, cues, overlays
from studio.projects.fields import whole

HEIGHT = 540
DRAWING = threading.Lock()
"""The frame and its thumbnail are requested at the same time; the second finds what the first has drawn."""

SMALLEST, QUALITY = 64, 88
SCENE_SEEN = [field for field in SCENE.values() if field.seen and field.name != "overlays"]
PROJECT_SEEN = [field for field in PROJECT.values() if field.seen]


def frame_version(scene: Scene) -> str:
    """Changes whenever the frame would look different."""
    project = scene.project
    words = _opening(scene) if project.burn_captions else ""
    look = [field.of(scene) for field in SCENE_SEEN]
    if scene.clip is not None and not scene.clip.ready:
        look.append(scene.clip.state)
    shared = [field.of(project) for field in PROJECT_SEEN]
    overlays = [{**row, "from": None, "to": None} for row in scene.overlays]
    parts = [overlays, words, look, shared]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def frame_url(scene: Scene) -> str:
    return reverse("scene_frame", args=[scene.pk]) + f"?v={frame_version(scene)}"


def frame_urls(project: Project) -> dict[str, str]:
    """Scene id -> the address of its frame, as the project is now."""
    found = {}
    for scene in project.live_scenes:
        scene.project = project
        found[scene.pk] = frame_url(scene)
    return found


def _opening(scene: Scene) -> str:
    """The words that captions would show in the frame: those the scene begins with, or what was written for them."""
    for row in scene.cues:
        first = row["text"] and row["from"] == {"line": 1, "word": 1}
        if first and cues.holds(row, overlays.words_of(scene.script, scene.markup)):
            return str(row["text"])
    return " ".join(scene.script.split()[:12])


@require_safe
@in_workspace("see")
def scene_frame(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    """The frame as JPEG; ?w=320 makes it that wide, ?safe=1 draws the edge of the safe area in. Cached in the store, so
    that it is drawn once."""
    scene = access.scene(request.workspace, scene_id)
    if scene.avatar is None or scene.avatar.deleted:
        raise Http404
    version = frame_version(scene)
    width = whole(request.GET.get("w"))
    with DRAWING:
        drawn = _drawn(scene, version, safe=request.GET.get("safe") == "1")
    path = _smaller(drawn, width) if width is not None else drawn
    answer = HttpResponse(path.read_bytes(), content_type="image/jpeg")
    answer["ETag"] = f'"{version}"'
    fresh = request.GET.get("v") == version
    answer["Cache-Control"] = (
        "private, max-age=31536000, immutable" if fresh else "private, no-cache"
    )
    return answer


def still(scene: Scene, width: int) -> Path:
    """The frame of a scene, which need not be saved, as a JPEG of this width."""
    with DRAWING:
        drawn = _drawn(scene, frame_version(scene))
    return _smaller(drawn, width)


def _drawn(scene: Scene, version: str, *, safe: bool = False) -> Path:
    store = storage.store()
    clear = scene.background == "none"
    codec = "vp9" if clear else "h264"
    video = VideoFormat.of(scene.project.aspect, HEIGHT, codec=codec, alpha=clear)
    shown = composition.overlays_of(scene, [1])
    spec = replace(
        composition.spec_of(scene, _opening(scene), video), overlays=shown[0] if shown else ()
    )
    parts = f"scene-frame/2 {pipeline.rest_key(spec)} {version} {safe}"
    key = hashlib.sha256(parts.encode()).hexdigest()
    found = store.find(key, ".jpg")
    if found is None:
        from PIL import Image  # large: loaded when it is needed

        uploaded.bring([spec], store)
        with store.write(key, ".jpg") as path:
            Image.fromarray(pipeline.rest_frame(spec, store=store, safe=safe)).save(
                path, "JPEG", quality=QUALITY
            )
        found = store.find(key, ".jpg")
    if found is None:
        raise Http404
    return found


def _smaller(drawn: Path, width: int) -> Path:
    width = min(max(width, SMALLEST), 2 * HEIGHT)
    key = hashlib.sha256(f"{drawn.stem} {width}".encode()).hexdigest()
    store = storage.store()
    found = store.find(key, ".jpg")
    if found is None:
        from PIL import Image  # large: loaded when it is needed

        with Image.open(drawn) as picture, store.write(key, ".jpg") as path:
            picture.thumbnail((width, width), Image.Resampling.LANCZOS)
            picture.save(path, "JPEG", quality=QUALITY)
        found = store.find(key, ".jpg")
    return found or drawn
