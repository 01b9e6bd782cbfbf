"""What scenes choose from: avatars, voices and uploaded pictures."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from rendering.values import LineSpec
from studio import access
from studio.access import in_workspace
from studio.gallery import gallery
from studio.models import Avatar, Scene, Voice
from studio.views.listen import sound
from studio.views.scenes import answers_json, wants_json

SAMPLE = "Hello. This is how your script will sound when I read it."
LANGUAGES = {"en-US": "American English", "en-GB": "British English"}


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
