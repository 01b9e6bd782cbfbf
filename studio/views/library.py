"""What scenes choose from: avatars and voices."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from rendering.values import LineSpec
from rendering.voices.providers import PROVIDERS
from studio import access
from studio.access import WorkspaceRequest, in_workspace
from studio.errors import wants_json
from studio.library import recordings
from studio.library.gallery import gallery
from studio.models import Avatar, Scene, Voice
from studio.views.listen import sound

SAMPLE = "Hello. This is how your script will sound when I read it."
LANGUAGES = {"en-US": "American English", "en-GB": "British English"}
OWN, PREVIEW = "From recordings", "Preview"


def _drawer(request: HttpRequest, scene: Scene, name: str, context: dict) -> HttpResponse:
    """The content of a drawer if the page's script asks; otherwise a page of its own."""
    partial = "#drawer" if wants_json(request) else ""
    return render(request, f"studio/{name}.html{partial}", {"scene": scene, **context})


@require_safe
@in_workspace("see")
def scene_avatars(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    scene = access.scene(request.workspace, scene_id)
    avatars = Avatar.offered_to(request.workspace)
    return _drawer(request, scene, "scene_avatars", {"gallery": gallery(avatars, request.GET)})


@require_safe
@in_workspace("see")
def scene_voices(request: WorkspaceRequest, scene_id: str) -> HttpResponse:
    """Voices by language, after those nearest to the newest recording of the workspace."""
    workspace = request.workspace
    scene = access.scene(workspace, scene_id)
    usual = scene.usual_voice
    groups = grouped(voice for voice in Voice.offered_to(workspace) if voice != usual)
    own = Voice.objects.filter(workspace=workspace, retired_at=None, state=Voice.State.READY)
    if newest := own.order_by("-created_at").first():
        near = [one.voice for one in recordings.nearest(newest, 3)]
        groups.insert(0, (f"Stock voices nearest to {newest.name}", near))
    return _drawer(request, scene, "scene_voices", {"groups": groups, "usual": usual})


def grouped(voices: Iterable[Voice]) -> list[tuple[str, list[Voice]]]:
    """Voices under headings: one's own, then by accent, by provider, and the preview last."""
    groups: dict[str, list[Voice]] = {}
    for voice in voices:
        provider = PROVIDERS.get(voice.slug.split("-")[0])
        if voice.workspace_id:
            heading = OWN
        elif provider:
            heading = f"Spoken by {provider.title}"
        elif voice.slug == "preview":
            heading = PREVIEW
        else:
            heading = LANGUAGES.get(voice.language, voice.language)
        groups.setdefault(heading, []).append(voice)
    order = sorted(groups, key=lambda h: (h == PREVIEW, h.startswith("Spoken"), h != OWN, h))
    return [(heading, groups[heading]) for heading in order]


@require_http_methods(["GET", "POST"])
@in_workspace("see")
def voice_sample(request: WorkspaceRequest, slug: str) -> HttpResponse:
    """One sentence in that voice, spoken once and cached."""
    voice = access.voice(request.workspace, slug)
    spec = LineSpec(text=SAMPLE, avatar="", voice=voice.slug, language=voice.language)
    return sound(request, spec)
